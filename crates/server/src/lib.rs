//! The platform as one program: settings, assembly, the command line.
//!
//! 1. [`Cli`] and [`Config`]: what is asked for.
//! 2. [`SERVICES`]: the one list of services. [`Parts`] says which of them a process has.
//! 3. [`Platform`]: the services, opened and brought together behind one port.
//! 4. [`commands`]: what an operator does besides serving.
//! 5. [`run`]: all of it, as the program `sir0` does it.

pub mod cli;
pub mod commands;
pub mod config;
mod health;
mod list;
mod metrics;
pub mod parts;
mod platform;
mod program;
mod remote_health;
mod services;
pub mod shutdown;
mod status;
mod upkeep;
mod welcome;

pub use cli::Cli;
pub use config::Config;
pub use list::SERVICES;
pub use parts::Parts;
pub use platform::Platform;
pub use program::run;
