//! The contract's files: one format, buf's rules for what a contract must not do, and what clients already hold us to.

mod history;

use std::{path::Path, process::Command};

use anyhow::{Context, Result};

use crate::{provision, shell, workspace};

/// The contract as clients may know it, compiled. What is in here is not taken away again.
const IMAGE: &str = "proto/contract.binpb";

/// Brings `proto/` into the one format, lints it, and writes the Postman collection of it. A test of `sir0-contract` holds
/// the committed collection against the contract, because only a build has both.
pub(crate) fn write() -> Result<()> {
    let root = workspace::root();
    shell::run(&mut buf(root, &["format", "--write"])?)?;
    lint(root)?;
    let mut writes = shell::cargo(["test", "--quiet", "-p", "sir0-contract", "--test", "postman"]);
    shell::run_quietly(writes.env("WRITE_POSTMAN", "1"))?;
    Ok(())
}

/// Changes nothing; fails on what [`write()`] would change or refuse, and on what would break a client.
pub(crate) fn check() -> Result<()> {
    let root = workspace::root();
    shell::run(&mut buf(root, &["format", "--diff", "--exit-code"])?)
        .context("proto/ is not formatted, run `cargo xtask proto`")?;
    lint(root)?;
    shell::run(&mut breaking(root)?)
        .with_context(|| format!("clients know the contract as {IMAGE} has it"))?;
    history::check(root)
}

/// Writes the image anew. Its bytes follow from `proto/` alone: comments and line numbers are left out.
pub(crate) fn write_image() -> Result<()> {
    shell::run(&mut buf(
        workspace::root(),
        &["build", "--exclude-source-info", "--output", IMAGE],
    )?)?;
    println!("{IMAGE} is written; commit it alone, and say why");
    Ok(())
}

fn lint(folder: &Path) -> Result<()> {
    shell::run(&mut buf(folder, &["lint"])?)
}

/// What tells whether something in the image is gone or means something else now.
fn breaking(folder: &Path) -> Result<Command> {
    buf(folder, &["breaking", "--against", IMAGE])
}

fn buf(folder: &Path, arguments: &[&str]) -> Result<Command> {
    provision::node_packages()?;
    let mut buf = Command::new(provision::node_programs().join("buf"));
    buf.args(arguments).current_dir(folder);
    Ok(buf)
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_field_that_is_taken_away_is_found_and_one_that_is_added_is_not() {
        const GAME: &str = "proto/sir0/storefront/v1/game.proto";
        let folder = tempfile::tempdir().expect("a folder for the test");
        let mut copy = Command::new("cp");
        copy.args(["-r", "buf.yaml", "proto"]).arg(folder.path()).current_dir(workspace::root());
        shell::run_quietly(&mut copy).expect("there is a cp");
        let contract = fs::read_to_string(folder.path().join(GAME)).expect("there is a game");
        let says = |title: &str| {
            let changed = contract.replacen("string title = 2", title, 1);
            fs::write(folder.path().join(GAME), changed).expect("a file");
            shell::run_quietly(&mut breaking(folder.path()).expect("it can be had"))
        };

        says("string motto = 99; string title = 2").expect("it only adds");
        let found = says("string title = 99").expect_err("it takes away");

        assert!(found.to_string().contains("field \"2\" with name \"title\""), "{found}");
    }
}
