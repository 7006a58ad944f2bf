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
    here: Notify,
    elsewhere: Arc<Notify>,
    /// Without a Redis, PostgreSQL tells the others when it gives positions. Processes that share a file poll.
    wire: Option<Wire>,
}

/// What a ring is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ring {
    /// Something was committed here. It may have no position yet.
    Committed,
    /// Another process says that there is something to read.
    Numbered,
}

#[derive(Debug)]
struct Wire {
    redis: Redis,
    channel: String,
    /// Whether others can read what was committed at once, or only once it has a position.
    rings_at_once: bool,
}

impl Doorbell {
    /// Hangs the doorbell up. Its listening tasks end with `stopped`.
    pub(crate) fn hang(
        feed: &str,
        database: &Database,
        redis: Option<Redis>,
        stopped: &CancellationToken,
    ) -> Self {
        let elsewhere = Arc::new(Notify::new());
        let until = |task: Task| {
            let stopped = stopped.clone();
            tokio::spawn(async move { stopped.run_until_cancelled(task).await })
        };
        let wire = match (redis, database) {
            (Some(redis), _) => {
                let channel = format!("sir0:feed:{feed}");
                let heard = Arc::clone(&elsewhere);
                until(Box::pin(hear_redis(redis.clone(), channel.clone(), heard)));
                let rings_at_once = matches!(database, Database::Sqlite(_));
                Some(Wire { redis, channel, rings_at_once })
            }
            (None, Database::Postgres(database)) => {
                until(Box::pin(listen(database.clone(), Arc::clone(&elsewhere))));
                None
            }
            (None, Database::Sqlite(_)) => None,
        };
        Self { here: Notify::new(), elsewhere, wire }
    }

    /// Says that something was committed, and does not wait.
    pub(crate) fn ring(&self) {
        self.here.notify_one();
        if let Some(wire) = self.wire.as_ref().filter(|wire| wire.rings_at_once) {
            wire.ring();
        }
    }

    /// Says that events got their positions, and does not wait.
    pub(crate) fn ring_elsewhere(&self) {
        if let Some(wire) = &self.wire {
            wire.ring();
        }
    }

    /// Waits for a ring. A ring that came before is not lost. Several rings count as one.
    pub(crate) async fn rings(&self) -> Ring {
        tokio::select! {
            biased;
            () = self.here.notified() => Ring::Committed,
            () = self.elsewhere.notified() => Ring::Numbered,
        }
    }
}

impl Wire {
    fn ring(&self) {
        self.redis.publish(self.channel.clone(), String::new());
    }
}

type Task = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

async fn hear_redis(redis: Redis, channel: String, elsewhere: Arc<Notify>) {
    let mut rings = redis.subscribe(channel);
    loop {
        rings.next().await;
        elsewhere.notify_one();
    }
}

async fn listen(database: postgres::Database, elsewhere: Arc<Notify>) {
    loop {
        let Err(error) = hear(&database, &elsewhere).await;
        tracing::debug!(error = &error as &dyn Error, "the doorbell is not heard at the moment");
        tokio::time::sleep(RETRY).await;
    }
}

async fn hear(
    database: &postgres::Database,
    elsewhere: &Notify,
) -> storage::Result<std::convert::Infallible> {
    let mut notices = database.listen().await?;
    loop {
        // The first ring stands for those that were missed before this connection listened.
        elsewhere.notify_one();
        notices.next().await?;
    }
}
