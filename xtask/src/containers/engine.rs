//! A separate container engine: it touches nothing of the machine's network, and nothing is left of it.

use std::{
    env, fs,
    fs::File,
    io::Write,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};

use super::machine::Machine;
use crate::shell;

const WARDEN: &str = include_str!("../../containers/warden.sh");

/// Where an engine and its containers live.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Network {
    /// In a namespace with a separate loopback, where containers get addresses and ports.
    Own,
    /// In the network of the machine, which leads out: for builds that fetch something. Containers get no addresses.
    OfTheMachine,
}

/// A running engine. When it is dropped, it ends with everything in it; also when this process is killed.
pub(super) struct Engine {
    folder: PathBuf,
    namespace: Option<String>,
    config: PathBuf,
    dockerd: Child,
    warden: Child,
}

impl Engine {
    /// Starts an engine, and returns when it answers.
    pub(super) fn start(machine: &Machine, network: Network) -> Result<Self> {
        // Paths of sockets are short, so not in the project's folder.
        let folder = env::temp_dir().join(format!("sir0-containers-{}", process::id()));
        fs::create_dir_all(&folder)?;
        let namespace = match network {
            Network::Own => Some(format!("sir0-{}", process::id())),
            Network::OfTheMachine => None,
        };
        let mut warden = Command::new("sh")
            .args(["-c", WARDEN, "sh"])
            .arg(&folder)
            .arg(namespace.as_deref().unwrap_or_default())
            .arg(machine.data())
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .context("there is no shell")?;
        if let Some(name) = &namespace {
            shell::run_quietly(Command::new("ip").args(["netns", "add", name]))?;
            shell::run_quietly(Command::new("ip").args(["-n", name, "link", "set", "lo", "up"]))?;
        }
        let dockerd = launch(machine, &folder, namespace.as_deref())?;
        let told = warden.stdin.as_mut().context("a piped stream is there")?;
        writeln!(told, "{}", dockerd.id())?;
        let config = machine.docker_config();
        let mut engine = Self { folder, namespace, config, dockerd, warden };
        engine.answers()?;
        Ok(engine)
    }

    fn answers(&mut self) -> Result<()> {
        for _ in 0..120 {
            if self.docker(["version"]).is_ok() {
                return Ok(());
            }
            if self.dockerd.try_wait()?.is_some() {
                break;
            }
            thread::sleep(Duration::from_millis(250));
        }
        let log = fs::read_to_string(self.folder.join("engine.log")).unwrap_or_default();
        let last: Vec<&str> = log.lines().rev().take(5).collect();
        bail!("dockerd does not answer; it said, the latest first:\n{}", last.join("\n"))
    }

    /// Its own folder, which is removed with it.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Keeps the images of this engine for the next one.
    pub(super) fn keeps_its_images(&mut self) {
        if let Some(told) = &mut self.warden.stdin {
            // When the warden is gone, so is what it would have kept.
            let _ = writeln!(told, "keep");
        }
    }

    /// What `docker` with these arguments prints.
    pub(super) fn docker<const N: usize>(&self, arguments: [&str; N]) -> Result<String> {
        let mut docker = self.command("docker");
        shell::run_quietly(docker.args(arguments)).map(|said| said.trim().to_owned())
    }

    /// A program that runs where the containers' ports are, and knows the engine.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = match &self.namespace {
            Some(name) => {
                let mut command = Command::new("nsenter");
                command.arg(format!("--net=/run/netns/{name}")).arg(program);
                command
            }
            None => Command::new(program),
        };
        for (name, _) in env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            // A developer's shell sets variables that the shell of a new user does not have.
            if ["SIR0_", "COMPOSE_", "DOCKER_"].iter().any(|start| name.starts_with(start)) {
                command.env_remove(name);
            }
        }
        command
            .env("DOCKER_HOST", format!("unix://{}", socket(&self.folder).display()))
            .env("DOCKER_CONFIG", &self.config)
            .env("DOCKER_BUILDKIT", "1")
            .env("COMPOSE_ANSI", "never");
        command
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // The containers are killed, because the rest of their work is not needed.
        if let Ok(running) = self.docker(["ps", "--quiet"]) {
            let mut kill = self.command("docker");
            let _ = shell::run_quietly(kill.arg("kill").args(running.lines()));
        }
        // The warden begins when its input ends.
        drop(self.warden.stdin.take());
        let _ = self.dockerd.wait();
        let _ = self.warden.wait();
    }
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("docker.sock")
}

/// Starts the engine in a separate process group, so that Ctrl-C leaves the order of ending to the warden, and with
/// separate mounts, so that no mount stays behind. `ip netns exec` would mount another `/sys`, which the engine cannot
/// work with.
fn launch(machine: &Machine, folder: &Path, namespace: Option<&str>) -> Result<Child> {
    let log = File::create(folder.join("engine.log"))?;
    let mut command = Command::new("unshare");
    if let Some(name) = namespace {
        command = Command::new("nsenter");
        command.arg(format!("--net=/run/netns/{name}")).arg("unshare");
    }
    command.args(["--mount", "dockerd"]);
    if namespace.is_none() {
        command.args(["--bridge=none", "--iptables=false", "--ip6tables=false"]);
        command.args(["--ip-masq=false", "--ip-forward=false"]);
    }
    command
        .arg(format!("--host=unix://{}", socket(folder).display()))
        .arg(format!("--data-root={}", machine.data().display()))
        .arg(format!("--exec-root={}", folder.join("exec").display()))
        .arg(format!("--pidfile={}", folder.join("pid").display()))
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("dockerd cannot be started")
}
