//! The storefront in the embedded engine.

use std::path::Path;

use sir0_storage::{self as storage, Migration, Step, sqlite as engine};

#[path = "games.rs"]
mod games;
#[path = "listing.rs"]
mod listing;
#[path = "requests.rs"]
mod requests;
#[path = "sqlite_sql.rs"]
mod sql;
#[cfg(test)]
#[path = "tests/statements.rs"]
pub(super) mod statements;
#[path = "store.rs"]
mod store;

pub(super) use store::{Store, Work};

const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "games",
        sql: include_str!("../../../../migrations/storefront/sqlite/0001_games.sql"),
    },
    Migration {
        version: 2,
        name: "events",
        sql: include_str!("../../../../migrations/storefront/sqlite/0002_events.sql"),
    },
    Migration {
        version: 3,
        name: "created_by_request",
        sql: include_str!("../../../../migrations/storefront/sqlite/0003_created_by_request.sql"),
    },
    Migration {
        version: 4,
        name: "title_words",
        sql: include_str!("../../../../migrations/storefront/sqlite/0004_title_words.sql"),
    },
];

impl Store {
    /// Opens it, brings it up to date, and tells what was applied.
    pub(super) async fn open(file: &Path) -> storage::Result<(Self, Vec<Step>)> {
        let (database, steps) = engine::Database::open_and_report(file, MIGRATIONS).await?;
        Ok((Self { database }, steps))
    }
}

/// Tells which steps it has, and changes nothing.
pub(super) async fn inspect(file: &Path) -> storage::Result<Vec<Step>> {
    engine::Database::inspect(file, MIGRATIONS).await
}
