//! Everything that is tested, in one go: the judges are fetched, the workspace is built once, then the tests in Rust
//! and in Node run.

use std::{
    env,
    ffi::OsStr,
    fs,
    io::{self, IsTerminal},
    num::NonZero,
    path::{Path, PathBuf},
    process::Command,
    thread,
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

/// `cargo xtask nightly`: what takes too long for every change. It says again what was said on one process, and builds all
/// once more as it is deployed, to count the instructions of requests.
pub(crate) fn nightly() -> Result<()> {
    let mut run = Run::start();
    run.step("tools", provision::build_tools);
    if let (tools, Some(runner)) = prepared(&mut run) {
        for again in AGAIN.iter().filter(|again| !again.nightly.is_empty()) {
            run.step(again.name, || again.tell_the_rest(&runner, &tools));
        }
    }
    #[cfg(target_os = "linux")]
    run.step("instructions", crate::bench::instructions);
    run.finish()
}

/// The steps, in a run that may have earlier steps.
pub(crate) fn steps(run: &mut Run) {
    let node = run.step("node packages", provision::node_packages);
    run.step("generators", provision::generators);
    run.step("browser", provision::browser);
    run.step("postman", provision::postman);
    run.step("tools of the pages", provision::pages);
    let (tools, Some(runner)) = prepared(run) else { return };
    let mut summary = None;
    run.step("rust tests", || {
        let mut tests = match &runner {
            Runner::Nextest { path } => nextest(path),
            // It counts each test program by itself, so there is no summary then.
            Runner::Cargo => cargo_test(&["--lib", "--bins", "--tests"]),
        };
        let (kept, passed) = shell::run_and_keep(tools.tell(&mut tests), "Summary")?;
        summary = kept;
        if passed { Ok(()) } else { bail!("some Rust tests failed") }
    });
    for again in AGAIN {
        run.step(again.name, || again.tell(&runner, &tools));
    }
    let Tools { judges, postgres, .. } = tools;
    drop(postgres);
    run.step("doc tests", doc_tests);
    if node.is_some() {
        run.step("node tests", || node_tests(judges.as_deref()));
    }
    if let Some(summary) = summary {
        run.end_with(summary);
    }
}

/// What every run of tests begins with: the tools, and the runner if the workspace could be built.
fn prepared(run: &mut Run) -> (Tools, Option<Runner>) {
    let tools = Tools {
        judges: run.step("judges", provision::judges),
        envoy: run.step("envoy", provision::envoy),
        postgres: run.step("databases", databases::Shared::start),
    };
    let runner = run.step("test runner", provision::test_runner);
    let built = run.step("build", || {
        shell::run(&mut shell::cargo(["build", "--quiet", "--workspace", "--all-targets"]))
    });
    (tools, runner.filter(|_| built.is_some()))
}

/// The tools that tests are told of. Without one of them, the tests that need it fail and say so. The others still run.
struct Tools {
    judges: Option<PathBuf>,
    envoy: Option<PathBuf>,
    postgres: Option<databases::Shared>,
}

impl Tools {
    fn tell<'c>(&self, tests: &'c mut Command) -> &'c mut Command {
        if let Some(judges) = &self.judges {
            tests.env("JUDGES", judges);
        }
        if let Some(envoy) = &self.envoy {
            tests.env("ENVOY", envoy);
        }
        if let Some(postgres) = &self.postgres {
            postgres.tell(tests);
        }
        tests
    }
}

/// Judges of more than what accounts hold: what they say does not depend on the engine, or they start one program.
const OF_OTHER_THINGS: &[&str] = &[
    "bounds::",
    "browser::",
    "buf::",
    "examples::",
    "generators::",
    "grpcurl::",
    "keys::",
    "postman::",
    "schemathesis::",
];

/// Stories that are told again, about a platform that is put together in another way.
struct Again {
    name: &'static str,
    /// The value of `SIR0_TEST_TOPOLOGY`.
    topology: &'static str,
    program: &'static str,
    /// Tests whose names hold one of these are left out, because they are about something else.
    without: &'static [&'static str],
    /// Tests whose names hold one of these are told by `cargo xtask nightly`.
    nightly: &'static [&'static str],
}

const AGAIN: &[Again] = &[
    Again {
        name: "on postgresql",
        topology: "postgres",
        program: "stories",
        // These are about parts with separate files, about a move from files, and about keys in a database of their own.
        without: &["apart::", "keeping::", "moving::", "rotation::"],
        nightly: &[],
    },
    Again {
        name: "hostile, on it",
        topology: "postgres",
        program: "hostile",
        // These are about the doors, which know no database, and about a file of ours on a full disk. The tests that are
        // left are about what was kept.
        without: &["bad_input::", "connections::", "flood::", "full_disk::", "http1::", "http2::"],
        nightly: &[],
    },
    Again {
        name: "judges, on it",
        topology: "postgres",
        program: "judges",
        without: OF_OTHER_THINGS,
        nightly: &[],
    },
    Again {
        name: "judges, through envoy",
        topology: "cluster",
        program: "judges",
        without: OF_OTHER_THINGS,
        nightly: &[],
    },
    Again {
        name: "through envoy",
        topology: "cluster",
        program: "stories",
        // These are about one process: its parts, its faults, its own log, metrics and traces, its life and death, its
        // settings, its keys.
        without: &[
            "apart::",
            "faults::",
            "keeping::",
            "logs::",
            "metrics::",
            "moving::",
            "process::",
            "rotation::",
            "traces::",
            "too_many_passwords_at_once",
            // Envoy chooses the service by the path as it came, and shows no one the metrics of a service.
            "a_path_is_the_same_with_escapes",
            "what_is_for_the_operator",
        ],
        // Each call is refused for each of its reasons, one after the other, for over a minute. The others are about what a
        // service makes of texts, numbers and searches, and are told in the two other ways with every change.
        nightly: &[
            "found::",
            "json::",
            "links::",
            "moments::",
            "profiles::",
            "promises::",
            "search::",
            "texts::",
        ],
    },
];

impl Again {
    fn tell(&self, runner: &Runner, tools: &Tools) -> Result<()> {
        let without = self.without.iter().chain(self.nightly);
        let tests = match runner {
            Runner::Nextest { path } => {
                let without = without.map(|name| format!(" - test({name})"));
                let filter = format!("binary({}){}", self.program, without.collect::<String>());
                let mut nextest = nextest(path);
                nextest.args(["--filterset", &filter]);
                nextest
            }
            Runner::Cargo => {
                let mut cargo = cargo_test(&["--test", self.program, "--"]);
                cargo.args(without.flat_map(|name| ["--skip", name]));
                cargo
            }
        };
        self.run(tests, tools)
    }

    /// Tells what was left for the night.
    fn tell_the_rest(&self, runner: &Runner, tools: &Tools) -> Result<()> {
        let tests = match runner {
            Runner::Nextest { path } => {
                let names: Vec<_> =
                    self.nightly.iter().map(|name| format!("test({name})")).collect();
                let filter = format!("binary({}) & ({})", self.program, names.join(" | "));
                let mut nextest = nextest(path);
                nextest.args(["--filterset", &filter]);
                nextest
            }
            Runner::Cargo => {
                let mut cargo = cargo_test(&["--test", self.program, "--"]);
                cargo.args(self.nightly);
                cargo
            }
        };
        self.run(tests, tools)
    }

    fn run(&self, mut tests: Command, tools: &Tools) -> Result<()> {
        tests.env("SIR0_TEST_TOPOLOGY", self.topology);
        shell::run(tools.tell(&mut tests)).context("some stories are different there")
    }
}

fn cargo_test(arguments: &[&str]) -> Command {
    let mut cargo = shell::cargo(["test", "--workspace", "--no-fail-fast"]);
    cargo.args(arguments);
    cargo
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
    // Tests wait for programs that start and for time that passes: as many as there are cores leave a fifth of them idle.
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    nextest.arg(format!("--test-threads={}", cores + cores.div_ceil(2)));
    // Its output passes through this process, so it cannot see that the output ends on a terminal.
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

/// Runs the examples in comments, only of the packages that have any: rustdoc takes longer to look for examples than
/// all of ours take to run.
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
