//! Accounts in the embedded engine.

use std::path::Path;

use sir0_storage::{self as storage, Migration, Step, sqlite as engine};

#[path = "sessions.rs"]
mod sessions;
#[cfg(test)]
#[path = "tests/statements.rs"]
pub(super) mod statements;
#[path = "store.rs"]
mod store;
#[path = "users.rs"]
mod users;

pub(super) use store::{Store, Work};

const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "accounts",
        sql: include_str!("../../../../migrations/accounts/sqlite/0001_accounts.sql"),
    },
    Migration {
        version: 2,
        name: "events",
        sql: include_str!("../../../../migrations/accounts/sqlite/0002_events.sql"),
    },
];

/// Holds what was read until the unit of work ends. Here there is one writer at a time, and nothing to hold.
macro_rules! for_update {
    () => {
        ""
    };
}
use for_update;

/// Keeps what was read unchanged until the unit of work ends. Here no other writer could change it.
macro_rules! for_share {
    () => {
        ""
    };
}
use for_share;

impl Store {
    /// Opens it, brings it up to date, and tells what was applied.
    pub(super) async fn open(file: &Path) -> storage::Result<(Self, Vec<Step>)> {
        let (database, steps) = engine::Database::open_and_report(file, MIGRATIONS).await?;
        Ok((Self { database }, steps))
    }
}

/// Brings it up to date, tells what was applied, and leaves nothing open.
pub(super) async fn migrate(file: &Path) -> storage::Result<Vec<Step>> {
    engine::migrate(file, MIGRATIONS).await
}

/// Tells which steps it has, and changes nothing.
pub(super) async fn inspect(file: &Path) -> storage::Result<Vec<Step>> {
    engine::Database::inspect(file, MIGRATIONS).await
}
