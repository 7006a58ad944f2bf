//! The ways in which a platform is put together for the stories.

use std::env;

/// The variable that chooses how [`crate::platform`] puts a platform together: `postgres`, `cluster`, or not set.
/// `cargo xtask test` tells the stories once for each.
pub const TOPOLOGY: &str = "SIR0_TEST_TOPOLOGY";

/// How a platform is put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topology {
    /// In one process, its tables in files.
    Files,
    /// In one process, its tables in two databases of `PostgreSQL`.
    Postgres,
    /// Every part in separate processes, several of each, behind the proxy.
    Cluster,
}

/// How [`crate::platform`] puts a platform together in this run.
#[must_use]
pub fn topology() -> Topology {
    match env::var_os(TOPOLOGY) {
        None => Topology::Files,
        Some(name) if name == "postgres" => Topology::Postgres,
        Some(name) if name == "cluster" => Topology::Cluster,
        Some(other) => panic!("{TOPOLOGY} is `{}`, not `postgres` or `cluster`", other.display()),
    }
}
