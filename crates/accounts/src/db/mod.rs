//! The SQL of accounts. Statements are whole, and beside the function that runs them.
//!
//! `store.rs`, `users.rs` and `sessions.rs` are compiled twice, as rooms of `sqlite` and of `postgres`. The types here
//! stand for one or the other.

mod postgres;
#[expect(clippy::duplicate_mod, reason = "the same SQL for another engine")]
mod sqlite;

use std::time::Instant;

use sir0_kernel::{Role, SessionId, Timestamp, UserId};
use sir0_storage::{
    self as storage, Database, Place, Position, Step,
    copy::{self, Copied, CopyError},
};

use tracing::Instrument;

use crate::{
    domain::{Email, User, Username},
    events::SessionEnded,
};

/// An account with its password hash.
#[derive(Clone)]
pub(crate) struct Stored {
    pub(crate) user: User,
    pub(crate) password_hash: String,
}

/// Which of two names another account has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) username: bool,
    pub(crate) email: bool,
}

/// The database of accounts.
#[derive(Clone, Debug)]
pub(crate) enum AccountsDb {
    Sqlite(sqlite::Store),
    Postgres(postgres::Store),
}

/// A unit of work in it.
pub(crate) enum AccountsTx {
    Sqlite(sqlite::Work),
    Postgres(postgres::Work),
}

/// Calls the same function in either engine. The call has this name in a trace.
macro_rules! on_either {
    ($which:expr, $name:literal, $it:ident => $call:expr) => {
        match $which {
            Self::Sqlite($it) => $call.instrument(storage::span("sqlite", $name)).await,
            Self::Postgres($it) => $call.instrument(storage::span("postgresql", $name)).await,
        }
    };
}

impl AccountsDb {
    /// Opens it, brings it up to date, and tells what was applied.
    pub(crate) async fn open(place: &Place) -> storage::Result<(Self, Vec<Step>)> {
        Ok(match place {
            Place::Sqlite(file) => {
                let (store, steps) = sqlite::Store::open(file).await?;
                (Self::Sqlite(store), steps)
            }
            Place::Postgres(address) => {
                let (store, steps) = postgres::Store::open(address).await?;
                (Self::Postgres(store), steps)
            }
        })
    }

    /// Brings it up to date, tells what was applied, and leaves nothing open.
    pub(crate) async fn migrate(place: &Place) -> storage::Result<Vec<Step>> {
        match place {
            Place::Sqlite(file) => sqlite::migrate(file).await,
            Place::Postgres(address) => postgres::migrate(address).await,
        }
    }

    /// Tells which steps it has, and changes nothing.
    pub(crate) async fn inspect(place: &Place) -> storage::Result<Vec<Step>> {
        match place {
            Place::Sqlite(file) => sqlite::inspect(file).await,
            Place::Postgres(address) => postgres::inspect(address).await,
        }
    }

    /// Copies everything into an empty database, and proves that it arrived.
    pub(crate) async fn copy(from: &Place, to: &Place) -> Result<Vec<Copied>, CopyError> {
        let (from, _) = Self::open(from).await?;
        let (to, _) = Self::open(to).await?;
        let copied = copy::copy(&from.database(), &to.database()).await;
        from.database().close().await;
        to.database().close().await;
        copied
    }

    /// The database below, for the feed, the health check and the closing.
    pub(crate) fn database(&self) -> Database {
        match self {
            Self::Sqlite(store) => Database::Sqlite(store.database.clone()),
            Self::Postgres(store) => Database::Postgres(store.database.clone()),
        }
    }

    /// Begins a unit of work that writes.
    pub(crate) async fn begin(&self) -> storage::Result<AccountsTx> {
        let asked = Instant::now();
        let tx = match self {
            Self::Sqlite(store) => AccountsTx::Sqlite(store.begin().await?),
            Self::Postgres(store) => AccountsTx::Postgres(store.begin().await?),
        };
        metrics::histogram!("sir0_pool_wait_seconds", "service" => "accounts")
            .record(asked.elapsed().as_secs_f64());
        Ok(tx)
    }

    /// Reads an account.
    pub(crate) async fn user(&self, id: UserId) -> storage::Result<Option<User>> {
        on_either!(self, "user", store => store.user(id))
    }

    /// Reads the account that signs in with this e-mail.
    pub(crate) async fn user_by_email(&self, email: &Email) -> storage::Result<Option<Stored>> {
        on_either!(self, "user_by_email", store => store.user_by_email(email))
    }

    /// Which of these names another account has. `except` is the account that may have them.
    pub(crate) async fn taken(
        &self,
        username: &Username,
        email: &Email,
        except: Option<UserId>,
    ) -> storage::Result<Taken> {
        on_either!(self, "taken", store => store.taken(username, email, except))
    }

    /// The sessions that were ended and whose tokens would otherwise still be good.
    pub(crate) async fn ended_sessions(
        &self,
        now: Timestamp,
    ) -> storage::Result<Vec<SessionEnded>> {
        on_either!(self, "ended_sessions", store => store.ended_sessions(now))
    }
}

impl AccountsTx {
    /// Reads an account for a change. No other work changes it until this work ends.
    pub(crate) async fn user(&mut self, id: UserId) -> storage::Result<Option<User>> {
        on_either!(self, "user", work => work.user(id))
    }

    /// Adds an account. [`storage::Error::Taken`] when another account has the name or the e-mail.
    pub(crate) async fn add_user(
        &mut self,
        username: &Username,
        email: &Email,
        password_hash: &str,
        role: Role,
        at: Timestamp,
    ) -> storage::Result<UserId> {
        on_either!(self, "add_user", work => work.add_user(username, email, password_hash, role, at))
    }

    /// Writes a changed account back. [`storage::Error::Taken`] as above.
    pub(crate) async fn save_user(&mut self, user: &User, at: Timestamp) -> storage::Result<()> {
        on_either!(self, "save_user", work => work.save_user(user, at))
    }

    /// Gives an account another password.
    pub(crate) async fn set_password(
        &mut self,
        id: UserId,
        hash: &str,
        at: Timestamp,
    ) -> storage::Result<()> {
        on_either!(self, "set_password", work => work.set_password(id, hash, at))
    }

    /// Writes the same password hashed anew, unless it was changed meanwhile.
    pub(crate) async fn refresh_hash(
        &mut self,
        id: UserId,
        new: &str,
        old: &str,
    ) -> storage::Result<()> {
        on_either!(self, "refresh_hash", work => work.refresh_hash(id, new, old))
    }

    /// Begins a session for the account whose password was proved. `false` when the password or the role was changed
    /// meanwhile.
    pub(crate) async fn begin_session(
        &mut self,
        session: SessionId,
        proved: &Stored,
        now: Timestamp,
        expires: Timestamp,
    ) -> storage::Result<bool> {
        on_either!(self, "begin_session", work => work.begin_session(session, proved, now, expires))
    }

    /// Ends a session. `None` when it was ended before, or does not exist.
    pub(crate) async fn end_session(
        &mut self,
        id: SessionId,
        at: Timestamp,
    ) -> storage::Result<Option<SessionEnded>> {
        on_either!(self, "end_session", work => work.end_session(id, at))
    }

    /// Ends every session of an account, but for one.
    pub(crate) async fn end_sessions_of(
        &mut self,
        user: UserId,
        but_for: Option<SessionId>,
        at: Timestamp,
    ) -> storage::Result<Vec<SessionEnded>> {
        on_either!(self, "end_sessions_of", work => work.end_sessions_of(user, but_for, at))
    }

    /// Forgets sessions that are long over.
    pub(crate) async fn forget_sessions(
        &mut self,
        expired_before: Timestamp,
    ) -> storage::Result<()> {
        on_either!(self, "forget_sessions", work => work.forget_sessions(expired_before))
    }

    /// Records the event beside the end of a session, in the same transaction, so no service misses it. It is the last
    /// step before the commit, because other events wait for their place until then.
    pub(crate) async fn announce(
        &mut self,
        event: &SessionEnded,
        at: Timestamp,
    ) -> storage::Result<Position> {
        on_either!(self, "announce", work => work.announce(event, at))
    }

    /// Commits the unit of work.
    pub(crate) async fn commit(self) -> storage::Result<()> {
        on_either!(self, "commit", work => work.commit())
    }
}

#[cfg(test)]
mod tests;
