//! Load on one server for one turn. It comes from wrk and h2load where they are installed, for they cost least;
//! else from this program.

mod built_in;
pub(crate) mod changes;
mod h2load;
mod wrk;

use std::{net::SocketAddr, path::Path, process::Stdio, time::Duration};

use anyhow::Result;
use tokio::process::Command;

/// What one turn showed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Figures {
    pub(crate) requests: f64,
    pub(crate) per_second: f64,
    pub(crate) p99_ms: f64,
}

/// Which kind of load.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Load {
    /// `GET` over HTTP/1.1.
    Rest { path: &'static str, connections: usize },
    /// `GetGame` over HTTP/2.
    Grpc {
        connections: usize,
        /// How many calls are under way on each connection.
        calls: usize,
    },
}

/// Where the load goes, and what the generators need on the way.
#[derive(Clone, Copy)]
pub(crate) struct Target<'t> {
    pub(crate) address: SocketAddr,
    /// How many bytes the framed gRPC answer has.
    pub(crate) answer_bytes: usize,
    /// For the generators' files.
    pub(crate) folder: &'t Path,
}

/// The generators of this machine.
pub(crate) struct Generators {
    wrk: bool,
    h2load: bool,
}

impl Generators {
    /// Looks for them.
    pub(crate) async fn find(only_built_in: bool) -> Self {
        Self {
            wrk: !only_built_in && starts("wrk").await,
            h2load: !only_built_in && starts("h2load").await,
        }
    }

    /// The name of the one that makes this load.
    pub(crate) fn name(&self, load: Load) -> &'static str {
        match load {
            Load::Rest { .. } if self.wrk => "wrk",
            Load::Grpc { .. } if self.h2load => "h2load",
            _ => "built-in",
        }
    }

    /// One turn. Fails when a single answer was wrong.
    pub(crate) async fn run(
        &self,
        load: Load,
        target: Target<'_>,
        turn: Duration,
    ) -> Result<Figures> {
        match load {
            Load::Rest { path, connections } if self.wrk => {
                wrk::run(target, path, connections, turn).await
            }
            Load::Rest { path, connections } => {
                built_in::rest(target.address, path, connections, turn).await
            }
            Load::Grpc { connections, calls } if self.h2load => {
                h2load::run(target, connections, calls, turn).await
            }
            Load::Grpc { connections, calls } => {
                built_in::grpc(target.address, connections, calls, turn).await
            }
        }
    }
}

/// Whether this machine has a program.
pub(crate) async fn starts(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    command.status().await.is_ok()
}
