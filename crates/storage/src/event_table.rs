//! The table of events in one engine. Compiled once for each engine.

use sir0_kernel::Timestamp;

use super::{ANNOUNCE, ANNOUNCE_ALL, At, Database, Db, Tx};
use crate::{
    Announcement, Result,
    events::{AFTER, BOUNDS, Bounds, EventRow, PRUNE, Position},
};

/// How many events are forgotten at a time.
const PIECE: u16 = 10_000;

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

    /// Forgets all but the latest `keep` events and those that were announced since a moment. Others write between its
    /// pieces.
    pub async fn prune_events(&self, keep: i64, since: Timestamp) -> Result<()> {
        loop {
            let pruning = self.unit(async |tx| {
                let query = sqlx::query(PRUNE).bind(keep).bind(At(since)).bind(i64::from(PIECE));
                Ok::<_, crate::Error>(query.execute(&mut **tx).await?.rows_affected())
            });
            // Less than a piece is all that there is, or stands before what is to stay.
            if pruning.await? < PIECE.into() {
                return Ok(());
            }
        }
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

/// Records events in the transaction of the changes that they report, in this order, as [`announce`] does for one. They have
/// one moment.
pub async fn announce_all(tx: &mut Tx, announcements: &[Announcement]) -> Result<()> {
    let Some(first) = announcements.first() else { return Ok(()) };
    let rows: Vec<_> = announcements.iter().map(|it| (it.kind, &it.payload)).collect();
    let rows = serde_json::to_string(&rows).map_err(crate::Error::corrupt)?;
    sqlx::query(ANNOUNCE_ALL).bind(rows).bind(At(first.at)).execute(&mut **tx).await?;
    Ok(())
}
