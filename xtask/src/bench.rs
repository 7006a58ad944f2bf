//! Measuring: both binaries as they are deployed, then the bench binary takes over.

use std::{fs, process::Command};

use anyhow::{Context, Result};

use crate::{
    databases, provision, shell, workspace,
    workspace::{DIST, Workspace},
};

/// Where the figures stand.
const TABLE: &str = "docs/benchmarks.md";

/// What the words of a person ask for, as far as it matters before and after the bench itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Help,
    /// Counts of instructions, which take valgrind.
    Instructions,
    /// Figures that are printed, or go elsewhere.
    Figures,
    /// The whole table.
    Table,
}

impl Asked {
    fn by(arguments: &[&str]) -> Self {
        let has = |option: &str| {
            arguments.iter().any(|word| word.split('=').next().is_some_and(|word| word == option))
        };
        if has("--help") || has("-h") {
            Self::Help
        } else if has("--instructions") {
            Self::Instructions
        } else if has("--only") || has("--out") {
            Self::Figures
        } else {
            Self::Table
        }
    }
}

/// Builds and measures. A whole run writes `docs/benchmarks.md`.
pub(crate) fn command(arguments: &[&str]) -> Result<()> {
    let programs = Workspace::read()?.target.join(DIST);
    provision::build_tools()?;
    // Two builds on purpose: built together, cargo would give sir0 the features only the bench asks for.
    shell::run(&mut shell::cargo(["build", "--profile", DIST, "--package", "sir0"]))?;
    shell::run(&mut shell::cargo(["build", "--profile", DIST, "--package", "sir0-bench"]))?;
    let asked = Asked::by(arguments);
    match asked {
        Asked::Help => {}
        Asked::Instructions => provision::instruction_counter()?,
        Asked::Figures | Asked::Table => {
            provision::load_generators();
            provision::file_server();
            databases::postgres_if_possible();
        }
    }
    shell::run(
        Command::new(programs.join("sir0-bench"))
            .arg("run")
            .arg("--sir0")
            .arg(programs.join("sir0"))
            .args(arguments)
            .current_dir(workspace::root()),
    )?;
    if asked == Asked::Table { append_kills() } else { Ok(()) }
}

/// Prints how many instructions requests take, and fails when one takes a tenth more than the committed table says.
#[cfg(target_os = "linux")]
pub(crate) fn instructions() -> Result<()> {
    command(&["--instructions", "--check"])
}

/// The one bar that is no speed: runs the story of fifty kills and notes what it says.
fn append_kills() -> Result<()> {
    const STORY: &str = "fifty_power_cuts_under_load_lose_nothing_that_was_acknowledged";
    shell::run(&mut shell::cargo(["build", "--package", "sir0"]))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kills_are_told_of_in_the_whole_table_only() {
        assert_eq!(Asked::by(&[]), Asked::Table);
        assert_eq!(Asked::by(&["--before", "sir0", "--rounds", "9"]), Asked::Table);
        assert_eq!(Asked::by(&["--only=writes"]), Asked::Figures);
        assert_eq!(Asked::by(&["--out", "-"]), Asked::Figures);
        assert_eq!(Asked::by(&["--instructions", "--out", "-"]), Asked::Instructions);
        assert_eq!(Asked::by(&["--only", "reads", "--help"]), Asked::Help);
    }
}
