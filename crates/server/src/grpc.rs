//! The gRPC door: native and for browsers, with reflection and health.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use sir0_contract::{CALLS, Call};
use sir0_kernel::{OverBudget, Share};
use sir0_rpc::{
    peer::deadline,
    request_id,
    trace::{self, CallTrace},
};
use tonic::{Code, Status, service::Routes};
use tonic_types::{ErrorDetails, StatusExt};
use tonic_web::GrpcWebLayer;
use tower::ServiceExt;

use crate::{
    arriving::Arriving,
    body::{Body, TOO_MUCH_WAITING},
    calls::{CallMetrics, Door, code_in},
    outcome::Outcome,
};

/// The largest question that reflection reads, in bytes: names, and no more.
pub(crate) const LARGEST_REFLECTION: usize = 16 * 1024;

/// The gRPC door.
pub(crate) struct GrpcDoor {
    native: axum::Router,
    web: axum::Router,
    metrics: CallMetrics,
    /// How long a request may take to arrive.
    body_timeout: Duration,
}

/// Which door a request is for, if it is gRPC at all.
pub(crate) fn door_of(headers: &HeaderMap) -> Option<Door> {
    let content_type = headers.get(header::CONTENT_TYPE)?.as_bytes();
    let rest = content_type.strip_prefix(b"application/grpc")?;
    if rest.starts_with(b"-web") {
        Some(Door::GrpcWeb)
    } else {
        // `application/grpc`, with a format behind `+` or parameters behind `;`.
        matches!(rest.first(), None | Some(b'+' | b';')).then_some(Door::Grpc)
    }
}

impl GrpcDoor {
    pub(crate) fn new(routes: Routes, metrics: CallMetrics, body_timeout: Duration) -> Self {
        let native = routes.into_axum_router();
        Self { web: native.clone().layer(GrpcWebLayer::new()), native, metrics, body_timeout }
    }

    /// Answers one call, and counts and traces it.
    pub(crate) async fn answer(&self, request: Request<Incoming>, door: Door) -> Response<Body> {
        let started = Instant::now();
        let call = CALLS.iter().find(|call| call.path == request.uri().path());
        let trace = call.map_or_else(CallTrace::default, |call| {
            trace::incoming(request.headers(), trace::Incoming { path: call.path, rest: None })
        });
        let answering = pin!(self.answer_in_time(request, door));
        let mut response = trace.around(answering).await;
        let code = code_in(response.headers());
        if let Some(code) = code {
            Outcome { call, code }.leave(&mut response);
        }
        match call {
            Some(call) => self.observed(response, (call, code), door, started, trace),
            None => response,
        }
    }

    /// Answers within the deadline of the call, if it has one.
    async fn answer_in_time(&self, request: Request<Incoming>, door: Door) -> Response<Body> {
        let content_type = request.headers().get(header::CONTENT_TYPE).cloned();
        match deadline::read(request.headers()) {
            Ok(None) => self.route(request, door).await,
            Ok(Some(wait)) => match self.route_within(wait, request, door).await {
                Some(response) => response,
                None => trailers_only(
                    Code::DeadlineExceeded,
                    "the deadline of the call passed",
                    content_type,
                ),
            },
            Err(malformed) => {
                trailers_only(Code::InvalidArgument, &malformed.to_string(), content_type)
            }
        }
    }

    /// Answers within the time the caller waits. What is asked of others meanwhile may take no longer.
    async fn route_within(
        &self,
        wait: Duration,
        request: Request<Incoming>,
        door: Door,
    ) -> Option<Response<Body>> {
        // A deadline further off than the clock reaches is none.
        let Some(until) = tokio::time::Instant::now().checked_add(wait) else {
            return Some(self.route(request, door).await);
        };
        let answering = deadline::within(until, self.route(request, door));
        tokio::time::timeout_at(until, answering).await.ok()
    }

    async fn route(&self, request: Request<Incoming>, door: Door) -> Response<Body> {
        let router = if matches!(door, Door::GrpcWeb) { &self.web } else { &self.native };
        let path = request.uri().path();
        let is_unary = CALLS.iter().any(|call| call.path == path && !call.streaming);
        // The one call of ours whose client goes on talking.
        let talks_on = path.starts_with("/grpc.reflection.");
        let share = request_id::share();
        let (parts, body) = request.into_parts();
        let (limit, held_for) = (self.body_timeout, share.clone());
        let body = if talks_on {
            Arriving::each(body, limit, held_for, LARGEST_REFLECTION)
        } else {
            Arriving::whole(body, limit, held_for, &parts.headers)
        };
        // Held until the call is answered: what was read of the body lives as long.
        let _arrived = body.arrived();
        let content_type = parts.headers.get(header::CONTENT_TYPE).cloned();
        let response = match router.clone().oneshot(Request::from_parts(parts, body)).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        if !is_unary {
            return response.map(|body| Body::flowing(body, share));
        }
        match held(response, share.as_ref()).await {
            Ok(response) => response,
            Err(OverBudget) => over_budget_as(content_type),
        }
    }

    fn observed(
        &self,
        response: Response<Body>,
        (call, code): (&'static Call, Option<Code>),
        door: Door,
        started: Instant,
        mut trace: CallTrace,
    ) -> Response<Body> {
        // Of a refusal the status stands in the headers, and no trailers come; of a unary answer they are here.
        if let Some(code) = code.or_else(|| response.body().trailers().and_then(code_in)) {
            trace.ended(code);
            self.metrics.finished(call, door, code, started);
            return response;
        }
        // gRPC-Web writes its trailers into the body; what passes unharmed counts as OK.
        let mut observed = self.metrics.observe(call, door, started).traced(trace);
        if matches!(door, Door::GrpcWeb) {
            observed.saw(&HeaderMap::from_iter([(
                "grpc-status".parse().expect("a header name"),
                HeaderValue::from_static("0"),
            )]));
        }
        response.map(|body| body.observed_by(observed))
    }
}

/// Takes a unary answer whole, and holds it while it waits for the client. tonic would encode it only when the client
/// takes its first byte, and keep the message until then.
async fn held(
    response: Response<axum::body::Body>,
    share: Option<&Share>,
) -> Result<Response<Body>, OverBudget> {
    let (parts, body) = response.into_parts();
    let Ok(whole) = body.collect().await else {
        return Ok(fault(request_id::current().as_str()));
    };
    let trailers = whole.trailers().cloned();
    let body = Body::full(whole.to_bytes()).with_trailers(trailers).held_against(share)?;
    Ok(Response::from_parts(parts, body))
}

/// What a call gets whose client holds as much as it may.
pub(crate) fn over_budget(headers: &HeaderMap) -> Response<Body> {
    over_budget_as(headers.get(header::CONTENT_TYPE).cloned())
}

fn over_budget_as(content_type: Option<HeaderValue>) -> Response<Body> {
    let mut details = ErrorDetails::with_error_info(TOO_MUCH_WAITING, "server", []);
    details.set_retry_info(Some(Duration::from_secs(1)));
    let message = OverBudget.to_string();
    let status = Status::with_error_details(Code::ResourceExhausted, message, details);
    answer_with(status, content_type)
}

/// An answer that is over with its headers, in the content type the caller speaks.
fn trailers_only(code: Code, message: &str, content_type: Option<HeaderValue>) -> Response<Body> {
    answer_with(Status::new(code, message), content_type)
}

fn answer_with(status: Status, content_type: Option<HeaderValue>) -> Response<Body> {
    let mut response = status.into_http::<Body>();
    if let Some(content_type) = content_type {
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    }
    response
}

/// What a call gets whose answering broke down.
pub(crate) fn fault(request_id: &str) -> Response<Body> {
    let message = format!("something went wrong on our side (request {request_id})");
    Status::new(Code::Internal, message).into_http()
}

/// What a gRPC path gets when it is asked in another language (gRPC over HTTP/2: 415).
pub(crate) fn not_grpc() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    response
}

/// Whether a path is one of our gRPC services.
pub(crate) fn is_grpc_path(path: &str) -> bool {
    path.starts_with("/sir0.") || path.starts_with("/grpc.")
}

/// Whether a path asks how this process is: a proxy that hears nothing would send its calls elsewhere.
pub(crate) fn is_health(path: &str) -> bool {
    path.starts_with("/grpc.health.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_grpc_comes_in_by_this_door() {
        let door = |value: &'static str| {
            door_of(&HeaderMap::from_iter([(
                header::CONTENT_TYPE,
                HeaderValue::from_static(value),
            )]))
        };
        assert!(matches!(door("application/grpc+proto"), Some(Door::Grpc)));
        assert!(matches!(door("application/grpc-web-text"), Some(Door::GrpcWeb)));
        assert!(door("application/grpcish").is_none());
        assert!(door("application/json").is_none());
    }
}
