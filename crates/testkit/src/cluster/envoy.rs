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
use crate::{LONG, rest};

/// The variable that names Envoy's binary. `cargo xtask test` sets it.
pub const ENVOY: &str = "ENVOY";

/// A running Envoy. Dropped, it is killed.
pub struct Envoy {
    child: Child,
    address: SocketAddr,
    admin: SocketAddr,
    log: PathBuf,
    warden: Arc<Warden>,
}

/// Who answers for a name of the configuration.
pub(super) struct Upstream {
    /// As the configuration names it.
    pub(super) name: &'static str,
    /// Where its instances are.
    pub(super) instances: Vec<SocketAddr>,
}

impl Envoy {
    /// Starts it. It is ready when it [sees](Self::sees) every instance.
    pub(super) fn start(
        folder: &Path,
        address: SocketAddr,
        admin: SocketAddr,
        upstreams: &[Upstream],
        warden: Arc<Warden>,
    ) -> Self {
        let config = folder.join("envoy.yaml");
        let path = settings::deploy().join("envoy/envoy.yaml");
        let text = fs::read_to_string(&path).expect("the configuration of the proxy is there");
        fs::write(&config, placed(&text, address, admin, upstreams)).expect("a folder of ours");
        let log = folder.join("envoy.log");
        let said = File::create(&log).expect("a folder of ours");
        let child = Command::new(program())
            .arg("--config-path")
            .arg(&config)
            // One thread, for there are many of it on this machine; no shared memory, so that they do not meet.
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
        Self { child, address, admin, log, warden }
    }

    /// Where the platform is reached.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it tells about itself.
    #[must_use]
    pub const fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// What it logged.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// How many instances of a cluster of its configuration it takes for well.
    pub async fn healthy(&self, cluster: &str) -> usize {
        let begins = format!("{cluster}::");
        let told = self.told("/clusters").await.unwrap_or_default();
        told.lines()
            .filter(|line| line.starts_with(&begins) && line.ends_with("::health_flags::healthy"))
            .count()
    }

    /// A page of its admin interface, if it answers.
    pub async fn told(&self, path: &str) -> Option<String> {
        let url = format!("http://{}{path}", self.admin);
        let answer = rest::plain_client().get(url).send().await.ok()?;
        answer.text().await.ok()
    }

    /// Waits until it takes this many instances of each cluster for well.
    pub(super) async fn sees(&mut self, expected: &[(&str, usize)]) {
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
            panic!("Envoy waits for {expected:?}; it sees {health:#?} and said:\n{}", self.log());
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

fn program() -> PathBuf {
    env::var_os(ENVOY).map_or_else(|| "envoy".into(), PathBuf::from)
}

/// Puts addresses of this machine where the configuration has those of containers: each stands on a line of its own, and
/// an instance has one.
fn placed(text: &str, address: SocketAddr, admin: SocketAddr, upstreams: &[Upstream]) -> String {
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
            let line = line.replace(&socket("0.0.0.0", 8080), &at(address));
            lines.push(line.replace(&socket("127.0.0.1", 9901), &at(admin)));
        }
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(port: u16) -> SocketAddr {
        ([127, 0, 0, 1], port).into()
    }

    #[test]
    fn every_address_of_a_container_gives_way_to_those_of_the_instances() {
        let text = fs::read_to_string(settings::deploy().join("envoy/envoy.yaml")).unwrap();
        let upstreams = [
            Upstream { name: "accounts", instances: vec![local(11), local(12)] },
            Upstream { name: "storefront", instances: vec![local(21), local(22), local(23)] },
            Upstream { name: "edge", instances: vec![local(31)] },
        ];

        let placed = placed(&text, local(1), local(2), &upstreams);

        let count = |port: u16| placed.matches(&format!("port_value: {port} }}")).count();
        assert!(!placed.contains("port_value: 8080") && !placed.contains("port_value: 9901"));
        assert_eq!((count(1), count(2)), (1, 1), "the door and the admin's");
        assert_eq!((count(11), count(12), count(31)), (1, 1, 1));
        assert_eq!((count(21), count(22), count(23)), (2, 2, 2), "calls and WebSockets");
    }
}
