//! Accounts in PostgreSQL.

use sir0_storage::{self as storage, Migration, Step, postgres as engine};

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
        sql: include_str!("../../../../migrations/accounts/postgres/0001_accounts.sql"),
    },
    Migration {
        version: 2,
        name: "events",
        sql: include_str!("../../../../migrations/accounts/postgres/0002_events.sql"),
    },
];

/// Holds what was read until the unit of work ends. No other work changes it meanwhile.
macro_rules! for_update {
    () => {
        " FOR UPDATE"
    };
}
use for_update;

/// Keeps what was read unchanged until the unit of work ends. Other work may read it in the same way.
macro_rules! for_share {
    () => {
        " FOR SHARE"
    };
}
use for_share;

impl Store {
    /// Opens it, brings it up to date, and tells what was applied.
    pub(super) async fn open(address: &engine::Address) -> storage::Result<(Self, Vec<Step>)> {
        let (database, steps) = engine::Database::open_and_report(address, MIGRATIONS).await?;
        Ok((Self { database }, steps))
    }
}

/// Brings it up to date, tells what was applied, and leaves nothing open.
pub(super) async fn migrate(address: &engine::Address) -> storage::Result<Vec<Step>> {
    engine::migrate(address, MIGRATIONS).await
}

/// Tells which steps it has, and changes nothing.
pub(super) async fn inspect(address: &engine::Address) -> storage::Result<Vec<Step>> {
    engine::Database::inspect(address, MIGRATIONS).await
}
