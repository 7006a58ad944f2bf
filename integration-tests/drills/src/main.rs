//! The platform in many processes on this machine: to look at, and to break on purpose.

mod cluster;
mod drill;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Starts the platform as it is deployed, in processes of this machine.
#[derive(Parser)]
#[command(name = "sir0-drills")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Starts a cluster and keeps it until Ctrl-C.
    Cluster(cluster::Options),
    /// Runs a drill and holds its figures against their bars.
    Drill(drill::Options),
}

#[tokio::main]
async fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Cluster(options) => cluster::run(options).await,
        Command::Drill(options) => drill::run(options).await,
    }
}
