//! Whether a request is one at all: what RFC 9110, 9112 and 9113 tell a server to refuse, and hyper lets pass.

use std::net::Ipv6Addr;

use http::{
    HeaderMap, HeaderValue, Method, Request, Uri, Version,
    header::{CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING},
    uri::Scheme,
};

use crate::refusal::Refusal;

/// What HTTP/2 counts for each header beside its name and its value (RFC 9113, 10.5.1).
const EACH_HEADER: usize = 32;

/// Refuses what is no request.
pub(super) fn judge<B>(request: &Request<B>, header_bytes: usize) -> Result<(), Refusal> {
    let (method, uri, headers) = (request.method(), request.uri(), request.headers());
    if *method == Method::CONNECT {
        return Err(Refusal::NO_TUNNEL);
    }
    target(method, uri)?;
    host(request.version(), uri, headers)?;
    if headers.get_all(EXPECT).iter().any(|it| !it.as_bytes().eq_ignore_ascii_case(b"100-continue"))
    {
        return Err(Refusal::UNEXPECTED);
    }
    if request.version() == Version::HTTP_2 {
        fields(uri, headers, header_bytes)
    } else {
        coding(headers)
    }
}

/// A path; or `*` for a question about the whole server (RFC 9112, 3.2).
fn target(method: &Method, uri: &Uri) -> Result<(), Refusal> {
    let is_path = uri.path().starts_with('/');
    let is_server = uri.path() == "*" && *method == Method::OPTIONS;
    let is_ours = uri.scheme().is_none_or(|it| *it == Scheme::HTTP || *it == Scheme::HTTPS);
    if (is_path || is_server) && is_ours { Ok(()) } else { Err(Refusal::BAD_TARGET) }
}

/// One host that can be one: never two, and over HTTP/1.1 never none (RFC 9112, 3.2; RFC 9113, 8.3.1). A URL names its
/// host better than the header, which has to be there all the same.
fn host(version: Version, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
    let authority = uri.authority().map(|it| it.as_str().as_bytes());
    if authority.is_some_and(|it| !is_host(it)) {
        // A user in the URL, too: it may only be there to deceive (RFC 9110, 4.2.4).
        return Err(Refusal::BAD_TARGET);
    }
    let mut named = headers.get_all(HOST).iter().map(HeaderValue::as_bytes);
    match (named.next(), named.next()) {
        (Some(_), Some(_)) => Err(Refusal::BAD_HOST),
        (Some(host), None) if !is_host(host) => Err(Refusal::BAD_HOST),
        (Some(host), None) if version == Version::HTTP_2 => match authority {
            Some(authority) if !are_same(host, authority) => Err(Refusal::BAD_HOST),
            _ => Ok(()),
        },
        (None, _) if version == Version::HTTP_11 => Err(Refusal::BAD_HOST),
        _ => Ok(()),
    }
}

/// `uri-host [":" port]` of RFC 3986, with a host.
fn is_host(text: &[u8]) -> bool {
    let port = |rest: &[u8]| match rest.split_first() {
        None => true,
        Some((b':', digits)) => digits.iter().all(u8::is_ascii_digit),
        Some(_) => false,
    };
    if let Some(literal) = text.strip_prefix(b"[") {
        let Some(end) = literal.iter().position(|byte| *byte == b']') else { return false };
        let address = std::str::from_utf8(&literal[..end]).ok();
        return address.is_some_and(|it| it.parse::<Ipv6Addr>().is_ok())
            && port(&literal[end + 1..]);
    }
    let end = text.iter().position(|byte| *byte == b':').unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    !name.is_empty() && is_name(name) && port(rest)
}

/// `reg-name`: letters, digits, what stands for itself, and escapes.
fn is_name(name: &[u8]) -> bool {
    let mut escaped = 0;
    let is_good = |byte: &u8| {
        if escaped > 0 {
            escaped -= 1;
            return byte.is_ascii_hexdigit();
        }
        if *byte == b'%' {
            escaped = 2;
        }
        byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%".contains(byte)
    };
    name.iter().all(is_good) && escaped == 0
}

fn are_same(host: &[u8], authority: &[u8]) -> bool {
    let bare = |text: &[u8]| {
        let ports: [&[u8]; 3] = [b":80", b":443", b":"];
        let cut = ports.iter().find_map(|port| text.strip_suffix(*port));
        cut.unwrap_or(text).to_ascii_lowercase()
    };
    host.eq_ignore_ascii_case(authority) || bare(host) == bare(authority)
}

/// The only coding is `chunked`, once (RFC 9112, 6.1). That it is there at all hyper has seen.
fn coding(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut codings = headers
        .get_all(TRANSFER_ENCODING)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii);
    let Some(first) = codings.next() else { return Ok(()) };
    match codings.next() {
        None if first.eq_ignore_ascii_case(b"chunked") => Ok(()),
        Some(_) if first.eq_ignore_ascii_case(b"chunked") => Err(Refusal::MALFORMED),
        _ => Err(Refusal::UNKNOWN_CODING),
    }
}

/// What HTTP/1 keeps by its grammar: values without space around them (RFC 9113, 8.2.1), one length, and a bound.
fn fields(uri: &Uri, headers: &HeaderMap, header_bytes: usize) -> Result<(), Refusal> {
    let target = uri.path_and_query().map_or(0, |target| target.as_str().len());
    let authority = uri.authority().map_or(0, |authority| authority.as_str().len());
    let mut size = target + authority + 4 * EACH_HEADER;
    for (name, value) in headers {
        let value = value.as_bytes();
        if matches!(value, [b' ' | b'\t', ..] | [.., b' ' | b'\t']) {
            return Err(Refusal::MALFORMED);
        }
        size += name.as_str().len() + value.len() + EACH_HEADER;
    }
    if target > header_bytes {
        return Err(Refusal::TARGET_TOO_LONG);
    }
    if size > header_bytes {
        return Err(Refusal::HEADERS_TOO_LARGE);
    }
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let first = lengths.next();
    if lengths.any(|other| Some(other) != first) {
        return Err(Refusal::MALFORMED);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
