//! The proxy, with the very configuration its container has.

use std::{
    env, fs,
    fs::File,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use tokio::{
    process::{Child, Command},
    time::{sleep, timeout},
};

use super::{settings, warden::Warden};
use crate::{LONG, process, rest};

/// The variable that names Envoy's binary. `cargo xtask test` sets it.
pub const ENVOY: &str = "ENVOY";

/// A running Envoy. It is killed when it is dropped.
pub struct Envoy {
    child: Child,
    ports: Ports,
    log: PathBuf,
    warden: Arc<Warden>,
}

/// Where it listens.
#[derive(Clone, Copy)]
pub(super) struct Ports {
    /// The public port.
    pub(super) front: SocketAddr,
    /// The port of its metrics.
    pub(super) monitoring: SocketAddr,
    /// The port of its admin interface, for programs on its machine only.
    pub(super) admin: SocketAddr,
}

/// A name of the configuration, and the instances that answer for it.
pub(super) struct Upstream {
    /// The name in the configuration.
    pub(super) name: &'static str,
    /// The addresses of its instances.
    pub(super) instances: Vec<SocketAddr>,
}

impl Envoy {
    /// Starts it. It is ready when it [sees](Self::sees) every instance.
    pub(super) fn start(
        folder: &Path,
        ports: Ports,
        upstreams: &[Upstream],
        warden: Arc<Warden>,
    ) -> Self {
        let config = folder.join("envoy.yaml");
        let path = settings::deploy().join("envoy/envoy.yaml");
        let text = fs::read_to_string(&path).expect("the configuration of the proxy is there");
        fs::write(&config, placed(&text, ports, upstreams)).expect("a folder of ours");
        let log = folder.join("envoy.log");
        let said = File::create(&log).expect("a folder of ours");
        let child = Command::new(program())
            .arg("--config-path")
            .arg(&config)
            // One thread, because many Envoys run on this machine. No shared memory, so that they do not meet.
            .args(["--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"])
            .current_dir(folder)
            .process_group(0)
            .kill_on_drop(true)
            .stdin(Stdio::null())
            .stdout(said.try_clone().expect("an open file"))
            .stderr(said)
            .spawn()
            .unwrap_or_else(|error| {
                panic!("Envoy cannot be started ({error}): name its binary in {ENVOY}, or run `cargo xtask test`")
            });
        warden.started(child.id().expect("it was started just now"));
        Self { child, ports, log, warden }
    }

    /// Where the platform is reached.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.ports.front
    }

    /// The address of its admin interface.
    #[must_use]
    pub const fn admin(&self) -> SocketAddr {
        self.ports.admin
    }

    /// What it logged.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The last lines that each of the instances beside it logged.
    fn others(&self) -> String {
        let entries = self.log.parent().and_then(|folder| fs::read_dir(folder).ok());
        let folders = entries.into_iter().flatten().flatten().map(|entry| entry.path());
        let logs = folders.filter_map(|folder| {
            let log = fs::read_to_string(folder.join(process::LOG)).ok()?;
            let last: Vec<_> = log.lines().rev().take(5).collect();
            Some(format!("\n{}, latest first:\n{}", folder.display(), last.join("\n")))
        });
        logs.collect()
    }

    /// How many instances of a cluster of its configuration it sees as healthy.
    pub async fn healthy(&self, cluster: &str) -> usize {
        let begins = format!("{cluster}::");
        let told = self.told("/clusters").await.unwrap_or_default();
        told.lines()
            .filter(|line| line.starts_with(&begins) && line.ends_with("::health_flags::healthy"))
            .count()
    }

    /// A page of its admin interface, if it answers.
    pub async fn told(&self, path: &str) -> Option<String> {
        told(self.ports.admin, path).await
    }

    /// The metrics that Prometheus reads from it.
    pub async fn measured(&self) -> String {
        told(self.ports.monitoring, "/stats/prometheus").await.expect("it is ready")
    }

    /// Waits until it sees this many instances of each cluster as healthy.
    pub(super) async fn sees(&mut self, expected: &[(String, usize)]) {
        let seen = timeout(LONG, async {
            for (cluster, count) in expected {
                while self.healthy(cluster).await != *count {
                    let ended = self.child.try_wait().expect("it is a child of this process");
                    assert!(ended.is_none(), "Envoy ended; it said:\n{}", self.log());
                    sleep(Duration::from_millis(10)).await;
                }
            }
        });
        if seen.await.is_err() {
            let clusters = self.told("/clusters").await.unwrap_or_default();
            let health: Vec<_> =
                clusters.lines().filter(|line| line.contains("health_flags")).collect();
            let said = self.log() + &self.others();
            panic!("Envoy waits for {expected:?}; it sees {health:#?} and was told:\n{said}");
        }
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        if let Some(id) = self.child.id() {
            self.warden.ended(id);
        }
    }
}

async fn told(at: SocketAddr, path: &str) -> Option<String> {
    let answer = rest::plain_client().get(format!("http://{at}{path}")).send().await.ok()?;
    answer.text().await.ok()
}

fn program() -> PathBuf {
    env::var_os(ENVOY).map_or_else(|| "envoy".into(), PathBuf::from)
}

/// Puts addresses of this machine where the configuration has those of containers. Each address stands on a separate
/// line, and each instance gets one.
fn placed(text: &str, ports: Ports, upstreams: &[Upstream]) -> String {
    let socket = |host: &str, port: u16| {
        format!("{{ socket_address: {{ address: {host}, port_value: {port} }} }}")
    };
    let at = |address: SocketAddr| socket(&address.ip().to_string(), address.port());
    let mut lines = Vec::new();
    for line in text.lines() {
        let upstream = upstreams.iter().find(|it| {
            line.trim() == format!("- endpoint: {{ address: {} }}", socket(it.name, 8080))
        });
        if let Some(Upstream { instances, .. }) = upstream {
            let indent = &line[..line.len() - line.trim_start().len()];
            let endpoint =
                |it: &SocketAddr| format!("{indent}- endpoint: {{ address: {} }}", at(*it));
            lines.extend(instances.iter().map(endpoint));
        } else {
            let line = line.replace(&socket("0.0.0.0", 8080), &at(ports.front));
            let line = line.replace(&socket("0.0.0.0", 9902), &at(ports.monitoring));
            lines.push(line.replace(&socket("127.0.0.1", 9901), &at(ports.admin)));
        }
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests;
