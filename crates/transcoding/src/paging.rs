//! Lists in pages: what leads from a page to the next one.

use std::ops::Range;

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use tonic::codegen::http::HeaderValue;

use crate::{query::decoded, shape::Field, wire::content_of};

/// What stands for itself in no query (RFC 3986, 3.4). The escapes of a query that was taken are whole, so `%` stays.
const NOT_OF_A_QUERY: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');
/// All of a value but unreserved characters.
const NOT_OF_A_VALUE: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The longest link, in bytes. Heads that wait for a client are not counted, so a long query must not come back in one.
/// No list of ours has parameters of that length.
const LONGEST: usize = 4 * 1024;

/// How a list goes on: the answer holds a token, and the next request gives it back.
#[derive(Debug)]
pub struct Paging {
    /// The field of the answer that opens the next page.
    pub next: &'static Field,
    /// The field of the request that takes it, from the query.
    pub token: &'static Field,
}

impl Paging {
    /// Where a message of the answer holds the token of the next page, if another page follows.
    #[must_use]
    pub fn next_in(&self, message: &[u8]) -> Option<Range<usize>> {
        let token = content_of(self.next, message).ok().flatten().filter(|it| !it.is_empty())?;
        let from = token.as_ptr().addr() - message.as_ptr().addr();
        Some(from..from + token.len())
    }

    /// The `Link` to the next page (RFC 8288): a reference that is a query only, so that it leads to the same path, behind
    /// whatever prefix and host the caller used. It has the parameters of the query that was answered, but for those that
    /// are noise. `None` if it would be longer than a head should be.
    pub fn link(
        &self,
        query: Option<&str>,
        next: &[u8],
        is_noise: impl Fn(&str) -> bool,
    ) -> Option<HeaderValue> {
        let next = str::from_utf8(next).ok()?;
        let query = query.unwrap_or_default();
        let mut link = String::with_capacity(query.len() + next.len() + 32);
        link.push_str("<?");
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let name = pair.split_once('=').map_or(pair, |(name, _)| name);
            let name = decoded(name)?;
            if name == self.token.json || name == self.token.name || is_noise(&name) {
                continue;
            }
            link.extend(utf8_percent_encode(pair, NOT_OF_A_QUERY));
            link.push('&');
        }
        link.push_str(self.token.json);
        link.push('=');
        link.extend(utf8_percent_encode(next, NOT_OF_A_VALUE));
        link.push_str(">; rel=\"next\"");
        HeaderValue::try_from(link).ok().filter(|link| link.len() <= LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use crate::shape::{Holds, Kind};

    use super::*;

    const fn text(number: u32, name: &'static str, json: &'static str) -> Field {
        let (kind, holds) = (Kind::Text, Holds::One);
        Field { number, name, json, key: "", kind, holds, oneof: None, bounds: &[] }
    }

    static NEXT: Field = text(2, "next_page_token", "nextPageToken");
    static TOKEN: Field = text(2, "page_token", "pageToken");
    const PAGING: Paging = Paging { next: &NEXT, token: &TOKEN };

    fn link(query: &str, token: &str) -> Option<String> {
        let link = PAGING.link(Some(query), token.as_bytes(), |name| name == "_")?;
        Some(link.to_str().expect("a link is ASCII").to_owned())
    }

    #[test]
    fn a_link_has_the_parameters_of_the_query_and_the_next_token_in_the_place_of_the_last_one() {
        for (query, expected) in [
            ("", "<?pageToken=t>; rel=\"next\""),
            ("q=a+b&pageSize=2", "<?q=a+b&pageSize=2&pageToken=t>; rel=\"next\""),
            ("pageToken=s&q=a", "<?q=a&pageToken=t>; rel=\"next\""),
            ("page_token=s&q=a", "<?q=a&pageToken=t>; rel=\"next\""),
            ("%70age%54oken=s&q=a", "<?q=a&pageToken=t>; rel=\"next\""),
            ("pageToken&&q=a&", "<?q=a&pageToken=t>; rel=\"next\""),
            ("id=1&id=2&_=170", "<?id=1&id=2&pageToken=t>; rel=\"next\""),
            ("q=%E6%97%A5%26&x", "<?q=%E6%97%A5%26&x&pageToken=t>; rel=\"next\""),
            ("q=日", "<?q=%E6%97%A5&pageToken=t>; rel=\"next\""),
        ] {
            assert_eq!(link(query, "t").as_deref(), Some(expected), "{query}");
        }
    }

    #[test]
    fn nothing_in_a_query_or_a_token_ends_the_link_or_the_header() {
        for byte in 0..128_u8 {
            let byte = char::from(byte);
            for (query, token) in
                [(format!("q=a{byte}"), "t"), ("q=a".to_owned(), &*format!("t{byte}"))]
            {
                let Some(link) = link(&query, token) else { continue };
                let inside =
                    link.strip_prefix("<?").and_then(|it| it.strip_suffix(">; rel=\"next\""));
                let inside = inside.expect("one link");
                let is_of_a_query =
                    |it: u8| it.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?%".contains(&it);
                assert!(inside.bytes().all(is_of_a_query), "{byte:?} in {link}");
            }
        }
        assert_eq!(
            link("q=1", "a+b/c=&d>").as_deref(),
            Some("<?q=1&pageToken=a%2Bb%2Fc%3D%26d%3E>; rel=\"next\"")
        );
    }

    #[test]
    fn a_query_that_is_longer_than_any_of_ours_gets_no_link() {
        assert!(link(&format!("q={}", "a".repeat(4_000)), "t").is_some());
        assert!(link(&format!("q={}", "a".repeat(5_000)), "t").is_none());
        assert!(link(&format!("q={}", "日".repeat(500)), "t").is_none(), "nine bytes for each");
        assert!(
            link(&format!("_={}", "a".repeat(5_000)), "t").is_some(),
            "noise does not come back"
        );
    }
}
