//! The spelling of every file that is kept.

use std::{path::Path, process::Command};

use anyhow::{Context, Result};

use crate::{provision, shell, workspace};

/// `cargo xtask typos`.
pub(crate) fn check() -> Result<()> {
    shell::run(&mut typos(workspace::root())?)
        .context("a word that is meant is named in typos.toml")
}

fn typos(folder: &Path) -> Result<Command> {
    let mut typos = Command::new(provision::checkers()?.join("typos"));
    typos.arg("--config").arg(workspace::root().join("typos.toml")).current_dir(folder);
    Ok(typos)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_misspelt_word_is_found_and_one_that_is_meant_is_not() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let says = |words: &str| {
            fs::write(folder.path().join("page.md"), words).expect("a file");
            shell::run_quietly(&mut typos(folder.path()).expect("it can be had"))
        };

        says("Measured by wrk.").expect("a name in typos.toml");
        // In two parts, because this file is checked too.
        let found = says(concat!("Measured by te", "h tool.")).expect_err("a misspelt word");

        assert!(found.to_string().contains("the"), "{found}");
    }
}
