//! Sessions that are refreshed. Compiled once for each engine.

use sir0_kernel::{SessionId, Timestamp, UserId};
use sir0_storage as storage;
use sir0_tokens::Methods;

use super::{
    engine::{self, At},
    sessions::{EndedRow, ended_columns, ended_from, ends},
};
use crate::{
    db::{Refresh, Tx},
    domain::{Refreshed, SessionEnded},
};

/// What a refresh tells: the account, its role, and how the session goes on.
type RefreshedRow = (i64, String, String, At, At, Vec<u8>);

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

/// A lock ends all sessions, so this finds none. It holds also against one that began in spite of the lock.
macro_rules! of_no_locked_account {
    () => {
        "
       AND EXISTS (SELECT 1 FROM users
                    WHERE users.user_id = sessions.user_id AND disabled_at IS NULL AND new_password_at IS NULL)"
    };
}

pub(crate) const REFRESH_SESSION: &str = concat!(
    "
    UPDATE sessions
       SET refreshed_hash = refresh_hash, refresh_hash = $8, refreshed_at = $4,
           ",
    goes_on!(),
    "
     WHERE session_id = $1 AND client_id = $2 AND refresh_hash = $3 AND ended_at IS NULL AND expires_at > $4",
    of_no_locked_account!(),
    "
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
     WHERE session_id = $1 AND client_id = $2 AND refreshed_hash = $3 AND ended_at IS NULL AND expires_at > $4",
    of_no_locked_account!(),
    "
 RETURNING ",
    refreshed_columns!()
);

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

impl Tx<engine::Tx> {
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
}
