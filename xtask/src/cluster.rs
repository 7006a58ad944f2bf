//! The platform in many processes on this machine, to look at: built, then handed to the program that starts it.

use std::process::Command;

use anyhow::Result;

use crate::{databases, provision, shell, workspace, workspace::Workspace};

/// Builds and starts it. Returns after Ctrl-C.
pub(crate) fn command(arguments: &[&str]) -> Result<()> {
    let debug = Workspace::read()?.target.join("debug");
    provision::build_tools()?;
    databases::need()?;
    shell::run(&mut shell::cargo(["build", "--package", "sir0", "--package", "sir0-drills"]))?;
    shell::run(
        Command::new(debug.join("sir0-drills"))
            .arg("cluster")
            .args(arguments)
            .env("ENVOY", provision::envoy()?)
            .current_dir(workspace::root()),
    )
}
