//! Sessions: begun by a login, refreshed, ended once. Compiled once for each engine.

use sir0_kernel::{SessionId, Timestamp, UserId};
use sir0_storage::{self as storage, Announcement};
use sir0_tokens::Methods;

use super::engine::{self, At, Database, for_share};
use crate::{
    db::{Refresh, Store, StoredUser, Tx},
    domain::{ClientId, DeviceName, NewSession, Refreshed, Session, SessionEnded},
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

storage::row! {
    /// A session that goes on.
    SessionRow of engine, session_columns!() {
        session_id: String,
        client_id: String,
        device_name: Option<String>,
        address: Option<String>,
        methods: String,
        created_at: At,
        seen_at: Option<At>,
        expires_at: At,
        last_at: Option<At>,
    }
}

fn session_from(row: SessionRow) -> storage::Result<Session> {
    let created = row.created_at.0;
    Ok(Session {
        id: SessionId::parse(&row.session_id).map_err(storage::Error::corrupt)?,
        client: ClientId::from_row(row.client_id),
        device: row.device_name.map(DeviceName::from_row),
        address: row.address.as_deref().and_then(|address| address.parse().ok()),
        methods: Methods::of(row.methods.split(' ')),
        is_refreshable: row.last_at.is_some(),
        created,
        seen: row.seen_at.map_or(created, |At(seen)| seen),
        expires: row.expires_at.0,
    })
}

/// What a refresh tells: the account, its role, and how the session goes on.
type RefreshedRow = (i64, String, String, At, At, Vec<u8>);

// The hash that was checked and the role that was signed must still be the account's, and stay so until the commit: a
// new password or role ends all sessions, and this session must not begin after that.
pub(crate) const BEGIN_SESSION: &str = concat!(
    "
    INSERT INTO sessions
           (session_id, user_id, created_at, expires_at, client_id, device_name, address, methods, seen_at,
            token_expires_at, family_hash, refresh_hash, last_at)
    SELECT $1, user_id, $2, $3, $7, $8, $9, $10, $2, $11, $12, $13, $14
      FROM users
     WHERE user_id = $4 AND password_hash = $5 AND role = $6",
    for_share!(),
    "
 RETURNING session_id"
);

/// The latest access token may outlast the one that is given now, if the clock was set back. The end of the session has to
/// be remembered as long as either is good.
macro_rules! goes_on {
    () => {
        "seen_at = $4, address = COALESCE($5, address),
           expires_at = CASE WHEN last_at < $6 THEN last_at ELSE $6 END,
           token_expires_at = CASE WHEN token_expires_at > $7 THEN token_expires_at ELSE $7 END"
    };
}

/// Another role ends the session, so the role of this moment is that of the session.
macro_rules! refreshed_columns {
    () => {
        "user_id, (SELECT role FROM users WHERE users.user_id = sessions.user_id), methods, created_at, last_at,
           refresh_hash"
    };
}

pub(crate) const REFRESH_SESSION: &str = concat!(
    "
    UPDATE sessions
       SET refreshed_hash = refresh_hash, refresh_hash = $8, refreshed_at = $4,
           ",
    goes_on!(),
    "
     WHERE session_id = $1 AND client_id = $2 AND refresh_hash = $3 AND ended_at IS NULL AND expires_at > $4
 RETURNING ",
    refreshed_columns!()
);

// The token before the latest one: its answer was lost, because the latest one was never used.
pub(crate) const REFRESH_SESSION_AGAIN: &str = concat!(
    "
    UPDATE sessions
       SET refresh_hash = CASE WHEN refresh_hash = $8 AND refreshed_at > $9 THEN refresh_hash ELSE $10 END,
           ",
    goes_on!(),
    "
     WHERE session_id = $1 AND client_id = $2 AND refreshed_hash = $3 AND ended_at IS NULL AND expires_at > $4
 RETURNING ",
    refreshed_columns!()
);

/// `expires_at` is from then on when the last access token expires. The end need not be remembered longer.
macro_rules! ends {
    ($at:literal) => {
        concat!("ended_at = ", $at, ", expires_at = COALESCE(token_expires_at, expires_at)")
    };
}

pub(crate) const END_REPLAYED_SESSION: &str = concat!(
    "
    UPDATE sessions
       SET ",
    ends!("$1"),
    "
     WHERE session_id = $2 AND family_hash = $3 AND refresh_hash <> $4
       AND (refreshed_hash IS NULL OR refreshed_hash <> $4)
       AND ended_at IS NULL AND expires_at > $1
 RETURNING ",
    ended_columns!()
);

pub(crate) const END_SESSION: &str = concat!(
    "
    UPDATE sessions
       SET ",
    ends!("$1"),
    "
     WHERE session_id = $2 AND ended_at IS NULL
 RETURNING ",
    ended_columns!()
);

pub(crate) const END_FAMILY: &str = concat!(
    "
    UPDATE sessions
       SET ",
    ends!("$1"),
    "
     WHERE session_id = $2 AND family_hash = $3 AND ended_at IS NULL
 RETURNING ",
    ended_columns!()
);

pub(crate) const END_SESSIONS_OF_USER: &str = concat!(
    "
    UPDATE sessions
       SET ",
    ends!("$1"),
    "
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
     WHERE ended_at IS NOT NULL AND expires_at > $1 AND session_id > $2
  ORDER BY session_id
     LIMIT $3"
);

pub(crate) const SESSIONS_OF_USER: &str = concat!(
    "
    SELECT ",
    session_columns!(),
    "
      FROM sessions
     WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 AND session_id < $3
  ORDER BY session_id DESC
     LIMIT $4"
);

pub(crate) const HAS_SESSION: &str = "
    SELECT EXISTS (SELECT 1 FROM sessions WHERE session_id = $1 AND user_id = $2)";

pub(crate) const FORGET_SESSIONS: &str = "
    DELETE FROM sessions
     WHERE expires_at < $1";

impl Store<Database> {
    /// A page of the sessions that were ended and whose tokens would otherwise still be good, behind this one.
    pub(crate) async fn ended_sessions(
        &self,
        now: Timestamp,
        behind: Option<SessionId>,
        most: i64,
    ) -> storage::Result<Vec<SessionEnded>> {
        let behind = behind.map(|session| session.to_string()).unwrap_or_default();
        let query = sqlx::query_as(ENDED_SESSIONS).bind(At(now)).bind(behind).bind(most);
        let rows: Vec<EndedRow> = query.fetch_all(self.database.reader()).await?;
        rows.into_iter().map(ended_from).collect()
    }

    /// A page of the sessions of an account that are not over, the newest first, behind this one.
    pub(crate) async fn sessions_of(
        &self,
        user: UserId,
        now: Timestamp,
        behind: Option<SessionId>,
        most: i64,
    ) -> storage::Result<Vec<Session>> {
        // `~` sorts behind every id.
        let behind = behind.map_or_else(|| "~".to_owned(), |session| session.to_string());
        let query = sqlx::query_as(SESSIONS_OF_USER).bind(i64::from(user)).bind(At(now));
        let query = query.bind(behind).bind(most);
        let rows: Vec<SessionRow> = query.fetch_all(self.database.reader()).await?;
        rows.into_iter().map(session_from).collect()
    }

    /// Whether the session is or was one of this account.
    pub(crate) async fn has_session(&self, user: UserId, id: SessionId) -> storage::Result<bool> {
        let query = sqlx::query_scalar(HAS_SESSION).bind(id.to_string()).bind(i64::from(user));
        Ok(query.fetch_one(self.database.reader()).await?)
    }
}

impl Tx<engine::Tx> {
    /// Begins a session for someone who proved to be this. `false` when the account has another password or role by
    /// now, or is gone.
    pub(crate) async fn begin_session(
        &mut self,
        new: &NewSession,
        proved: &StoredUser,
    ) -> storage::Result<bool> {
        let StoredUser { user, password_hash } = proved;
        let family = new.family.as_ref();
        let begun: Option<String> = sqlx::query_scalar(BEGIN_SESSION)
            .bind(new.id.to_string())
            .bind(At(new.began))
            .bind(At(new.expires))
            .bind(i64::from(user.id))
            .bind(password_hash)
            .bind(user.role.as_str())
            .bind(new.client.as_str())
            .bind(new.device.as_ref().map(DeviceName::as_str))
            .bind(new.address.map(|address| address.to_string()))
            .bind(new.methods.to_string())
            .bind(At(new.token_expires))
            .bind(family.map(|family| &family.family_hash))
            .bind(family.map(|family| &family.refresh_hash))
            .bind(family.map(|family| At(family.last)))
            .fetch_optional(&mut *self.tx)
            .await?;
        Ok(begun.is_some())
    }

    /// Uses a refresh token up, or answers its use once more as long as the next one was not used. `None` when it is
    /// neither the latest token of a session that goes on nor the one before it.
    pub(crate) async fn refresh_session(
        &mut self,
        refresh: &Refresh,
    ) -> storage::Result<Option<Refreshed>> {
        macro_rules! asked {
            ($statement:ident) => {
                sqlx::query_as($statement)
                    .bind(refresh.session.to_string())
                    .bind(refresh.client.as_str())
                    .bind(&refresh.shown)
                    .bind(At(refresh.at))
                    .bind(refresh.address.map(|address| address.to_string()))
                    .bind(At(refresh.expires))
                    .bind(At(refresh.token_expires))
                    .bind(&refresh.next)
            };
        }
        let mut row: Option<RefreshedRow> =
            asked!(REFRESH_SESSION).fetch_optional(&mut *self.tx).await?;
        if row.is_none() {
            let query = asked!(REFRESH_SESSION_AGAIN).bind(At(refresh.same_since));
            row = query.bind(&refresh.another).fetch_optional(&mut *self.tx).await?;
        }
        let Some((user, role, methods, At(signed_in), At(last), refresh_hash)) = row else {
            return Ok(None);
        };
        Ok(Some(Refreshed {
            user: UserId::from_row(user).map_err(storage::Error::corrupt)?,
            role: role.parse().map_err(storage::Error::corrupt)?,
            methods: Methods::of(methods.split(' ')),
            signed_in,
            expires: refresh.expires.min(last),
            token_expires: refresh.token_expires.min(last),
            refresh_hash,
        }))
    }

    /// Ends the session of a refresh token that was used before the latest two. `None` when the token is of no session
    /// that goes on, or one of the latest two.
    pub(crate) async fn end_replayed_session(
        &mut self,
        id: SessionId,
        family: &[u8],
        shown: &[u8],
        at: Timestamp,
    ) -> storage::Result<Option<SessionEnded>> {
        let query = sqlx::query_as(END_REPLAYED_SESSION).bind(At(at)).bind(id.to_string());
        let query = query.bind(family).bind(shown);
        let row: Option<EndedRow> = query.fetch_optional(&mut *self.tx).await?;
        row.map(ended_from).transpose()
    }

    /// Ends the session of a family of refresh tokens. `None` as above.
    pub(crate) async fn end_family(
        &mut self,
        id: SessionId,
        family: &[u8],
        at: Timestamp,
    ) -> storage::Result<Option<SessionEnded>> {
        let query = sqlx::query_as(END_FAMILY).bind(At(at)).bind(id.to_string()).bind(family);
        let row: Option<EndedRow> = query.fetch_optional(&mut *self.tx).await?;
        row.map(ended_from).transpose()
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
