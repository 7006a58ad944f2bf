//! The project's own chores, by name: `cargo xtask --help` lists them.

mod arrows;
mod bench;
#[cfg(unix)]
mod blocks;
mod ci;
mod cluster;
#[cfg(target_os = "linux")]
mod containers;
mod databases;
mod dependencies;
mod deploy;
mod drill;
mod proto;
mod provision;
mod run;
mod shell;
mod test;
mod toolchain;
mod typos;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

const HELP: &str = "\
The project's own chores.

Usage: cargo xtask NAME [ARGUMENTS]

  test             everything that is tested: Rust, Node, the foreign judges (grpcurl, schemathesis), and
                   every line of README and docs that can be run;
                   the stories on files, on PostgreSQL, and in many processes behind Envoy
  ci               format, arrows, proto, typos, dependencies, clippy and docs, every warning an error; then test
  nightly          what takes too long for ci: the long stories once more, through Envoy, and the instructions of
                   requests against docs/instructions.md
  proto [--check | --image]
                   formats and lints proto/; --check changes nothing, and fails on what it would change and on what
                   breaks a client; --image writes what clients may know into proto/contract.binpb
  typos            looks for misspelt words in every file
  arrows           prints the floors and every dependency between crates; fails on one that points up
  dependencies [--advisories]
                   holds Cargo.lock against deny.toml (licences, bans, sources) and looks for unused dependencies;
                   --advisories asks for known faults in what is used, which a public forge holds
  deploy           holds docker-compose.yml and deploy/ against the programs that read them
  containers [--full]
                   runs docker-compose.yml in a container engine of its own, and the lines of the documents in it;
                   --full goes through every stage of the Dockerfile (Debian 12, as root)
  cluster [ARGS]   starts the platform as it is deployed, in many processes of this machine, until Ctrl-C
                   (`cargo xtask cluster --help` lists the arguments)
  drill NAME [--short]
                   builds the profile dist, breaks things under load, writes docs/reliability.md
                   (`cargo xtask drill --help` lists the drills; `all` runs each)
  bench [ARGS]     builds the profile dist, measures against bare servers, writes docs/benchmarks.md; --only PART prints a
                   part alone; --instructions counts with callgrind and writes docs/instructions.md, and with --check
                   fails when a count grew by more than a tenth (`cargo xtask bench --help` lists the arguments)

Needs Rust, Node 20.19 or later and Python 3.11 or later. What else is lacking (a C compiler, PostgreSQL and
Redis, cargo-nextest, npm and Python packages, wrk and h2load) it installs on Debian as root and says so;
elsewhere it fetches what stays inside the project folder and names the rest for you to install.

Environment it sets for tests:
  JUDGES              the folder with grpcurl, schemathesis and buf
  ENVOY               Envoy's binary
  SIR0_TEST_TOPOLOGY  what the stories are told about: unset one process on files, `postgres`, or `cluster`
  SIR0_TEST_POSTGRES  the PostgreSQL server they share; a test that is run without it starts one for itself";

fn main() -> ExitCode {
    match chore() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure:#}");
            ExitCode::FAILURE
        }
    }
}

fn chore() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        ["test"] => test::command(),
        ["ci"] => ci::command(),
        ["nightly"] => test::nightly(),
        ["proto"] => proto::write(),
        ["proto", "--check"] => proto::check(),
        ["proto", "--image"] => proto::write_image(),
        ["typos"] => typos::check(),
        ["arrows"] => arrows::command(),
        ["dependencies", ref rest @ ..] => dependencies::command(rest),
        ["deploy"] => deploy::command(),
        #[cfg(target_os = "linux")]
        ["containers", ref rest @ ..] => containers::command(rest),
        ["cluster", ref rest @ ..] => cluster::command(rest),
        ["drill", ref rest @ ..] => drill::command(rest),
        ["bench", ref rest @ ..] => bench::command(rest),
        [] | ["help" | "--help" | "-h", ..] => {
            println!("{HELP}");
            Ok(())
        }
        _ => bail!("there is no chore `{}`\n\n{HELP}", arguments.join(" ")),
    }
}
