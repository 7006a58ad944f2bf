//! Counting calls: by method, door and code, with how long they took.

use std::{
    sync::{Arc, OnceLock},
    time::Instant,
};

use http::{HeaderMap, HeaderName};
use metrics::{Counter, Histogram};
use sir0_contract::{CALLS, Call};
use sir0_rpc::trace::CallTrace;
use tonic::Code;

/// How a call came in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Door {
    Rest,
    Grpc,
    GrpcWeb,
}

impl Door {
    const COUNT: usize = 3;

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Rest => "rest",
            Self::Grpc => "grpc",
            Self::GrpcWeb => "grpc-web",
        }
    }
}

const CODES: usize = 17;

/// The counters of every call, found once and kept: a look-up by name each time would cost more than the counting.
#[derive(Clone)]
pub(crate) struct CallMetrics(Arc<[[PerDoor; Door::COUNT]]>);

#[derive(Default)]
struct PerDoor {
    finished: [OnceLock<Counter>; CODES],
    seconds: OnceLock<Histogram>,
}

impl CallMetrics {
    pub(crate) fn new() -> Self {
        Self(CALLS.iter().map(|_| Default::default()).collect())
    }

    /// Counts a call that ended.
    pub(crate) fn finished(&self, call: &'static Call, door: Door, code: Code, started: Instant) {
        let PerDoor { finished, seconds } = &self.0[call.index][door as usize];
        let counter = finished[code as usize].get_or_init(|| {
            let code = format!("{code:?}");
            metrics::counter!("sir0_calls_total", "method" => call.path, "door" => door.name(), "code" => code)
        });
        counter.increment(1);
        // How long a stream was open says nothing about how fast we are.
        if !call.streaming {
            let histogram = seconds.get_or_init(|| {
                metrics::histogram!("sir0_call_seconds", "method" => call.path, "door" => door.name())
            });
            histogram.record(started.elapsed());
        }
    }

    /// Watches an answer that is still flowing.
    pub(crate) fn observe(&self, call: &'static Call, door: Door, started: Instant) -> Observed {
        Observed {
            metrics: self.clone(),
            call,
            door,
            started,
            code: None,
            trace: CallTrace::default(),
        }
    }
}

/// Watches an answer to its end. An answer that is dropped before its last word was cancelled by the client.
pub(crate) struct Observed {
    metrics: CallMetrics,
    call: &'static Call,
    door: Door,
    started: Instant,
    code: Option<Code>,
    trace: CallTrace,
}

impl Observed {
    /// Ends this trace with the answer.
    pub(crate) fn traced(mut self, trace: CallTrace) -> Self {
        self.trace = trace;
        self
    }

    /// Notes how the call ended. Only the first code counts: an answer always ends well behind its trailers.
    pub(crate) fn ended(&mut self, code: Code) {
        self.code.get_or_insert(code);
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        let code = self.code.unwrap_or(Code::Cancelled);
        self.trace.ended(code);
        self.metrics.finished(self.call, self.door, code, self.started);
    }
}

/// The gRPC status that headers or trailers carry.
pub(crate) fn code_in(headers: &HeaderMap) -> Option<Code> {
    const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
    headers.get(GRPC_STATUS).map(|status| Code::from_bytes(status.as_bytes()))
}
