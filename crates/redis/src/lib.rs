//! A Redis that helps when it can: a shared cache and a doorbell between instances. It may be slow, down, restarted
//! empty or full of garbage, and no call fails or waits for it longer than a moment.
//!
//! [`Redis::get`] answers within its patience or with nothing. What is written is queued, sent behind the caller's
//! back, and dropped when it cannot be sent. A [`Subscription`] says when something may have been missed, so whoever
//! listens looks for itself. Nothing in Redis is the truth about anything.

mod backoff;
mod config;
mod error;
mod line;
mod numbers;
mod queue;
mod subscription;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio_util::task::AbortOnDropHandle;

pub use self::{
    config::Config,
    error::{Error, OpenError},
    subscription::{Rung, Subscription},
};
use self::{
    line::Line,
    numbers::{Op, Outcome},
    queue::{Queue, Write},
};

/// A Redis, reached in the background for as long as a clone of this lives. Cheap to clone.
#[derive(Clone)]
pub struct Redis {
    line: Arc<Line>,
    queue: Queue,
    /// Ended with the last clone.
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
        let line = Arc::new(Line::new(client, config.patience));
        let (queue, waiting) = Queue::new();
        let tasks = [
            tokio::spawn(line::keep(Arc::clone(&line))),
            tokio::spawn(queue::drain(waiting, Arc::clone(&line))),
        ];
        Ok(Self { line, queue, _tasks: Arc::new(tasks.map(AbortOnDropHandle::new)) })
    }

    /// What is kept under this key: bytes that anyone may have written, so the caller judges them.
    ///
    /// `None` also when Redis does not answer within the patience, is known not to answer, or keeps more than
    /// [`Self::MAX_VALUE_BYTES`]. An empty value is as good as none.
    pub async fn get(&self, key: &str) -> Option<Bytes> {
        let began = Instant::now();
        let (outcome, value) = self.line.get(key).await;
        numbers::called(Op::Get, outcome);
        if outcome != Outcome::Away {
            numbers::took(Op::Get, began.elapsed());
        }
        value
    }

    /// Keeps a value until `ttl` is over, or a shorter time. Does not wait; the value is dropped when Redis is away,
    /// too much waits already, or it is longer than [`Self::MAX_VALUE_BYTES`].
    pub fn put(&self, key: impl Into<String>, value: Bytes, ttl: Duration) {
        if value.len() > Self::MAX_VALUE_BYTES {
            return numbers::called(Op::Put, Outcome::TooLarge);
        }
        self.queue.push(Write::Put { key: key.into(), value, ttl });
    }

    /// Forgets a value, after every [`Self::put`] that came before. Does not wait, and may not happen: what is kept
    /// must be such that a value nobody removed misleads no one.
    pub fn remove(&self, key: impl Into<String>) {
        self.queue.push(Write::Remove { key: key.into() });
    }

    /// Says something to everyone who is subscribed at the moment. Does not wait, and may not happen. The same
    /// message to the same channel, said several times before it could be sent, is sent once.
    pub fn publish(&self, channel: impl Into<String>, message: impl Into<String>) {
        self.queue.push(Write::Publish { channel: channel.into(), message: message.into() });
    }

    /// Listens to a channel on a connection of its own, until the subscription is dropped.
    #[must_use]
    pub fn subscribe(&self, channel: impl Into<String>) -> Subscription {
        Subscription::begin(self.line.client().clone(), channel.into())
    }

    /// Connects anew and asks for a sign of life, at most two seconds in all. Says how long the answer took, or why
    /// there was none.
    pub async fn check(&self) -> Result<Duration, Error> {
        let mut connection = line::connect(self.line.client()).await?;
        line::ping(&mut connection).await
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").finish_non_exhaustive()
    }
}
