//! Everything that is tested, in one go: the judges are fetched, the workspace is built once, then Rust and
//! Node speak.

use std::{
    env,
    ffi::OsStr,
    fs,
    io::{self, IsTerminal},
    path::Path,
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::{
    databases,
    provision::{self, Runner},
    run::Run,
    shell,
    workspace::{self, Package, Workspace},
};

/// `cargo xtask test`.
pub(crate) fn command() -> Result<()> {
    let mut run = Run::start();
    run.step("tools", provision::build_tools);
    steps(&mut run);
    run.finish()
}

/// The steps, for those who have done some of their own before.
pub(crate) fn steps(run: &mut Run) {
    let node = run.step("node packages", provision::node_packages);
    let judges = run.step("judges", provision::judges);
    let runner = run.step("test runner", provision::test_runner);
    let postgres = run.step("databases", databases::Shared::start);
    let built = run.step("build", || {
        shell::run(&mut shell::cargo(["build", "--quiet", "--workspace", "--all-targets"]))
    });
    let (Some(runner), Some(())) = (runner, built) else {
        return;
    };
    // Without judges or databases the tests that need them fail and say so; the others still have something to
    // tell.
    let judges = judges.as_deref();
    let mut summary = None;
    run.step("rust tests", || rust_tests(&runner, judges, postgres.as_ref(), &mut summary));
    drop(postgres);
    run.step("doc tests", doc_tests);
    if node.is_some() {
        run.step("node tests", || node_tests(judges));
    }
    if let Some(summary) = summary {
        run.end_with(summary);
    }
}

/// Runs them, and leaves the line with their counts in `summary` whether they passed or not.
fn rust_tests(
    runner: &Runner,
    judges: Option<&Path>,
    postgres: Option<&databases::Shared>,
    summary: &mut Option<String>,
) -> Result<()> {
    let mut command = match runner {
        Runner::Nextest { path } => nextest(path),
        // It counts each test program by itself, so there is no summary then.
        Runner::Cargo => {
            shell::cargo(["test", "--workspace", "--no-fail-fast", "--lib", "--bins", "--tests"])
        }
    };
    if let Some(judges) = judges {
        command.env("JUDGES", judges);
    }
    if let Some(postgres) = postgres {
        postgres.tell(&mut command);
    }
    let (kept, passed) = shell::run_and_keep(&mut command, "Summary")?;
    *summary = kept;
    if !passed {
        bail!("some Rust tests failed");
    }
    Ok(())
}

fn nextest(path: &OsStr) -> Command {
    let mut nextest = shell::cargo([
        "nextest",
        "run",
        "--workspace",
        "--cargo-quiet",
        "--no-fail-fast",
        "--status-level=slow",
        "--final-status-level=fail",
        "--show-progress=none",
    ]);
    // Its words pass through us, so it cannot see for itself that they end on a terminal.
    if io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none() {
        nextest.arg("--color=always");
    }
    nextest.env("PATH", path);
    nextest
}

fn node_tests(judges: Option<&Path>) -> Result<()> {
    let mut npm = Command::new("npm");
    npm.args(["test", "--silent"]).current_dir(provision::node_folder());
    if let Some(judges) = judges {
        npm.env("JUDGES", judges);
    }
    shell::run(&mut npm).context("some Node tests failed")
}

/// Runs the examples in comments, of the packages that have any: looking for them with rustdoc takes longer
/// than all of ours run.
fn doc_tests() -> Result<()> {
    let workspace = Workspace::read()?;
    let mut arguments = vec!["test", "--quiet", "--doc"];
    let with_examples: Vec<&Package> =
        workspace.packages.iter().filter(|package| has_examples(&package.folder)).collect();
    if with_examples.is_empty() {
        println!("   there are none");
        return Ok(());
    }
    for package in &with_examples {
        arguments.extend(["--package", &package.name]);
    }
    shell::run(&mut shell::cargo(arguments))
}

fn has_examples(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return false };
    entries.flatten().map(|entry| entry.path()).any(|path| {
        if path.is_dir() {
            return !path.ends_with("node_modules")
                && path != workspace::root().join("target")
                && has_examples(&path);
        }
        let is_rust = path.extension().is_some_and(|extension| extension == "rs");
        is_rust && fs::read_to_string(&path).is_ok_and(|text| holds_an_example(&text))
    })
}

/// Whether a comment opens a block that rustdoc would run.
fn holds_an_example(text: &str) -> bool {
    let mut inside = false;
    text.lines().filter_map(comment).any(|line| {
        let Some(language) = line.trim().strip_prefix("```") else { return false };
        inside = !inside;
        let runs = ["", "rust", "no_run", "should_panic", "compile_fail"];
        inside && language.split(',').all(|word| runs.contains(&word.trim()))
    })
}

fn comment(line: &str) -> Option<&str> {
    let line = line.trim_start();
    line.strip_prefix("///").or_else(|| line.strip_prefix("//!"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_that_runs_is_found() {
        assert!(holds_an_example("/// Like so:\n/// ```\n/// f();\n/// ```\nfn f() {}"));
        assert!(holds_an_example("//! ```no_run\n//! main();\n//! ```"));
    }

    #[test]
    fn a_picture_or_a_text_is_no_example() {
        assert!(!holds_an_example("/// ```text\n/// a → b\n/// ```\nfn f() {}"));
        assert!(!holds_an_example("let s = \"```\";"));
    }
}
