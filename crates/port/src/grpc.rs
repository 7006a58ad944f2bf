//! The gRPC door: native gRPC and gRPC-Web for browsers, with reflection and health.

mod coded;
mod head;
mod message;
mod reflection;
#[cfg(test)]
mod tests;
mod text;
mod unary;

use std::{
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::Body as _;
use http_body_util::Full;
use hyper::body::Incoming;
use sir0_coding::{Coding, Decoder, grpc};
use sir0_host::Served;
use sir0_kernel::OverBudget;
use sir0_rpc::{
    peer::deadline,
    rates::Exceeded,
    request_id,
    trace::{self, CallTrace},
};
use sir0_transcoding::Call;
use tonic::{Code, Status, service::Routes};
use tonic_types::{ErrorDetails, StatusExt};
use tonic_web::GrpcWebLayer;
use tower::ServiceExt;

use crate::{
    arriving::Arriving,
    body::{Body, TOO_MUCH_WAITING},
    call_metrics::{CallMetrics, Door},
    elsewhere,
    limits::Limits,
    outcome::Outcome,
};
use head::Format;
use message::Travels;

pub(crate) use head::door_of;
use reflection::LARGEST_REFLECTION;
pub use reflection::with_reflection;

/// The gRPC door.
pub(crate) struct GrpcDoor {
    /// The way to what is no call of the contract, and to calls in gRPC-Web.
    native: axum::Router,
    web: axum::Router,
    /// The calls in the order of [`Known::place`].
    calls: Vec<Known>,
    /// How large a message may be, and how long a request may take to arrive.
    limits: Limits,
}

/// A call of the contract.
struct Known {
    /// What answers it. `None` if another process serves it.
    by: Option<Served>,
    native: Arc<CallMetrics>,
    web: Arc<CallMetrics>,
}

impl Known {
    fn new((call, by): &(&'static Call, Option<Served>)) -> Self {
        let metrics = |door| CallMetrics::new(call, door);
        let (native, web) = (metrics(Door::Grpc), metrics(Door::GrpcWeb));
        Self { by: by.clone(), native, web }
    }

    /// Where the call of a path stands: shorter paths first, so that most of a search compares numbers.
    const fn place(path: &str) -> (usize, &str) {
        (path.len(), path)
    }

    fn call(&self) -> &'static Call {
        self.native.call
    }

    const fn metrics(&self, door: Door) -> &Arc<CallMetrics> {
        if matches!(door, Door::GrpcWeb) { &self.web } else { &self.native }
    }
}

/// A call whose head is good.
struct Asked<'d> {
    request: Request<Incoming>,
    format: Format,
    /// The coding of its messages.
    coding: Option<Coding>,
    /// The call of the contract. Health and reflection have none.
    known: Option<&'d Known>,
}

impl<'d> Asked<'d> {
    fn call(&self) -> Option<&'static Call> {
        self.known.map(Known::call)
    }

    /// Whether the request is one message, which is read before the call begins. A client of reflection goes on
    /// talking, and nothing is known of unknown calls.
    fn is_one_message(&self) -> bool {
        self.call().is_some_and(|call| !call.takes_stream) || is_health(self.request.uri().path())
    }

    /// What answers it without a router between: a native call of the contract.
    fn served(&self) -> Option<&'d Served> {
        self.known.filter(|_| self.format == Format::Native)?.by.as_ref()
    }
}

impl GrpcDoor {
    pub(crate) fn new(
        routes: Routes,
        calls: &[(&'static Call, Option<Served>)],
        limits: Limits,
    ) -> Self {
        let mut calls: Vec<_> = calls.iter().map(Known::new).collect();
        calls.sort_by_key(|known| Known::place(known.call().path));
        let native = routes.into_axum_router();
        let web = native.clone().layer(GrpcWebLayer::new());
        Self { native, web, calls, limits }
    }

    fn known(&self, path: &str) -> Option<&Known> {
        let place = Known::place(path);
        let found = self.calls.binary_search_by(|it| Known::place(it.call().path).cmp(&place));
        found.ok().map(|at| &self.calls[at])
    }

    /// Answers one call, and counts and traces it.
    pub(crate) async fn answer(&self, request: Request<Incoming>, door: Door) -> Response<Body> {
        let started = Instant::now();
        let known = self.known(request.uri().path());
        let call = known.map(Known::call);
        let trace = call.map_or_else(CallTrace::default, |call| {
            trace::incoming(request.headers(), trace::Incoming { path: call.path, rest: None })
        });
        let answering = pin!(self.answer_if_it_can_be(request, known));
        let mut response = trace.around(answering).await;
        // The status of a refusal stands in the headers, and no trailers come. The status of a unary answer is in the
        // trailers, which are here.
        let code = response.body().code().or_else(|| head::counted(&response));
        if let Some(code) = code {
            Outcome { call, code }.leave(&mut response);
        }
        match known {
            Some(known) => observed(response, known.metrics(door), code, started, trace),
            None => response,
        }
    }

    /// Answers a call if this process can answer it and the caller can read the answer.
    async fn answer_if_it_can_be(
        &self,
        request: Request<Incoming>,
        known: Option<&Known>,
    ) -> Response<Body> {
        let (format, coding) = match head::judge(&request) {
            Ok(judged) => judged,
            Err(refused) => return *refused,
        };
        if known.is_some_and(|known| known.by.is_none()) {
            return head::trailers_only(elsewhere::status(), format);
        }
        let asked = Asked { request, format, coding, known };
        if coding.is_some() && format == Format::WebText && !asked.is_one_message() {
            // No browser sends a stream.
            let message = "a stream in base64 is taken as it is";
            return head::not_read(
                message.to_owned(),
                HeaderValue::from_static("identity"),
                format,
            );
        }
        let answered = self.answer_in_time(asked).await;
        answered.unwrap_or_else(|status| head::trailers_only(status, format))
    }

    /// Answers within the deadline of the call, if it has one.
    async fn answer_in_time(&self, asked: Asked<'_>) -> Result<Response<Body>, Status> {
        match deadline::read(asked.request.headers()) {
            Ok(None) => self.route(asked).await,
            Ok(Some(wait)) => self.route_within(wait, asked).await,
            Err(malformed) => Err(Status::new(Code::InvalidArgument, malformed.to_string())),
        }
    }

    /// Answers within the time the caller waits. Calls to others meanwhile may take no longer.
    async fn route_within(
        &self,
        wait: Duration,
        asked: Asked<'_>,
    ) -> Result<Response<Body>, Status> {
        // A deadline beyond the reach of the clock counts as none.
        let Some(until) = tokio::time::Instant::now().checked_add(wait) else {
            return self.route(asked).await;
        };
        let answering = deadline::within(until, self.route(asked));
        tokio::time::timeout_at(until, answering)
            .await
            .map_err(|_elapsed| Status::deadline_exceeded("the deadline of the call passed"))?
    }

    /// Reads the request, if it is one message, and has the call answered.
    async fn route(&self, asked: Asked<'_>) -> Result<Response<Body>, Status> {
        let (call, is_one_message) = (asked.call(), asked.is_one_message());
        let served = asked.served();
        // A message of a call may be as large as any; the bound of each is its decoder's.
        let largest = asked.known.map_or(LARGEST_REFLECTION, |_| self.limits.body_bytes);
        let Asked { request, format, coding, .. } = asked;
        let share = request_id::share();
        let (mut parts, body) = request.into_parts();
        let (limit, held_for) = (self.limits.body_timeout, share.clone());
        let body = if is_one_message {
            Arriving::whole(body, limit, held_for, &parts.headers)
        } else {
            // A message in a coding is there twice, and its decoder may keep what it has read.
            let each = if coding.is_some() { 3 * largest + Decoder::STATE } else { largest };
            Arriving::each(body, limit, held_for, each)
        };
        // Held until the call is answered, because the bytes read from the body live as long.
        let arrived = body.arrived();
        head::tidy(&mut parts.headers, format, is_one_message);
        let body = if is_one_message {
            let travels = Travels { format, coding, largest: self.limits.body_bytes };
            let message = message::read(body, travels, &arrived, share.as_ref()).await?;
            if let (Some(call), Some(served)) = (call, served)
                && !call.streaming
            {
                return unary::made(call, served, parts.headers, message, share.as_ref()).await;
            }
            tonic::body::Body::new(Full::new(message))
        } else {
            match coding {
                Some(coding) => coded::plain(body, coding, largest),
                None => tonic::body::Body::new(body),
            }
        };
        if coding.is_some() {
            // From here on messages are plain. tonic's server reads no others.
            parts.headers.remove(grpc::ENCODING);
        }
        let request = Request::from_parts(parts, body);
        let response = match served {
            Some(served) => (served.streams)(request).await.map(|it| it.map(axum::body::Body::new)),
            None if format == Format::Native => self.native.clone().oneshot(request).await,
            None => self.web.clone().oneshot(request).await,
        };
        let response = response.unwrap_or_else(|never| match never {});
        if call.is_some_and(|call| !call.streaming) {
            return unary::held(response, share.as_ref())
                .await
                .map_err(|OverBudget| too_much_waiting());
        }
        let (parts, body) = response.into_parts();
        let body = if call.is_some() && !body.is_end_stream() {
            Body::stream(body, share).map_err(|OverBudget| too_much_waiting())?
        } else {
            Body::flowing(body, share)
        };
        Ok(Response::from_parts(parts, body))
    }
}

/// Counts the call when it ended, now or with its answer.
fn observed(
    response: Response<Body>,
    metrics: &Arc<CallMetrics>,
    code: Option<Code>,
    started: Instant,
    mut trace: CallTrace,
) -> Response<Body> {
    // gRPC-Web writes trailers into the body, where nothing here reads them: a body that comes to its end counts as OK.
    if let Some(code) = code.or((!metrics.call.streaming).then_some(Code::Ok)) {
        trace.ended(code);
        metrics.finished(code, started);
        return response;
    }
    let observed = metrics.observe(started).traced(trace);
    response.map(|body| body.observed_by(observed))
}

/// The answer to a call whose client holds as much as it may.
pub(crate) fn over_budget(headers: &HeaderMap) -> Response<Body> {
    head::trailers_only(too_much_waiting(), head::format_in(headers).unwrap_or(Format::Native))
}

/// The answer to a call whose client asked too often.
pub(crate) fn too_often(headers: &HeaderMap, exceeded: Exceeded) -> Response<Body> {
    let format = head::format_in(headers).unwrap_or(Format::Native);
    head::trailers_only(exceeded.into(), format)
}

fn too_much_waiting() -> Status {
    let mut details = ErrorDetails::with_error_info(TOO_MUCH_WAITING, "server", []);
    details.set_retry_info(Some(Duration::from_secs(1)));
    Status::with_error_details(Code::ResourceExhausted, OverBudget.to_string(), details)
}

/// The answer to a call that broke down.
pub(crate) fn fault(request_id: &str) -> Response<Body> {
    let message = format!("something went wrong on our side (request {request_id})");
    Status::new(Code::Internal, message).into_http()
}

/// Whether a path is one of our gRPC services.
pub(crate) fn is_grpc_path(path: &str) -> bool {
    path.starts_with("/sir0.") || path.starts_with("/grpc.")
}

/// Whether a path is a call that only services of the platform make to each other.
pub(crate) fn is_between_services(path: &str) -> bool {
    path.starts_with("/sir0.") && path.contains(".internal.")
}

/// Whether a path asks for the health of this process. A proxy that gets no answer would send its calls elsewhere.
pub(crate) fn is_health(path: &str) -> bool {
    path.starts_with("/grpc.health.")
}
