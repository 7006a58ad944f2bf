//! `sir0`: the games distribution platform that anyone can run.

use std::process::ExitCode;

use anyhow::Context;
use sir0_server::{
    Cli, Config, Parts, Platform, administer, backup, cli::Command, complain, copy, doctor,
    migrate, parts::Part, probe, shutdown,
};

/// Gives memory back to the system once it is free. The system's own allocator keeps what a flood of requests once
/// took.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Without the stack: it is for the person who typed the command.
            complain(&format!("sir0: {error:#}\n"));
            ExitCode::FAILURE
        }
    }
}

/// Does what was asked for. Answers whether it went well.
async fn run(cli: Cli) -> anyhow::Result<bool> {
    let config = Config::load(&cli).context("the configuration cannot be used")?;
    if let Command::Probe { url } = cli.command {
        return Ok(probe(&config, url).await);
    }
    let name = match &cli.command {
        Command::Serve { part: Some(part), .. } => part.name(),
        _ => "sir0",
    };
    let traces = sir0_telemetry::traces::start(&config.traces, name)?;
    sir0_telemetry::logs::start(&config.log, config.no_color, &traces)?;
    let done = match cli.command {
        Command::Serve { part, demo } => Box::pin(serve(config, part, demo)).await.map(|()| true),
        Command::Migrate { service, check } => migrate(&config, service, check).await,
        Command::Copy(route) => copy(&config, &route).await.map(|()| true),
        Command::Backup { to } => backup(&config, &to).await.map(|()| true),
        Command::Doctor { part } => doctor(&config, part).await,
        Command::Admin(admin) => administer(&config, admin).await.map(|()| true),
        Command::Probe { .. } => unreachable!("it was answered above"),
    };
    traces.stop().await;
    done
}

async fn serve(config: Config, part: Option<Part>, demo: bool) -> anyhow::Result<()> {
    let stop = shutdown::listen().context("the process cannot listen to its signals")?;
    let parts = part.map_or(Parts::ALL, Parts::only);
    config.log_exposure();
    config.log_solitude(parts);
    let mut stop = Box::pin(stop);
    let platform = tokio::select! {
        opened = Platform::open_parts(config, parts) => opened.context("the platform cannot be opened")?,
        // The process was asked to stop while it waited for a database.
        () = &mut stop => return Ok(()),
    };
    if demo {
        platform.stock_demo().await.context("the demo catalogue cannot be put into the store")?;
    }
    platform.welcome();
    Box::pin(platform.serve_until(stop)).await;
    Ok(())
}
