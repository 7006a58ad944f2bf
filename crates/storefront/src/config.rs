//! What can be tuned in the storefront.

use serde::{Deserialize, Serialize};

/// What can be tuned in the storefront.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// A `sqlite:` path; without one, `storefront.db` in the data folder. The storefront shares it with no one.
    pub database: Option<String>,
    /// How many single games are kept at hand in memory. 0 reads each from the database. Pages of lists have room of
    /// their own.
    pub cached_games: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self { database: None, cached_games: 10_000 }
    }
}
