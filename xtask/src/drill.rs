//! Breaking things on purpose: the program as it is deployed, then the drills take over.

use std::process::Command;

use anyhow::Result;

use crate::{provision, shell, workspace, workspace::Workspace};

/// Builds and runs a drill. A full one writes its figures into `docs/reliability.md`.
pub(crate) fn command(arguments: &[&str]) -> Result<()> {
    let release = Workspace::read()?.target.join("release");
    provision::build_tools()?;
    // Two builds on purpose: built together, cargo would give sir0 the features only the drills ask for.
    shell::run(&mut shell::cargo(["build", "--release", "--package", "sir0-server"]))?;
    shell::run(&mut shell::cargo(["build", "--release", "--package", "sir0-drills"]))?;
    shell::run(
        Command::new(release.join("sir0-drills"))
            .arg("drill")
            .args(arguments)
            .current_dir(workspace::root()),
    )
}
