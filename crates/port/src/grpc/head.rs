//! What the head of a call says about its form, judged before anything of its body is read.

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version, header};
use sir0_coding::{Coding, grpc};
use tonic::{Code, Status};

use crate::{body::Body, call_metrics::Door, outcome::Outcome, rest};

pub(super) const NATIVE: &str = "application/grpc";

/// How messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// As gRPC defines it.
    Native,
    /// With the trailers behind the messages, for browsers.
    Web,
    /// The same in base64.
    WebText,
}

impl Format {
    /// The format of a media type. `None` for messages that are not protobuf.
    fn of(content_type: &HeaderValue) -> Option<Self> {
        // Nearly every call sends exactly this.
        if content_type == NATIVE {
            return Some(Self::Native);
        }
        let media_type = essence(content_type)?.to_ascii_lowercase();
        let (kind, encoding) = media_type.split_once('+').unwrap_or((&media_type, "proto"));
        match (kind, encoding) {
            ("application/grpc", "proto") => Some(Self::Native),
            ("application/grpc-web", "proto") => Some(Self::Web),
            ("application/grpc-web-text", "proto") => Some(Self::WebText),
            _ => None,
        }
    }

    const fn media_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Native => "application/grpc",
            Self::Web => "application/grpc-web+proto",
            Self::WebText => "application/grpc-web-text+proto",
        })
    }
}

/// The media type without its parameters.
fn essence(content_type: &HeaderValue) -> Option<&str> {
    content_type.to_str().ok()?.split(';').next().map(str::trim)
}

/// Which door a request is for, if it is gRPC at all: `application/grpc` or `application/grpc-web`, and whatever the
/// messages are said to be.
pub(crate) fn door_of(headers: &HeaderMap) -> Option<Door> {
    let content_type = headers.get(header::CONTENT_TYPE)?;
    if content_type == NATIVE {
        return Some(Door::Grpc);
    }
    let media_type = essence(content_type)?;
    let (native, rest) = media_type.split_at_checked(NATIVE.len())?;
    if !native.eq_ignore_ascii_case(NATIVE) {
        return None;
    }
    let begins = |rest: &str| matches!(rest.as_bytes().first(), None | Some(b'+' | b'-'));
    match rest.split_at_checked("-web".len()) {
        Some((web, rest)) if web.eq_ignore_ascii_case("-web") => {
            begins(rest).then_some(Door::GrpcWeb)
        }
        _ => (rest.is_empty() || rest.starts_with('+')).then_some(Door::Grpc),
    }
}

/// The format in which a caller writes.
pub(super) fn format_in(headers: &HeaderMap) -> Option<Format> {
    headers.get(header::CONTENT_TYPE).and_then(Format::of)
}

/// Judges the head, and answers a call whose head is wrong. A good head says how messages travel, and their coding.
pub(super) fn judge<B>(
    request: &Request<B>,
) -> Result<(Format, Option<Coding>), Box<Response<Body>>> {
    let headers = request.headers();
    let format = format_in(headers).ok_or_else(|| {
        let said = "messages are protobuf here: send application/grpc, or application/grpc-web";
        Box::new(refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, said))
    })?;
    if format == Format::Native && request.version() < Version::HTTP_2 {
        // A client of native gRPC cannot read a status where HTTP/1 has no trailers.
        return Err(Box::new(noting(Status::unimplemented("HTTP/1"), rest::needs_http2())));
    }
    if request.method() != Method::POST {
        let mut response = refused(StatusCode::METHOD_NOT_ALLOWED, "a call is a POST");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
        return Err(Box::new(response));
    }
    match grpc::coding_of(headers) {
        Ok(coding) => Ok((format, coding)),
        Err(unknown) => Err(Box::new(not_read(unknown.to_string(), grpc::READ, format))),
    }
}

/// Refuses messages in a coding, and says in which ones they are read.
pub(super) fn not_read(message: String, read: HeaderValue, format: Format) -> Response<Body> {
    let mut response = trailers_only(Status::unimplemented(message), format);
    response.headers_mut().insert(grpc::ACCEPT_ENCODING, read);
    response
}

/// Brings the head of a gRPC-Web request to the form that tonic knows. The body of a request that was read is no longer
/// text, whatever the answer will be.
pub(super) fn tidy(headers: &mut HeaderMap, format: Format, is_read: bool) {
    if format == Format::Native {
        return;
    }
    let reading = if is_read { Format::Web } else { format };
    headers.insert(header::CONTENT_TYPE, reading.media_type());
    // A client that does not say what it reads is answered in the format it wrote.
    let wanted = headers.get(header::ACCEPT).and_then(Format::of).unwrap_or(format);
    if wanted == Format::WebText {
        // What would be saved is lost again in base64.
        headers.remove(grpc::ACCEPT_ENCODING);
    }
    headers.insert(header::ACCEPT, wanted.media_type());
}

/// An answer that ends with its headers, in the format the caller speaks.
pub(super) fn trailers_only(status: Status, format: Format) -> Response<Body> {
    let outcome = Outcome { call: None, code: status.code() };
    let mut response = status.into_http::<Body>();
    response.headers_mut().insert(header::CONTENT_TYPE, format.media_type());
    outcome.leave(&mut response);
    response
}

/// Refuses in both languages, as other servers of gRPC do: a client that reads the HTTP status finds the refusal there.
fn refused(http: StatusCode, message: &str) -> Response<Body> {
    let mut response = trailers_only(Status::unimplemented(message), Format::Native);
    *response.status_mut() = http;
    response
}

/// Notes for the metrics what an answer without a gRPC status in its headers means.
fn noting(status: Status, mut response: Response<Body>) -> Response<Body> {
    response.extensions_mut().insert(status);
    response
}

/// The code that counts for an answer that ended with its headers. Bytes that cannot be read are their sender's fault,
/// also where gRPC's table has `INTERNAL` for them.
pub(super) fn counted(response: &Response<Body>) -> Option<Code> {
    match response.extensions().get::<Status>() {
        Some(status) if sir0_transcoding::Malformed::is_why(status) => Some(Code::InvalidArgument),
        Some(status) => Some(status.code()),
        None => crate::call_metrics::code_in(response.headers()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(method: Method, version: Version, headers: &[(&'static str, &str)]) -> Request<()> {
        let mut request = Request::new(());
        (*request.method_mut(), *request.version_mut()) = (method, version);
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a header"));
        }
        request
    }

    fn is_for(content_type: &str) -> Option<Door> {
        door_of(asking(Method::POST, Version::HTTP_2, &[("content-type", content_type)]).headers())
    }

    #[test]
    fn only_grpc_comes_in_by_this_door() {
        for native in ["application/grpc", "application/grpc+proto", "Application/GRPC; a=b"] {
            assert!(matches!(is_for(native), Some(Door::Grpc)), "{native}");
        }
        for web in
            ["application/grpc-web", "application/grpc-web-text+proto", "application/grpc-web+x"]
        {
            assert!(matches!(is_for(web), Some(Door::GrpcWeb)), "{web}");
        }
        for other in
            ["application/grpcish", "application/grpc-webby", "application/grp", "application/json"]
        {
            assert!(is_for(other).is_none(), "{other}");
        }
    }

    #[test]
    fn messages_are_protobuf_or_the_call_is_refused() {
        for (content_type, format) in [
            ("application/grpc", Some(Format::Native)),
            ("application/grpc+proto;charset=utf-8", Some(Format::Native)),
            ("application/grpc-web ; x=y", Some(Format::Web)),
            ("application/GRPC-web-text", Some(Format::WebText)),
            ("application/grpc+json", None),
            ("application/grpc+", None),
            ("application/grpc-web+thrift", None),
            ("application/grpc-web-text-base64", None),
        ] {
            let request = asking(Method::POST, Version::HTTP_2, &[("content-type", content_type)]);

            match judge(&request) {
                Ok((judged, _)) => assert_eq!(Some(judged), format, "{content_type}"),
                Err(refused) => {
                    assert_eq!((refused.status().as_u16(), format), (415, None), "{content_type}");
                    assert_eq!(counted(&refused), Some(Code::Unimplemented));
                }
            }
        }
    }

    #[test]
    fn a_call_is_a_post_over_http_2_in_a_coding_that_we_read() {
        let native = ("content-type", "application/grpc");
        let web = ("content-type", "application/grpc-web");
        let status = |method, version, headers: &[_]| match judge(&asking(method, version, headers))
        {
            Ok(_) => 0,
            Err(refused) => refused.status().as_u16(),
        };

        assert_eq!(status(Method::PUT, Version::HTTP_2, &[native]), 405);
        assert_eq!(status(Method::GET, Version::HTTP_11, &[web]), 405);
        assert_eq!(status(Method::POST, Version::HTTP_11, &[native]), 505);
        assert_eq!(status(Method::POST, Version::HTTP_11, &[web]), 0);
        assert_eq!(
            status(Method::POST, Version::HTTP_2, &[native, ("grpc-encoding", "snappy")]),
            200
        );
        assert_eq!(
            status(Method::POST, Version::HTTP_2, &[native, ("grpc-encoding", "Identity")]),
            0
        );
    }
}
