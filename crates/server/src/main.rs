//! `sir0`: the games distribution platform that anyone can run.

use std::process::ExitCode;

use anyhow::Context;
use sir0_server::{Cli, Config, Platform, administer, cli::Command, shutdown};

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> anyhow::Result<()> {
    let config = Config::load(&cli).context("the configuration cannot be used")?;
    sir0_telemetry::logs::start(&config.log, config.no_color)?;
    match cli.command {
        Command::Admin(admin) => administer(&config, admin).await,
        Command::Serve { demo } => Box::pin(serve(config, demo)).await,
    }
}

async fn serve(config: Config, demo: bool) -> anyhow::Result<()> {
    let stop = shutdown::listen().context("the process cannot listen to its signals")?;
    config.log_exposure();
    let platform = Platform::open(config).await.context("the platform cannot be opened")?;
    if demo {
        platform.stock_demo().await.context("the demo catalogue cannot be put into the store")?;
    }
    platform.welcome();
    platform.serve_until(stop).await;
    Ok(())
}

/// Says what went wrong and why, without the stack: it is for the person who typed the command.
#[expect(clippy::print_stderr, reason = "this is the program speaking to its user")]
fn complain(error: &anyhow::Error) {
    eprintln!("sir0: {error:#}");
}
