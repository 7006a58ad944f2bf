//! The database and a unit of work in it. Compiled once for each engine.

use sir0_kernel::Timestamp;
use sir0_storage::{self as storage, Position};

use super::engine;
use crate::events::GameEvent;

/// The storefront's tables.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pub(crate) database: engine::Database,
}

/// A unit of work in them.
pub(crate) struct Work {
    pub(crate) tx: engine::Tx,
}

impl Store {
    /// Begins a unit of work that writes.
    pub(crate) async fn begin(&self) -> storage::Result<Work> {
        Ok(Work { tx: self.database.write().await? })
    }
}

impl Work {
    /// Records an event beside the change it reports.
    pub(crate) async fn announce(
        &mut self,
        event: &GameEvent,
        at: Timestamp,
    ) -> storage::Result<Position> {
        engine::announce(&mut self.tx, event.kind(), &event.payload(), at).await
    }

    /// Commits the unit of work.
    pub(crate) async fn commit(self) -> storage::Result<()> {
        Ok(self.tx.commit().await?)
    }
}
