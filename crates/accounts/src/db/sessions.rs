//! Sessions: begun by a login, ended once. Compiled once for each engine.

use sir0_kernel::{SessionId, Timestamp, UserId};
use sir0_storage::{self as storage, Announcement};
use sir0_tokens::Methods;

use super::engine::{self, At, Database, for_share};
use crate::{
    db::{Store, StoredUser, Tx},
    domain::{ClientId, DeviceName, NewSession, Session, SessionEnded},
};

storage::row! {
    /// A session that was ended.
    EndedRow of engine, ended_columns!() { session_id: String, expires_at: At }
}

pub(crate) fn ended_from(
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

// The hash that was checked, the role that was signed and the number of factors that were asked for must still be the
// account's, which nothing may lock, and stay so until the commit: a new password, role, factor or lock ends all sessions,
// and this session must not begin after that.
pub(crate) const BEGIN_SESSION: &str = concat!(
    "
    INSERT INTO sessions
           (session_id, user_id, created_at, expires_at, client_id, device_name, address, methods, seen_at,
            token_expires_at, family_hash, refresh_hash, last_at, factors)
    SELECT $1, user_id, $2, $3, $7, $8, $9, $10, $2, $11, $12, $13, $14, factors
      FROM users
     WHERE user_id = $4 AND password_hash = $5 AND role = $6 AND factors = $15
       AND disabled_at IS NULL AND new_password_at IS NULL",
    for_share!(),
    "
 RETURNING session_id"
);

/// `expires_at` is from then on when the last access token expires. The end need not be remembered longer.
macro_rules! ends {
    ($at:literal) => {
        concat!("ended_at = ", $at, ", expires_at = COALESCE(token_expires_at, expires_at)")
    };
}
pub(crate) use ends;

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

macro_rules! ends_of_user {
    ($which:literal) => {
        concat!(
            "
    UPDATE sessions
       SET ",
            ends!("$1"),
            "
     WHERE user_id = $2 AND session_id <> $3 AND ended_at IS NULL AND expires_at > $1",
            $which,
            "
 RETURNING ",
            ended_columns!()
        )
    };
}

pub(crate) const END_SESSIONS_OF_USER: &str = ends_of_user!("");
pub(crate) const END_SIGN_INS_OF_USER: &str = ends_of_user!(" AND api_token_id IS NULL");

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
     WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 AND session_id < $3 AND api_token_id IS NULL
  ORDER BY session_id DESC
     LIMIT $4"
);

pub(crate) const HAS_SESSION: &str = "
    SELECT EXISTS
           (SELECT 1 FROM sessions WHERE session_id = $1 AND user_id = $2 AND api_token_id IS NULL)";

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
    /// Begins a session for someone who proved to be this. `false` when the account has another password, role or number
    /// of factors by now, or is locked.
    pub(crate) async fn begin_session(
        &mut self,
        new: &NewSession,
        proved: &StoredUser,
    ) -> storage::Result<bool> {
        let StoredUser { user, password_hash, factors, .. } = proved;
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
            .bind(factors)
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

    /// Ends every session of an account, but for one. So the access tokens end that its API tokens gave: an API
    /// token that is exchanged again gives what the account may do by then.
    pub(crate) async fn end_sessions_of(
        &mut self,
        user: UserId,
        but_for: Option<SessionId>,
        at: Timestamp,
    ) -> storage::Result<Vec<SessionEnded>> {
        self.end_all(END_SESSIONS_OF_USER, user, but_for, at).await
    }

    /// Ends every session that a person began by signing in to an account, but for one.
    pub(crate) async fn end_sign_ins_of(
        &mut self,
        user: UserId,
        but_for: Option<SessionId>,
        at: Timestamp,
    ) -> storage::Result<Vec<SessionEnded>> {
        self.end_all(END_SIGN_INS_OF_USER, user, but_for, at).await
    }

    async fn end_all(
        &mut self,
        statement: &'static str,
        user: UserId,
        but_for: Option<SessionId>,
        at: Timestamp,
    ) -> storage::Result<Vec<SessionEnded>> {
        let spared = but_for.map(|session| session.to_string()).unwrap_or_default();
        let query = sqlx::query_as(statement).bind(At(at)).bind(i64::from(user)).bind(spared);
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
