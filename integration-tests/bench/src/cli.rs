//! The command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::bare;

/// Measures sir0 against bare servers.
#[derive(Parser)]
#[command(name = "sir0-bench")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Measures everything, or some parts, and writes the table.
    Run(Plan),
    /// Serves one body per path from memory: what a hand-written axum route costs.
    BareRest {
        /// The address to listen on.
        #[arg(long)]
        listen: SocketAddr,
        /// A path, its content type and the file with its body: `PATH=TYPE=FILE`. May be repeated.
        #[arg(long, required = true)]
        route: Vec<bare::Route>,
        /// Encodes the games anew for each answer, instead of sending stored bytes.
        #[arg(long)]
        encode: bool,
    },
    /// Answers `GetGame` and `ListGames` with one message each from memory: what a hand-written tonic service costs.
    BareGrpc {
        /// The address to listen on.
        #[arg(long)]
        listen: SocketAddr,
        /// The file with the encoded `GetGameResponse`.
        #[arg(long)]
        answer: PathBuf,
        /// The file with the encoded `ListGamesResponse`.
        #[arg(long)]
        list: PathBuf,
    },
}

/// A part of the table that can be measured alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Reads beside the bare servers.
    Reads,
    /// Changes on both engines, beside an older build and pgbench.
    Writes,
    /// What a change writes on SQLite.
    Disk,
    /// Searches and pages of a large store.
    Search,
    /// A catalogue as a file, in and out.
    Import,
    /// Pictures beside nginx.
    Media,
    /// Changes to open streams.
    Streams,
    /// The memory of idle streams, of each kind.
    Memory,
    /// Access tokens that a service verifies.
    Tokens,
    /// Starts on an existing database, and the memory of an idle process.
    Starts,
}

/// What to measure, and how long.
#[derive(Args)]
pub(crate) struct Plan {
    /// The binary to measure.
    #[arg(long)]
    pub(crate) sir0: PathBuf,
    /// An older binary, whose changes are measured in turns with it.
    #[arg(long, value_name = "BINARY")]
    pub(crate) before: Option<PathBuf>,
    /// Measure these parts alone, and print them; `docs/benchmarks.md` stays as it is. May be repeated.
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    pub(crate) only: Vec<Part>,
    /// Count instructions with callgrind instead of measuring, which a busy machine does not disturb.
    #[arg(long, conflicts_with_all = ["only", "before"])]
    pub(crate) instructions: bool,
    /// Write no table: fail when a count of sir0 is more than a tenth above the one in the table.
    #[arg(long, requires = "instructions", conflicts_with = "out")]
    pub(crate) check: bool,
    /// How often each side is measured, in turns.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,
    /// How many seconds each turn takes.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) seconds: u64,
    /// How many watchers are open at once.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) streams: u32,
    /// How many changes are published one at a time, each waiting for the last watcher.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) changes: u32,
    /// How many changes are then published without waiting.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) burst: u32,
    /// How often the program is started.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) starts: u32,
    /// Use the built-in load generator even where wrk and h2load are installed.
    #[arg(long)]
    pub(crate) built_in: bool,
    /// The statements of a change, for pgbench.
    #[arg(long, value_name = "FILE", default_value = "docs/scaling/change.sql")]
    pub(crate) script: PathBuf,
    /// Where the table goes; `-` only prints it. Unless given, a whole run writes `docs/benchmarks.md`, and
    /// `--instructions` writes `docs/instructions.md`.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

impl Plan {
    /// Whether this part is measured.
    pub(crate) fn has(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    /// The file that the table is written to; none if it is only printed.
    pub(crate) fn table(&self) -> Option<PathBuf> {
        match &self.out {
            Some(file) if file.as_os_str() == "-" => None,
            Some(file) => Some(file.clone()),
            None if self.instructions => Some(crate::instructions::TABLE.into()),
            None if self.only.is_empty() => Some(crate::report::TABLE.into()),
            None => None,
        }
    }
}

/// This run's command as a person types it: without what `cargo xtask bench` puts before their words, and without the
/// path of an older binary, which says nothing elsewhere.
pub(crate) fn typed() -> String {
    let words = std::env::args().skip_while(|word| word != "--sir0").skip(2);
    as_typed(words)
}

fn as_typed(words: impl Iterator<Item = String>) -> String {
    let mut line = "cargo xtask bench".to_owned();
    let mut is_path = false;
    for word in words {
        let shown = match word.split_once('=') {
            Some(("--before", _)) => "--before=BINARY",
            _ if is_path => "BINARY",
            _ => &word,
        };
        line = line + " " + shown;
        is_path = word == "--before";
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(words: &str) -> Result<Plan, clap::Error> {
        let words =
            ["sir0-bench", "run", "--sir0", "sir0"].into_iter().chain(words.split_whitespace());
        match Cli::try_parse_from(words)?.command {
            Command::Run(plan) => Ok(plan),
            _ => unreachable!("the command is `run`"),
        }
    }

    #[test]
    fn a_part_alone_leaves_the_table_as_it_is() {
        let all = plan("").expect("a plan");
        let some = plan("--only writes,disk").expect("a plan");
        let counts = plan("--instructions").expect("a plan");

        assert!(all.has(Part::Reads) && all.table() == Some("docs/benchmarks.md".into()));
        assert!(some.has(Part::Disk) && !some.has(Part::Reads) && some.table().is_none());
        assert_eq!(counts.table(), Some("docs/instructions.md".into()));
        assert_eq!(plan("--out -").expect("a plan").table(), None);
    }

    #[test]
    fn a_check_is_one_of_instructions() {
        assert!(plan("--check").is_err());
        assert!(plan("--instructions --check").is_ok());
        assert!(plan("--instructions --only reads").is_err());
    }

    #[test]
    fn the_table_names_no_path_of_the_machine() {
        let line = |words: &str| as_typed(words.split_whitespace().map(str::to_owned));

        assert_eq!(
            line("--before /a/sir0 --rounds 2"),
            "cargo xtask bench --before BINARY --rounds 2"
        );
        assert_eq!(line("--before=/a/sir0"), "cargo xtask bench --before=BINARY");
    }
}
