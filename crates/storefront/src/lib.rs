//! The storefront: studios list games, players find them and hear of changes.
//!
//! A call walks through these rooms, in which a file has the name of its proto service, or of a part of it:
//! 1. `service`: the doorway, in the order of the proto file.
//! 2. `convert`: wire messages become commands, or every bad field is named.
//! 3. `work`: the units of work. They read, decide, write and announce. `watch` has the streams.
//! 4. [`domain`]: the rules and the commands; no network, no database, no clock.
//! 5. `db`: the SQL, and the event written beside each change. `events` says how it lies in the table.
//!
//! [`Storefront`] is the service. [`StorefrontError`] lists every refusal. [`Config`] says what can be tuned. Only the
//! storefront has `cache`, the copies of games, `finding`, the index of them, `media`, where their pictures are kept, `measured`, what
//! Prometheus is told of them, and `reads`, the turns that reads of the database take.

mod cache;
mod config;
mod convert;
mod db;
pub mod domain;
mod error;
mod events;
mod finding;
mod host;
mod measured;
mod media;
mod reads;
mod service;
mod stored;
#[cfg(test)]
mod two_instances;
mod watch;
mod work;

pub use config::Config;
pub use error::{NoPicture, StorefrontError};
pub use host::{SERVICE, pictures::Pictures, topics::GameTopics};
pub use work::Storefront;
