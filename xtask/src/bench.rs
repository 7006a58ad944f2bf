//! Measuring: both binaries as a user would build them, then the bench binary takes over.

use std::{fs, process::Command};

use anyhow::{Context, Result};

use crate::{provision, shell, workspace, workspace::Workspace};

/// Where the figures stand.
const TABLE: &str = "docs/benchmarks.md";

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
    )?;
    if asks_for_help { Ok(()) } else { append_kills() }
}

/// The one bar that is no speed: runs the story of fifty kills and notes what it says.
fn append_kills() -> Result<()> {
    const STORY: &str = "fifty_power_cuts_under_load_lose_nothing_that_was_acknowledged";
    shell::run(&mut shell::cargo(["build", "--package", "sir0-server"]))?;
    let told =
        shell::cargo(["test", "--package", "sir0-integration-tests", "--test", "hostile", STORY])
            .args(["--", "--nocapture"])
            .output()
            .context("cargo could not be started")?;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let drill = told.lines().find_map(|line| Some(line.split_once("drill: ")?.1));
    let drill =
        drill.with_context(|| format!("the story of the kills did not end well:\n{told}"))?;
    let path = workspace::root().join(TABLE);
    let table = fs::read_to_string(&path).with_context(|| format!("{TABLE} is not there"))?;
    let section = format!(
        "\n## Kills\n\n{drill}. The bar is none lost. Writers work over REST and gRPC while the process is killed and \
         started again on the same folder; the story is `{STORY}` in `integration-tests/tests/hostile`.\n"
    );
    fs::write(path, table + &section).with_context(|| format!("{TABLE} cannot be written"))
}
