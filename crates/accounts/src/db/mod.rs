//! The SQL of accounts. Statements are whole, and beside the function that runs them.
//!
//! Everything here is written against `engine`, in words every engine understands.

mod sessions;
mod users;

use std::path::Path;

use sir0_kernel::Timestamp;
use sir0_storage::{self as storage, Migration, sqlite as engine};

use crate::events::SessionEnded;

pub(crate) use users::{Stored, Taken};

pub(crate) const MIGRATIONS: &[Migration] = &[
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

/// The database of accounts.
#[derive(Clone, Debug)]
pub(crate) struct AccountsDb {
    database: engine::Database,
}

/// A unit of work in it.
pub(crate) struct AccountsTx {
    tx: engine::Tx,
}

impl AccountsDb {
    /// Opens it and brings it up to date.
    pub(crate) async fn open(file: &Path) -> storage::Result<Self> {
        Ok(Self { database: engine::Database::open(file, MIGRATIONS).await? })
    }

    /// Begins a unit of work that writes.
    pub(crate) async fn begin(&self) -> storage::Result<AccountsTx> {
        Ok(AccountsTx { tx: self.database.write().await? })
    }

    /// What lies below, for the feed, the health check and the end.
    pub(crate) const fn database(&self) -> &engine::Database {
        &self.database
    }
}

impl AccountsTx {
    /// Records the end of a session beside it, in the same transaction: no service misses it.
    pub(crate) async fn announce(
        &mut self,
        event: &SessionEnded,
        at: Timestamp,
    ) -> storage::Result<()> {
        engine::announce(&mut self.tx, SessionEnded::KIND, &event.payload(), at).await
    }

    /// Makes it all happen.
    pub(crate) async fn commit(self) -> storage::Result<()> {
        Ok(self.tx.commit().await?)
    }
}

#[cfg(test)]
mod tests;
