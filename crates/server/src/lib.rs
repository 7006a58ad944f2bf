//! The platform as one program: settings, assembly, one port, the command line.
//!
//! 1. [`Cli`] and [`Config`]: what is asked for.
//! 2. [`Platform`]: the services, opened and brought together; [`Parts`] says which of them.
//! 3. `front`: the one port, and the doors behind it: `rest`, `grpc`, [`ws`], [`docs`].
//! 4. `listen`: connections.

mod access;
mod admin;
mod afar;
mod arriving;
mod backup;
mod body;
mod calls;
pub mod cli;
pub mod config;
mod copy;
pub mod demo;
pub mod docs;
mod doctor;
mod front;
mod grpc;
mod health;
mod linger;
mod listen;
mod migrate;
mod numbers;
mod outcome;
mod pace;
pub mod parts;
mod platform;
mod probe;
mod refusal;
mod refused;
mod rest;
mod say;
mod services;
pub mod shutdown;
mod status;
pub mod trust;
mod welcome;
pub mod ws;

pub use admin::run as administer;
pub use backup::backup;
pub use cli::Cli;
pub use config::Config;
pub use copy::copy;
pub use doctor::doctor;
pub use migrate::migrate;
pub use parts::Parts;
pub use platform::Platform;
pub use probe::probe;
pub use say::complain;
