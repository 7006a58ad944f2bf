//! The table of events: a change and its event commit together, and positions follow commit order.
//!
//! Each service has the table in its own database. Whoever follows it remembers a position and asks for what came
//! after; nothing is pushed that could be lost.

use sir0_kernel::Timestamp;

/// A place in the order of commits. The first event has 1; 0 is before it.
pub type Position = i64;

/// How many events are kept. Who fell further behind starts over.
pub const KEPT: i64 = 100_000;

/// One event as its service wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// Its place.
    pub position: Position,
    /// What happened, in the words of the service.
    pub kind: String,
    /// The details, as JSON.
    pub payload: String,
}

/// How far the kept events reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Whoever stands here or later has missed nothing that is gone.
    pub resumable: Position,
    /// The latest position.
    pub head: Position,
}

/// Records an event. Runs in the transaction of the change it reports.
pub const ANNOUNCE: &str = "
    INSERT INTO events (kind, payload, announced_at)
    VALUES ($1, $2, $3)";

/// The next events after a position.
pub const AFTER: &str = "
    SELECT position, kind, payload
      FROM events
     WHERE position > $1
  ORDER BY position
     LIMIT $2";

/// The oldest and the latest position; both 0 before the first event.
pub const BOUNDS: &str = "
    SELECT COALESCE(MIN(position), 1) - 1, COALESCE(MAX(position), 0)
      FROM events";

/// Forgets all but the latest events. The latest always stays: it tells how far the positions got.
pub const PRUNE: &str = "
    DELETE FROM events
     WHERE position < (SELECT MAX(position) FROM events)
       AND position <= (SELECT MAX(position) FROM events) - $1";

impl super::sqlite::Database {
    /// The next events after a position, oldest first.
    pub async fn events_after(
        &self,
        position: Position,
        limit: i64,
    ) -> super::Result<Vec<EventRow>> {
        let query = sqlx::query_as(AFTER).bind(position).bind(limit);
        let rows: Vec<(Position, String, String)> = query.fetch_all(self.reader()).await?;
        let row = |(position, kind, payload)| EventRow { position, kind, payload };
        Ok(rows.into_iter().map(row).collect())
    }

    /// How far the kept events reach.
    pub async fn event_bounds(&self) -> super::Result<Bounds> {
        let (resumable, head) = sqlx::query_as(BOUNDS).fetch_one(self.reader()).await?;
        Ok(Bounds { resumable, head })
    }

    /// Forgets all but the latest [`KEPT`] events.
    pub async fn prune_events(&self, keep: i64) -> super::Result<()> {
        let mut tx = self.write().await?;
        sqlx::query(PRUNE).bind(keep).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }
}

/// Records an event in the transaction of the change it reports: whoever follows the table never hears of what did
/// not happen, nor misses what did.
pub(crate) async fn announce(
    tx: &mut super::sqlite::Tx,
    kind: &str,
    payload: &str,
    at: Timestamp,
) -> super::Result<()> {
    sqlx::query(ANNOUNCE).bind(kind).bind(payload).bind(at.micros()).execute(&mut **tx).await?;
    Ok(())
}
