//! What runs, asked of the engine and of the system itself.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};

use super::engine::Engine;
use crate::shell;

/// The containers of `docker-compose.yml`.
pub(super) struct Topology<'e> {
    pub(super) engine: &'e Engine,
    /// Where the file is.
    pub(super) folder: &'e Path,
}

impl Topology<'_> {
    /// What `docker compose` with these arguments prints.
    pub(super) fn compose(&self, arguments: &[&str]) -> Result<String> {
        let mut docker = self.engine.command("docker");
        let compose = docker.arg("compose").args(arguments).current_dir(self.folder);
        shell::run_quietly(compose).map(|said| said.trim().to_owned())
    }

    /// What curl says of this path, behind the proxy.
    pub(super) fn asks(&self, arguments: &[&str], path: &str) -> Result<String> {
        let mut curl = self.engine.command("curl");
        curl.args(["--silent", "--show-error", "--max-time", "10"]).args(arguments);
        shell::run_quietly(curl.arg(format!("http://127.0.0.1:8080{path}")))
    }

    /// What the engine knows of a container.
    pub(super) fn inspect(&self, container: &str, format: &str) -> Result<String> {
        self.engine.docker(["inspect", "--format", format, container])
    }

    /// Its address where the proxy is.
    pub(super) fn address(&self, container: &str) -> Result<String> {
        self.inspect(container, "{{(index .NetworkSettings.Networks \"sir0_front\").IPAddress}}")
    }

    /// The containers of a service that run.
    pub(super) fn of(&self, service: &str) -> Result<Vec<String>> {
        let told = self.compose(&["ps", "--quiet", service])?;
        Ok(told.lines().map(str::to_owned).collect())
    }

    /// How many instances of a service the proxy sees as healthy, and how many it knows.
    pub(super) fn seen(&self, service: &str) -> Result<(usize, usize)> {
        let told = self.measured()?;
        let number = |metric: &str| -> Result<usize> {
            let begins = format!("envoy_cluster_{metric}{{envoy_cluster_name=\"{service}\"}} ");
            let value = told.lines().find_map(|line| line.strip_prefix(&begins));
            value.and_then(|value| value.parse().ok()).with_context(|| format!("no {begins}"))
        };
        Ok((number("membership_healthy")?, number("membership_total")?))
    }

    /// The metrics that Prometheus reads from the proxy, read from where Prometheus is.
    pub(super) fn measured(&self) -> Result<String> {
        let envoy = self.of("envoy")?;
        let at = self.address(envoy.first().context("the proxy runs")?)?;
        let mut curl = self.engine.command("curl");
        let url = format!("http://{at}:9902/stats/prometheus");
        shell::run_quietly(curl.args(["--silent", "--show-error", "--max-time", "10", &url]))
    }

    /// No process has a right that it does not need, whatever the engine says.
    pub(super) fn has_no_rights(&self) -> Result<usize> {
        let containers = self.compose(&["ps", "--quiet"])?;
        for container in containers.lines() {
            let name = self.inspect(container, "{{.Name}}")?;
            let pid = self.inspect(container, "{{.State.Pid}}")?;
            let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
            let mounts = fs::read_to_string(format!("/proc/{pid}/mountinfo"))?;
            let faults = faults(&status, &mounts);
            if !faults.is_empty() {
                bail!("{name}: {}", faults.join(", "));
            }
            if self.inspect(container, "{{.HostConfig.Memory}}")? == "0" {
                bail!("{name}: no bound on its memory");
            }
        }
        Ok(containers.lines().count())
    }
}

fn faults(status: &str, mounts: &str) -> Vec<String> {
    let value = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.map(|rest| rest.split_whitespace().collect::<Vec<_>>().join(" ")).unwrap_or_default()
    };
    let mut faults = Vec::new();
    if value("Uid:").split(' ').any(|user| user == "0") {
        faults.push("runs as root".to_owned());
    }
    for (name, wanted) in [
        ("CapEff:", "0000000000000000"),
        ("CapPrm:", "0000000000000000"),
        ("CapBnd:", "0000000000000000"),
        ("NoNewPrivs:", "1"),
        ("Seccomp:", "2"),
    ] {
        if value(name) != wanted {
            faults.push(format!("{name} {}", value(name)));
        }
    }
    let root = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let mut root = root.filter(|fields| fields.get(4) == Some(&"/"));
    if !root.any(|fields| fields.get(5).is_some_and(|options| options.starts_with("ro"))) {
        faults.push("its root can be written".to_owned());
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "Name:\tsir0\nUid:\t10001\t10001\t10001\t10001\nCapPrm:\t0000000000000000\n\
        CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n";
    const MOUNTS: &str =
        "700 600 0:50 / / ro,relatime - overlay overlay rw\n701 700 0:51 / /proc rw\n";

    #[test]
    fn a_process_without_rights_is_without_fault() {
        assert_eq!(faults(STATUS, MOUNTS), Vec::<String>::new());
    }

    #[test]
    fn every_right_too_many_is_a_fault() {
        for (good, bad) in [
            ("10001\t10001\t", "10001\t0\t"),
            ("CapEff:\t0000000000000000", "CapEff:\t00000000a80425fb"),
            ("CapBnd:\t0000000000000000", "CapBnd:\t0000000000000001"),
            ("NoNewPrivs:\t1", "NoNewPrivs:\t0"),
            ("Seccomp:\t2", "Seccomp:\t0"),
        ] {
            assert_eq!(faults(&STATUS.replace(good, bad), MOUNTS).len(), 1, "{bad}");
        }
        assert_eq!(faults(STATUS, &MOUNTS.replace("/ ro", "/ rw")).len(), 1);
        assert_eq!(faults("", "").len(), 6);
    }
}
