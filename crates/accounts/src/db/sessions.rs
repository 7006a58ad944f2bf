//! Sessions: begun by a login, ended once. Compiled once for each engine.

use sir0_kernel::{SessionId, Timestamp, UserId};
use sir0_storage::{self as storage, Announcement};

use super::engine::{self, At, Database, for_share};
use crate::{
    db::{Store, StoredUser, Tx},
    domain::SessionEnded,
};

storage::row! {
    /// A session that was ended.
    EndedRow of engine, ended_columns!() { session_id: String, expires_at: At }
}

fn ended_from(
    EndedRow { session_id, expires_at: At(expires) }: EndedRow,
) -> storage::Result<SessionEnded> {
    let session = SessionId::parse(&session_id).map_err(storage::Error::corrupt)?;
    Ok(SessionEnded { session, expires })
}

// The hash that was checked and the role that was signed must still be the account's, and stay so until the commit: a
// new password or role ends all sessions, and this session must not begin after that.
pub(crate) const BEGIN_SESSION: &str = concat!(
    "
    INSERT INTO sessions (session_id, user_id, created_at, expires_at)
    SELECT $1, user_id, $2, $3
      FROM users
     WHERE user_id = $4 AND password_hash = $5 AND role = $6",
    for_share!(),
    "
 RETURNING session_id"
);

pub(crate) const END_SESSION: &str = concat!(
    "
    UPDATE sessions
       SET ended_at = $1
     WHERE session_id = $2 AND ended_at IS NULL
 RETURNING ",
    ended_columns!()
);

pub(crate) const END_SESSIONS_OF_USER: &str = concat!(
    "
    UPDATE sessions
       SET ended_at = $1
     WHERE user_id = $2 AND session_id <> $3 AND ended_at IS NULL AND expires_at > $1
 RETURNING ",
    ended_columns!()
);

pub(crate) const ENDED_SESSIONS: &str = concat!(
    "
    SELECT ",
    ended_columns!(),
    "
      FROM sessions
     WHERE ended_at IS NOT NULL AND expires_at > $1"
);

pub(crate) const FORGET_SESSIONS: &str = "
    DELETE FROM sessions
     WHERE expires_at < $1";

impl Store<Database> {
    /// The sessions that were ended and whose tokens would otherwise still be good.
    pub(crate) async fn ended_sessions(
        &self,
        now: Timestamp,
    ) -> storage::Result<Vec<SessionEnded>> {
        let query = sqlx::query_as(ENDED_SESSIONS).bind(At(now));
        let rows: Vec<EndedRow> = query.fetch_all(self.database.reader()).await?;
        rows.into_iter().map(ended_from).collect()
    }
}

impl Tx<engine::Tx> {
    /// Begins a session for the account whose password was proved. `false` when the password or the role was changed
    /// meanwhile.
    pub(crate) async fn begin_session(
        &mut self,
        session: SessionId,
        proved: &StoredUser,
        now: Timestamp,
        expires: Timestamp,
    ) -> storage::Result<bool> {
        let begun: Option<String> = sqlx::query_scalar(BEGIN_SESSION)
            .bind(session.to_string())
            .bind(At(now))
            .bind(At(expires))
            .bind(i64::from(proved.user.id))
            .bind(&proved.password_hash)
            .bind(proved.user.role.as_str())
            .fetch_optional(&mut *self.tx)
            .await?;
        Ok(begun.is_some())
    }

    /// Ends a session. `None` when it was ended before, or does not exist.
    pub(crate) async fn end_session(
        &mut self,
        id: SessionId,
        at: Timestamp,
    ) -> storage::Result<Option<SessionEnded>> {
        let query = sqlx::query_as(END_SESSION).bind(At(at)).bind(id.to_string());
        let row: Option<EndedRow> = query.fetch_optional(&mut *self.tx).await?;
        row.map(ended_from).transpose()
    }

    /// Ends every session of an account, but for one.
    pub(crate) async fn end_sessions_of(
        &mut self,
        user: UserId,
        but_for: Option<SessionId>,
        at: Timestamp,
    ) -> storage::Result<Vec<SessionEnded>> {
        let spared = but_for.map(|session| session.to_string()).unwrap_or_default();
        let query =
            sqlx::query_as(END_SESSIONS_OF_USER).bind(At(at)).bind(i64::from(user)).bind(spared);
        let rows: Vec<EndedRow> = query.fetch_all(&mut *self.tx).await?;
        rows.into_iter().map(ended_from).collect()
    }

    /// Forgets sessions that are long over.
    pub(crate) async fn forget_sessions(
        &mut self,
        expired_before: Timestamp,
    ) -> storage::Result<()> {
        sqlx::query(FORGET_SESSIONS).bind(At(expired_before)).execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Records the event beside the end of a session, in the same transaction, so no service misses it.
    pub(crate) async fn announce(&mut self, announcement: &Announcement) -> storage::Result<()> {
        engine::announce(&mut self.tx, announcement).await
    }
}
