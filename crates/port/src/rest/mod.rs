//! The REST door: the contract's paths, turned into the calls of the contract, refused in the contract's words.
//!
//! A request walks through these rooms:
//! 1. Its path leads to a call and a way to make it ([`sir0_transcoding::Routes`]).
//! 2. [`request`]: path, query and body become a message, or all that is wrong with them is named.
//! 3. The service answers ([`Dispatch`]).
//! 4. [`answer`]: the answer becomes JSON or a file, [`format`]: a stream becomes lines or events, which end when the
//!    client wants it ([`wait`]).
//!
//! [`refused`] has every refusal.

mod answer;
mod format;
pub(crate) mod refused;
mod request;
#[cfg(test)]
mod tests;
mod wait;

use std::{pin::pin, sync::Arc, task::Poll};

use http::{HeaderMap, Method, Request, Response, header, request::Parts};
use hyper::body::Incoming;
use sir0_rpc::{
    rates::Exceeded,
    trace::{self, CallTrace},
};
use sir0_transcoding::{Binding, Call, Dispatch, Found, Routes, Taken};
use tonic::Code;

use crate::{
    body::Body,
    call_metrics::{CallMetrics, Door},
    limits::Limits,
};
use answer::{Made, Wanted};
use format::Format;
use refused::Refused;
use wait::Wait;

/// The REST door.
pub(crate) struct RestDoor {
    routes: Routes,
    /// The calls, in the order in which the routes number them.
    calls: Vec<Known>,
    limits: Limits,
}

/// A call of the contract, its counters, and the service that answers it.
struct Known {
    metrics: Arc<CallMetrics>,
    /// `None` if the service runs in another process.
    by: Option<Arc<dyn Dispatch>>,
}

/// An answer, and the counters of the call it came from: `None` when the request never became one.
pub(crate) struct Answered<'d> {
    pub(crate) response: Response<Body>,
    pub(crate) call: Option<&'d Arc<CallMetrics>>,
    pub(crate) code: Code,
    pub(crate) trace: CallTrace,
}

impl<'d> Answered<'d> {
    fn refused(refused: Refused, call: Option<&'d Arc<CallMetrics>>) -> Self {
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

/// A request that leads to a call.
struct Route<'r> {
    call: &'static Call,
    binding: &'static Binding,
    by: &'r Arc<dyn Dispatch>,
    found: Found<'r, 'r>,
}

impl RestDoor {
    /// A door to these calls. Fails if a request could mean two of them.
    pub(crate) fn new(
        calls: impl IntoIterator<Item = (&'static Call, Option<Arc<dyn Dispatch>>)>,
        limits: Limits,
    ) -> Result<Self, Taken> {
        let mut routes = Routes::default();
        let mut known = Vec::new();
        for (call, by) in calls {
            for binding in call.rest.iter().flat_map(|rest| rest.bindings) {
                routes.add(binding, known.len())?;
            }
            known.push(Known { metrics: CallMetrics::new(call, Door::Rest), by });
        }
        Ok(Self { routes, calls: known, limits })
    }

    /// Answers one request.
    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Answered<'_> {
        let (mut parts, body) = request.into_parts();
        let headers = std::mem::take(&mut parts.headers);
        let (found, binding, number) = match self.find(&parts.method, parts.uri.path()) {
            Ok(found) => found,
            Err(refused) if parts.method == Method::OPTIONS => match refused.into_options() {
                Ok(response) => return Answered::options(response),
                Err(refused) => return Answered::refused(refused, None),
            },
            Err(refused) => return Answered::refused(refused, None),
        };
        let Known { metrics, by } = &self.calls[number];
        let Some(by) = by else { return Answered::refused(Refused::elsewhere(), Some(metrics)) };
        let call = metrics.call;
        let rest = Some((parts.method.as_str(), binding.template));
        let trace = trace::incoming(&headers, trace::Incoming { path: call.path, rest });
        let route = Route { call, binding, by, found };
        let calling = pin!(self.call(&parts, headers, body, route));
        let called = trace.around(calling).await;
        let answered = called.map_or_else(
            |refused| Answered::refused(refused, Some(metrics)),
            |response| Answered {
                response,
                call: Some(metrics),
                code: Code::Ok,
                trace: CallTrace::default(),
            },
        );
        answered.traced(trace)
    }

    /// Finds the call, or says whether the path or only the method is unknown.
    fn find<'r>(
        &'r self,
        method: &Method,
        path: &'r str,
    ) -> Result<(Found<'r, 'r>, &'static Binding, usize), Refused> {
        let verb = if method == Method::HEAD { "GET" } else { method.as_str() };
        let found = self.routes.find(path).ok_or(Refused::NO_SUCH_PATH)?;
        let asked = found.bindings.iter().find(|(binding, _)| binding.verb == verb);
        if let Some((binding, number)) = asked {
            return Ok((found, binding, *number));
        }
        let allowed = found.bindings.iter().map(|(binding, _)| binding.verb);
        Err(Refused::wrong_method(&allowed.collect::<Vec<_>>()))
    }

    async fn call(
        &self,
        parts: &Parts,
        mut headers: HeaderMap,
        body: Incoming,
        route: Route<'_>,
    ) -> Result<Response<Body>, Refused> {
        let Route { call, binding, by, .. } = route;
        // Held until the call is answered, because the bytes read from the body live as long.
        let (payload, _arrived) = self.payload(parts, &mut headers, body, &route).await?;
        let format = if call.streaming { Format::accepted(&headers) } else { Format::Array };
        let wait = if call.streaming { Wait::asked(&headers) } else { None };
        let is_tagged = call.rest.as_ref().is_some_and(|rest| rest.is_tagged);
        let wanted = is_tagged.then(|| Wanted::of(&headers));
        let reply = by.call(call.number, request::with_headers(headers, payload));
        let reply = if call.takes_stream {
            reply.await
        } else {
            // Most answers are kept, and are there at once. They need no timer.
            let mut reply = reply;
            match futures::poll!(&mut reply) {
                Poll::Ready(reply) => reply,
                Poll::Pending => tokio::time::timeout(request::CALL_TIMEOUT, reply)
                    .await
                    .map_err(|_elapsed| Refused::TOO_SLOW)?,
            }
        };
        match reply {
            Ok(reply) => {
                let next = answer::next_page(call, &reply, parts.uri.query());
                let response = Made { call, binding, format, wait };
                let mut response = response.answered(reply, wanted).await?;
                if let Some(next) = next {
                    response.headers_mut().insert(header::LINK, next);
                }
                Ok(response)
            }
            Err(status) => Err(Refused::from_status(&status, call)),
        }
    }
}

/// The answer to a request that broke down.
pub(crate) fn fault() -> Response<Body> {
    Refused::fault().into_response()
}

/// The answer to a request whose client holds as much as it may.
pub(crate) fn over_budget() -> Response<Body> {
    Refused::over_budget().into_response()
}

/// The answer to a request whose client asked too often.
pub(crate) fn too_often(exceeded: Exceeded) -> Response<Body> {
    Refused::too_often(exceeded).into_response()
}

/// The answer to a request for a page with a method that the page does not take.
pub(crate) fn wrong_page_method() -> Response<Body> {
    Refused::wrong_method(&["GET"]).into_response()
}

/// The answer to the question what methods a page takes.
pub(crate) fn page_options() -> Response<Body> {
    let options = Refused::wrong_method(&["GET"]).into_options();
    options.unwrap_or_else(Refused::into_response)
}

/// The answer to a request for something that has no tag that `If-Match` names.
pub(crate) fn not_as_named() -> Response<Body> {
    Refused::NOT_AS_NAMED.into_response()
}

/// The answer to a request for bytes beyond the end of a file of this size.
pub(crate) fn no_such_range(size: u64) -> Response<Body> {
    Refused::no_such_range(size).into_response()
}

/// The answer to a request for something that cannot be read at the moment.
pub(crate) fn unavailable() -> Response<Body> {
    Refused::unavailable().into_response()
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
