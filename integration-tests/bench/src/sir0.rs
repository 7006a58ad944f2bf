//! sir0 as a process: installed in a folder, with a publisher, started on a free port, stopped as an operator would.

use std::{
    env,
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use tokio::{
    io::AsyncWriteExt,
    process::Command,
    time::{Instant, sleep, timeout},
};

use crate::{
    http1,
    process::{PATIENCE, Process, Runner, free_address},
};

/// The e-mail of the account that publishes changes.
const EMAIL: &str = "bench@example.com";
/// Its password. The account lives as long as the measurement.
const PASSWORD: &str = "nine quiet lanterns over 58 harbours";
const LOG: &str = "sir0.log";

/// What a sir0 is started with: its binary, its folder, and the settings that differ from the defaults.
#[derive(Clone)]
pub(crate) struct Installation {
    program: PathBuf,
    data: PathBuf,
    runner: Runner,
}

impl Installation {
    /// As on a machine with nothing else: everything in this folder, which is made.
    pub(crate) fn new(program: &Path, data: &Path) -> Result<Self> {
        let program = program
            .canonicalize()
            .with_context(|| format!("there is no sir0 at {}", program.display()))?;
        fs::create_dir_all(data).context("could not make the data folder")?;
        Ok(Self { program, data: data.to_owned(), runner: Runner::default() })
    }

    /// With this setting, a variable of its environment.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.runner.variables.push((name, value.into()));
        self
    }

    /// Run by another program.
    pub(crate) fn under(mut self, runner: &Runner) -> Self {
        self.runner.words.clone_from(&runner.words);
        self.runner.variables.extend_from_slice(&runner.variables);
        self
    }

    /// Its folder.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// Makes the account that publishes changes, as an operator would, and before it the tables. The games that the platform
    /// begins with are changed by administrators alone.
    pub(crate) async fn create_publisher(&self) -> Result<()> {
        let mut migrate = self.command();
        migrate.arg("--data-dir").arg(&self.data).arg("migrate").stdin(Stdio::null());
        let output = timeout(PATIENCE, migrate.kill_on_drop(true).output()).await??;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "`sir0 migrate` failed: {said}");
        let mut child = self
            .command()
            .arg("--data-dir")
            .arg(&self.data)
            .args(["admin", "create", "--email", EMAIL])
            .args(["--username", "bench", "--role", "admin"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("could not start {}", self.program.display()))?;
        let mut input = child.stdin.take().context("a piped stream is there once")?;
        input.write_all(format!("{PASSWORD}\n").as_bytes()).await?;
        drop(input);
        let output = timeout(PATIENCE, child.wait_with_output()).await??;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "`sir0 admin create` failed: {said}");
        Ok(())
    }

    /// sir0 as on a machine without a setting: no `SIR0_` variable but ours, and no `sir0.toml` in the folder where it
    /// runs.
    pub(crate) fn command(&self) -> Command {
        let mut command = self.runner.command(&self.program);
        command.current_dir(&self.data);
        for (name, _) in env::vars_os() {
            let is_ours = self.runner.variables.iter().any(|(ours, _)| name == *ours);
            if name.to_string_lossy().starts_with("SIR0_") && !is_ours {
                command.env_remove(name);
            }
        }
        command
    }
}

/// sir0 on a separate port.
pub(crate) struct Sir0 {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    /// From the start of the process to the first answer of `GET /api/status`.
    pub(crate) took: Duration,
}

impl Sir0 {
    /// Starts it and waits until it answers.
    pub(crate) async fn start(installation: &Installation, more: &[&str]) -> Result<Self> {
        let address = free_address().await?;
        let log = installation.data.join(LOG);
        let output = File::create(&log).context("could not write into the data folder")?;
        let started = Instant::now();
        let process = Process::spawn(
            installation
                .command()
                .args(["serve", "--listen", &address.to_string(), "--data-dir"])
                .arg(&installation.data)
                .args(more)
                .stdin(Stdio::null())
                .stdout(output.try_clone()?)
                .stderr(output),
        )?;
        while !http1::get(address, "/api/status").await.is_ok_and(|answer| answer.status == 200) {
            if started.elapsed() > PATIENCE {
                bail!("sir0 does not answer; it said:\n{}", fs::read_to_string(&log)?);
            }
            sleep(Duration::from_millis(1)).await;
        }
        Ok(Self { process, address, took: started.elapsed() })
    }

    /// Asks it to stop and waits until it has.
    pub(crate) async fn stop(self) -> Result<()> {
        self.process.stop().await
    }
}

/// Signs the publisher in. Answers what stands in `Authorization`.
pub(crate) async fn sign_in(sir0: SocketAddr) -> Result<String> {
    let body = serde_json::json!({ "email": EMAIL, "password": PASSWORD });
    let answer = http1::post(sir0, "/api/users/login", &body).await?;
    ensure!(answer.status == 200, "the login answered {}", answer.status);
    let answer: serde_json::Value = serde_json::from_slice(&answer.body)?;
    let token = answer["token"].as_str().context("the login answered without a token")?;
    Ok(format!("Bearer {token}"))
}
