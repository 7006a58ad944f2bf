//! The storefront: studios list games, players find them and hear of changes.

mod config;

pub use config::Config;
