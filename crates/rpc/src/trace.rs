//! The spans of calls: of those that come in, and of those to another service. Without a collector there are none.

use std::{future::Future, thread};

use http::{HeaderMap, StatusCode};
use sir0_telemetry::traces::{self, Trace};
use tonic::Code;
use tracing::{Span, field::Empty};

/// A call that came in, in the words of the contract.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'c> {
    /// Its path: `/service/method`.
    pub path: &'c str,
    /// The method and the path template that it came in by, if that was REST.
    pub rest: Option<(&'c str, &'c str)>,
}

/// The trace of a call. A call that is dropped before it ended was cancelled. The default traces nothing.
#[derive(Debug, Default)]
pub struct CallTrace(Option<Box<Traced>>);

#[derive(Debug)]
struct Traced {
    trace: Trace,
    is_fault: fn(Code) -> bool,
    code: Code,
    status: Option<StatusCode>,
}

/// Continues the trace that the headers of a call name, or begins one.
#[must_use]
pub fn incoming(headers: &HeaderMap, call: Incoming<'_>) -> CallTrace {
    if !traces::is_on() {
        return CallTrace::default();
    }
    CallTrace::new(Trace::of(headers, || server_span(call)), is_fault_of_server)
}

/// Begins to trace a call to another service. The headers tell that service the trace. Without tracing they stay as
/// they are.
#[must_use]
pub fn outgoing(headers: &mut HeaderMap, path: &str, server: &str) -> CallTrace {
    if !traces::is_on() {
        return CallTrace::default();
    }
    let trace = Trace::part(client_span(path, server));
    trace.write(headers);
    CallTrace::new(trace, |code| code != Code::Ok)
}

impl CallTrace {
    fn new(trace: Trace, is_fault: fn(Code) -> bool) -> Self {
        Self(Some(Box::new(Traced { trace, is_fault, code: Code::Cancelled, status: None })))
    }

    /// Does the work as part of the trace. Pin large work first: it is moved.
    pub fn around<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        match &self.0 {
            Some(traced) => traced.trace.around(work),
            None => Trace::default().around(work),
        }
    }

    /// Notes how the call ended.
    pub fn ended(&mut self, code: Code) {
        if let Some(traced) = &mut self.0 {
            traced.code = code;
        }
    }

    /// Notes what a client of REST sees.
    pub fn answered(&mut self, status: StatusCode) {
        if let Some(traced) = &mut self.0 {
            traced.status = Some(status);
        }
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        let span = self.trace.span();
        if span.is_disabled() {
            return;
        }
        let code = if thread::panicking() { Code::Internal } else { self.code };
        // The span is entered, because it ends when it was last left.
        span.in_scope(|| {
            span.record("rpc.grpc.status_code", code as i64);
            if let Some(status) = self.status {
                span.record("http.response.status_code", i64::from(status.as_u16()));
            }
            if (self.is_fault)(code) {
                span.record("otel.status_code", "ERROR");
            }
        });
    }
}

fn server_span(call: Incoming<'_>) -> Span {
    let name = call.path.trim_start_matches('/');
    let (service, method) = name.split_once('/').unwrap_or((name, ""));
    let (verb, route) = call.rest.unzip();
    tracing::info_span!(
        target: "sir0::trace::call",
        parent: None,
        "call",
        otel.name = name,
        otel.kind = "server",
        otel.status_code = Empty,
        rpc.system = "grpc",
        rpc.service = service,
        rpc.method = method,
        rpc.grpc.status_code = Empty,
        http.request.method = verb,
        http.route = route,
        http.response.status_code = Empty,
    )
}

fn client_span(path: &str, server: &str) -> Span {
    let name = path.trim_start_matches('/');
    let (service, method) = name.split_once('/').unwrap_or((name, ""));
    let (address, port) = server.rsplit_once(':').unwrap_or((server, ""));
    tracing::info_span!(
        target: "sir0::trace::peer",
        "ask",
        otel.name = name,
        otel.kind = "client",
        otel.status_code = Empty,
        rpc.system = "grpc",
        rpc.service = service,
        rpc.method = method,
        rpc.grpc.status_code = Empty,
        server.address = address,
        server.port = port.parse::<u16>().ok(),
    )
}

/// Whether OpenTelemetry counts this code as a fault of the server.
const fn is_fault_of_server(code: Code) -> bool {
    matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn without_a_collector_no_span_is_made_and_nothing_is_told_to_others() {
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let received = HeaderMap::from_iter([(
            "traceparent".parse().expect("a name"),
            parent.parse().expect("a value"),
        )]);
        let mut told = HeaderMap::new();

        let call = incoming(&received, Incoming { path: "/sir0.a.v1.A/Do", rest: None });
        let asked = call.around(async { outgoing(&mut told, "/sir0.b.v1.B/Do", "b:8080") }).await;

        assert!(call.0.is_none() && asked.0.is_none());
        assert!(told.is_empty(), "{told:?}");
    }
}
