//! The REST door: the contract's paths, transcoded to the calls of the contract, refused in the contract's words.
//!
//! The generated transcoder does the work. Around it stand what it does not know: the one error body, documented
//! statuses, which methods a path allows, and a look at the request that names every bad field before anything is
//! decoded.

mod answer;
mod check;
mod json;
mod query;
mod route;
mod transcoders;

use std::{pin::pin, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, Request, Response, header, request::Parts};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use rest_over_grpc::transcoding::TranscodeResponse;
use sir0_contract::Call;
use sir0_kernel::OverBudget;
use sir0_rpc::{
    request_id,
    trace::{self, CallTrace},
};
use tonic::{Code, Status};

use crate::{
    arriving::{Arrived, Arriving},
    body::Body,
    config::Limits,
    parts::Part,
};
use answer::Refused;
use route::Route;

pub(crate) use transcoders::Transcoders;

/// Longer than any call of ours takes; streams are not calls of this kind.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// The header in which a reconnecting browser says how far it came.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The REST door.
pub(crate) struct RestDoor {
    /// What is served here.
    parts: crate::Parts,
    services: Transcoders,
    limits: Limits,
}

/// An answer, and the call it came from: `None` when the request never became one.
pub(crate) struct Answered {
    pub(crate) response: Response<Body>,
    pub(crate) call: Option<&'static Call>,
    pub(crate) code: Code,
    pub(crate) trace: CallTrace,
}

impl Answered {
    fn refused(refused: Refused, call: Option<&'static Call>) -> Self {
        let code = refused.code();
        Self { code, response: refused.into_response(), call, trace: CallTrace::default() }
    }

    fn options(response: Response<Body>) -> Self {
        Self { response, call: None, code: Code::Ok, trace: CallTrace::default() }
    }

    /// Notes in the trace how the call ended. The trace of a stream goes on.
    fn traced(self, mut trace: CallTrace) -> Self {
        trace.ended(self.code);
        trace.answered(self.response.status());
        Self { trace, ..self }
    }
}

impl RestDoor {
    pub(crate) fn new(parts: crate::Parts, services: Transcoders, limits: Limits) -> Self {
        Self { parts, services, limits }
    }

    /// Answers one request.
    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Answered {
        let (mut parts, body) = request.into_parts();
        let headers = std::mem::take(&mut parts.headers);
        let route = match route::find(&parts.method, parts.uri.path()) {
            Ok(route) => route,
            Err(refused) if parts.method == Method::OPTIONS => match refused.into_options() {
                Ok(response) => return Answered::options(response),
                Err(refused) => return Answered::refused(refused, None),
            },
            Err(refused) => return Answered::refused(refused, None),
        };
        let call = Some(route.call);
        if !self.parts.include(Part::of(route.call)) {
            return Answered::refused(Refused::elsewhere(), call);
        }
        let rest = Some((parts.method.as_str(), route.rest.template));
        let trace = trace::incoming(&headers, trace::Incoming { path: route.call.path, rest });
        let calling = pin!(self.call(&parts, headers, body, &route));
        match trace.around(calling).await {
            Ok(response) => {
                Answered { response, call, code: Code::Ok, trace: CallTrace::default() }
            }
            Err(refused) => Answered::refused(refused, call),
        }
        .traced(trace)
    }

    async fn call(
        &self,
        parts: &Parts,
        mut headers: HeaderMap,
        body: Incoming,
        route: &Route<'_>,
    ) -> Result<Response<Body>, Refused> {
        // Held until the call is answered, because the bytes read from the body live as long.
        let (body, _arrived) = if route.rest.body {
            self.read(&headers, body).await?
        } else {
            (Bytes::new(), Arrived::default())
        };
        let query = parts.uri.query();
        let checked = check::request(route, query, &body, self.limits.json_depth)?;
        for id in checked.last_event_ids {
            headers.append(LAST_EVENT_ID, id);
        }

        let method = if parts.method == Method::HEAD { "GET" } else { parts.method.as_str() };
        let as_sent = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        let target = route.target(as_sent, query, checked.query.as_deref());
        let body = checked.body.unwrap_or(body);
        let wants_events = route.call.streaming && answer::wants_events(&headers);
        let called = self.services.transcode(route.call, method, &target, headers, &body);
        let called = tokio::time::timeout(CALL_TIMEOUT, called).await;
        match called.map_err(|_elapsed| Refused::TOO_SLOW)? {
            Some(TranscodeResponse::Unary(unary)) => answer::unary(unary, route).and_then(held),
            Some(TranscodeResponse::Streaming(stream)) => answer::streaming(stream, wants_events),
            // The route table and the transcoder come from the same file.
            None => Err(Refused::NO_SUCH_PATH),
        }
    }

    /// Reads a body of bounded size in bounded time.
    async fn read(&self, headers: &HeaderMap, body: Incoming) -> Result<(Bytes, Arrived), Refused> {
        let encoding = headers.get(header::CONTENT_ENCODING);
        if encoding.is_some_and(|encoding| encoding != "identity") {
            return Err(Refused::ENCODED);
        }
        let Limits { body_bytes, body_timeout, .. } = self.limits;
        if body.size_hint().lower() > body_bytes as u64 {
            return Err(Refused::TOO_LARGE);
        }
        let body = Arriving::whole(body, body_timeout, request_id::share(), headers);
        let arrived = body.arrived();
        match Limited::new(body, body_bytes).collect().await {
            Ok(collected) => Ok((collected.to_bytes(), arrived)),
            Err(error) if error.is::<LengthLimitError>() => Err(Refused::TOO_LARGE),
            Err(error) if error.is::<OverBudget>() => Err(Refused::over_budget()),
            Err(error) if error.is::<Status>() => Err(Refused::BODY_TOO_SLOW),
            Err(_broken_off) => Err(Refused::BROKEN_OFF),
        }
    }
}

/// Holds the bytes that wait for the client.
fn held(response: Response<Body>) -> Result<Response<Body>, Refused> {
    let (parts, body) = response.into_parts();
    let body = body.held_against(request_id::share().as_ref());
    body.map(|body| Response::from_parts(parts, body)).map_err(|_refused| Refused::over_budget())
}

/// The answer to a request that broke down.
pub(crate) fn fault() -> Response<Body> {
    Refused::fault().into_response()
}

/// The answer to a request whose client holds as much as it may.
pub(crate) fn over_budget() -> Response<Body> {
    Refused::over_budget().into_response()
}

/// The answer to a request for a page with a method that the page does not take.
pub(crate) fn wrong_page_method() -> Response<Body> {
    Refused::wrong_method(&["GET"]).into_response()
}

/// The answer to a request that another process of the platform serves.
pub(crate) fn elsewhere() -> Response<Body> {
    Refused::elsewhere().into_response()
}

/// The answer to a request for a gRPC call in another language (gRPC over HTTP/2: 415).
pub(crate) fn not_grpc() -> Response<Body> {
    Refused::NOT_GRPC.into_response()
}

/// The answer to native gRPC over HTTP/1, where a call cannot be answered.
pub(crate) fn needs_http2() -> Response<Body> {
    Refused::NEEDS_HTTP2.into_response()
}

/// The answer to a request that no door serves.
pub(crate) fn no_such_path() -> Response<Body> {
    Refused::NO_SUCH_PATH.into_response()
}
