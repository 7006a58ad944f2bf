//! `sir0`: the games distribution platform that anyone can run.

use std::process::ExitCode;

/// Gives memory back to the system once it is free. The system's own allocator keeps what a flood of requests once
/// took.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The version, and the commit if the build knew it. It stands here so that a commit builds this file again, and
/// nothing else.
const VERSION: &str = env!("PROGRAM_VERSION");

#[tokio::main]
async fn main() -> ExitCode {
    sir0_server::run(VERSION).await
}
