//! The platform in many processes on this machine: to look at, and to break on purpose.

mod cluster;

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
}

#[tokio::main]
async fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Cluster(options) => cluster::run(options).await,
    }
}
