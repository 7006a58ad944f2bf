//! What a request asks of a file: its conditions (RFC 9110, 13) and its range (14).

use std::ops::Range;

use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{IF_MATCH, IF_NONE_MATCH, IF_RANGE, RANGE},
};
use sir0_transcoding::{Conditions, Tag};

/// What the answer is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// The whole file.
    Whole,
    /// These bytes of it. Never empty, and within the file.
    Part(Range<u64>),
    /// No byte of the file is in the range.
    Beyond,
    /// The client has the file.
    Known,
    /// The client wants another file than the one that is there.
    Other,
}

impl Asked {
    /// What this `GET` or `HEAD` asks of a file of this tag and so many bytes, in the order of RFC 9110, 13.2.2. A file has
    /// no date, so a condition that names one is passed over.
    pub(super) fn of(method: &Method, headers: &HeaderMap, tag: &Tag, size: u64) -> Self {
        if headers.contains_key(IF_MATCH) || headers.contains_key(IF_NONE_MATCH) {
            let conditions = Conditions::of(headers);
            if !conditions.holds_match(tag) {
                return Self::Other;
            }
            if conditions.known_form(tag, [None].into_iter()).is_some() {
                return Self::Known;
            }
        }
        // RFC 9110, 14.2: only `GET` has ranges.
        let Some(range) = only(headers, &RANGE).filter(|_| method == Method::GET) else {
            return Self::Whole;
        };
        if headers.contains_key(IF_RANGE) && only(headers, &IF_RANGE) != Some(tag.as_header()) {
            return Self::Whole;
        }
        match spec(range.as_bytes()) {
            Some(spec) => spec.within(size),
            None => Self::Whole,
        }
    }
}

/// The line of a header that may stand once.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h HeaderValue> {
    let mut lines = headers.get_all(name).iter();
    lines.next().filter(|_| lines.next().is_none())
}

/// One range of bytes, as it is written (RFC 9110, 14.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spec {
    /// From this byte on, to that one, which is in it.
    From(u64, u64),
    /// So many bytes at the end.
    Last(u64),
}

impl Spec {
    fn within(self, size: u64) -> Asked {
        let range = match self {
            Self::From(first, last) => first..last.saturating_add(1).min(size),
            Self::Last(count) => size.saturating_sub(count)..size,
        };
        if range.is_empty() { Asked::Beyond } else { Asked::Part(range) }
    }
}

/// Reads a range. `None` is answered with the whole file, as RFC 9110, 14.2 allows: what is no range, a unit that is not
/// bytes, and several ranges, whose answer would take more than the file.
fn spec(text: &[u8]) -> Option<Spec> {
    const UNIT: &[u8] = b"bytes=";
    let (unit, set) = text.split_at_checked(UNIT.len())?;
    if !unit.eq_ignore_ascii_case(UNIT) {
        return None;
    }
    // A list may have empty elements (RFC 9110, 5.6.1).
    let mut specs = set.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    let mut specs = specs.by_ref().filter(|spec| !spec.is_empty());
    let one = specs.next().filter(|_| specs.next().is_none())?;
    let dash = one.iter().position(|byte| *byte == b'-')?;
    match (&one[..dash], &one[dash + 1..]) {
        (b"", count) => Some(Spec::Last(number(count)?)),
        (first, b"") => Some(Spec::From(number(first)?, u64::MAX)),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(Spec::From(first, last))
        }
    }
}

/// A number of digits alone. One that is larger than any file is as good as the largest.
fn number(digits: &[u8]) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let add = |number: u64, digit: &u8| {
        number.saturating_mul(10).saturating_add(u64::from(*digit - b'0'))
    };
    is_number.then(|| digits.iter().fold(0, add))
}

#[cfg(test)]
mod tests {
    use http::header::IF_UNMODIFIED_SINCE;
    use proptest::prelude::*;

    use super::*;

    const SIZE: u64 = 1000;

    fn asked(lines: &[(HeaderName, &str)]) -> Asked {
        asked_by(&Method::GET, lines)
    }

    fn asked_by(method: &Method, lines: &[(HeaderName, &str)]) -> Asked {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name, HeaderValue::from_str(value).expect("a line of a header"));
        }
        Asked::of(method, &headers, &Tag::new("abc"), SIZE)
    }

    #[test]
    fn a_range_is_what_it_says_of_the_bytes_that_are_there() {
        for (range, part) in [
            ("bytes=0-0", 0..1),
            ("bytes=0-499", 0..500),
            ("bytes=500-999", 500..1000),
            ("bytes=500-", 500..1000),
            ("bytes=999-", 999..1000),
            ("bytes=-1", 999..1000),
            ("bytes=-500", 500..1000),
            ("bytes=-5000", 0..1000),
            ("bytes=900-1000", 900..1000),
            ("bytes=0-99999999999999999999999", 0..1000),
            ("bytes=0-18446744073709551615", 0..1000),
            ("bytes=-99999999999999999999999", 0..1000),
            ("bytes=000-0009", 0..10),
            ("BYTES=0-9", 0..10),
            ("bytes= 0-9 ", 0..10),
            ("bytes=, 0-9 ,,", 0..10),
        ] {
            assert_eq!(asked(&[(RANGE, range)]), Asked::Part(part), "{range}");
        }
    }

    #[test]
    fn a_range_without_a_byte_of_the_file_is_beyond_it() {
        for range in ["bytes=1000-", "bytes=1000-1001", "bytes=-0", "bytes=99999999999999999999-"] {
            assert_eq!(asked(&[(RANGE, range)]), Asked::Beyond, "{range}");
        }
    }

    #[test]
    fn what_is_no_range_and_what_is_several_are_answered_with_the_whole() {
        for range in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=,",
            "bytes=9-0",
            "bytes=a-b",
            "bytes=+1-2",
            "bytes=0x1-",
            "bytes=0 - 9",
            "bytes=--1",
            "bytes=1-2-3",
            "bytes =0-9",
            "bytes=0-1,2-3",
            "bytes=0-1,5000-",
            "lines=0-9",
            "none",
        ] {
            assert_eq!(asked(&[(RANGE, range)]), Asked::Whole, "{range}");
        }
        let two = [(RANGE, "bytes=0-9"), (RANGE, "bytes=0-9")];
        assert_eq!(asked(&two), Asked::Whole);
    }

    #[test]
    fn a_head_has_no_range() {
        assert_eq!(asked_by(&Method::HEAD, &[(RANGE, "bytes=0-9")]), Asked::Whole);
        assert_eq!(asked_by(&Method::HEAD, &[(RANGE, "bytes=5000-")]), Asked::Whole);
    }

    #[test]
    fn a_range_of_another_file_is_answered_with_the_whole() {
        let part = Asked::Part(0..10);
        for (condition, expected) in [
            ("\"abc\"", part),
            ("\"xyz\"", Asked::Whole),
            ("W/\"abc\"", Asked::Whole),
            ("abc", Asked::Whole),
            ("\"abc\", \"xyz\"", Asked::Whole),
            ("*", Asked::Whole),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Asked::Whole),
        ] {
            let found = asked(&[(IF_RANGE, condition), (RANGE, "bytes=0-9")]);
            assert_eq!(found, expected, "{condition}");
        }
        let twice = [(IF_RANGE, "\"abc\""), (IF_RANGE, "\"abc\""), (RANGE, "bytes=0-9")];
        assert_eq!(asked(&twice), Asked::Whole);
        assert_eq!(asked(&[(IF_RANGE, "\"abc\"")]), Asked::Whole);
    }

    #[test]
    fn who_has_the_file_is_told_so_whatever_the_range() {
        for tags in ["\"abc\"", "W/\"abc\"", "\"x\", \"abc\"", "*"] {
            assert_eq!(asked(&[(IF_NONE_MATCH, tags)]), Asked::Known, "{tags}");
            assert_eq!(asked_by(&Method::HEAD, &[(IF_NONE_MATCH, tags)]), Asked::Known, "{tags}");
            let beyond = [(IF_NONE_MATCH, tags), (RANGE, "bytes=5000-")];
            assert_eq!(asked(&beyond), Asked::Known, "{tags}");
        }
        for tags in ["\"xyz\"", "abc", "\"ABC\"", "\"abc-gzip\"", ""] {
            assert_eq!(asked(&[(IF_NONE_MATCH, tags)]), Asked::Whole, "{tags}");
        }
    }

    #[test]
    fn who_wants_another_file_gets_none() {
        assert_eq!(asked(&[(IF_MATCH, "\"xyz\"")]), Asked::Other);
        assert_eq!(asked(&[(IF_MATCH, "W/\"abc\"")]), Asked::Other);
        assert_eq!(asked(&[(IF_MATCH, "\"xyz\""), (IF_NONE_MATCH, "\"abc\"")]), Asked::Other);
        assert_eq!(asked(&[(IF_MATCH, "\"abc\""), (RANGE, "bytes=0-9")]), Asked::Part(0..10));
        assert_eq!(asked(&[(IF_MATCH, "*")]), Asked::Whole);
        let date = (IF_UNMODIFIED_SINCE, "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(asked(&[date]), Asked::Whole);
    }

    #[test]
    fn a_file_without_bytes_has_no_range() {
        let headers = HeaderMap::from_iter([(RANGE, HeaderValue::from_static("bytes=0-"))]);

        let found = Asked::of(&Method::GET, &headers, &Tag::new("abc"), 0);

        assert_eq!(found, Asked::Beyond);
    }

    proptest! {
        #[test]
        fn a_part_is_never_empty_and_always_within_the_file(
            text in "bytes=[0-9 ,-]{0,24}",
            size in prop_oneof![0..3_u64, 0..2000_u64, Just(u64::MAX)],
        ) {
            if let Some(Asked::Part(range)) = spec(text.as_bytes()).map(|it| it.within(size)) {
                prop_assert!(range.start < range.end && range.end <= size, "{range:?}");
            }
        }
    }
}
