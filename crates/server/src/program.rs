//! The program from its command line to its end.

use std::{process::ExitCode, sync::Arc};

use anyhow::Context;
use clap::ArgMatches;
use sir0_host::{Asked, Service};
use sir0_kernel::SystemClock;

use crate::{
    Cli, Config, Parts, Platform,
    cli::{Command, ConfigCommand, Options, OwnCommand, UnloggedCommand},
    commands::{backup, complain, completions, config, copy, doctor, man, migrate, probe, say},
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
    match cli.command {
        Command::Unlogged(command) => perform_unlogged(command, &cli.options, version).await,
        Command::Own(command) => {
            let config = load(&cli.options)?;
            let name = match &command {
                OwnCommand::Serve { part: Some(part), .. } => part.name(),
                _ => "sir0",
            };
            logged(&config, name, perform_own(&config, command, version)).await
        }
        Command::OfService(service, command, line) => {
            let config = load(&cli.options)?;
            logged(&config, "sir0", perform_of_service(&config, service, command, line)).await
        }
    }
}

fn load(options: &Options) -> anyhow::Result<Config> {
    Config::load(options).context("the configuration cannot be used")
}

async fn perform_unlogged(
    command: UnloggedCommand,
    options: &Options,
    version: &'static str,
) -> anyhow::Result<bool> {
    match command {
        UnloggedCommand::Probe { url } => Ok(probe(&load(options)?, url).await),
        UnloggedCommand::Config(ConfigCommand::Show { format }) => {
            config::show(&load(options)?, format).map(|()| true)
        }
        UnloggedCommand::Config(ConfigCommand::Check { part }) => {
            config::check(Config::load(options), part)
        }
        UnloggedCommand::Completions { shell } => completions(shell).map(|()| true),
        UnloggedCommand::Man { out } => man(&out, version).map(|()| true),
    }
}

/// Does something while its lines are logged and its traces sent, under this name.
async fn logged(
    config: &Config,
    name: &'static str,
    performance: impl Future<Output = anyhow::Result<bool>>,
) -> anyhow::Result<bool> {
    let traces = sir0_telemetry::traces::start(&config.traces, name)?;
    sir0_telemetry::logs::start(&config.log, config.no_color, &traces)?;
    let done = performance.await;
    traces.stop().await;
    done
}

async fn perform_own(
    config: &Config,
    command: OwnCommand,
    version: &'static str,
) -> anyhow::Result<bool> {
    match command {
        OwnCommand::Serve { part, demo } => {
            Box::pin(serve(config.clone(), part, demo, version)).await.map(|()| true)
        }
        OwnCommand::Migrate { service, check } => migrate(config, service, check).await,
        OwnCommand::Copy(route) => copy(config, &route).await.map(|()| true),
        OwnCommand::Backup { to } => backup(config, &to).await.map(|()| true),
        OwnCommand::Doctor { part } => doctor(config, part).await,
    }
}

async fn perform_of_service(
    config: &Config,
    service: &'static Service,
    command: sir0_host::Command,
    line: ArgMatches,
) -> anyhow::Result<bool> {
    let settings = config.services.iter().find(|it| it.service().name == service.name);
    let settings = settings.context("the service has no settings")?.boxed();
    let (data_dir, clock) = (config.data_dir.clone(), Arc::new(SystemClock));
    let address = config.address_for_browsers(config.listen);
    let shows_progress = config.shows_progress();
    let asked = Asked { config: settings, data_dir, address, clock, shows_progress, line };
    say(&(command.run)(asked).await?)?;
    Ok(true)
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
    platform.welcome(version).await;
    Box::pin(platform.serve_until(stop)).await;
    Ok(())
}
