//! Refusals before a door is chosen: requests that are not HTTP as its RFCs have it. Every such answer is the
//! contract's error body, also where hyper would have written an answer without one.

use http::{
    HeaderMap, HeaderValue, Response, StatusCode, Version,
    header::{ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
};
use sir0_rpc::request_id::{self, RequestId};
use tonic::{Code, Status};

use crate::{body::Body, front::cors, outcome::Outcome};

/// The methods that some path takes.
pub(crate) const METHODS: &str = "GET, HEAD, POST, PUT, DELETE, OPTIONS";

/// A refusal that is the same for every request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: Code,
    reason: &'static str,
    error: &'static str,
    details: &'static str,
}

macro_rules! refusals {
    ($($name:ident = $status:ident $code:ident, $reason:literal $error:literal, $details:literal;)*) => {$(
        pub(crate) const $name: Self = Self {
            status: StatusCode::$status,
            code: Code::$code,
            reason: $reason,
            error: $error,
            details: $details,
        };
    )*
        #[cfg(test)]
        const ALL: &[Self] = &[$(Self::$name),*];
    };
}

impl Refusal {
    refusals! {
        MALFORMED = BAD_REQUEST InvalidArgument, "MALFORMED_REQUEST" "Malformed request",
            "the request is not well-formed HTTP";
        BAD_HOST = BAD_REQUEST InvalidArgument, "BAD_HOST" "Bad host",
            "a request names one host, such as `sir0.example` or `[::1]:8080`";
        BAD_TARGET = BAD_REQUEST InvalidArgument, "BAD_TARGET" "Bad target",
            "the target of a request is a path, or an http URL without a user";
        HEADERS_TOO_LARGE = REQUEST_HEADER_FIELDS_TOO_LARGE ResourceExhausted, "HEADERS_TOO_LARGE" "Headers too large",
            "the headers are larger, or more, than this server takes";
        TARGET_TOO_LONG = URI_TOO_LONG ResourceExhausted, "TARGET_TOO_LONG" "Target too long",
            "the path and the query are longer than this server takes";
        UNEXPECTED = EXPECTATION_FAILED InvalidArgument, "EXPECTATION_FAILED" "Expectation failed",
            "nothing but `100-continue` can be expected of this server";
        UNKNOWN_CODING = NOT_IMPLEMENTED Unimplemented, "UNKNOWN_TRANSFER_CODING" "Unknown transfer coding",
            "the only transfer coding is `chunked`";
        NO_TUNNEL = METHOD_NOT_ALLOWED Unimplemented, "METHOD_NOT_ALLOWED" "Method not allowed",
            "this server opens no tunnels";
    }

    fn body(&self) -> String {
        let Self { error, details, reason, .. } = self;
        format!(r#"{{"error":"{error}","details":"{details}","reason":"{reason}"}}"#)
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::from_iter([
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        ]);
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(ALLOW, HeaderValue::from_static(METHODS));
        }
        headers
    }

    /// The refusal as an answer over this version. It ends an HTTP/1 connection: a client that is wrong about one
    /// request is wrong about the next, too.
    pub(crate) fn into_response(self, version: Version) -> Response<Body> {
        let mut response = Response::new(Body::full(self.body()));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers();
        if version < Version::HTTP_2 {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Outcome { call: None, code: self.code }.leave(&mut response);
        response
    }

    /// The refusal as a gRPC status.
    pub(crate) fn into_status(self, content_type: HeaderValue) -> Response<Body> {
        let mut response = Status::new(self.code, self.details).into_http();
        response.headers_mut().insert(CONTENT_TYPE, content_type);
        Outcome { call: None, code: self.code }.leave(&mut response);
        response
    }

    /// The refusal as the bytes of HTTP/1, for places where nothing else writes them.
    pub(crate) fn to_bytes(&self, version: &str, date: &str) -> Vec<u8> {
        let (status, body) = (self.status, self.body());
        let (length, mut head) = (body.len(), format!("{version} {status}\r\n"));
        let id = RequestId::fresh();
        let id = HeaderValue::from_str(id.as_str()).expect("a request id is plain text");
        let mut headers = self.headers();
        headers.insert(request_id::HEADER, id);
        cors::open(&mut headers);
        for (name, value) in &headers {
            let value = value.to_str().expect("every value here is plain text");
            head.extend([name.as_str(), ": ", value, "\r\n"]);
        }
        let rest = format!("connection: close\r\ncontent-length: {length}\r\ndate: {date}\r\n\r\n");
        head.extend([rest, body]);
        head.into_bytes()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Every refusal before a door is chosen.
    pub(crate) fn told() -> Vec<(u16, String, String)> {
        let told = |it: &Refusal| (it.status.as_u16(), it.reason.to_owned(), it.error.to_owned());
        Refusal::ALL.iter().map(told).collect()
    }

    #[test]
    fn a_refusal_is_the_contracts_error_body() {
        let body: serde_json::Value = serde_json::from_str(&Refusal::BAD_HOST.body()).unwrap();

        assert_eq!(body["error"], "Bad host");
        assert_eq!(body["reason"], "BAD_HOST");
        assert!(body["details"].is_string());
    }

    #[test]
    fn its_bytes_are_a_whole_answer() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";

        let bytes = Refusal::MALFORMED.to_bytes("HTTP/1.1", date);

        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{head}");
        assert!(head.contains(&format!("\r\ncontent-length: {}\r\n", body.len())), "{head}");
        assert!(head.contains("\r\nx-request-id: ") && head.contains(date), "{head}");
        assert!(serde_json::from_str::<serde_json::Value>(body).is_ok(), "{body}");
    }
}
