//! The storefront in PostgreSQL.

use sir0_storage::{self as storage, Migration, Step, postgres as engine};

#[path = "games.rs"]
mod games;
#[path = "listing.rs"]
mod listing;
#[path = "requests.rs"]
mod requests;
#[path = "postgres_sql.rs"]
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
        sql: include_str!("../../../../migrations/storefront/postgres/0001_games.sql"),
    },
    Migration {
        version: 2,
        name: "events",
        sql: include_str!("../../../../migrations/storefront/postgres/0002_events.sql"),
    },
    Migration {
        version: 3,
        name: "created_by_request",
        sql: include_str!("../../../../migrations/storefront/postgres/0003_created_by_request.sql"),
    },
    Migration {
        version: 4,
        name: "title_words",
        sql: include_str!("../../../../migrations/storefront/postgres/0004_title_words.sql"),
    },
];

impl Store {
    /// Opens it, brings it up to date, and tells what was applied.
    pub(super) async fn open(address: &engine::Address) -> storage::Result<(Self, Vec<Step>)> {
        let (database, steps) = engine::Database::open_and_report(address, MIGRATIONS).await?;
        Ok((Self { database }, steps))
    }
}

/// Tells which steps it has, and changes nothing.
pub(super) async fn inspect(address: &engine::Address) -> storage::Result<Vec<Step>> {
    engine::Database::inspect(address, MIGRATIONS).await
}
