//! The storefront: studios list games, players find them and hear of changes.
//!
//! A call walks through these rooms:
//! 1. `service`: the doorway; reads like `games_service.proto`.
//! 2. `convert`: wire messages become commands, or every bad field is named.
//! 3. [`domain`]: the rules; no network, no database, no clock.
//! 4. `db`: the SQL, and the event written beside each change.
//!
//! `watch` is the stream of changes. [`StorefrontError`] lists every refusal. [`Config`] says what can be tuned.

mod cache;
mod config;
mod convert;
mod db;
pub mod domain;
mod error;
mod events;
mod host;
mod reads;
mod service;
mod watch;

pub use config::Config;
pub use error::StorefrontError;
pub use host::{SERVICE, topics::GameTopics};
pub use service::Storefront;
