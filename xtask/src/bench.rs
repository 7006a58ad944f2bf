//! Measuring: both binaries as a user would build them, then the bench binary takes over.

use std::process::Command;

use anyhow::Result;

use crate::{provision, shell, workspace, workspace::Workspace};

/// Builds, measures, writes `docs/benchmarks.md`.
pub(crate) fn command(arguments: &[&str]) -> Result<()> {
    let release = Workspace::read()?.target.join("release");
    provision::build_tools()?;
    // Two builds on purpose: built together, cargo would give sir0 the features only the bench asks for.
    shell::run(&mut shell::cargo(["build", "--release", "--package", "sir0-server"]))?;
    shell::run(&mut shell::cargo(["build", "--release", "--package", "sir0-bench"]))?;
    let asks_for_help = arguments.iter().any(|word| matches!(*word, "--help" | "-h"));
    if !asks_for_help {
        provision::load_generators();
    }
    shell::run(
        Command::new(release.join("sir0-bench"))
            .arg("run")
            .arg("--sir0")
            .arg(release.join("sir0"))
            .args(arguments)
            .current_dir(workspace::root()),
    )
}
