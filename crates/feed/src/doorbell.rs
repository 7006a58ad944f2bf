//! What wakes the relay: a ring in this process, or in another one.
//!
//! A ring carries nothing and may be lost. What it is about lies in the table, where the relay finds it anyway.

use std::{error::Error, sync::Arc, time::Duration};

use sir0_redis::Redis;
use sir0_storage::{self as storage, Database, postgres};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How long to wait before listening anew when the database does not answer. The poll goes on meanwhile.
const RETRY: Duration = Duration::from_secs(1);

/// Rings here and, where there is a wire, in every process that follows the same table.
#[derive(Debug)]
pub(crate) struct Doorbell {
    here: Arc<Notify>,
    wire: Wire,
}

#[derive(Debug)]
enum Wire {
    /// One process, or several that share a file and poll.
    None,
    Redis {
        redis: Redis,
        channel: String,
    },
    /// `LISTEN` and `NOTIFY`; rung by a task, so that many commits at once cost one statement.
    Postgres {
        out: Arc<Notify>,
    },
}

impl Doorbell {
    /// Hangs the doorbell up. Its listening tasks end with `stopped`.
    pub(crate) fn hang(
        feed: &str,
        database: &Database,
        redis: Option<Redis>,
        stopped: &CancellationToken,
    ) -> Self {
        let here = Arc::new(Notify::new());
        let until = |task: Task| {
            let stopped = stopped.clone();
            tokio::spawn(async move { stopped.run_until_cancelled(task).await })
        };
        let wire = match (redis, database) {
            (Some(redis), _) => {
                let channel = format!("sir0:feed:{feed}");
                until(Box::pin(hear_redis(redis.clone(), channel.clone(), Arc::clone(&here))));
                Wire::Redis { redis, channel }
            }
            (None, Database::Postgres(database)) => {
                let out = Arc::new(Notify::new());
                until(Box::pin(listen(database.clone(), Arc::clone(&here))));
                until(Box::pin(notify(database.clone(), Arc::clone(&out))));
                Wire::Postgres { out }
            }
            (None, Database::Sqlite(_)) => Wire::None,
        };
        Self { here, wire }
    }

    /// Rings, and does not wait.
    pub(crate) fn ring(&self) {
        self.here.notify_one();
        match &self.wire {
            Wire::None => {}
            Wire::Redis { redis, channel } => redis.publish(channel.clone(), String::new()),
            Wire::Postgres { out } => out.notify_one(),
        }
    }

    /// Waits for a ring. A ring that came before is not lost. Several rings count as one.
    pub(crate) async fn rings(&self) {
        self.here.notified().await;
    }
}

type Task = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

async fn hear_redis(redis: Redis, channel: String, here: Arc<Notify>) {
    let mut rings = redis.subscribe(channel);
    loop {
        rings.next().await;
        here.notify_one();
    }
}

async fn listen(database: postgres::Database, here: Arc<Notify>) {
    loop {
        let Err(error) = hear(&database, &here).await;
        tracing::debug!(error = &error as &dyn Error, "the doorbell is not heard at the moment");
        tokio::time::sleep(RETRY).await;
    }
}

async fn hear(
    database: &postgres::Database,
    here: &Notify,
) -> storage::Result<std::convert::Infallible> {
    let mut notices = database.listen().await?;
    loop {
        // The first ring stands for those that were missed before this connection listened.
        here.notify_one();
        notices.next().await?;
    }
}

async fn notify(database: postgres::Database, out: Arc<Notify>) {
    loop {
        out.notified().await;
        if let Err(error) = database.notify().await {
            tracing::debug!(error = &error as &dyn Error, "the doorbell could not be rung");
        }
    }
}
