//! The connection for calls: kept alive in the background, and put out of reach as soon as it does not answer.
//!
//! A caller finds a connection here or finds none, and never waits for one. The third late answer in a row takes the
//! connection away. It comes back when Redis answers a ping in time. A background task sends that ping, never a caller.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use redis::{
    AsyncConnectionConfig, Client, Pipeline, RedisResult, Value, aio::MultiplexedConnection,
};
use tokio::{sync::watch, time};
use tracing::{Instrument, Span};

use crate::{
    Error, Redis,
    backoff::Backoff,
    error::is_refusal,
    numbers::{self, Op, Outcome, Wire},
};

/// A Redis that is silent for so long counts as gone.
pub(crate) const DEADLINE: Duration = Duration::from_secs(1);
/// How often an idle connection is tried.
const PING_EVERY: Duration = Duration::from_millis(750);
/// After so many missing answers in a row, Redis is not asked any more.
const FAILURES: u32 = 3;

/// The way to Redis.
#[derive(Debug)]
pub(crate) struct Line {
    client: Client,
    patience: Duration,
    /// There while Redis answers in time.
    connection: watch::Sender<Option<MultiplexedConnection>>,
    /// How many answers in a row are missing.
    failures: AtomicU32,
}

impl Line {
    pub(crate) fn new(client: Client, patience: Duration) -> Self {
        numbers::describe();
        numbers::up(false);
        let connection = watch::Sender::new(None);
        Self { client, patience, connection, failures: AtomicU32::new(0) }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) async fn get(&self, key: &str) -> (Outcome, Option<Bytes>) {
        let Some(mut connection) = self.connection() else { return (Outcome::Away, None) };
        // One byte more than the limit shows that the value is too long. The rest of the value is never sent.
        let mut get = redis::cmd("GETRANGE");
        get.arg(key).arg(0).arg(Redis::MAX_VALUE_BYTES);
        let asked = get.query_async::<Bytes>(&mut connection);
        let answer = time::timeout(self.patience, asked).instrument(span("GETRANGE")).await;
        match self.judge(answer) {
            Ok(value) if value.is_empty() => (Outcome::Miss, None),
            Ok(value) if value.len() > Redis::MAX_VALUE_BYTES => (Outcome::TooLarge, None),
            Ok(value) => (Outcome::Ok, Some(value)),
            Err(outcome) => (outcome, None),
        }
    }

    /// Sends all writes at once, and says for each whether it was done.
    pub(crate) async fn send(&self, writes: &mut Pipeline) -> Result<Vec<Outcome>, Outcome> {
        let mut connection = self.connection().ok_or(Outcome::Away)?;
        let began = Instant::now();
        let answers =
            writes.ignore_errors().query_async::<Vec<RedisResult<Value>>>(&mut connection);
        let answers = self.judge(time::timeout(DEADLINE, answers).await);
        numbers::took(Op::Write, began.elapsed());
        let of_each =
            |answer: RedisResult<_>| if answer.is_ok() { Outcome::Ok } else { Outcome::Refused };
        Ok(answers?.into_iter().map(of_each).collect())
    }

    fn connection(&self) -> Option<MultiplexedConnection> {
        self.connection.borrow().clone()
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
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        // A broken connection will not mend.
        if outcome == Outcome::Failed || failures >= FAILURES {
            self.close();
        }
        Err(outcome)
    }

    fn is_open(&self) -> bool {
        self.connection.borrow().is_some()
    }

    fn open(&self, connection: &MultiplexedConnection) {
        self.failures.store(0, Ordering::Relaxed);
        self.connection.send_replace(Some(connection.clone()));
    }

    fn close(&self) {
        self.connection.send_if_modified(|connection| connection.take().is_some());
    }
}

/// Keeps the line for as long as it is polled.
pub(crate) async fn keep(line: Arc<Line>) {
    let mut state = State::Unknown;
    let mut backoff = Backoff::new();
    let mut is_first = true;
    loop {
        let error = match connect(&line.client).await {
            Ok(connection) => {
                if !std::mem::take(&mut is_first) {
                    numbers::reconnected(Wire::Calls);
                }
                let Err(error) = attend(&line, connection, &mut state, &mut backoff).await;
                error
            }
            Err(error) => error,
        };
        line.close();
        state.away(&error);
        backoff.pause().await;
    }
}

/// Opens the line when Redis answers in time, and again after callers closed it. Ends when Redis does not answer at
/// all.
async fn attend(
    line: &Line,
    mut connection: MultiplexedConnection,
    state: &mut State,
    backoff: &mut Backoff,
) -> Result<Infallible, Error> {
    let mut changes = line.connection.subscribe();
    loop {
        let took = ping(&mut connection).await?;
        if !line.is_open() && took <= line.patience {
            line.open(&connection);
            state.up();
            backoff.went_well();
        } else if !line.is_open() {
            state.away(&Error::Silent(line.patience));
        }

        let is_closed = if line.is_open() {
            time::timeout(PING_EVERY, changes.wait_for(Option::is_none)).await.is_ok()
        } else {
            true
        };
        if is_closed {
            backoff.pause().await;
        }
    }
}

/// A connection on which every request is answered within [`DEADLINE`] or fails.
pub(crate) async fn connect(client: &Client) -> Result<MultiplexedConnection, Error> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(DEADLINE))
        .set_response_timeout(Some(DEADLINE));
    in_time(client.get_multiplexed_async_connection_with_config(&config)).await
}

/// Asks for a sign of life, and says how long it took.
pub(crate) async fn ping(connection: &mut MultiplexedConnection) -> Result<Duration, Error> {
    let began = Instant::now();
    let answer = in_time(redis::cmd("PING").query_async::<Value>(connection)).await;
    let took = began.elapsed();
    numbers::took(Op::Ping, took);
    numbers::called(
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

/// Waits no longer than [`DEADLINE`].
pub(crate) async fn in_time<T>(answer: impl Future<Output = RedisResult<T>>) -> Result<T, Error> {
    match time::timeout(DEADLINE, answer).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) if error.is_timeout() => Err(Error::Silent(DEADLINE)),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(Error::Silent(DEADLINE)),
    }
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
            numbers::up(true);
            tracing::info!("Redis answers");
        }
    }

    fn away(&mut self, error: &Error) {
        if std::mem::replace(self, Self::Away) != Self::Away {
            numbers::up(false);
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
