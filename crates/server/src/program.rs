//! The program from its command line to its end.

use std::{process::ExitCode, sync::Arc};

use anyhow::Context;
use sir0_host::Asked;
use sir0_kernel::SystemClock;

use crate::{
    Cli, Config, Parts, Platform,
    cli::{Command, OwnCommand},
    commands::{backup, complain, copy, doctor, migrate, probe, say},
    parts::Part,
    shutdown,
};

/// Does what this process's command line asks for. The version is what `--version` tells.
pub async fn run(version: &'static str) -> ExitCode {
    match Box::pin(perform(Cli::parse(version), version)).await {
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
async fn perform(cli: Cli, version: &'static str) -> anyhow::Result<bool> {
    let config = Config::load(&cli).context("the configuration cannot be used")?;
    let name = match &cli.command {
        Command::Own(OwnCommand::Probe { url }) => return Ok(probe(&config, url.clone()).await),
        Command::Own(OwnCommand::Serve { part: Some(part), .. }) => part.name(),
        _ => "sir0",
    };
    let traces = sir0_telemetry::traces::start(&config.traces, name)?;
    sir0_telemetry::logs::start(&config.log, config.no_color, &traces)?;
    let done = perform_logged(&config, cli.command, version).await;
    traces.stop().await;
    done
}

async fn perform_logged(
    config: &Config,
    command: Command,
    version: &'static str,
) -> anyhow::Result<bool> {
    match command {
        Command::OfService(service, command, line) => {
            let settings = config.services.iter().find(|it| it.service().name == service.name);
            let settings = settings.context("the service has no settings")?.boxed();
            let (data_dir, clock) = (config.data_dir.clone(), Arc::new(SystemClock));
            say(&(command.run)(Asked { config: settings, data_dir, clock, line }).await?)?;
            Ok(true)
        }
        Command::Own(command) => match command {
            OwnCommand::Serve { part, demo } => {
                Box::pin(serve(config.clone(), part, demo, version)).await.map(|()| true)
            }
            OwnCommand::Migrate { service, check } => migrate(config, service, check).await,
            OwnCommand::Copy(route) => copy(config, &route).await.map(|()| true),
            OwnCommand::Backup { to } => backup(config, &to).await.map(|()| true),
            OwnCommand::Doctor { part } => doctor(config, part).await,
            OwnCommand::Probe { url } => Ok(probe(config, url).await),
        },
    }
}

async fn serve(
    config: Config,
    part: Option<Part>,
    demo: bool,
    version: &'static str,
) -> anyhow::Result<()> {
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
        platform.demonstrate().await.context("the demo catalogue cannot be put into the store")?;
    }
    platform.welcome(version);
    Box::pin(platform.serve_until(stop)).await;
    Ok(())
}
