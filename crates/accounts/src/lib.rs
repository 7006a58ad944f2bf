//! Accounts: who someone is, and how they prove it.
//!
//! A call walks through these rooms:
//! 1. `service`: the doorway; reads like `accounts_service.proto`. `sessions_service` is the one for other services.
//! 2. `convert`: wire messages become commands, or every bad field is named.
//! 3. [`Accounts`]: the units of work behind the calls. [`Operator`]: those of the command line.
//! 4. [`domain`]: the rules; no network, no database, no clock. [`hashing`] is the work behind a password, and
//!    `attempts` decides which password is hashed first.
//! 5. `db`: the SQL, and the event written beside the end of a session.
//!
//! [`AccountsError`] lists every refusal. [`Config`] says what can be tuned.

mod accounts;
mod attempts;
mod config;
mod convert;
mod db;
pub mod domain;
mod error;
mod events;
pub mod hashing;
mod host;
mod operator;
mod service;
mod sessions_service;

pub use accounts::{Accounts, OpenError, Trust};
pub use config::{Config, InvalidConfig};
pub use error::AccountsError;
pub use host::{SERVICE, remote};
pub use operator::{CreateError, GrantError, Operator};
