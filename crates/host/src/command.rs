//! What an operator can do in the database of a service, at the command line.

use std::{path::PathBuf, sync::Arc};

use futures::future::BoxFuture;
use sir0_kernel::Clock;

use crate::Configured;

/// A command of a service, with subcommands.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// The definition of the command line.
    pub definition: fn() -> clap::Command,
    /// Runs what was asked for. Answers with what was done, in words for the operator.
    pub run: fn(Asked) -> BoxFuture<'static, anyhow::Result<String>>,
    /// What does the first step where this process knows no page for it: why, and the rest of the line.
    pub first: Option<(&'static str, &'static str)>,
}

/// What an operator asked for.
pub struct Asked {
    /// The settings of the service.
    pub config: Box<dyn Configured>,
    /// Where files are kept.
    pub data_dir: PathBuf,
    /// Where browsers reach the platform, as far as this process knows. Without a slash at its end.
    pub address: String,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Whether a line may say how far it has come.
    pub shows_progress: bool,
    /// What stands on the line behind the name of the command.
    pub line: clap::ArgMatches,
}
