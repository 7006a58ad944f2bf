//! How long a client wants to hear a stream: `Prefer: wait` (RFC 7240). Programs that can do nothing with an answer before
//! its end, such as Postman's runner and most generated clients, so hear a stream that ends.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

const PREFER: HeaderName = HeaderName::from_static("prefer");
const APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// A wait that a client asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wait(u32);

impl Wait {
    /// What the request prefers. Of several the first counts, and what cannot be read is no preference: RFC 7240 has both.
    pub(super) fn asked(headers: &HeaderMap) -> Option<Self> {
        let values = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
        let mut preferences = values.flat_map(|value| value.split(','));
        let seconds = preferences.find_map(|preference| {
            let preference = preference.split(';').next().unwrap_or_default();
            let (name, value) = preference.split_once('=')?;
            name.trim().eq_ignore_ascii_case("wait").then(|| value.trim().trim_matches('"'))
        })?;
        let is_plain = seconds.bytes().all(|byte| byte.is_ascii_digit());
        seconds.parse().ok().filter(|_| is_plain).map(Self)
    }

    /// How long the stream goes on.
    pub(super) fn duration(self) -> Duration {
        Duration::from_secs(self.0.into())
    }

    /// Tells the client that the stream ends by itself.
    pub(super) fn tell(self, headers: &mut HeaderMap) {
        let applied = HeaderValue::try_from(format!("wait={}", self.0));
        headers.insert(APPLIED, applied.expect("digits are good in a header"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_wait_counts_and_what_cannot_be_read_is_none() {
        for (prefer, expected) in [
            (&["wait=2"][..], Some(2)),
            (&["WAIT = \"10\""], Some(10)),
            (&["respond-async, wait=3; a=b, wait=4"], Some(3)),
            (&["return=minimal", "wait=0"], Some(0)),
            (&["wait=2", "wait=3"], Some(2)),
            (&["wait=4294967295"], Some(u32::MAX)),
            (&[], None),
            (&["wait"], None),
            (&["wait="], None),
            (&["wait=+2"], None),
            (&["wait=-2"], None),
            (&["wait=1.5"], None),
            (&["wait=4294967296"], None),
            (&["wait=a, wait=3"], None),
            (&["awaits=2"], None),
        ] {
            let mut headers = HeaderMap::new();
            for value in prefer {
                headers.append(PREFER, HeaderValue::from_static(value));
            }
            assert_eq!(Wait::asked(&headers), expected.map(Wait), "{prefer:?}");
        }
    }
}
