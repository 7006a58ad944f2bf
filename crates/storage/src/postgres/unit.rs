//! A unit of work on a connection of a pool.

use std::{
    error::Error as StdError,
    ops::{Deref, DerefMut},
    time::Duration,
};

use sqlx::{Executor, PgConnection, PgPool, Postgres, pool::PoolConnection};
use tokio::{runtime::Handle, time::timeout};

use crate::{Outcome, Result, once};

/// How long the end of an abandoned unit of work may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// A unit of work: all of it happens or none. Dropped without a commit, it is rolled back, and its connection is lent
/// again afterwards.
///
/// It does not use the transactions of sqlx, because sqlx 0.9 can hand a connection back inside a transaction when `begin`
/// is cancelled (transact-rs/sqlx 4385, 4393). The next user's write would then join that transaction, be acknowledged,
/// and never be committed. Here a connection whose `BEGIN` or `COMMIT` was not answered is closed.
#[derive(Debug)]
pub struct Tx {
    /// `None` once it is committed.
    connection: Option<PoolConnection<Postgres>>,
    /// Whether the server answered the last word about the transaction.
    is_answered: bool,
}

impl Tx {
    pub(super) async fn begin(pool: &PgPool, statement: &'static str) -> Result<Self> {
        let mut tx = Self { connection: Some(pool.acquire().await?), is_answered: false };
        tx.execute(sqlx::raw_sql(statement)).await?;
        tx.is_answered = true;
        Ok(tx)
    }

    /// Commits it.
    pub async fn commit(mut self) -> Result<()> {
        self.is_answered = false;
        self.execute(sqlx::raw_sql("COMMIT")).await?;
        self.connection = None;
        Ok(())
    }

    /// Commits it if it has an answer, or rolls it back. An error takes the place of the answer. Only a call with an
    /// idempotency key waits for the rollback: its caller may correct the request at once, and the key has to be free by then.
    pub async fn end(mut self, outcome: Outcome) -> Result<()> {
        if outcome == Outcome::Done {
            self.commit().await?;
        } else if once::is_asked()
            && let Some(connection) = self.connection.take()
        {
            // On a separate task, because a rollback that is broken off would leave the connection inside it.
            tokio::spawn(roll_back(connection)).await.ok();
        }
        Ok(())
    }
}

impl Deref for Tx {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.connection.as_ref().expect("only a commit takes it, and that is the end")
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.connection.as_mut().expect("only a commit takes it, and that is the end")
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        match Handle::try_current() {
            Ok(runtime) if self.is_answered => drop(runtime.spawn(roll_back(connection))),
            _ => connection.close_on_drop(),
        }
    }
}

/// Rolls an abandoned unit of work back, and closes its connection where that fails.
async fn roll_back(mut connection: PoolConnection<Postgres>) {
    match timeout(PATIENCE, connection.execute(sqlx::raw_sql("ROLLBACK"))).await {
        Ok(Ok(_)) => return,
        Ok(Err(error)) => {
            tracing::debug!(error = &error as &dyn StdError, "a connection is lost and is closed");
        }
        Err(_elapsed) => {}
    }
    connection.close_on_drop();
}
