//! Connections that are kept: made ready, tried after a pause, and cleaned of what a cancelled call left.

use std::{error::Error, time::Duration};

use sqlx::{Connection, Executor, PgConnection, postgres::PgPoolOptions};

use super::session::{PATIENCE, Session};

/// A connection that was idle for longer is pinged before it is used.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);
/// Connections are renewed, so that a server that came back or moved gets its share again.
const LIFETIME: Duration = Duration::from_mins(30);

/// How connections for these sessions are kept.
pub(super) fn kept(connections: u32, session: Session) -> PgPoolOptions {
    PgPoolOptions::new()
        .after_connect(move |connection, _| Box::pin(session.begin(connection)))
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(PATIENCE)
        .max_lifetime(LIFETIME)
        .test_before_acquire(false)
        .before_acquire(|connection, idle| Box::pin(still_there(connection, idle.idle_for)))
}

/// Whether a connection from the pool can be used. Checked only after a pause: a busy connection answered just now.
async fn still_there(connection: &mut PgConnection, idle: Duration) -> sqlx::Result<bool> {
    if idle < TRUSTED_IDLE {
        return Ok(true);
    }
    Ok(matches!(tokio::time::timeout(Duration::from_secs(1), connection.ping()).await, Ok(Ok(()))))
}

/// Ends a transaction that a cancelled call left open, or answers that the connection is to be closed.
///
/// sqlx 0.9 can hand a connection back inside a transaction when `begin` is cancelled (transact-rs/sqlx 4385, 4393).
/// The next user's write would then join that transaction, be acknowledged, and never be committed.
pub(super) async fn end_open_transaction(connection: &mut PgConnection) -> sqlx::Result<bool> {
    // `BEGIN` comes first: usually no transaction is open, and a bare `ROLLBACK` then fills the server's log with
    // warnings.
    let statement = sqlx::raw_sql("BEGIN; ROLLBACK");
    let cleaned = tokio::time::timeout(Duration::from_secs(1), connection.execute(statement));
    match cleaned.await {
        Ok(Ok(_)) => Ok(!connection.is_in_transaction()),
        Ok(Err(error)) => {
            tracing::debug!(error = &error as &dyn Error, "a connection is lost and is closed");
            Ok(false)
        }
        Err(_elapsed) => Ok(false),
    }
}
