//! The table of events in one engine. Compiled once for each engine.

use super::{ANNOUNCE, At, Database, Db, Tx};
use crate::{
    Announcement, Result,
    events::{AFTER, BOUNDS, Bounds, EventRow, PRUNE, Position},
};

impl Database {
    /// The next events after a position, oldest first.
    pub async fn events_after(&self, position: Position, limit: i64) -> Result<Vec<EventRow>> {
        let query = sqlx::query_as(AFTER).bind(position).bind(limit);
        let rows: Vec<(Position, String, String, At)> = query.fetch_all(self.reader()).await?;
        let row = |(position, kind, payload, At(announced_at))| EventRow {
            position,
            kind,
            payload,
            announced_at,
        };
        Ok(rows.into_iter().map(row).collect())
    }

    /// How far the kept events reach.
    pub async fn event_bounds(&self) -> Result<Bounds> {
        let (resumable, head) = sqlx::query_as(BOUNDS).fetch_one(self.reader()).await?;
        Ok(Bounds { resumable, head })
    }

    /// Forgets all but the latest `keep` events.
    pub async fn prune_events(&self, keep: i64) -> Result<()> {
        self.unit(async |tx| {
            sqlx::query(PRUNE).bind(keep).execute(&mut **tx).await?;
            Ok(())
        })
        .await
    }

    /// The key that seals the tokens of this database's lists and streams; its migration made it.
    pub async fn sealing_key(&self) -> Result<[u8; 32]> {
        let key: Vec<u8> =
            sqlx::query_scalar("SELECT key FROM sealing_key").fetch_one(self.reader()).await?;
        key.try_into().map_err(|_wrong_length| {
            crate::Error::corrupt(std::io::Error::other("the sealing key is not 32 bytes"))
        })
    }
}

/// A statement on its way.
pub type Statement = sqlx::query::Query<'static, Db, <Db as sqlx::Database>::Arguments>;

/// Begins a statement whose first three parameters are an event.
pub(super) fn announcing(
    sql: &'static str,
    Announcement { kind, payload, at }: &Announcement,
) -> Statement {
    sqlx::query(sql).bind(*kind).bind(payload.clone()).bind(At(*at))
}

/// Records an event in the transaction of the change it reports. So a reader of the table never hears of a change that
/// did not happen, and never misses one that did.
///
/// The events of one thing are in the order of their commits, if each unit of work holds the thing when it announces.
pub async fn announce(tx: &mut Tx, announcement: &Announcement) -> Result<()> {
    announcing(ANNOUNCE, announcement).execute(&mut **tx).await?;
    Ok(())
}
