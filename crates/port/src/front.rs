//! One port: which door a request goes through, and what every answer carries.

pub(crate) mod cors;
mod threshold;

pub(crate) use threshold::is_host;

use std::{panic::AssertUnwindSafe, sync::Arc, time::Instant};

use axum::Router;
use futures::{
    FutureExt,
    future::{self, BoxFuture},
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Body as _;
use hyper::body::Incoming;
use metrics::counter;
use sir0_kernel::{Budget, Client, Held, OverBudget, Share};
use sir0_rpc::{
    rates::{Exceeded, Limiter},
    request_id::{self, RequestId},
};
use tower::ServiceExt;

use crate::{
    access::AccessLog,
    body::Body,
    call_metrics::Door,
    files::FilesDoor,
    grpc::{self, GrpcDoor},
    listen::{Answers, InFlight, Peer},
    outcome::Outcome,
    pages::{METRICS, Pages, has_address},
    proxies::Proxies,
    public_url::Told,
    refusal,
    refused::Refused,
    rest::{self, RestDoor},
};

/// The memory that a request takes while it is answered, in bytes.
const ANSWERING: usize = 8 * 1024;

/// Requests refused because their address asked too often.
const TOO_OFTEN: &str = "sir0_too_many_requests_total";

/// All doors of the one port.
pub(crate) struct Front {
    pub(crate) rest: RestDoor,
    pub(crate) grpc: GrpcDoor,
    /// The files that lie behind a path, such as pictures.
    pub(crate) files: FilesDoor,
    /// Everything else that is not a call: the WebSocket, the docs page, metrics and keys.
    pub(crate) pages: Pages,
    /// The way to the pages.
    pub(crate) routes: Router,
    /// The proxies whose word about the address of a client is believed.
    pub(crate) proxies: Proxies,
    /// What may be held for clients.
    pub(crate) budget: Budget,
    /// How often an address may ask. `None` for as often as it likes.
    pub(crate) requests: Option<Limiter>,
    /// The refusals of strangers' requests.
    pub(crate) refused: Arc<Refused>,
    pub(crate) access: AccessLog,
    /// The most that the headers of a request may be together.
    pub(crate) header_bytes: usize,
}

impl Answers for Front {
    fn answer(
        self: Arc<Self>,
        peer: Peer,
        mut request: Request<Incoming>,
        in_flight: InFlight,
    ) -> BoxFuture<'static, Response<Body>> {
        if has_address(request.uri().path()) {
            let told = Told::by(&request, peer.address, &self.proxies);
            request.extensions_mut().insert(told);
        }
        let given = request
            .headers()
            .get(request_id::HEADER)
            .and_then(|id| RequestId::given(id.to_str().ok()?));
        let id = given.unwrap_or_else(RequestId::fresh);
        let mut header = HeaderValue::from_str(id.as_str()).expect("a request id is plain text");
        // Each id is different: this keeps HTTP/2 from remembering it for the next answer.
        header.set_sensitive(true);
        let share = self.share(peer, request.headers());
        let visit = self.access.begin(&id, share.client(), &request, &self.pages);
        let is_head = *request.method() == Method::HEAD;
        let door = grpc::door_of(request.headers());
        let is_open = cors::is_open(door, request.uri().path());

        let refused = Arc::clone(&self.refused);
        let answering = self.route(door, request, &share, &in_flight);
        let answered = async move {
            let mut response = answering.await;
            in_flight.answered(response.status());
            // A client that leaves so much unread is refused in the head alone. The head needs no window, and ends the
            // stream.
            let owes_much = in_flight.owes_much();
            if is_head {
                response = without_body(response);
            }
            let mut response = response.map(|body| body.keeping(in_flight));
            if is_open {
                cors::open(response.headers_mut());
            }
            response.headers_mut().insert(request_id::HEADER, header);
            let outcome = Outcome::of(&response);
            if outcome.is_refusal() {
                refused.count(outcome, &request_id::current());
                if owes_much {
                    response = response.map(|_unread| Body::empty());
                }
            }
            let Some(mut visit) = visit else { return response };
            visit.answered(&response, outcome);
            response.map(|body| body.visited_by(visit))
        };
        request_id::within(id, Some(share), answered).boxed()
    }
}

impl Front {
    /// The share of the client. All that is held for the client is held against it.
    fn share(&self, peer: Peer, headers: &HeaderMap) -> Share {
        let client = self.proxies.client(peer.address, headers);
        if client == peer.share.client() { peer.share } else { self.budget.share(client) }
    }

    /// Answers what no door has to see: an invalid request, a browser's question before a call, and `OPTIONS *`.
    fn at_the_threshold(
        &self,
        door: Option<Door>,
        request: &Request<Incoming>,
    ) -> Option<Response<Body>> {
        let headers = request.headers();
        if let Err(refusal) = threshold::judge(request, self.header_bytes) {
            return Some(match (door, headers.get(header::CONTENT_TYPE)) {
                (Some(_), Some(content_type)) => refusal.into_status(content_type.clone()),
                _ => refusal.into_response(request.version()),
            });
        }
        if *request.method() != Method::OPTIONS {
            return None;
        }
        if cors::is_preflight(headers) && cors::is_open(door, request.uri().path()) {
            return Some(cors::preflight(headers));
        }
        (request.uri().path() == "*").then(|| {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            let methods = HeaderValue::from_static(refusal::METHODS);
            response.headers_mut().insert(header::ALLOW, methods);
            response
        })
    }

    /// Lets the request in, if what its client holds leaves room for an answer.
    ///
    /// Each request holds that much while it is answered, so the number of a client's requests at work is bounded. A
    /// request that is refused was not begun.
    fn route(
        self: Arc<Self>,
        door: Option<Door>,
        request: Request<Incoming>,
        share: &Share,
        in_flight: &InFlight,
    ) -> BoxFuture<'static, Response<Body>> {
        let turn_away = |refused: Response<Body>| {
            if !request.body().is_end_stream() {
                in_flight.leaves_body();
            }
            future::ready(refused).boxed()
        };
        if let Some(response) = self.at_the_threshold(door, &request) {
            return turn_away(response);
        }
        let path = request.uri().path();
        if let Some(exceeded) = self.exceeded(path, share.client()) {
            counter!(TOO_OFTEN).increment(1);
            return turn_away(match door {
                Some(_) => grpc::too_often(request.headers(), exceeded),
                None => rest::too_often(exceeded),
            });
        }
        let admitted = match share.hold(ANSWERING) {
            Ok(admitted) => Some(admitted),
            // The operator is answered all the same, and so is a proxy that asks whether this process is well.
            Err(OverBudget) if path == METRICS || grpc::is_health(path) => None,
            Err(OverBudget) => {
                let refused = match door {
                    Some(_) => grpc::over_budget(request.headers()),
                    None => rest::over_budget(),
                };
                return turn_away(refused);
            }
        };
        self.enter(door, request, admitted)
    }

    /// Counts a request of this client, unless there were too many. The operator is not counted, nor who asks whether this
    /// process is well, nor another service of the platform.
    fn exceeded(&self, path: &str, client: Client) -> Option<Exceeded> {
        let requests = self.requests.as_ref().filter(|_| client.is_limited())?;
        if is_never_limited(path) { None } else { requests.take(client).err() }
    }

    /// Passes the request through the door. A request that breaks down is answered with a fault; the others, and the
    /// process, go on.
    ///
    /// The futures are boxed one by one: in one future, every request would pay for moving the largest.
    fn enter(
        self: Arc<Self>,
        door: Option<Door>,
        request: Request<Incoming>,
        admitted: Option<Held>,
    ) -> BoxFuture<'static, Response<Body>> {
        match door {
            Some(door) => async move {
                let _admitted = admitted;
                let answering = AssertUnwindSafe(self.grpc.answer(request, door)).catch_unwind();
                answering.await.unwrap_or_else(|_logged| {
                    broke_down();
                    grpc::fault(request_id::current().as_str())
                })
            }
            .boxed(),
            None => async move {
                let _admitted = admitted;
                let answering = AssertUnwindSafe(self.route_http(request)).catch_unwind();
                answering.await.unwrap_or_else(|_logged| {
                    broke_down();
                    rest::fault()
                })
            }
            .boxed(),
        }
    }

    async fn route_http(&self, request: Request<Incoming>) -> Response<Body> {
        let path = request.uri().path();
        if let Some(file) = self.files.find(path) {
            return self.files.answer(file, &request, request_id::share()).await;
        }
        if self.pages.know(path) {
            // The binary holds the bytes of the others anyway. They cost nothing more, however many clients read them.
            let is_written = path == METRICS || has_address(path);
            let share = if is_written { request_id::share() } else { None };
            return match Box::pin(self.routes.clone().oneshot(request)).await {
                Ok(response) => response.map(|body| Body::flowing(body, share)),
                Err(never) => match never {},
            };
        }
        if grpc::is_grpc_path(path) {
            return rest::not_grpc();
        }
        let (started, is_head) = (Instant::now(), *request.method() == Method::HEAD);
        let mut answered = self.rest.answer(request).await;
        let outcome = Outcome { call: answered.call.map(|it| it.call), code: answered.code };
        outcome.leave(&mut answered.response);
        let Some(metrics) = answered.call else { return answered.response };
        if metrics.call.streaming && answered.response.status().is_success() && !is_head {
            let observed = metrics.observe(started).traced(answered.trace);
            return answered.response.map(|body| body.observed_by(observed));
        }
        metrics.finished(answered.code, started);
        answered.response
    }
}

/// Whether requests to this path are answered however often they come.
fn is_never_limited(path: &str) -> bool {
    path == METRICS
        || path == "/api/status"
        || path.starts_with("/sir0.status.")
        || grpc::is_health(path)
        || grpc::is_between_services(path)
}

/// The panic was logged where it happened. This line names the request.
fn broke_down() {
    tracing::error!(request = %request_id::current(), "a call panicked");
}

/// The answer to `HEAD`: the head of the answer to `GET`, without a body. hyper drops the body over HTTP/1 only, and a
/// stream would be kept open.
fn without_body(response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let has_length = !matches!(parts.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if let Some(length) = body.size_hint().exact()
        && has_length
    {
        parts.headers.entry(header::CONTENT_LENGTH).or_insert_with(|| length.into());
    }
    Response::from_parts(parts, Body::empty())
}
