//! The connection for calls: tried in the background, and put out of reach as soon as it does not answer.
//!
//! A caller finds a connection here or finds none, and never waits for one longer than its patience. The third missing
//! answer in a row takes the connection away. It comes back when Redis answers a ping in time. A background task sends
//! that ping, never a caller.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use redis::{Client, Pipeline, RedisResult, Value, aio::ConnectionManager};
use tokio::{sync::watch, time};
use tracing::{Instrument, Span};

use crate::{
    Error, Redis,
    connect::{DEADLINE, Losses, PING_EVERY, in_time},
    error::is_refusal,
    metrics::{self, Op, Outcome, Wire},
    rate::{self, Taken},
};

/// After so many missing answers in a row, Redis is not asked any more.
const FAILURES: u32 = 3;

/// The way to Redis.
#[derive(Debug)]
pub(crate) struct Connection {
    client: Client,
    patience: Duration,
    /// There while Redis answers in time.
    manager: watch::Sender<Option<ConnectionManager>>,
    /// How many answers in a row are missing.
    failures: AtomicU32,
}

impl Connection {
    pub(crate) fn new(client: Client, patience: Duration) -> Self {
        metrics::describe();
        metrics::up(false);
        let manager = watch::Sender::new(None);
        Self { client, patience, manager, failures: AtomicU32::new(0) }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) async fn get(&self, key: &str) -> (Outcome, Option<Bytes>) {
        let Some(mut manager) = self.manager() else { return (Outcome::Away, None) };
        // One byte more than the limit shows that the value is too long. The rest of the value is never sent.
        let mut get = redis::cmd("GETRANGE");
        get.arg(key).arg(0).arg(Redis::MAX_VALUE_BYTES);
        let asked = get.query_async::<Bytes>(&mut manager);
        let answer = time::timeout(self.patience, asked).instrument(span("GETRANGE")).await;
        match self.judge(answer) {
            Ok(value) if value.is_empty() => (Outcome::Miss, None),
            Ok(value) if value.len() > Redis::MAX_VALUE_BYTES => (Outcome::TooLarge, None),
            Ok(value) => (Outcome::Ok, Some(value)),
            Err(outcome) => (outcome, None),
        }
    }

    pub(crate) async fn take(
        &self,
        key: &str,
        interval: Duration,
        window: Duration,
    ) -> (Outcome, Option<Taken>) {
        let Some(mut manager) = self.manager() else { return (Outcome::Away, None) };
        let take = rate::command(key, interval, window);
        let asked = take.query_async::<Value>(&mut manager);
        let answer = time::timeout(self.patience, asked).instrument(span("EVAL")).await;
        match self.judge(answer) {
            // An answer of another form is one: Redis is there, and lies.
            Ok(value) => {
                match redis::from_redis_value(value).ok().and_then(|it| Taken::of(it, window)) {
                    Some(taken) => (Outcome::Ok, Some(taken)),
                    None => (Outcome::Refused, None),
                }
            }
            Err(outcome) => (outcome, None),
        }
    }

    /// Sends all writes at once, and says for each whether it was done.
    pub(crate) async fn send(&self, writes: &mut Pipeline) -> Result<Vec<Outcome>, Outcome> {
        let mut manager = self.manager().ok_or(Outcome::Away)?;
        let began = Instant::now();
        let answers = writes.ignore_errors().query_async::<Vec<RedisResult<Value>>>(&mut manager);
        let answers = self.judge(time::timeout(DEADLINE, answers).await);
        metrics::took(Op::Write, began.elapsed());
        let of_each =
            |answer: RedisResult<_>| if answer.is_ok() { Outcome::Ok } else { Outcome::Refused };
        Ok(answers?.into_iter().map(of_each).collect())
    }

    fn manager(&self) -> Option<ConnectionManager> {
        self.manager.borrow().clone()
    }

    /// Counts the missing answers. A refusal is an answer.
    fn judge<T>(&self, answer: Result<RedisResult<T>, time::error::Elapsed>) -> Result<T, Outcome> {
        let outcome = match answer {
            Ok(Ok(value)) => {
                self.failures.store(0, Ordering::Relaxed);
                return Ok(value);
            }
            Ok(Err(error)) if is_refusal(&error) => {
                self.failures.store(0, Ordering::Relaxed);
                return Err(Outcome::Refused);
            }
            Ok(Err(error)) if !error.is_timeout() => Outcome::Failed,
            Ok(Err(_)) | Err(_) => Outcome::Late,
        };
        if self.failures.fetch_add(1, Ordering::Relaxed) + 1 >= FAILURES {
            self.close();
        }
        Err(outcome)
    }

    /// Keeps the connection for as long as it is polled.
    pub(crate) async fn keep(self: Arc<Self>) {
        let mut state = State::Unknown;
        let losses = Losses::new(Wire::Calls);
        loop {
            // `ConnectionManager` mends a connection that broke. It would keep one that is silent or that was refused,
            // so the first ping without an answer ends the manager too.
            let Err(error) = self.attend(&losses, &mut state).await;
            self.close();
            state.away(&error);
            time::sleep(PING_EVERY).await;
        }
    }

    /// Lets callers in when Redis answers in time, and again after callers found it late. Ends when Redis does not
    /// answer at all.
    async fn attend(&self, losses: &Losses, state: &mut State) -> Result<Infallible, Error> {
        let mut manager = losses.connect(&self.client, |_push| ()).await?;
        loop {
            let took = ping(&mut manager).await?;
            losses.mended();
            let is_open = self.manager.borrow().is_some();
            if !is_open && took <= self.patience {
                self.failures.store(0, Ordering::Relaxed);
                self.manager.send_replace(Some(manager.clone()));
                state.up();
            } else if !is_open {
                state.away(&Error::Silent(self.patience));
            }
            time::sleep(PING_EVERY).await;
        }
    }

    fn close(&self) {
        self.manager.send_replace(None);
    }
}

/// Asks for a sign of life, and says how long it took.
pub(crate) async fn ping(manager: &mut ConnectionManager) -> Result<Duration, Error> {
    let began = Instant::now();
    let answer = in_time(redis::cmd("PING").query_async::<Value>(manager)).await;
    let took = began.elapsed();
    metrics::took(Op::Ping, took);
    metrics::called(
        Op::Ping,
        match &answer {
            Ok(_) => Outcome::Ok,
            Err(Error::Refused(_)) => Outcome::Refused,
            Err(Error::Unreachable(_)) => Outcome::Failed,
            Err(Error::Silent(_)) => Outcome::Late,
        },
    );
    answer.map(|_| took)
}

/// The last state of Redis that was logged, so that it is logged once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Unknown,
    Up,
    Away,
}

impl State {
    fn up(&mut self) {
        if std::mem::replace(self, Self::Up) != Self::Up {
            metrics::up(true);
            tracing::info!("Redis answers");
        }
    }

    fn away(&mut self, error: &Error) {
        if std::mem::replace(self, Self::Away) != Self::Away {
            metrics::up(false);
            let error = error as &dyn std::error::Error;
            tracing::warn!(error, "Redis does not answer, going on without it");
        }
    }
}

/// A span for one command. It is made only inside a call that is traced. It does not hold the key, which may show what
/// a person asks for.
fn span(command: &'static str) -> Span {
    tracing::info_span!(target: "sir0::trace::redis", "redis", otel.kind = "client", otel.name = command,
        db.system.name = "redis", db.operation.name = command)
}
