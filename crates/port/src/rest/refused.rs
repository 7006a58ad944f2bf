//! Refusals over REST: the contract's one error body.

use std::{borrow::Cow, collections::HashMap};

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use serde::Serialize;
use serde_json::{Map, Value};
use sir0_rpc::{
    FieldFault, InvalidFields, KIND, PRECONDITION_FAILED, TOO_MANY_REQUESTS,
    rates::{self, Exceeded},
    request_id,
};
use sir0_transcoding::{Call, Facts, Fault};
use tonic::{Code, Status};
use tonic_types::{ErrorInfo, StatusExt};

use super::answer::{NO_STORE, with_headers};
use crate::{
    body::{Body, TOO_MUCH_WAITING},
    elsewhere,
};

/// The reason that comes with a list of fields.
const INVALID_FIELDS: &str = "INVALID_FIELDS";

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
    /// What few refusals have.
    more: Option<Box<More>>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// What few refusals have beside a reason and a message.
#[derive(Debug)]
struct More {
    /// The broader reason in whose words it is told, if that is another one.
    kind: Option<String>,
    /// The member with the facts, and the facts.
    facts: Option<(&'static str, Map<String, Value>)>,
}

/// The contract's error body.
#[derive(Serialize)]
struct ErrorBody<'a> {
    error: String,
    details: &'a str,
    reason: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<Named<'a>>,
    #[serde(flatten)]
    facts: Option<HashMap<&'static str, &'a Map<String, Value>>>,
}

#[derive(Serialize)]
struct Named<'a> {
    field: &'a str,
    description: &'a str,
}

macro_rules! refusals {
    ($($name:ident = $code:ident $status:ident, $reason:expr, $details:literal;)*) => {$(
        pub(super) const $name: Self = Self::fixed(Code::$code, StatusCode::$status, $reason, $details);
    )*
        #[cfg(test)]
        const FIXED: &[Self] = &[$(Self::$name),*];
    };
}

impl Refused {
    refusals! {
        NO_SUCH_PATH = Unimplemented NOT_FOUND, "NOT_FOUND", "there is nothing at this path, /docs shows what there is";
        NOT_GRPC = Unimplemented UNSUPPORTED_MEDIA_TYPE, "NOT_GRPC", "this is the path of a gRPC call, send application/grpc or application/grpc-web, or use REST as /docs shows it";
        NEEDS_HTTP2 = Unimplemented HTTP_VERSION_NOT_SUPPORTED, "HTTP_2_REQUIRED", "gRPC needs HTTP/2, send application/grpc-web over HTTP/1";
        TOO_LARGE = ResourceExhausted PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", "the body is larger than this server takes";
        NOT_GZIP = InvalidArgument BAD_REQUEST, "BODY_NOT_GZIP", "the body is not the one whole gzip that it is said to be";
        BROKEN_OFF = Cancelled BAD_REQUEST, "BODY_BROKEN_OFF", "the body ended before it was complete";
        BODY_TOO_SLOW = DeadlineExceeded REQUEST_TIMEOUT, "BODY_TOO_SLOW", "the body did not arrive in time";
        NOT_AS_NAMED = FailedPrecondition PRECONDITION_FAILED, PRECONDITION_FAILED, "this has no tag that `If-Match` names, read it again";
        TOO_SLOW = DeadlineExceeded GATEWAY_TIMEOUT, "DEADLINE_EXCEEDED", "the call took too long and was given up";
    }

    const fn fixed(
        code: Code,
        status: StatusCode,
        reason: &'static str,
        details: &'static str,
    ) -> Self {
        let (reason, details) = (Cow::Borrowed(reason), Cow::Borrowed(details));
        Self { code, status, reason, details, fields: Vec::new(), more: None, headers: Vec::new() }
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

    /// The body has a coding that is not read. The answer names those that are (RFC 7694, 3).
    pub(super) fn encoded(accepted: &'static str, details: &'static str) -> Self {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        let mut refused = Self::fixed(Code::InvalidArgument, status, "ENCODED_BODY", details);
        refused.headers.push((header::ACCEPT_ENCODING, HeaderValue::from_static(accepted)));
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

    /// The client asked too often.
    pub(super) fn too_often(exceeded: Exceeded) -> Self {
        let status = StatusCode::TOO_MANY_REQUESTS;
        let refused = Self::fixed(Code::ResourceExhausted, status, TOO_MANY_REQUESTS, "");
        let mut headers = HeaderMap::new();
        exceeded.tell(&mut headers);
        headers.insert(header::RETRY_AFTER, exceeded.wait().as_secs().into());
        let headers = headers.into_iter().filter_map(|(name, value)| Some((name?, value)));
        Self { details: exceeded.to_string().into(), headers: headers.collect(), ..refused }
    }

    /// The range holds no byte of the file, which has this size (RFC 9110, 15.5.17).
    pub(super) fn no_such_range(size: u64) -> Self {
        let status = StatusCode::RANGE_NOT_SATISFIABLE;
        let details = format!("the range is beyond the {size} bytes of the file");
        let refused = Self::fixed(Code::OutOfRange, status, "RANGE_NOT_SATISFIABLE", "");
        let all = format!("bytes */{size}").try_into().expect("a number is a header");
        let headers = vec![(header::CONTENT_RANGE, all)];
        Self { details: details.into(), headers, ..refused }
    }

    /// The path is known, and another process answers it.
    pub(super) fn elsewhere() -> Self {
        Self::not_now(elsewhere::MESSAGE)
    }

    /// Something is there, and cannot be read at the moment.
    pub(super) fn unavailable() -> Self {
        Self::not_now("this cannot be read at the moment, try again")
    }

    fn not_now(details: &'static str) -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let mut refused = Self::fixed(Code::Unavailable, status, "UNAVAILABLE", details);
        let again = elsewhere::AGAIN.as_secs();
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
    pub(super) fn from_status(status: &Status, call: &Call) -> Self {
        let info = status.get_error_details();
        let reason = match info.error_info() {
            Some(error) => error.reason.clone().into(),
            None if status.code() == Code::InvalidArgument => Cow::Borrowed("INVALID_REQUEST"),
            None => Cow::Owned(format!("{:?}", status.code()).to_uppercase()),
        };
        let fields = info.bad_request().into_iter().flat_map(|bad| &bad.field_violations);
        let fields = fields.map(|violation| FieldFault {
            field: call.request.json_path(&violation.field),
            description: violation.description.clone(),
        });
        let fields: Vec<_> = fields.collect();
        let details = match &*reason {
            INVALID_FIELDS => InvalidFields::new(fields.clone()).to_string(),
            _ => status.message().to_owned(),
        };
        let kind = info.error_info().and_then(|error| error.metadata.get(KIND)).cloned();
        let mut told = call.rest.iter().flat_map(|rest| rest.facts);
        let told = told.find(|facts| facts.reason == reason);
        let facts = told.map(|told| (told.member, as_json(told, info.error_info())));
        let has_more = kind.is_some() || facts.is_some();
        let more = has_more.then(|| Box::new(More { kind, facts }));
        let mut headers = Vec::new();
        if let Some(wait) = info.retry_info().and_then(|retry| retry.retry_delay) {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.push((header::RETRY_AFTER, seconds.max(1).into()));
        }
        for name in rates::HEADERS {
            if let Some(value) = status.metadata().as_ref().get(&name) {
                headers.push((name, value.clone()));
            }
        }
        if status.code() == Code::Unauthenticated {
            // RFC 9110, 15.5.2: a 401 names the scheme it wants.
            headers.push((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        }
        Self {
            code: status.code(),
            status: match &*reason {
                PRECONDITION_FAILED => StatusCode::PRECONDITION_FAILED,
                _ => http_status(status.code()),
            },
            reason,
            details: details.into(),
            fields,
            more,
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
        let more = self.more.as_deref();
        let kind = more.and_then(|more| more.kind.as_deref());
        let facts = more.and_then(|more| more.facts.as_ref());
        let body = ErrorBody {
            error: words(kind.unwrap_or(&self.reason)),
            details: &self.details,
            reason: &self.reason,
            fields: self
                .fields
                .iter()
                .map(|FieldFault { field, description }| Named { field, description })
                .collect(),
            facts: facts.map(|(member, facts)| HashMap::from([(*member, facts)])),
        };
        let body = serde_json::to_vec(&body).expect("texts are always JSON");
        let mut response = Response::new(Body::full(body));
        *response.status_mut() = self.status;
        response.headers_mut().extend(self.headers);
        with_headers(response, HeaderValue::from_static("application/json"), NO_STORE)
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

impl From<Vec<Fault>> for Refused {
    fn from(faults: Vec<Fault>) -> Self {
        let faults = faults.into_iter().map(|Fault { field, description }| FieldFault {
            field,
            description: description.into_owned(),
        });
        InvalidFields::new(faults.collect()).into()
    }
}

/// The facts of a refusal, with lists where the contract has them.
fn as_json(told: &Facts, info: Option<&ErrorInfo>) -> Map<String, Value> {
    let facts = info.into_iter().flat_map(|info| &info.metadata);
    let facts = facts.filter(|(name, _)| *name != KIND);
    let facts = facts.map(|(name, fact)| {
        let fact = if told.lists.contains(&name.as_str()) {
            fact.split_whitespace().collect()
        } else {
            Value::from(fact.as_str())
        };
        (name.clone(), fact)
    });
    facts.collect()
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

#[cfg(test)]
pub(crate) mod tests {
    use sir0_rpc::rates::{Limiter, Rate};

    use super::*;

    /// Every refusal of this door that is no service's.
    pub(crate) fn told() -> Vec<(u16, String, String)> {
        let fields = InvalidFields::one("colour", "is not a field of this request");
        let made = [
            Refused::wrong_method(&["GET"]),
            Refused::encoded("gzip", "send the body as it is, or in gzip"),
            Refused::over_budget(),
            Refused::too_often(exceeded()),
            Refused::no_such_range(1000),
            Refused::elsewhere(),
            Refused::unavailable(),
            Refused::fault(),
            fields.into(),
        ];
        let all = Refused::FIXED.iter().chain(&made);
        let told = |it: &Refused| (it.status.as_u16(), it.reason.to_string(), words(&it.reason));
        all.map(told).collect()
    }

    fn exceeded() -> Exceeded {
        let once = Limiter::new("requests", Rate::a_minute(1).expect("a limit"));
        once.take(1).expect("the first");
        once.take(1).expect_err("the second in a minute")
    }

    #[test]
    fn a_reason_reads_as_the_contract_words_it() {
        assert_eq!(words("GAME_NOT_FOUND"), "Game not found");
        assert_eq!(words("INVALID_CREDENTIALS"), "Invalid credentials");
    }
}
