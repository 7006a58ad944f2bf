//! A Redis that helps when it can: a shared cache and a doorbell between instances. It may be slow, down, restarted
//! empty or full of garbage, and no call fails or waits for it longer than a moment.
//!
//! [`Redis::get`] answers within its patience or with nothing. A write is queued, sent in the background, and dropped
//! when it cannot be sent. A [`Subscription`] says when something may have been missed, so that the listener looks for
//! itself. Nothing in Redis is the truth about anything.

mod config;
mod connect;
mod connection;
mod error;
mod metrics;
mod queue;
mod rate;
mod subscription;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio_util::task::AbortOnDropHandle;

pub use self::{
    config::{Config, SETTINGS},
    error::{Error, OpenError},
    rate::Taken,
    subscription::{Notice, Subscription},
};
use self::{
    connection::Connection,
    metrics::{Op, Outcome},
    queue::{Queue, Write},
};

/// A Redis, reached in the background for as long as a clone of this lives. Cheap to clone.
#[derive(Clone)]
pub struct Redis {
    connection: Arc<Connection>,
    queue: Queue,
    /// The tasks end with the last clone.
    _tasks: Arc<[AbortOnDropHandle<()>; 2]>,
}

impl Redis {
    /// The longest value that is written or read.
    pub const MAX_VALUE_BYTES: usize = 1024 * 1024;

    /// Begins to connect. A Redis that cannot be reached is no error: it is tried again until it can.
    ///
    /// Must be called within a tokio runtime.
    pub fn open(config: &Config) -> Result<Self, OpenError> {
        let client = config.client()?;
        let connection = Arc::new(Connection::new(client, config.patience));
        let (queue, waiting) = Queue::new();
        let tasks = [
            tokio::spawn(Arc::clone(&connection).keep()),
            tokio::spawn(queue::drain(waiting, Arc::clone(&connection))),
        ];
        Ok(Self { connection, queue, _tasks: Arc::new(tasks.map(AbortOnDropHandle::new)) })
    }

    /// The value under this key. Anyone may have written these bytes, so the caller judges them.
    ///
    /// `None` also when Redis does not answer within the patience, is known not to answer, or keeps more than
    /// [`Self::MAX_VALUE_BYTES`]. An empty value counts as none.
    pub async fn get(&self, key: &str) -> Option<Bytes> {
        let began = Instant::now();
        let (outcome, value) = self.connection.get(key).await;
        metrics::called(Op::Get, outcome);
        if outcome != Outcome::Away {
            metrics::took(Op::Get, began.elapsed());
        }
        value
    }

    /// Counts one more under this key, unless there were too many: one is free at each interval, and as many at once as the
    /// window has intervals. All instances count together.
    ///
    /// `None` when Redis does not answer within the patience, is known not to answer, or answers what is no answer.
    pub async fn take(&self, key: &str, interval: Duration, window: Duration) -> Option<Taken> {
        let began = Instant::now();
        let (outcome, taken) = self.connection.take(key, interval, window).await;
        metrics::called(Op::Take, outcome);
        if outcome != Outcome::Away {
            metrics::took(Op::Take, began.elapsed());
        }
        taken
    }

    /// Keeps a value until `ttl` is over, or a shorter time. Does not wait. The value is dropped when Redis is away,
    /// the queue is full, or it is longer than [`Self::MAX_VALUE_BYTES`].
    pub fn put(&self, key: impl Into<String>, value: Bytes, ttl: Duration) {
        if value.len() > Self::MAX_VALUE_BYTES {
            return metrics::called(Op::Put, Outcome::TooLarge);
        }
        self.queue.push(Write::Put { key: key.into(), value, ttl });
    }

    /// Sends a message to every current subscriber. Does not wait, and may not happen. The same message to the same
    /// channel, published several times before it could be sent, is sent once.
    pub fn publish(&self, channel: impl Into<String>, message: impl Into<String>) {
        self.queue.push(Write::Publish { channel: channel.into(), message: message.into() });
    }

    /// Listens to a channel on a separate connection, until the subscription is dropped.
    #[must_use]
    pub fn subscribe(&self, channel: impl Into<String>) -> Subscription {
        Subscription::begin(self.connection.client().clone(), channel.into())
    }

    /// Makes a new connection and asks for a sign of life, in at most two seconds. Says how long the answer took, or
    /// why there was none.
    pub async fn check(&self) -> Result<Duration, Error> {
        let mut connection = connect::connect(self.connection.client(), |_push| ()).await?;
        connection::ping(&mut connection).await
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").finish_non_exhaustive()
    }
}
