//! How Redis does, for graphs and alarms.

use std::time::Duration;

const CALLS: &str = "sir0_redis_calls_total";
const CALL_SECONDS: &str = "sir0_redis_call_seconds";
const UP: &str = "sir0_redis_up";
const RECONNECTS: &str = "sir0_redis_reconnects_total";

/// What Redis was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Get,
    Put,
    Publish,
    /// One more of what is limited.
    Take,
    /// All waiting writes that were sent together. Measured, not counted.
    Write,
    Ping,
}

impl Op {
    const fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Put => "put",
            Self::Publish => "publish",
            Self::Take => "take",
            Self::Write => "write",
            Self::Ping => "ping",
        }
    }
}

/// How a call went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Done. A `get` found a value.
    Ok,
    /// There is no such value.
    Miss,
    /// The value is longer than may be sent or read.
    TooLarge,
    /// Redis refused.
    Refused,
    /// The connection broke.
    Failed,
    /// No answer in time.
    Late,
    /// Not asked: Redis is known not to answer at the moment.
    Away,
    /// Not asked: the queue is full.
    Full,
    /// Not asked: an equal message is sent anyway.
    Same,
}

impl Outcome {
    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Miss => "miss",
            Self::TooLarge => "too_large",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Late => "late",
            Self::Away => "away",
            Self::Full => "full",
            Self::Same => "same",
        }
    }
}

/// Which of the two kinds of connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    Calls,
    Doorbell,
}

/// Says what the metrics mean.
pub(crate) fn describe() {
    metrics::describe_counter!(CALLS, "What Redis was asked for, and how it went");
    metrics::describe_histogram!(
        CALL_SECONDS,
        metrics::Unit::Seconds,
        "How long Redis took, or was waited for"
    );
    metrics::describe_gauge!(UP, "1 while Redis is asked, 0 while it is known not to answer");
    metrics::describe_counter!(RECONNECTS, "Connections to Redis that replaced a lost one");
}

pub(crate) fn called(op: Op, outcome: Outcome) {
    metrics::counter!(CALLS, "op" => op.name(), "outcome" => outcome.name()).increment(1);
}

pub(crate) fn took(op: Op, time: Duration) {
    metrics::histogram!(CALL_SECONDS, "op" => op.name()).record(time.as_secs_f64());
}

pub(crate) fn up(is_up: bool) {
    metrics::gauge!(UP).set(if is_up { 1.0 } else { 0.0 });
}

pub(crate) fn reconnected(wire: Wire) {
    let wire = match wire {
        Wire::Calls => "calls",
        Wire::Doorbell => "doorbell",
    };
    metrics::counter!(RECONNECTS, "connection" => wire).increment(1);
}
