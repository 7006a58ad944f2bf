//! Accounts: who someone is, and how they prove it.
//!
//! A call walks through these rooms, in which a file has the name of its proto service, or of a part of it:
//! 1. `service`: the doorway, in the order of the proto file. `trust` is the one for other services.
//! 2. `convert`: wire messages become commands, or every bad field is named.
//! 3. `work`: the units of work. They read, decide, write and announce. `watch` has the streams.
//! 4. [`domain`]: the rules and the commands; no network, no database, no clock.
//! 5. `db`: the SQL, and the event written beside each change. `events` says how it lies in the table.
//!
//! [`Accounts`] is the service. [`AccountsError`] lists every refusal. [`Config`] says what can be tuned. Only accounts
//! has [`hashing`], the work behind a password, `attempts`, which decides which password is hashed first, and
//! [`Operator`], the doorway of the command line.

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
mod watch;
mod work;

pub use config::{Config, InvalidConfig, SignIn};
pub use error::AccountsError;
pub use host::{SERVICE, remote};
pub use operator::{CreateError, GrantError, Operator};
pub use work::{Accounts, KeysError, OpenError, Trust};
