//! Settings: a table of what can be tuned, and how a file, the environment and flags are read by it. Each crate keeps its
//! rows beside its `Config`; a program puts them together in a [`Table`].
//!
//! A name that is no setting is an error that names the nearest one; a value that makes no sense is an error that names
//! the place where it was written.

pub mod environment;
mod error;
pub mod file;
mod given;
mod setting;
mod table;

pub use error::{ConfigError, Origin};
pub use given::{Given, Misfit, merged, section, take_blamed};
pub use setting::{Kind, Setting};
pub use table::Table;
