//! Codings of gRPC's messages (`doc/compression.md` of its repository). A message says in its first byte whether it is
//! coded, and the head of the call says how.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::Coding;

/// How the messages of the sender are coded.
pub const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
/// What the sender can read.
pub const ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");
/// What we can read.
pub const READ: HeaderValue = HeaderValue::from_static("identity,gzip,zstd");

/// The codings of answers, the one that makes the fewest bytes first.
pub const CODINGS: [Coding; 2] = [Coding::Zstd, Coding::Gzip];

/// A coding that we cannot read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("messages are taken as they are, in gzip, or in zstd")]
pub struct Unknown;

/// How the messages of a request are coded.
pub fn coding_of(headers: &HeaderMap) -> Result<Option<Coding>, Unknown> {
    let mut lines = headers.get_all(ENCODING).iter();
    match (lines.next(), lines.next()) {
        (None, _) => Ok(None),
        (Some(one), None) => named(one),
        // There is one coding. Several lines name several.
        (Some(_), Some(_)) => Err(Unknown),
    }
}

fn named(name: &HeaderValue) -> Result<Option<Coding>, Unknown> {
    let name = name.to_str().map_err(|_not_text| Unknown)?;
    if name.eq_ignore_ascii_case("identity") {
        return Ok(None);
    }
    let coding = CODINGS.into_iter().find(|coding| name.eq_ignore_ascii_case(coding.name()));
    coding.map(Some).ok_or(Unknown)
}

/// The coding that an answer may have for this caller.
#[must_use]
pub fn accepted(headers: &HeaderMap) -> Option<Coding> {
    let mut places = [false; CODINGS.len()];
    for line in headers.get_all(ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok()) {
        for name in line.split(',').map(str::trim) {
            let place = CODINGS.iter().position(|it| name.eq_ignore_ascii_case(it.name()));
            if let Some(place) = place {
                places[place] = true;
            }
        }
    }
    places.into_iter().zip(CODINGS).find_map(|(is_named, coding)| is_named.then_some(coding))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &HeaderName, lines: &[&str]) -> HeaderMap {
        let lines = lines.iter().map(|line| (name.clone(), line.parse().expect("a header")));
        let mut headers = HeaderMap::new();
        for (name, line) in lines {
            headers.append(name, line);
        }
        headers
    }

    #[test]
    fn an_answer_has_a_coding_that_its_caller_names() {
        for (lines, coding) in [
            (&["identity, deflate, gzip"][..], Some(Coding::Gzip)),
            (&["gzip,zstd"], Some(Coding::Zstd)),
            (&["gzip", "ZSTD"], Some(Coding::Zstd)),
            (&["br, snappy"], None),
            (&["*"], None),
            (&[""], None),
            (&[], None),
        ] {
            assert_eq!(accepted(&headers(&ACCEPT_ENCODING, lines)), coding, "{lines:?}");
        }
    }

    #[test]
    fn a_coding_of_requests_is_one_that_we_read() {
        for (lines, coding) in [
            (&["gzip"][..], Ok(Some(Coding::Gzip))),
            (&["zstd"], Ok(Some(Coding::Zstd))),
            (&["Identity"], Ok(None)),
            (&[], Ok(None)),
            (&["br"], Err(Unknown)),
            (&["deflate"], Err(Unknown)),
            (&["gzip,zstd"], Err(Unknown)),
            (&["gzip", "gzip"], Err(Unknown)),
            (&[""], Err(Unknown)),
        ] {
            assert_eq!(coding_of(&headers(&ENCODING, lines)), coding, "{lines:?}");
        }
    }
}
