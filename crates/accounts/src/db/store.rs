//! The database and a unit of work in it. Compiled once for each engine.

use sir0_kernel::Timestamp;
use sir0_storage::{self as storage, Position};

use super::engine;
use crate::events::SessionEnded;

/// The tables of accounts.
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
    /// Records the event beside the end of a session.
    pub(crate) async fn announce(
        &mut self,
        event: &SessionEnded,
        at: Timestamp,
    ) -> storage::Result<Position> {
        engine::announce(&mut self.tx, SessionEnded::KIND, &event.payload(), at).await
    }

    /// Commits the unit of work.
    pub(crate) async fn commit(self) -> storage::Result<()> {
        Ok(self.tx.commit().await?)
    }
}
