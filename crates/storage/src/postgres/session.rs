//! The settings that a session gets when it begins, and the check that no pooler lends it for single transactions.
//!
//! Bounds on the server's side hold also when this process is gone in the middle of a call. They are set by statements
//! and not by start-up `options`: `PgBouncer` refuses those, or drops them in silence when it is told to ignore them.

use std::time::Duration;

use sqlx::{Connection, Executor, PgConnection, Row, postgres::PgConnectOptions};

use crate::{Error, Result};

/// How long a call waits for a connection or a lock.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// How long the start waits for a server that is on its way up.
const STARTING: Duration = Duration::from_secs(30);

/// What a session is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Session {
    /// Calls that write.
    Writing,
    /// Calls that only read.
    Reading,
    /// A step of the schema, which may take long.
    Unbounded,
}

impl Session {
    /// Sends the settings of the session to the server, in one message.
    pub(super) async fn begin(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let statements = match self {
            Self::Writing => {
                "SET statement_timeout = '10s'; SET lock_timeout = '5s'; \
                 SET idle_in_transaction_session_timeout = '10s'"
            }
            Self::Reading => {
                "SET statement_timeout = '10s'; SET lock_timeout = '5s'; \
                 SET idle_in_transaction_session_timeout = '10s'; \
                 SET default_transaction_read_only = on"
            }
            Self::Unbounded => "SET statement_timeout = 0; SET lock_timeout = 0",
        };
        connection.execute(sqlx::raw_sql(statements)).await.map(drop)
    }
}

/// Connects and begins a session, or gives up: a server behind a broken network says neither yes nor no.
pub(super) async fn connect(options: &PgConnectOptions, session: Session) -> Result<PgConnection> {
    let connecting = async {
        let mut connection = PgConnection::connect_with(options).await?;
        session.begin(&mut connection).await?;
        Ok(connection)
    };
    let connected: Result<_, sqlx::Error> =
        tokio::time::timeout(PATIENCE, connecting).await.unwrap_or(Err(sqlx::Error::PoolTimedOut));
    Ok(connected?)
}

/// Connects at the start of the program, when the server may still be on its way up too.
pub(super) async fn connect_in_time(
    options: &PgConnectOptions,
    session: Session,
) -> Result<PgConnection> {
    let until = tokio::time::Instant::now() + STARTING;
    loop {
        match connect(options, session).await {
            Err(error @ Error::Unavailable(_)) if tokio::time::Instant::now() < until => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the database does not answer yet, trying again"
                );
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            done => return done,
        }
    }
}

/// Refuses a pooler that lends sessions for a transaction at a time. Nothing then belongs to a connection: bounds,
/// prepared statements, advisory locks and `LISTEN` end up with others.
pub(super) async fn refuse_lent_transactions(options: &PgConnectOptions) -> Result<()> {
    match tokio::time::timeout(PATIENCE, are_transactions_lent(options)).await {
        Ok(Ok(true)) => Err(Error::Pooled),
        Ok(Ok(false)) => Ok(()),
        Ok(Err(error)) => {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "not known whether a pooler lends transactions"
            );
            Ok(())
        }
        // A pooler that lends sessions and has only one left lets the second connection wait.
        Err(_elapsed) => Ok(()),
    }
}

/// Whether two connections that are open at the same time shared a session, or one of them changed its session. Neither
/// can happen without a pooler, or with a pooler that lends sessions, so `true` is proof. While one connection is
/// inside a transaction, a pooler that lends transactions has to move the other one to another session, unless the two
/// have different sessions by chance. So `false` is only as good as the luck of [`ROUNDS`] rounds among sessions that
/// others use too.
async fn are_transactions_lent(options: &PgConnectOptions) -> sqlx::Result<bool> {
    const ROUNDS: u32 = 3;
    let (mut one, mut other) =
        tokio::try_join!(PgConnection::connect_with(options), PgConnection::connect_with(options))?;
    let mut is_lent = false;
    for _ in 0..ROUNDS {
        let before = session_of(&mut one).await?;
        // A pooler that lends single statements refuses this.
        if let Err(refused) = other.execute(sqlx::raw_sql("BEGIN")).await {
            return if refused.as_database_error().is_some() { Ok(true) } else { Err(refused) };
        }
        is_lent = session_of(&mut other).await? == before || session_of(&mut one).await? != before;
        other.execute(sqlx::raw_sql("ROLLBACK")).await?;
        if is_lent {
            break;
        }
    }
    one.close().await?;
    other.close().await?;
    Ok(is_lent)
}

/// The id of the server process that answers. The query is not a prepared statement, because a pooler would lose that.
async fn session_of(connection: &mut PgConnection) -> sqlx::Result<i32> {
    connection.fetch_one(sqlx::raw_sql("SELECT pg_backend_pid()")).await?.try_get(0)
}
