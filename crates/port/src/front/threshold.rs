//! Whether a request is valid: the checks that RFC 9110, 9112 and 9113 ask of a server, and hyper leaves out.

use std::net::Ipv6Addr;

use http::{
    HeaderMap, HeaderValue, Method, Request, Uri, Version,
    header::{CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING},
    uri::Scheme,
};

use crate::refusal::Refusal;

/// What HTTP/2 counts for each header beside its name and its value (RFC 9113, 10.5.1).
const EACH_HEADER: usize = 32;

/// Refuses a request that is not valid.
pub(super) fn judge<B>(request: &Request<B>, header_bytes: usize) -> Result<(), Refusal> {
    let (method, uri, headers) = (request.method(), request.uri(), request.headers());
    if *method == Method::CONNECT {
        return Err(Refusal::NO_TUNNEL);
    }
    target(method, uri)?;
    let seen = Seen::of(headers);
    host(request.version(), uri, &seen)?;
    if seen.expects_more {
        return Err(Refusal::UNEXPECTED);
    }
    if request.version() == Version::HTTP_2 {
        fields(uri, &seen, header_bytes)
    } else if seen.has_coding {
        coding(headers)
    } else {
        Ok(())
    }
}

/// The headers that are checked, found in one pass: looking each of them up costs more.
#[derive(Debug, Default)]
struct Seen<'h> {
    /// How many `Host` headers there are, and the last.
    hosts: usize,
    host: Option<&'h HeaderValue>,
    length: Option<&'h HeaderValue>,
    /// `Expect` asks for something else than `100-continue`.
    expects_more: bool,
    has_coding: bool,
    /// A value begins or ends with white space, or there are two lengths.
    is_malformed: bool,
    /// The size of the headers, as HTTP/2 counts it.
    bytes: usize,
}

impl<'h> Seen<'h> {
    fn of(headers: &'h HeaderMap) -> Self {
        let mut seen = Self::default();
        for (name, value) in headers {
            let bytes = value.as_bytes();
            seen.bytes += name.as_str().len() + bytes.len() + EACH_HEADER;
            seen.is_malformed |= matches!(bytes, [b' ' | b'\t', ..] | [.., b' ' | b'\t']);
            if *name == HOST {
                (seen.hosts, seen.host) = (seen.hosts + 1, Some(value));
            } else if *name == CONTENT_LENGTH {
                seen.is_malformed |= seen.length.replace(value).is_some_and(|it| it != value);
            } else if *name == EXPECT {
                seen.expects_more |= !bytes.eq_ignore_ascii_case(b"100-continue");
            } else if *name == TRANSFER_ENCODING {
                seen.has_coding = true;
            }
        }
        seen
    }
}

/// A path; or `*` for a question about the whole server (RFC 9112, 3.2).
fn target(method: &Method, uri: &Uri) -> Result<(), Refusal> {
    let is_path = uri.path().starts_with('/');
    let is_server = uri.path() == "*" && *method == Method::OPTIONS;
    let is_ours = uri.scheme().is_none_or(|it| *it == Scheme::HTTP || *it == Scheme::HTTPS);
    if (is_path || is_server) && is_ours { Ok(()) } else { Err(Refusal::BAD_TARGET) }
}

/// Checks that there is one valid host: never two, and over HTTP/1.1 never none (RFC 9112, 3.2; RFC 9113, 8.3.1). The
/// host in a URL counts more than the header, which has to be there all the same.
fn host(version: Version, uri: &Uri, seen: &Seen<'_>) -> Result<(), Refusal> {
    let authority = uri.authority().map(|it| it.as_str().as_bytes());
    if authority.is_some_and(|it| !is_host(it)) {
        // This covers a user in the URL, who may only be there to deceive (RFC 9110, 4.2.4).
        return Err(Refusal::BAD_TARGET);
    }
    if seen.hosts > 1 {
        return Err(Refusal::BAD_HOST);
    }
    match seen.host.map(HeaderValue::as_bytes) {
        Some(host) if !is_host(host) => Err(Refusal::BAD_HOST),
        Some(host) if version == Version::HTTP_2 => match authority {
            Some(authority) if !are_same(host, authority) => Err(Refusal::BAD_HOST),
            _ => Ok(()),
        },
        None if version == Version::HTTP_11 => Err(Refusal::BAD_HOST),
        _ => Ok(()),
    }
}

/// `uri-host [":" port]` of RFC 3986, with a host.
pub(crate) fn is_host(text: &[u8]) -> bool {
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

/// `reg-name`: letters, digits, characters that stand for themselves, and escapes.
fn is_name(name: &[u8]) -> bool {
    // Nearly every name has no escapes.
    if name.iter().all(|byte| STANDS_FOR_ITSELF[usize::from(*byte)]) {
        return true;
    }
    let mut rest = name;
    loop {
        rest = match rest {
            [] => return true,
            [b'%', high, low, rest @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                rest
            }
            [byte, rest @ ..] if STANDS_FOR_ITSELF[usize::from(*byte)] => rest,
            _ => return false,
        };
    }
}

/// `unreserved` and `sub-delims` of RFC 3986.
const STANDS_FOR_ITSELF: [bool; 256] = {
    let (mut table, mut byte) = ([false; 256], 0);
    while byte < 128_u8 {
        table[byte as usize] = byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'-' | b'.'
                    | b'_'
                    | b'~'
                    | b'!'
                    | b'$'
                    | b'&'
                    | b'\''
                    | b'('
                    | b')'
                    | b'*'
                    | b'+'
                    | b','
                    | b';'
                    | b'='
            );
        byte += 1;
    }
    table
};

fn are_same(host: &[u8], authority: &[u8]) -> bool {
    let bare = |text: &[u8]| {
        let ports: [&[u8]; 3] = [b":80", b":443", b":"];
        let cut = ports.iter().find_map(|port| text.strip_suffix(*port));
        cut.unwrap_or(text).to_ascii_lowercase()
    };
    host.eq_ignore_ascii_case(authority) || bare(host) == bare(authority)
}

/// The only coding is `chunked`, once (RFC 9112, 6.1). hyper has checked that it is there.
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

/// Checks what HTTP/1 ensures by its grammar: values without space around them (RFC 9113, 8.2.1), one length, and a
/// bound.
fn fields(uri: &Uri, seen: &Seen<'_>, header_bytes: usize) -> Result<(), Refusal> {
    let target = uri.path_and_query().map_or(0, |target| target.as_str().len());
    let authority = uri.authority().map_or(0, |authority| authority.as_str().len());
    if seen.is_malformed {
        return Err(Refusal::MALFORMED);
    }
    if target > header_bytes {
        return Err(Refusal::TARGET_TOO_LONG);
    }
    if target + authority + 4 * EACH_HEADER + seen.bytes > header_bytes {
        return Err(Refusal::HEADERS_TOO_LARGE);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
