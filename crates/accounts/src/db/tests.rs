//! What accounts asks of a database, tested on every engine.

use std::path::Path;

use sir0_kernel::{Role, SessionId, UserId};
use sir0_storage::{DatabaseConfig, Location};
use sir0_throwaway::on_every_engine;
use sir0_tokens::Methods;

use super::*;
use crate::domain::{AccountsEvent, ClientId, Email, NewSession, User, Username};

mod api_tokens;
mod confirmations;
mod factors;
mod lanes;
mod profiles;
pub(crate) mod races;
mod refreshing;
mod resets;
mod rooms;
mod security_events;
mod sessions;
mod setup;
mod studios;
mod users;

pub(crate) const NOON: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
pub(crate) const EVENING: Timestamp = Timestamp::from_micros(1_800_021_600_000_000);
pub(crate) const MIDNIGHT: Timestamp = Timestamp::from_micros(1_800_043_200_000_000);

pub(crate) async fn an_empty_database(url: &str) -> AccountsDb {
    let asked = DatabaseConfig { url: Some(url), password_file: None, connections: 64 };
    let place = Location::of(asked, Path::new(""), "").expect("a place");
    AccountsDb::open(&place).await.expect("a database").0
}

pub(crate) fn name(text: &str) -> Username {
    Username::parse(text).expect("a name")
}

pub(crate) fn email(text: &str) -> Email {
    Email::parse(text).expect("an address")
}

/// A session from noon until midnight, with one token.
pub(crate) fn a_session(id: SessionId) -> NewSession {
    NewSession {
        id,
        client: ClientId::parse(None).expect("a client"),
        device: None,
        address: None,
        methods: Methods::PASSWORD,
        began: NOON,
        expires: MIDNIGHT,
        token_expires: MIDNIGHT,
        family: None,
    }
}

/// Does this as one unit of work, and commits it.
pub(crate) async fn work<T>(
    db: &AccountsDb,
    work: impl AsyncFnOnce(&mut AccountsTx) -> storage::Result<T>,
) -> storage::Result<T> {
    let mut tx = db.begin().await.expect("a turn to write");
    let done = work(&mut tx).await?;
    tx.commit().await.expect("room on the disk");
    Ok(done)
}

/// Begins a session as a version did that knew no locks.
const BEGIN_BEFORE: &str = "
    INSERT INTO sessions (session_id, user_id, created_at, expires_at)
    SELECT $1, user_id, $2, $3
      FROM users
     WHERE user_id = $4
 RETURNING session_id";

impl AccountsDb {
    /// Whether a version from before begins a session now.
    pub(crate) async fn begins_before(&self, user: UserId, at: Timestamp) -> bool {
        macro_rules! begin {
            ($database:expr, $engine:ident) => {{
                let mut tx = $database.write().await.expect("a turn to write");
                let query = sqlx::query_scalar::<_, String>(BEGIN_BEFORE)
                    .bind(SessionId::fresh(at).to_string())
                    .bind(storage::$engine::At(at))
                    .bind(storage::$engine::At(MIDNIGHT))
                    .bind(i64::from(user));
                let begun = query.fetch_optional(&mut *tx).await.expect("a table");
                tx.commit().await.expect("room on the disk");
                begun.is_some()
            }};
        }
        match self.database() {
            storage::Database::Sqlite(database) => begin!(database, sqlite),
            storage::Database::Postgres(database) => begin!(database, postgres),
        }
    }

    pub(crate) async fn keeps(&self, username: &str, address: &str) -> storage::Result<UserId> {
        let (username, address) = (name(username), email(address));
        work(self, async |tx| tx.add_user(&username, &address, "hash", Role::Player, NOON).await)
            .await
    }

    /// An account as a version without name keys wrote it.
    pub(crate) async fn was_kept_before(&self, username: &str, address: &str) -> UserId {
        const FORGET: &str = "UPDATE users SET name_key = NULL, name_key_version = 0, \
                              name_key_of = NULL, username = $1, username_key = $2 WHERE user_id = $3";
        let id = self.keeps(address.split('@').next().unwrap(), address).await.expect("free names");
        self.was_renamed_by(FORGET, id, username).await;
        id
    }

    /// Gives an account another name, as a version without name keys does it.
    pub(crate) async fn was_renamed_before(&self, id: UserId, username: &str) {
        const RENAME: &str = "UPDATE users SET username = $1, username_key = $2 WHERE user_id = $3";
        self.was_renamed_by(RENAME, id, username).await;
    }

    pub(crate) async fn was_renamed_by(&self, statement: &'static str, id: UserId, username: &str) {
        macro_rules! rename {
            ($database:expr) => {{
                let mut tx = $database.write().await.expect("a turn to write");
                let query = sqlx::query(statement)
                    .bind(username)
                    .bind(Username::from_row(username.to_owned()).key_before());
                query.bind(i64::from(id)).execute(&mut *tx).await.expect("a free name");
                tx.commit().await.expect("room on the disk");
            }};
        }
        match self.database() {
            storage::Database::Sqlite(database) => rename!(database),
            storage::Database::Postgres(database) => rename!(database),
        }
    }

    /// Ada, with this many sessions from noon until midnight.
    pub(crate) async fn ada_signs_in<const SESSIONS: usize>(
        &self,
    ) -> (UserId, [SessionId; SESSIONS]) {
        let ada = self.keeps("Ada", "ada@example.com").await.expect("a free name");
        let sessions = [(); SESSIONS].map(|()| SessionId::fresh(NOON));
        for session in sessions {
            assert!(self.begins(session, &self.proof("ada@example.com").await).await, "it is hers");
        }
        (ada, sessions)
    }

    /// Begins a session for this proof, and answers whether it began.
    pub(crate) async fn begins(&self, session: SessionId, proved: &StoredUser) -> bool {
        self.begins_as(&a_session(session), proved).await
    }

    pub(crate) async fn begins_as(&self, new: &NewSession, proved: &StoredUser) -> bool {
        work(self, async |tx| tx.begin_session(new, proved).await).await.expect("a table")
    }

    /// What a sign-in with this e-mail proves at this moment.
    pub(crate) async fn proof(&self, address: &str) -> StoredUser {
        self.stored(address).await.expect("kept")
    }

    pub(crate) async fn ends(&self, session: SessionId) -> Option<SessionEnded> {
        work(self, async |tx| tx.end_session(session, EVENING).await).await.expect("a table")
    }

    pub(crate) async fn stored(&self, address: &str) -> Option<StoredUser> {
        self.user_by_email(&email(address)).await.expect("a table")
    }

    pub(crate) async fn ended_at(&self, now: Timestamp) -> Vec<SessionId> {
        let ended = self.ended_sessions(now, None, 1_000_000).await.expect("a table");
        let mut ended: Vec<_> = ended.into_iter().map(|ended| ended.session).collect();
        ended.sort();
        ended
    }
}
