//! Connections that are kept: made ready, and tried after a pause.

use std::time::Duration;

use sqlx::{Connection, PgConnection, postgres::PgPoolOptions};

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
