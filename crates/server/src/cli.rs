//! The command line: what a person can ask of `sir0`, and the page that says so.

mod help;
mod password;

use std::{ffi::OsString, path::PathBuf};

use clap::{
    Args, CommandFactory, FromArgMatches, Parser, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
    error::ErrorKind,
};
use sir0_kernel::Role;

pub use self::password::{NoPassword, read_password};
use crate::config::{ConfigError, Given, Origin, SETTINGS};

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
    /// Run the platform. What happens when no command is given.
    Serve {
        /// Fill an empty store with an invented catalogue to look at.
        #[arg(long)]
        demo: bool,
    },
    /// Look after accounts, straight in the database.
    #[command(subcommand)]
    Admin(Admin),
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
        let command = match line.command.unwrap_or(Command::Serve { demo }) {
            Command::Serve { demo: also } => Command::Serve { demo: demo || also },
            Command::Admin(_) if demo => {
                let fault = "`--demo` is for `serve`; `admin` fills no store";
                return Err(parser.error(ErrorKind::ArgumentConflict, fault));
            }
            admin @ Command::Admin(_) => admin,
        };
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
