//! What a browser asks for before it shows an answer to a page of another origin. Tokens travel in headers and never in
//! cookies, so any origin may ask. Every origin gets the same answer: no answer depends on `Origin`, and a cache may
//! keep one for all. Pages for operators have none of this.

use http::{
    HeaderMap, HeaderValue, Response, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
        ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
    },
};

use crate::{body::Body, call_metrics::Door};

const ANYONE: HeaderValue = HeaderValue::from_static("*");
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "grpc-status, grpc-message, grpc-status-details-bin, x-request-id, retry-after, ratelimit, \
     ratelimit-policy, etag, \
     link, idempotency-replayed, preference-applied",
);
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, DELETE");
/// Two hours, which is as long as browsers keep it.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

/// Lets a page of any origin read the answer.
pub(crate) fn open(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANYONE);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
}

/// Whether pages of other origins may read what is behind this door. No browser speaks gRPC itself.
pub(super) fn is_open(door: Option<Door>, path: &str) -> bool {
    match door {
        Some(Door::Grpc) => false,
        Some(Door::GrpcWeb | Door::Rest) => true,
        None => path != super::METRICS,
    }
}

/// Whether this `OPTIONS` comes from a browser that asks what a page may do. Other questions about the methods of a
/// path are for its door.
pub(super) fn is_preflight(headers: &HeaderMap) -> bool {
    headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// Grants what a page asks for. The headers are named as in the question: `*` would leave out `authorization`.
pub(super) fn preflight(asked: &HeaderMap) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANYONE);
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    if let Some(wanted) = asked.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    headers.insert(VARY, HeaderValue::from_static("access-control-request-headers"));
    response
}
