//! Security events, as rows. Compiled once for each engine.
//!
//! No statement writes a row: a trigger does, when an event of the feed gets its position.

use sir0_kernel::{SessionId, Timestamp, UserId};
use sir0_storage as storage;

use super::engine::{self, At, Database};
use crate::{
    db::{Store, Tx},
    domain::{EventFilter, EventPlace, KeptEvent, Kind},
};

fn kept((position, payload): (i64, String)) -> KeptEvent {
    KeptEvent { position, payload }
}

macro_rules! events {
    ($filter:literal) => {
        concat!(
            "
    SELECT position, payload
      FROM security_events
     WHERE happened_at >= $1 AND (happened_at, position) < ($2, $3)",
            $filter,
            "
  ORDER BY happened_at DESC, position DESC
     LIMIT $4"
        )
    };
}

pub(crate) const SECURITY_EVENTS: &str = events!("");
pub(crate) const SECURITY_EVENTS_OF_USER: &str = events!(" AND user_id = $5");
pub(crate) const SECURITY_EVENTS_OF_KIND: &str = events!(" AND kind = $5");
pub(crate) const SECURITY_EVENTS_OF_USER_AND_KIND: &str =
    events!(" AND user_id = $5 AND kind = $6");

pub(crate) const SECURITY_EVENTS_AFTER: &str = "
    SELECT position, payload
      FROM security_events
     WHERE position > $1
  ORDER BY position
     LIMIT $2";

pub(crate) const FORGET_SECURITY_EVENTS: &str = "
    DELETE FROM security_events
     WHERE position IN (SELECT position FROM security_events WHERE happened_at < $1 ORDER BY happened_at LIMIT $2)";

pub(crate) const FORGET_SECURITY_EVENTS_OF_KIND: &str = "
    DELETE FROM security_events
     WHERE position IN (SELECT position
                          FROM security_events
                         WHERE kind = $1
                      ORDER BY happened_at DESC, position DESC
                         LIMIT $2 OFFSET $3)";

pub(crate) const BUSY_ACCOUNTS: &str = "
    SELECT user_id, kind
      FROM security_events
     WHERE happened_at >= $1 AND user_id IS NOT NULL
  GROUP BY user_id, kind
    HAVING COUNT(*) > $2";

pub(crate) const FORGET_SECURITY_EVENTS_OF_ACCOUNT: &str = "
    DELETE FROM security_events
     WHERE position IN (SELECT position
                          FROM security_events
                         WHERE user_id = $1 AND kind = $2
                      ORDER BY happened_at DESC, position DESC
                         LIMIT $3 OFFSET $4)";

pub(crate) const SESSION_OWNER: &str = "SELECT user_id FROM sessions WHERE session_id = $1";

impl Store<Database> {
    /// A page of events behind this place, the latest first.
    pub(crate) async fn security_events(
        &self,
        filter: &EventFilter,
        behind: EventPlace,
        most: i64,
    ) -> storage::Result<Vec<KeptEvent>> {
        let user = filter.user.map(i64::from);
        let kind = filter.kind.as_ref().map(|kind| kind.as_str().to_owned());
        let statement = match (user, &kind) {
            (None, None) => SECURITY_EVENTS,
            (Some(_), None) => SECURITY_EVENTS_OF_USER,
            (None, Some(_)) => SECURITY_EVENTS_OF_KIND,
            (Some(_), Some(_)) => SECURITY_EVENTS_OF_USER_AND_KIND,
        };
        let mut query = sqlx::query_as(statement).bind(At(filter.since)).bind(At(behind.at));
        query = query.bind(behind.position).bind(most);
        if let Some(user) = user {
            query = query.bind(user);
        }
        if let Some(kind) = kind {
            query = query.bind(kind);
        }
        let rows: Vec<(i64, String)> = query.fetch_all(self.database.reader()).await?;
        Ok(rows.into_iter().map(kept).collect())
    }

    /// The next events after a position of the feed, the first one first.
    pub(crate) async fn security_events_after(
        &self,
        position: i64,
        most: i64,
    ) -> storage::Result<Vec<KeptEvent>> {
        let query = sqlx::query_as(SECURITY_EVENTS_AFTER).bind(position).bind(most);
        let rows: Vec<(i64, String)> = query.fetch_all(self.database.reader()).await?;
        Ok(rows.into_iter().map(kept).collect())
    }

    /// The accounts to which more of a kind happened since this moment than is usual, with that kind.
    pub(crate) async fn busy_accounts(
        &self,
        since: Timestamp,
        usual: i64,
    ) -> storage::Result<Vec<(UserId, Kind)>> {
        let query = sqlx::query_as(BUSY_ACCOUNTS).bind(At(since)).bind(usual);
        let rows: Vec<(i64, String)> = query.fetch_all(self.database.reader()).await?;
        let read = |(id, kind)| UserId::from_row(id).map(|user| (user, Kind::from_row(kind)));
        let read: Result<_, _> = rows.into_iter().map(read).collect();
        read.map_err(storage::Error::corrupt)
    }
}

impl Tx<engine::Tx> {
    /// Whose session it is, or was.
    pub(crate) async fn session_owner(&mut self, id: SessionId) -> storage::Result<Option<UserId>> {
        let query = sqlx::query_scalar(SESSION_OWNER).bind(id.to_string());
        let owner: Option<i64> = query.fetch_optional(&mut *self.tx).await?;
        owner.map(UserId::from_row).transpose().map_err(storage::Error::corrupt)
    }

    /// Forgets events from before this moment, and so many at a time. Answers how many.
    pub(crate) async fn forget_security_events(
        &mut self,
        before: Timestamp,
        most: i64,
    ) -> storage::Result<u64> {
        let query = sqlx::query(FORGET_SECURITY_EVENTS).bind(At(before)).bind(most);
        Ok(query.execute(&mut *self.tx).await?.rows_affected())
    }

    /// Forgets events of a kind beyond the latest that are kept, and so many at a time. Answers how many.
    pub(crate) async fn forget_security_events_of(
        &mut self,
        kind: &Kind,
        kept: i64,
        most: i64,
    ) -> storage::Result<u64> {
        let query = sqlx::query(FORGET_SECURITY_EVENTS_OF_KIND).bind(kind.as_str().to_owned());
        Ok(query.bind(most).bind(kept).execute(&mut *self.tx).await?.rows_affected())
    }

    /// Forgets events of a kind about an account beyond the latest that are kept, and so many at a time. Answers how many.
    pub(crate) async fn forget_security_events_of_account(
        &mut self,
        user: UserId,
        kind: &Kind,
        kept: i64,
        most: i64,
    ) -> storage::Result<u64> {
        let query = sqlx::query(FORGET_SECURITY_EVENTS_OF_ACCOUNT);
        let query = query.bind(i64::from(user)).bind(kind.as_str().to_owned());
        Ok(query.bind(most).bind(kept).execute(&mut *self.tx).await?.rows_affected())
    }
}
