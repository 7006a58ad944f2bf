//! Breaking things on purpose: the program as it is deployed, then the drills take over.

use std::{path::Path, process::Command};

use anyhow::Result;

use crate::{
    databases, provision, shell, workspace,
    workspace::{DIST, Workspace},
};

/// Builds and runs a drill. A full one writes its figures into `docs/reliability.md`.
pub(crate) fn command(arguments: &[&str]) -> Result<()> {
    let programs = Workspace::read()?.target.join(DIST);
    provision::build_tools()?;
    databases::need()?;
    // Two builds on purpose: built together, cargo would give sir0 the features only the drills ask for.
    shell::run(&mut shell::cargo(["build", "--profile", DIST, "--package", "sir0"]))?;
    shell::run(&mut shell::cargo(["build", "--profile", DIST, "--package", "sir0-drills"]))?;
    run(&programs, arguments)
}

/// The short forms, for every change.
pub(crate) fn short() -> Result<()> {
    let debug = Workspace::read()?.target.join("debug");
    databases::need()?;
    shell::run(&mut shell::cargo([
        "build",
        "--quiet",
        "--package",
        "sir0",
        "--package",
        "sir0-drills",
    ]))?;
    run(&debug, &["ci", "--short"])
}

fn run(programs: &Path, arguments: &[&str]) -> Result<()> {
    let mut drills = Command::new(programs.join("sir0-drills"));
    drills.arg("drill").args(arguments).env("ENVOY", provision::envoy()?);
    shell::run(drills.current_dir(workspace::root()))
}
