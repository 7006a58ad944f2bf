//! The command line: what a person can ask of `sir0`, and the page that says so.

mod help;
mod password;

use std::{ffi::OsString, path::PathBuf};

use clap::{
    Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser},
    error::ErrorKind,
};
use sir0_kernel::Role;

pub use self::password::{NoPassword, read_password};
use crate::{
    config::{ConfigError, Given, Origin, SETTINGS},
    parts::Part,
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
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Run the platform, or one part of it. What happens when no command is given.
    Serve {
        /// Run only this part. It finds the others where `peers.…` says.
        part: Option<Part>,
        /// Fill an empty store with an invented catalogue to look at.
        #[arg(long)]
        demo: bool,
    },
    /// Bring the tables of the databases up to date, and say what was done.
    Migrate {
        /// Only the tables of this service.
        service: Option<Service>,
        /// Change nothing, and fail when something is missing.
        #[arg(long)]
        check: bool,
    },
    /// Ask a running sir0 whether it serves. Prints nothing, and fails when it does not.
    Probe {
        /// Where it is, such as `http://127.0.0.1:8080`. Left out, where this configuration listens.
        url: Option<String>,
    },
    /// Move a service's data to another database, and prove that it arrived.
    Copy(Route),
    /// Copy embedded databases and the signing key into an empty folder, also while in use.
    Backup {
        /// The folder; made when missing.
        #[arg(long, value_name = "FOLDER")]
        to: PathBuf,
    },
    /// Look at everything this configuration needs, change nothing, and say what to do.
    Doctor {
        /// Only what this part needs.
        part: Option<Part>,
    },
    /// Look after accounts, straight in the database.
    #[command(subcommand)]
    Admin(Admin),
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

/// A service with a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Service {
    /// Accounts and sessions.
    Accounts,
    /// Games and their changes.
    Storefront,
}

impl Service {
    /// The part that runs it.
    #[must_use]
    pub const fn part(self) -> Part {
        match self {
            Self::Accounts => Part::Accounts,
            Self::Storefront => Part::Storefront,
        }
    }

    /// Its name, as a person types it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.part().name()
    }
}

/// What to do with an account. Both work while the platform runs and while it does not.
#[derive(Clone, Debug, Subcommand)]
pub enum Admin {
    /// Make an account. Its password is the first line of standard input.
    Create {
        /// Where to reach the person, and what they sign in with.
        #[arg(long)]
        email: String,
        /// The name others see.
        #[arg(long)]
        username: String,
        /// What the account may do.
        #[arg(long, default_value = Role::Admin.as_str(), value_parser = role())]
        role: Role,
    },
    /// Change what an account may do.
    Grant {
        /// The e-mail of the account, in any case.
        #[arg(long)]
        email: String,
        /// What the account may do from now on.
        #[arg(long, value_parser = role())]
        role: Role,
    },
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
    pub(crate) fn given(&self) -> Result<Vec<Given>, ConfigError> {
        let written =
            [("--listen", &self.listen), ("--data-dir", &self.data_dir), ("--log", &self.log)];
        written
            .into_iter()
            .filter_map(|(flag, text)| Some((flag, text.as_deref()?)))
            .map(|(flag, text)| {
                let setting = SETTINGS.iter().find(|setting| setting.flag == Some(flag));
                let setting = setting.expect("a test finds each flag in the table");
                Given::from_text(setting, text, Origin::Flag(flag))
            })
            .collect()
    }
}

impl Cli {
    /// Reads this process's command line. Ends the process for `--help`, `--version` and what makes no sense.
    #[must_use]
    pub fn parse() -> Self {
        Self::read(std::env::args_os()).unwrap_or_else(|fault| fault.exit())
    }

    /// Reads a command line, the name of the program first.
    pub fn read(line: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut parser = Line::command().after_long_help(help::page());
        let line = parser
            .try_get_matches_from_mut(line)
            .and_then(|found| Line::from_arg_matches(&found))
            .map_err(|fault| fault.format(&mut parser))?;

        let demo = line.demo;
        let command = match line.command.unwrap_or(Command::Serve { part: None, demo }) {
            Command::Serve { part, demo: also } => Command::Serve { part, demo: demo || also },
            _ if demo => {
                let fault = "`--demo` is for `serve`; no other command fills a store";
                return Err(parser.error(ErrorKind::ArgumentConflict, fault));
            }
            other => other,
        };
        if let Command::Serve { part: Some(Part::Accounts | Part::Edge), demo: true } = command {
            let fault = "`--demo` fills a store, and this part has none";
            return Err(parser.error(ErrorKind::ArgumentConflict, fault));
        }
        Ok(Self { options: line.options, command })
    }
}

/// The line as it is written, where the command may be left out.
#[derive(Debug, Parser)]
#[command(name = "sir0", version, about = help::ABOUT, long_about = help::LONG_ABOUT)]
struct Line {
    #[command(flatten)]
    options: Options,
    /// Fill an empty store with an invented catalogue to look at.
    #[arg(long)]
    demo: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

fn role() -> impl TypedValueParser<Value = Role> {
    let names = [Role::Admin, Role::Publisher, Role::Player].map(Role::as_str);
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Role>())
}

#[cfg(test)]
mod tests;
