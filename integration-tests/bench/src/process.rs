//! The servers under load: started on free loopback ports, awaited, and ended by their process id.

use std::{env, ffi::OsString, fs, net::SocketAddr, path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use tokio::{
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

use crate::{bare::Route, rpc, written::Written};

/// How long a server may take to answer, and to stop: far more than it takes, also on a busy machine under valgrind.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// What runs a program: the system, or another program, which is given it behind these words.
#[derive(Clone, Default)]
pub(crate) struct Runner {
    pub(crate) words: Vec<OsString>,
    /// Variables of its environment.
    pub(crate) variables: Vec<(&'static str, String)>,
}

impl Runner {
    /// The command that runs this program.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = match self.words.split_first() {
            Some((first, others)) => {
                let mut command = Command::new(first);
                command.args(others).arg(program);
                command
            }
            None => Command::new(program),
        };
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// A running server. It is killed when it is dropped.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts it.
    pub(crate) fn spawn(command: &mut Command) -> Result<Self> {
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

    /// What it asked the system to write so far, to files and to pipes, where the system tells (Linux).
    pub(crate) fn written(&self) -> Option<Written> {
        let told = fs::read_to_string(format!("/proc/{}/io", self.child.id()?)).ok()?;
        Written::read(&told)
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

/// A bare server: this very program, as another process.
pub(crate) struct Bare {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
}

/// What a bare server answers.
#[derive(Clone, Copy)]
pub(crate) enum Answers<'a> {
    /// Stored bodies, by their path.
    Rest(&'a [Route]),
    /// The same bodies, encoded anew for each answer.
    Encoded(&'a [Route]),
    /// Messages.
    Grpc(&'a rpc::Answers),
}

impl Bare {
    /// Starts it and waits until it listens.
    pub(crate) async fn start(runner: &Runner, answers: Answers<'_>) -> Result<Self> {
        let address = free_address().await?;
        let itself = env::current_exe().context("could not find this program")?;
        let mut command = runner.command(&itself);
        let name = match answers {
            Answers::Rest(routes) | Answers::Encoded(routes) => {
                command.arg("bare-rest");
                if matches!(answers, Answers::Encoded(_)) {
                    command.arg("--encode");
                }
                for route in routes {
                    command.args(["--route", &route.argument()]);
                }
                "bare-rest"
            }
            Answers::Grpc(rpc::Answers { one, twenty }) => {
                command.arg("bare-grpc").arg("--answer").arg(one).arg("--list").arg(twenty);
                "bare-grpc"
            }
        };
        let process = Process::spawn(command.args(["--listen", &address.to_string()]))?;
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

/// A port of loopback that nobody listens on.
pub(crate) async fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("there is no free port")?;
    Ok(listener.local_addr()?)
}
