//! How fast it is: sir0 against bare servers that answer the same bytes from memory, in one run on one machine.

mod bare;
mod cli;
mod compare;
mod disk;
mod http1;
mod import;
mod instructions;
mod load;
mod machine;
mod media;
mod memory;
mod process;
mod report;
mod rest;
mod rpc;
mod run;
mod search;
mod sir0;
mod start;
mod stats;
mod streams;
mod tokens;
mod writes;
mod written;

use anyhow::Result;
use clap::Parser;

use crate::cli::{Cli, Command};

#[tokio::main]
async fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Run(plan) if plan.instructions => instructions::run(&plan).await,
        Command::Run(plan) => run::run(&plan).await,
        Command::BareRest { listen, route, encode } => {
            bare::serve_rest(listen, route, encode).await
        }
        Command::BareGrpc { listen, answer, list } => {
            bare::serve_grpc(listen, &answer, &list).await
        }
    }
}
