//! What REST answers: successes with their documented status, refusals in the contract's one error body.

use std::borrow::Cow;

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use futures::TryStreamExt;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body::Frame;
use http_body_util::StreamBody;
use rest_over_grpc::transcoding::{HttpResponse, StreamingResponse};
use serde::{Deserialize, Serialize};
use sir0_contract::Shape;
use sir0_rpc::{FieldFault, HTTP_STATUS, InvalidFields, request_id};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::route::Route;
use crate::{
    body::{Body, TOO_MUCH_WAITING},
    parts,
};

/// The reason that comes with a list of fields.
const INVALID_FIELDS: &str = "INVALID_FIELDS";
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const NO_SNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// The HTTP status of a gRPC code; the contract's 400s decide where Google's table has 409 and 412.
const fn http_status(code: Code) -> StatusCode {
    match code {
        Code::Ok => StatusCode::OK,
        Code::InvalidArgument
        | Code::OutOfRange
        | Code::FailedPrecondition
        | Code::AlreadyExists => StatusCode::BAD_REQUEST,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::Aborted => StatusCode::CONFLICT,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable | Code::Cancelled => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::Internal | Code::Unknown | Code::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// A refusal on its way to the client.
#[derive(Debug)]
pub(super) struct Refused {
    code: Code,
    status: StatusCode,
    reason: Cow<'static, str>,
    details: Cow<'static, str>,
    fields: Vec<FieldFault>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// The contract's error body.
#[derive(Serialize)]
struct ErrorBody<'a> {
    error: String,
    details: &'a str,
    reason: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<Fault<'a>>,
}

#[derive(Serialize)]
struct Fault<'a> {
    field: &'a str,
    description: &'a str,
}

macro_rules! refusals {
    ($($name:ident = $code:ident $status:ident, $reason:literal, $details:literal;)*) => {$(
        pub(super) const $name: Self = Self::fixed(Code::$code, StatusCode::$status, $reason, $details);
    )*};
}

impl Refused {
    refusals! {
        NO_SUCH_PATH = Unimplemented NOT_FOUND, "NOT_FOUND", "there is nothing at this path, /docs shows what there is";
        NOT_GRPC = Unimplemented UNSUPPORTED_MEDIA_TYPE, "NOT_GRPC", "this is the path of a gRPC call, send application/grpc or application/grpc-web, or use REST as /docs shows it";
        NEEDS_HTTP2 = Unimplemented HTTP_VERSION_NOT_SUPPORTED, "HTTP_2_REQUIRED", "gRPC needs HTTP/2, send application/grpc-web over HTTP/1";
        TOO_LARGE = ResourceExhausted PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", "the body is larger than this server takes";
        ENCODED = InvalidArgument UNSUPPORTED_MEDIA_TYPE, "ENCODED_BODY", "send the body without a content encoding";
        BROKEN_OFF = Cancelled BAD_REQUEST, "BODY_BROKEN_OFF", "the body ended before it was complete";
        BODY_TOO_SLOW = DeadlineExceeded REQUEST_TIMEOUT, "BODY_TOO_SLOW", "the body did not arrive in time";
        TOO_SLOW = DeadlineExceeded GATEWAY_TIMEOUT, "DEADLINE_EXCEEDED", "the call took too long and was given up";
    }

    const fn fixed(
        code: Code,
        status: StatusCode,
        reason: &'static str,
        details: &'static str,
    ) -> Self {
        let (reason, details) = (Cow::Borrowed(reason), Cow::Borrowed(details));
        Self { code, status, reason, details, fields: Vec::new(), headers: Vec::new() }
    }

    /// The path is known, the method is not.
    pub(super) fn wrong_method(allowed: &[&str]) -> Self {
        let head = allowed.contains(&"GET").then_some("HEAD");
        let allow =
            allowed.iter().copied().chain(head).chain(["OPTIONS"]).collect::<Vec<_>>().join(", ");
        let mut refused = Self::fixed(
            Code::Unimplemented,
            StatusCode::METHOD_NOT_ALLOWED,
            "METHOD_NOT_ALLOWED",
            "this path takes other methods",
        );
        refused.headers.push((header::ALLOW, allow.parse().expect("method names are header text")));
        refused
    }

    /// The client holds as much as it may.
    pub(super) fn over_budget() -> Self {
        let mut refused = Self::fixed(
            Code::ResourceExhausted,
            StatusCode::TOO_MANY_REQUESTS,
            TOO_MUCH_WAITING,
            "too much waits for this client, read or finish that first",
        );
        refused.headers.push((header::RETRY_AFTER, HeaderValue::from_static("1")));
        refused
    }

    /// The path is known, and another process answers it.
    pub(super) fn elsewhere() -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let mut refused = Self::fixed(Code::Unavailable, status, "UNAVAILABLE", parts::ELSEWHERE);
        let again = parts::ELSEWHERE_AGAIN.as_secs();
        refused.headers.push((header::RETRY_AFTER, again.into()));
        refused
    }

    /// A fault that no call of ours reported.
    pub(super) fn fault() -> Self {
        let details =
            format!("something went wrong on our side (request {})", request_id::current());
        let fault =
            Self::fixed(Code::Internal, StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", "");
        Self { details: details.into(), ..fault }
    }

    /// The refusal of a call, with its fields as JSON spells them.
    fn from_status(status: &Status, request: &Shape) -> Self {
        let info = status.get_error_details();
        let reason = match info.error_info() {
            Some(error) => error.reason.clone().into(),
            None if status.code() == Code::InvalidArgument => Cow::Borrowed("INVALID_REQUEST"),
            None => Cow::Owned(format!("{:?}", status.code()).to_uppercase()),
        };
        let fields = info.bad_request().into_iter().flat_map(|bad| &bad.field_violations);
        let fields = fields.map(|violation| FieldFault {
            field: request
                .field(&violation.field)
                .map_or(violation.field.clone(), |field| field.json.to_owned()),
            description: violation.description.clone(),
        });
        let fields: Vec<_> = fields.collect();
        let details = match &*reason {
            INVALID_FIELDS => InvalidFields::new(fields.clone()).to_string(),
            _ => status.message().to_owned(),
        };
        let mut headers = Vec::new();
        if let Some(wait) = info.retry_info().and_then(|retry| retry.retry_delay) {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.push((header::RETRY_AFTER, seconds.max(1).into()));
        }
        if status.code() == Code::Unauthenticated {
            // RFC 9110, 15.5.2: a 401 names the scheme it wants.
            headers.push((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        }
        Self {
            code: status.code(),
            status: http_status(status.code()),
            reason,
            details: details.into(),
            fields,
            headers,
        }
    }

    /// The same refusal in gRPC's word, for the metrics.
    pub(super) const fn code(&self) -> Code {
        self.code
    }

    /// The answer to a bare `OPTIONS`: the methods a path takes.
    pub(super) fn into_options(self) -> Result<Response<Body>, Self> {
        if self.status != StatusCode::METHOD_NOT_ALLOWED {
            return Err(self);
        }
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        response.headers_mut().extend(self.headers);
        Ok(response)
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let body = ErrorBody {
            error: words(&self.reason),
            details: &self.details,
            reason: &self.reason,
            fields: self
                .fields
                .iter()
                .map(|FieldFault { field, description }| Fault { field, description })
                .collect(),
        };
        let body = serde_json::to_vec(&body).expect("texts are always JSON");
        let mut response = Response::new(Body::full(body));
        *response.status_mut() = self.status;
        response.headers_mut().extend(self.headers);
        with_json_headers(response)
    }
}

impl From<InvalidFields> for Refused {
    fn from(invalid: InvalidFields) -> Self {
        Self {
            details: invalid.to_string().into(),
            fields: invalid.faults().to_vec(),
            ..Self::fixed(Code::InvalidArgument, StatusCode::BAD_REQUEST, INVALID_FIELDS, "")
        }
    }
}

/// `GAME_NOT_FOUND` in the contract's words: `Game not found`.
fn words(reason: &str) -> String {
    let lower = reason.replace('_', " ").to_lowercase();
    let mut characters = lower.chars();
    characters
        .next()
        .map(|first| first.to_uppercase().chain(characters).collect())
        .unwrap_or_default()
}

/// The answer of a unary call. A refusal that the transcoder made or passed on takes our form.
pub(super) fn unary(answer: HttpResponse, route: &Route<'_>) -> Result<Response<Body>, Refused> {
    if answer.status() != StatusCode::OK {
        return Err(Refused::from_status(&status_of(answer.body()), route.call.request));
    }
    let (parts, body) = answer.into_http().into_parts();
    let mut response = Response::from_parts(parts, Body::full(body));
    let headers = response.headers_mut();
    // The content type is always there. More headers are there only when the call added some.
    let asked = if headers.len() > 1 { headers.remove(HTTP_STATUS) } else { None };
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NO_SNIFF);
    let status =
        asked.and_then(|status| status.to_str().ok()?.parse().ok()).unwrap_or(route.rest.success);
    if status != 200 {
        *response.status_mut() = StatusCode::from_u16(status).expect("the contract's own statuses");
    }
    Ok(response)
}

fn with_json_headers(mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, JSON);
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NO_SNIFF);
    response
}

/// The gRPC status inside an error answer of the transcoder: a `google.rpc.Status` as JSON, whose details are the
/// bytes of `grpc-status-details-bin`.
fn status_of(body: &[u8]) -> Status {
    #[derive(Deserialize)]
    struct Transcoded {
        code: i32,
        message: String,
        #[serde(default)]
        details: Vec<Detail>,
    }
    #[derive(Deserialize)]
    struct Detail {
        kind: String,
        value: String,
    }

    let Ok(Transcoded { code, message, details }) = serde_json::from_slice(body) else {
        return Status::unknown("the answer was in a form of its own");
    };
    let details = details.into_iter().find(|detail| detail.kind == "grpc-status-details-bin");
    let details =
        details.and_then(|detail| BASE64_STANDARD.decode(detail.value).ok()).unwrap_or_default();
    Status::with_details(Code::from_i32(code), message, details.into())
}

/// Whether a stream is to be sent as server-sent events.
pub(super) fn wants_events(headers: &HeaderMap) -> bool {
    use rest_over_grpc::transcoding::StreamEncoding;
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    StreamEncoding::from_accept_values(accepted) == StreamEncoding::Sse
}

/// A stream's answer. Server-sent events get their `id`, so that a browser resumes by itself.
pub(super) fn streaming(
    answer: StreamingResponse,
    events: bool,
) -> Result<Response<Body>, Refused> {
    let (content_type, headers, frames) = answer.into_parts();
    let frames = frames
        .map_ok(move |frame| Frame::data(if events { with_event_id(frame) } else { frame.into() }))
        .map_err(|status| {
            axum::Error::new(Status::new(Code::from_i32(status.code().as_i32()), status.message()))
        });
    let frames = axum::body::Body::new(StreamBody::new(frames));
    let body = Body::stream(frames, request_id::share());
    let mut response = Response::new(body.map_err(|_refused| Refused::over_budget())?);
    *response.headers_mut() = headers;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NO_SNIFF);
    // nginx and its like would otherwise hold events back.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

/// Puts the resume token in front of an event as its id: `EventSource` sends it back as `Last-Event-ID`.
fn with_event_id(event: Vec<u8>) -> Bytes {
    #[derive(Deserialize)]
    struct Resumable<'a> {
        #[serde(rename = "resumeToken", borrow)]
        resume_token: &'a str,
    }
    let json = event.strip_prefix(b"data: ").unwrap_or(&event);
    match serde_json::from_slice(json) {
        Ok(Resumable { resume_token }) if !resume_token.is_empty() => {
            [b"id: ", resume_token.as_bytes(), b"\n", &event].concat().into()
        }
        _ => event.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_reads_as_the_contract_words_it() {
        assert_eq!(words("GAME_NOT_FOUND"), "Game not found");
        assert_eq!(words("INVALID_CREDENTIALS"), "Invalid credentials");
    }

    #[test]
    fn an_event_carries_its_resume_token_as_its_id() {
        let event = b"data: {\"heartbeat\":{},\"resumeToken\":\"abc\"}\n\n".to_vec();
        let expected = [b"id: abc\n".as_slice(), &event].concat();
        assert_eq!(with_event_id(event), expected);

        let present = b"data: {\"present\":{},\"resumeToken\":\"\"}\n\n".to_vec();
        assert_eq!(with_event_id(present.clone()), present);
    }
}
