//! Checks the files that run the platform elsewhere, against the programs that will read them and against our own
//! source: compose, Envoy, Kubernetes, Prometheus, Grafana. Nothing is started and no network is needed but to fetch
//! the programs.

#[cfg(all(test, unix))]
mod lines;
mod metrics;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::{arrows, provision, run::Run, shell, workspace};

/// `cargo xtask deploy`.
pub(crate) fn command() -> Result<()> {
    let mut run = Run::start();
    steps(&mut run);
    run.finish()
}

/// The steps, in a run that may have earlier steps.
pub(crate) fn steps(run: &mut Run) {
    run.step("compose", compose);
    run.step("envoy", envoy);
    run.step("kubernetes", kubernetes);
    run.step("prometheus", prometheus);
    run.step("names", names);
    run.step("services", services);
}

fn compose() -> Result<()> {
    let mut compose = match provision::compose() {
        Ok(compose) => compose,
        Err(failure) => {
            println!("   {failure:#}; docker-compose.yml was not checked");
            return Ok(());
        }
    };
    shell::run_quietly(compose.args(["config", "--quiet"]).current_dir(workspace::root()))?;
    Ok(())
}

fn envoy() -> Result<()> {
    let configuration = workspace::root().join("deploy/envoy/envoy.yaml");
    let mut envoy = Command::new(provision::envoy()?);
    envoy.args(["--mode", "validate", "--log-level", "error", "--config-path"]).arg(&configuration);
    shell::run_quietly(&mut envoy)?;
    if let Some(line) = one_on_each_line(&read(&configuration)?) {
        bail!(
            "deploy/envoy/envoy.yaml: a cluster of processes does not find the address in `{line}`"
        );
    }
    Ok(())
}

/// The first line with an address that does not stand in the one form that can be replaced line by line.
fn one_on_each_line(configuration: &str) -> Option<&str> {
    let forms = [
        ("- endpoint: { address: { socket_address: { address: ", ", port_value: 8080 } } }"),
        ("- endpoint: { address: { socket_address: { address: ", ", port_value: 9901 } } }"),
        ("address: { socket_address: { address: ", ", port_value: 8080 } }"),
        ("address: { socket_address: { address: ", ", port_value: 9901 } }"),
        ("address: { socket_address: { address: ", ", port_value: 9902 } }"),
    ];
    configuration.lines().filter(|line| line.contains("socket_address")).find(|line| {
        let line = line.trim();
        !forms.iter().any(|(before, after)| {
            let host = line.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
            host.is_some_and(|host| !host.contains([' ', ',']))
        })
    })
}

fn kubernetes() -> Result<()> {
    let root = workspace::root();
    let folders = ["deploy/kubernetes/base", "deploy/kubernetes/overlays/trial"];
    let mut python = Command::new(provision::readers()?.join("python"));
    let check = python.arg(root.join("xtask/deploy/kubernetes.py")).args(folders).current_dir(root);
    print!("{}", shell::run_quietly(check)?);
    if !shell::finds("kubectl") {
        println!("   kubectl is not installed: its own reading of the kustomizations was left out");
        return Ok(());
    }
    for folder in folders {
        let mut kubectl = Command::new("kubectl");
        shell::run_quietly(kubectl.args(["kustomize", folder]).current_dir(root))?;
    }
    Ok(())
}

fn prometheus() -> Result<()> {
    if !shell::finds("promtool") {
        println!(
            "   promtool is not installed (Debian: prometheus): rules and queries were not parsed"
        );
        return Ok(());
    }
    let configuration = workspace::root().join("deploy/prometheus/prometheus.yml");
    shell::run_quietly(Command::new("promtool").args(["check", "config"]).arg(configuration))?;
    Ok(())
}

/// Every metric, setting and runbook that the files name is there.
fn names() -> Result<()> {
    let root = workspace::root();
    let mut source = String::new();
    for file in files_below(&root.join("crates"))? {
        if file.extension().is_some_and(|extension| extension == "rs") {
            source += &read(&file)?;
        }
    }
    let mut faults = metrics::faults(&source)?;
    for path in files_below(&root.join("deploy/compose"))? {
        if path.extension().is_none_or(|extension| extension != "env") {
            continue;
        }
        let file = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        for line in read(&path)?.lines().filter(|line| !line.starts_with('#')) {
            let (name, _) = line.split_once('=').with_context(|| format!("{file}: `{line}`"))?;
            if !source.contains(&format!("\"{name}\"")) {
                faults.push(format!("{file} sets `{name}`, which is no setting"));
            }
        }
    }
    let runbook = read(&root.join("docs/operations.md"))?;
    for alert in alerts_in(&read(&root.join("deploy/prometheus/alerts.yml"))?) {
        if !runbook.lines().any(|line| line.strip_prefix("### ") == Some(alert)) {
            faults.push(format!("docs/operations.md has no paragraph `{alert}`"));
        }
    }
    if !faults.is_empty() {
        bail!("{}", faults.join("\n   "));
    }
    Ok(())
}

/// The files that have to name every service, besides its settings in `deploy/compose`.
const FILES_OF_ALL: [&str; 12] = [
    "docker-compose.yml",
    "deploy/compose/kustomization.yaml",
    "deploy/envoy/envoy.yaml",
    "deploy/make-secrets.sh",
    "deploy/kubernetes/make-secrets.sh",
    "deploy/kubernetes/base/kustomization.yaml",
    "deploy/kubernetes/base/disruption.yaml",
    "deploy/kubernetes/base/network.yaml",
    "deploy/kubernetes/overlays/trial/kustomization.yaml",
    "deploy/kubernetes/overlays/trial/databases.yaml",
    "deploy/kubernetes/overlays/trial/network.yaml",
    "deploy/prometheus/prometheus.yml",
];

/// Every service of the program is deployed.
fn services() -> Result<()> {
    let packages = workspace::Workspace::read()?.packages;
    let services = arrows::services(&packages).filter_map(|name| name.strip_prefix("sir0-"));
    let mut lacking = Vec::new();
    for service in services {
        let settings = format!("deploy/compose/{service}.env");
        if !workspace::root().join(&settings).exists() {
            lacking.push(format!("{settings} is missing"));
        }
        for file in FILES_OF_ALL {
            if !names_service(&read(&workspace::root().join(file))?, service) {
                lacking.push(format!("{file} does not name the service `{service}`"));
            }
        }
    }
    if !lacking.is_empty() {
        bail!("{}", lacking.join("\n   "));
    }
    Ok(())
}

/// Whether a line that is no comment names the service as a word.
fn names_service(text: &str, service: &str) -> bool {
    let is_of_a_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let mut words = lines.flat_map(|line| line.split(|it| !is_of_a_word(it)));
    words.any(|word| word == service)
}

fn alerts_in(rules: &str) -> impl Iterator<Item = &str> {
    rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: "))
}

fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries = fs::read_dir(folder);
    for entry in entries.with_context(|| format!("could not look into {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(files_below(&path)?);
        } else {
            files.push(path);
        }
    }
    Ok(files)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_our_files_and_pages_name_is_there() {
        names().expect("every name is one of ours");
    }

    #[test]
    fn an_address_that_no_process_could_take_over_is_found() {
        let good = "  - endpoint: { address: { socket_address: { address: edge, port_value: 8080 } } }\n\
                    address: { socket_address: { address: 0.0.0.0, port_value: 8080 } }";
        assert_eq!(one_on_each_line(good), None);

        for bad in [
            "socket_address:",
            "- endpoint: { address: { socket_address: { address: edge, port_value: 80 } } }",
            "address: { socket_address: { address: 0.0.0.0, port_value: 8080 } } # the port",
        ] {
            assert_eq!(one_on_each_line(bad), Some(bad));
        }
    }

    #[test]
    fn every_service_is_deployed_and_one_that_is_not_is_found() {
        services().expect("every service is deployed");

        let text = "# parties come later\nservices:\n  accounts:\n    image: sir0\n";
        assert!(names_service(text, "accounts"));
        assert!(!names_service(text, "parties") && !names_service(text, "account"));
    }

    #[test]
    fn an_alert_is_known_by_its_name() {
        let rules = "groups:\n- name: a\n  rules:\n  - alert: Down\n    expr: up == 0\n";

        assert_eq!(alerts_in(rules).collect::<Vec<_>>(), ["Down"]);
    }
}
