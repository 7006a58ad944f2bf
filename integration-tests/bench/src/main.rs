//! How fast it is: sir0 against bare servers that answer the same bytes from memory, in one run on one machine.

mod bare;
mod compare;
mod http1;
mod load;
mod machine;
mod process;
mod report;
mod rest;
mod rpc;
mod start;
mod stats;
mod streams;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::{Context, Result, ensure};
use clap::{Args, Parser, Subcommand};

use crate::{
    load::Generators,
    machine::Machine,
    process::{Bare, Sir0},
    report::Report,
};

/// Measures sir0 against bare servers.
#[derive(Parser)]
#[command(name = "sir0-bench")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measures everything and writes the table.
    Run(Plan),
    /// Serves one body per path from memory: what a hand-written axum route costs.
    BareRest {
        /// The address to listen on.
        #[arg(long)]
        listen: SocketAddr,
        /// A path, its content type and the file with its body: `PATH=TYPE=FILE`. May be repeated.
        #[arg(long, required = true)]
        route: Vec<bare::Route>,
    },
    /// Answers `GetGame` with one message from memory: what a hand-written tonic service costs.
    BareGrpc {
        /// The address to listen on.
        #[arg(long)]
        listen: SocketAddr,
        /// The file with the encoded `GetGameResponse`.
        #[arg(long)]
        answer: PathBuf,
    },
}

/// What to measure, and how long.
#[derive(Args)]
struct Plan {
    /// The release binary to measure.
    #[arg(long)]
    sir0: PathBuf,
    /// How often each side is measured, in turns.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How many seconds each turn takes.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// How many watchers are open at once.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    streams: u32,
    /// How many changes are published one at a time, each waiting for the last watcher.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    changes: u32,
    /// How many changes are then published without waiting.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    burst: u32,
    /// How often the program is started.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    starts: u32,
    /// Use the built-in load generator even where wrk and h2load are installed.
    #[arg(long)]
    built_in: bool,
    /// Where the table goes; `-` only prints it.
    #[arg(long, default_value = "docs/benchmarks.md")]
    out: PathBuf,
}

/// This run's command as a person types it: without what `cargo xtask bench` puts before their words.
fn typed() -> String {
    let words = std::env::args().skip_while(|word| word != "--sir0").skip(2);
    words.fold("cargo xtask bench".to_owned(), |line, word| line + " " + &word)
}

#[tokio::main]
async fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Run(plan) => run(&plan).await,
        Command::BareRest { listen, route } => bare::serve_rest(listen, route).await,
        Command::BareGrpc { listen, answer } => bare::serve_grpc(listen, &answer).await,
    }
}

async fn run(plan: &Plan) -> Result<()> {
    let folder = tempfile::tempdir().context("could not make a folder for the measurement")?;
    let data = folder.path().join("data");
    let machine = Machine::read().await;
    let generators = Generators::find(plan.built_in).await;
    let turn = Duration::from_secs(plan.seconds);

    let program = plan.sir0.canonicalize().context("there is no such binary of sir0")?;
    process::create_publisher(&program, &data).await?;
    let sir0 = Sir0::start(&program, &data, &["--demo"]).await?;
    let routes = rest::copy_answers(sir0.address, folder.path()).await?;
    let answer = rpc::copy_answer(sir0.address, folder.path()).await?;
    let bare_rest = Bare::rest(&routes).await?;
    let bare_grpc = Bare::grpc(&answer).await?;
    rest::must_agree(sir0.address, bare_rest.address).await?;
    rpc::must_agree(sir0.address, bare_grpc.address).await?;

    let loads = compare::all(&compare::Setup {
        generators: &generators,
        sir0: &sir0,
        bare_rest: &bare_rest,
        bare_grpc: &bare_grpc,
        answer: &answer,
        folder: folder.path(),
        rounds: plan.rounds,
        turn,
    })
    .await?;
    bare_rest.stop().await?;
    bare_grpc.stop().await?;

    let delivery = streams::measure(sir0.address, plan.streams, plan.changes, plan.burst).await?;
    sir0.stop().await?;
    let start = start::measure(&program, &data, plan.starts).await?;

    let report = Report {
        machine,
        command: typed(),
        rounds: plan.rounds,
        seconds: plan.seconds,
        loads,
        delivery,
        start,
    };
    let text = report.to_string();
    println!("{text}");
    if plan.out.as_os_str() != "-" {
        std::fs::write(&plan.out, text)
            .with_context(|| format!("could not write {}", plan.out.display()))?;
    }
    ensure!(report.is_complete(), "not every change reached every stream, see the table");
    Ok(())
}
