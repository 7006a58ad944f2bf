//! The SQL of the storefront. Statements are whole, and beside the function that runs them.
//!
//! Everything here is written against `engine`; what only one engine understands is in its `…_sql.rs`.

mod games;
mod listing;
#[path = "sqlite_sql.rs"]
mod sql;

use std::path::Path;

use sir0_kernel::Timestamp;
use sir0_storage::{self as storage, Migration, sqlite as engine};

use crate::events::GameEvent;

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
];

/// The storefront's database.
#[derive(Clone, Debug)]
pub(crate) struct StorefrontDb {
    database: engine::Database,
}

/// A unit of work in it.
pub(crate) struct StorefrontTx {
    tx: engine::Tx,
}

impl StorefrontDb {
    /// Opens it and brings it up to date.
    pub(crate) async fn open(file: &Path) -> storage::Result<Self> {
        Ok(Self { database: engine::Database::open(file, MIGRATIONS).await? })
    }

    /// Begins a unit of work that writes.
    pub(crate) async fn begin(&self) -> storage::Result<StorefrontTx> {
        Ok(StorefrontTx { tx: self.database.write().await? })
    }

    /// Whether it can be read and written.
    pub(crate) async fn check(&self) -> storage::Result<()> {
        self.database.check().await
    }

    /// Closes it, after what runs has ended.
    pub(crate) async fn close(&self) {
        self.database.close().await;
    }

    /// What lies below, for the feed.
    #[must_use]
    pub(crate) fn database(&self) -> &engine::Database {
        &self.database
    }

    /// The key that seals page and resume tokens.
    pub(crate) async fn sealing_key(&self) -> storage::Result<[u8; 32]> {
        self.database.sealing_key().await
    }
}

impl StorefrontTx {
    /// Records an event beside the change it reports, in the same transaction: watchers never hear of what did not
    /// happen, nor miss what did.
    pub(crate) async fn announce(
        &mut self,
        event: &GameEvent,
        at: Timestamp,
    ) -> storage::Result<()> {
        engine::announce(&mut self.tx, event.kind(), &event.payload(), at).await
    }

    /// Makes it all happen.
    pub(crate) async fn commit(self) -> storage::Result<()> {
        Ok(self.tx.commit().await?)
    }
}

#[cfg(test)]
mod tests;
