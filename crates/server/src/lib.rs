//! The platform as one program: settings, assembly, one port, the command line.
//!
//! 1. [`Cli`] and [`Config`]: what is asked for.
//! 2. [`Platform`]: every service, opened and brought together.
//! 3. `front`: the one port, and the doors behind it: `rest`, `grpc`, [`ws`], [`docs`].
//! 4. `listen`: connections.

mod admin;
mod body;
mod calls;
pub mod cli;
pub mod config;
pub mod demo;
pub mod docs;
mod front;
mod grpc;
mod health;
mod linger;
mod listen;
mod platform;
mod rest;
pub mod shutdown;
mod status;
mod timed;
mod welcome;
pub mod ws;

pub use admin::run as administer;
pub use cli::Cli;
pub use config::Config;
pub use platform::Platform;
