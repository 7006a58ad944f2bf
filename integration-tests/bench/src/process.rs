//! The servers under load: started on free loopback ports, awaited, and ended by their process id.

use std::{
    env,
    ffi::OsStr,
    fs::{self, File},
    net::SocketAddr,
    path::Path,
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

use crate::{bare::Route, http1};

/// The e-mail of the account that publishes changes.
pub(crate) const EMAIL: &str = "bench@example.com";
/// Its password. The account lives as long as the measurement.
pub(crate) const PASSWORD: &str = "nine quiet lanterns over 58 harbours";

const PATIENCE: Duration = Duration::from_secs(20);
const LOG: &str = "sir0.log";

/// A running server. It is killed when it is dropped.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    fn spawn(command: &mut Command) -> Result<Self> {
        let child = command.kill_on_drop(true).spawn().with_context(|| {
            format!("could not start {}", command.as_std().get_program().display())
        })?;
        Ok(Self { child })
    }

    /// Its process id.
    pub(crate) fn id(&self) -> Result<u32> {
        self.child.id().context("the process has ended")
    }

    /// Processor seconds it has used so far, where the system tells (Linux).
    pub(crate) fn processor_seconds(&self) -> Option<f64> {
        // Fixed for user space on Linux, whatever the kernel ticks at.
        const TICKS_PER_SECOND: f64 = 100.0;
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()?)).ok()?;
        // The name in parentheses may hold spaces; utime and stime are the 12th and 13th field after it.
        let (_, fields) = stat.rsplit_once(')')?;
        let ticks =
            fields.split_whitespace().skip(11).take(2).map(|field| field.parse::<f64>().ok());
        Some(ticks.sum::<Option<f64>>()? / TICKS_PER_SECOND)
    }

    /// Resident memory in MB (10⁶ bytes), where the system tells (Linux).
    pub(crate) fn resident_megabytes(&self) -> Option<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kibibytes: f64 = line.split_whitespace().next()?.parse().ok()?;
        Some(kibibytes * 1_024.0 / 1_000_000.0)
    }

    /// Asks it to stop, as an operator would, and waits until it has.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let id = self.id()?.to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().await;
        if !asked.is_ok_and(|status| status.success()) {
            self.child.start_kill().context("could not end a server")?;
        }
        timeout(PATIENCE, self.child.wait()).await.context("a server does not stop")??;
        Ok(())
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
    pub(crate) async fn start(program: &Path, data: &Path, more: &[&str]) -> Result<Self> {
        let address = free_address().await?;
        let log = data.join(LOG);
        let output = File::create(&log).context("could not write into the data folder")?;
        let started = Instant::now();
        let process = Process::spawn(
            command(program, data)
                .args(["serve", "--listen", &address.to_string(), "--data-dir"])
                .arg(data)
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

/// A bare server: this very program, as another process.
pub(crate) struct Bare {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
}

impl Bare {
    /// Serves these routes.
    pub(crate) async fn rest(routes: &[Route]) -> Result<Self> {
        let routes = routes.iter().flat_map(|route| ["--route".to_owned(), route.argument()]);
        Self::start("bare-rest", routes).await
    }

    /// Serves this answer.
    pub(crate) async fn grpc(answer: &Path) -> Result<Self> {
        Self::start("bare-grpc", ["--answer".as_ref(), answer.as_os_str()]).await
    }

    async fn start<A: AsRef<OsStr>>(
        name: &str,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Self> {
        let address = free_address().await?;
        let itself = env::current_exe().context("could not find this program")?;
        let process = Process::spawn(
            Command::new(itself).args([name, "--listen", &address.to_string()]).args(arguments),
        )?;
        let started = Instant::now();
        while TcpStream::connect(address).await.is_err() {
            ensure!(started.elapsed() < PATIENCE, "{name} does not listen");
            sleep(Duration::from_millis(5)).await;
        }
        Ok(Self { process, address })
    }

    /// Asks it to stop and waits until it has.
    pub(crate) async fn stop(self) -> Result<()> {
        self.process.stop().await
    }
}

/// Makes the account that publishes changes, as an operator would.
pub(crate) async fn create_publisher(program: &Path, data: &Path) -> Result<()> {
    fs::create_dir_all(data).context("could not make the data folder")?;
    let mut child = command(program, data)
        .arg("--data-dir")
        .arg(data)
        .args(["admin", "create", "--email", EMAIL, "--username", "bench", "--role", "publisher"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("could not start {}", program.display()))?;
    let mut input = child.stdin.take().context("a piped stream is there once")?;
    input.write_all(format!("{PASSWORD}\n").as_bytes()).await?;
    drop(input);
    let output = timeout(PATIENCE, child.wait_with_output()).await??;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`sir0 admin create` failed: {said}");
    Ok(())
}

/// sir0 as on a machine without a setting: no `SIR0_` variable, and no `sir0.toml` in the folder where it runs.
fn command(program: &Path, data: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(data);
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("SIR0_") {
            command.env_remove(name);
        }
    }
    command
}

async fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("there is no free port")?;
    Ok(listener.local_addr()?)
}
