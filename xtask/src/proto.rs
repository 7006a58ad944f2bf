//! The contract's files: one format, and buf's rules for what a contract must not do.

use std::process::Command;

use anyhow::{Context, Result};

use crate::{provision, shell, workspace};

/// Brings `proto/` into the one format, then lints it.
pub(crate) fn write() -> Result<()> {
    provision::node_packages()?;
    shell::run(&mut buf(&["format", "--write"]))?;
    lint()
}

/// Changes nothing; fails on what [`write()`] would change or refuse.
pub(crate) fn check() -> Result<()> {
    provision::node_packages()?;
    shell::run(&mut buf(&["format", "--diff", "--exit-code"]))
        .context("proto/ is not formatted, run `cargo xtask proto`")?;
    lint()
}

fn lint() -> Result<()> {
    shell::run(&mut buf(&["lint"]))
}

fn buf(arguments: &[&str]) -> Command {
    let mut buf = Command::new(provision::node_programs().join("buf"));
    buf.args(arguments).current_dir(workspace::root());
    buf
}
