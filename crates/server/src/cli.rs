//! The command line: what a person can ask of `sir0`, and the page that says so.

mod help;

pub(crate) use self::help::page;

use std::{ffi::OsString, path::PathBuf};

use clap::{
    ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
    error::ErrorKind,
};
use clap_complete::Shell;
use sir0_host::Service;
use sir0_settings::{ConfigError, Given, Origin};

use crate::{
    SERVICES,
    commands::config::Format,
    config::settings,
    parts::{NoSuchPart, Part},
};

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Cli {
    /// Where settings come from, and some of them.
    pub options: Options,
    /// What to do.
    pub command: Command,
}

/// What to do.
#[derive(Clone, Debug)]
pub enum Command {
    /// A command of the program.
    Own(OwnCommand),
    /// A command of the program that writes no log.
    Unlogged(UnloggedCommand),
    /// A command of a service, with what stands behind its name.
    OfService(&'static Service, sir0_host::Command, ArgMatches),
}

/// What to do, whatever the services are.
#[derive(Clone, Debug, Subcommand)]
pub enum OwnCommand {
    /// Run the platform, or one part of it. What happens when no command is given.
    Serve {
        /// Run only this part. It finds the others where `peers.…` says.
        #[arg(value_parser = part())]
        part: Option<Part>,
        /// Fill an empty store with an invented catalogue to look at.
        #[arg(long)]
        demo: bool,
    },
    /// Bring the tables of the databases up to date, and say what was done.
    Migrate {
        /// Only the tables of this service.
        #[arg(value_parser = service())]
        service: Option<&'static Service>,
        /// Change nothing, and fail when something is missing.
        #[arg(long)]
        check: bool,
    },
    /// Move a service's data to another database, and prove that it arrived.
    Copy(Route),
    /// Copy embedded databases and the keys into an empty folder, also while in use.
    Backup {
        /// The folder; made when missing.
        #[arg(long, value_name = "FOLDER")]
        to: PathBuf,
    },
    /// Look at everything this configuration needs, change nothing, and say what to do.
    Doctor {
        /// Only what this part needs.
        #[arg(value_parser = part())]
        part: Option<Part>,
    },
}

/// What to do that is answered at once, and leaves nothing for a log.
#[derive(Clone, Debug, Subcommand)]
pub enum UnloggedCommand {
    /// Ask a running sir0 whether it serves. Prints nothing, and fails when it does not.
    Probe {
        /// Where it is, such as `http://127.0.0.1:8080`. Left out, where this configuration listens.
        url: Option<String>,
    },
    /// Show the settings in effect, or check them. Opens no database and makes no file.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print what a shell reads to complete the command line.
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Write a manual page for the program and for each command.
    Man {
        /// The folder; made when missing.
        #[arg(long, value_name = "FOLDER")]
        out: PathBuf,
    },
}

/// What to do with the settings.
#[derive(Clone, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print every setting, where it comes from, and no secret.
    Show {
        /// In which form.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Name every fault of the file, the environment and the flags, and fail if there is one.
    Check {
        /// Also name what this part needs and is not given.
        #[arg(value_parser = part())]
        part: Option<Part>,
    },
}

/// The name of a part.
fn part() -> impl TypedValueParser<Value = Part> {
    let names = Part::all().map(|part| PossibleValue::new(part.name()).help(part.about()));
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Part>())
}

/// The name of a service.
fn service() -> impl TypedValueParser<Value = &'static Service> {
    let names = SERVICES.iter().map(|it| PossibleValue::new(it.name).help(it.about));
    PossibleValuesParser::new(names).try_map(|name| match name.parse() {
        Ok(Part::Service(service)) => Ok(service),
        Ok(Part::Edge) | Err(NoSuchPart) => Err(NoSuchPart),
    })
}

/// From where to where data moves.
#[derive(Clone, Debug, Args)]
pub struct Route {
    /// Where it is: `sqlite:PATH` or `postgres://USER@HOST:PORT/NAME`.
    #[arg(long, value_name = "URL")]
    pub from: String,
    /// A file that holds the password for it, so that no list of processes does.
    #[arg(long, value_name = "FILE")]
    pub from_password_file: Option<PathBuf>,
    /// Where it goes: an empty database.
    #[arg(long, value_name = "URL")]
    pub to: String,
    /// A file that holds the password for it.
    #[arg(long, value_name = "FILE")]
    pub to_password_file: Option<PathBuf>,
}

/// Where settings come from, and some of them.
#[derive(Clone, Debug, Default, Args)]
pub struct Options {
    /// Read this file instead of `sir0.toml`; it has to be there.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Listen here: the one port everything is on.
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// Keep databases and keys in this folder.
    #[arg(long, global = true, value_name = "FOLDER")]
    pub data_dir: Option<String>,
    /// Log this: `warn`, `info`, `debug`, or by target, such as `info,sir0_storefront=debug`.
    #[arg(long, global = true, value_name = "FILTER")]
    pub log: Option<String>,
}

impl Options {
    /// The settings among them.
    pub(crate) fn given(&self) -> impl Iterator<Item = Result<Given, ConfigError>> {
        let written =
            [("--listen", &self.listen), ("--data-dir", &self.data_dir), ("--log", &self.log)];
        let written = written.into_iter().filter_map(|(flag, text)| Some((flag, text.as_deref()?)));
        written.map(|(flag, text)| {
            let setting = settings().of_flag(flag);
            let setting = setting.expect("a test finds each flag in the table");
            Given::from_text(setting, text, Origin::Flag(flag))
        })
    }
}

impl Cli {
    /// Reads this process's command line. Ends the process for `--help`, `--version` and what makes no sense.
    #[must_use]
    pub fn parse(version: &'static str) -> Self {
        Self::read_by(definition().version(version), std::env::args_os())
            .unwrap_or_else(|fault| fault.exit())
    }

    /// Reads a command line, the name of the program first.
    pub fn read(line: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        Self::read_by(definition(), line)
    }

    fn read_by(
        mut parser: clap::Command,
        line: impl IntoIterator<Item = OsString>,
    ) -> Result<Self, clap::Error> {
        let found =
            parser.try_get_matches_from_mut(line).map_err(|fault| fault.format(&mut parser))?;
        let options = Options::from_arg_matches(&found)?;
        let demo = found.get_flag("demo");
        let command = match found.subcommand() {
            None => Command::Own(OwnCommand::Serve { part: None, demo }),
            Some((name, of)) => match of_service(name) {
                Some((service, command)) => Command::OfService(service, command, of.clone()),
                None if UnloggedCommand::has_subcommand(name) => {
                    Command::Unlogged(UnloggedCommand::from_arg_matches(&found)?)
                }
                None => Command::Own(OwnCommand::from_arg_matches(&found)?),
            },
        };
        let command = match command {
            Command::Own(OwnCommand::Serve { part, demo: also }) => {
                Command::Own(OwnCommand::Serve { part, demo: demo || also })
            }
            _ if demo => {
                let fault = "`--demo` is for `serve`; no other command fills a store";
                return Err(parser.error(ErrorKind::ArgumentConflict, fault));
            }
            other => other,
        };
        let fills = |part: &Part| matches!(part, Part::Service(service) if service.has_demo);
        if let Command::Own(OwnCommand::Serve { part: Some(part), demo: true }) = &command
            && !fills(part)
        {
            let fault = "`--demo` fills a store, and this part has none";
            return Err(parser.error(ErrorKind::ArgumentConflict, fault));
        }
        Ok(Self { options, command })
    }
}

/// The command of this name, and the service that has it.
fn of_service(name: &str) -> Option<(&'static Service, sir0_host::Command)> {
    let of = |service: &'static Service| service.commands.iter().map(move |it| (service, *it));
    let mut commands = SERVICES.iter().copied().flat_map(of);
    commands.find(|(_, command)| (command.definition)().get_name() == name)
}

/// What the program is called, by people and by shells.
pub(crate) const NAME: &str = "sir0";

/// The line with the commands of the services, and the page that explains it.
pub(crate) fn definition() -> clap::Command {
    let of_services = SERVICES.iter().flat_map(|service| service.commands);
    let of_services = of_services.map(|command| (command.definition)());
    // Their comment would become the line that says what the program is, so that line is said last.
    let line = UnloggedCommand::augment_subcommands(Line::command());
    let line = line.about(help::ABOUT).long_about(help::LONG_ABOUT);
    line.subcommands(of_services).after_long_help(help::page())
}

/// The line as it is written, where the command may be left out.
#[derive(Parser)]
#[command(name = NAME, version)]
struct Line {
    #[command(flatten)]
    options: Options,
    /// Fill an empty store with an invented catalogue to look at.
    #[arg(long)]
    demo: bool,
    #[command(subcommand)]
    command: Option<OwnCommand>,
}

#[cfg(test)]
mod tests;
