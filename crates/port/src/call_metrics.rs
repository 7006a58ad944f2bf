//! Counting calls: by method, door and code, with how long they took.

use std::{
    sync::{Arc, OnceLock},
    time::Instant,
};

use http::{HeaderMap, HeaderName};
use metrics::{Counter, Histogram};
use sir0_rpc::trace::CallTrace;
use sir0_transcoding::Call;
use tonic::Code;

/// How a call came in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Door {
    Rest,
    Grpc,
    GrpcWeb,
}

impl Door {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Rest => "rest",
            Self::Grpc => "grpc",
            Self::GrpcWeb => "grpc-web",
        }
    }
}

const CODES: usize = 17;

/// The counters of a call at a door, found once and kept: a look-up by name each time would cost more than the counting.
pub(crate) struct CallMetrics {
    pub(crate) call: &'static Call,
    door: Door,
    finished: [OnceLock<Counter>; CODES],
    seconds: OnceLock<Histogram>,
}

impl CallMetrics {
    pub(crate) fn new(call: &'static Call, door: Door) -> Arc<Self> {
        Arc::new(Self { call, door, finished: Default::default(), seconds: OnceLock::new() })
    }

    /// Counts a call that ended.
    pub(crate) fn finished(&self, code: Code, started: Instant) {
        let (method, door) = (self.call.path, self.door.name());
        let counter = self.finished[code as usize].get_or_init(|| {
            let code = format!("{code:?}");
            metrics::counter!("sir0_calls_total", "method" => method, "door" => door, "code" => code)
        });
        counter.increment(1);
        // How long a stream was open says nothing about how fast we are.
        if !self.call.streaming {
            let histogram = self.seconds.get_or_init(
                || metrics::histogram!("sir0_call_seconds", "method" => method, "door" => door),
            );
            histogram.record(started.elapsed());
        }
    }

    /// Watches an answer that is still flowing.
    pub(crate) fn observe(self: &Arc<Self>, started: Instant) -> Observed {
        Observed { metrics: Arc::clone(self), started, code: None, trace: CallTrace::default() }
    }
}

/// Watches an answer to its end. An answer that is dropped before its last word was cancelled by the client.
pub(crate) struct Observed {
    metrics: Arc<CallMetrics>,
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
        self.metrics.finished(code, self.started);
    }
}

pub(crate) const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// The gRPC status that headers or trailers carry.
pub(crate) fn code_in(headers: &HeaderMap) -> Option<Code> {
    headers.get(GRPC_STATUS).map(|status| Code::from_bytes(status.as_bytes()))
}
