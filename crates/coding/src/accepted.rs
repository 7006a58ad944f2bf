//! Which codings a caller of HTTP accepts (RFC 9110, 12.5.3).

use http::{HeaderMap, HeaderValue, header::ACCEPT_ENCODING};

use crate::{Coding, weight};

/// How much a caller likes each coding, in thousandths. The default accepts plain bytes alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    weights: [u16; Coding::ALL.len()],
}

impl Accepted {
    /// Reads it in the headers of a request.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let mut lines = headers.get_all(ACCEPT_ENCODING).iter();
        // A program that is no browser often says nothing.
        lines.next().map_or_else(Self::default, |first| Self::read(first, lines))
    }

    fn read<'v>(first: &'v HeaderValue, more: impl Iterator<Item = &'v HeaderValue>) -> Self {
        let mut named = [None; Coding::ALL.len()];
        let (mut plain, mut any) = (None, None);
        let lines = std::iter::once(first).chain(more).filter_map(|line| line.to_str().ok());
        for range in lines.flat_map(|line| line.split(',')) {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            let place = match (name, Coding::named(name)) {
                ("*", _) => &mut any,
                (_, Some(coding)) => &mut named[coding.place()],
                (name, None) if name.eq_ignore_ascii_case("identity") => &mut plain,
                _ => continue,
            };
            // Of several weights the first counts.
            place.get_or_insert(weight(parts));
        }
        // Plain bytes that are liked more than a coding are sent. Plain bytes that are not named are liked least, and
        // are sent where nothing else is left, also if they are refused.
        let least = plain.unwrap_or(0).max(1);
        let weights = named.map(|weight| weight.or(any).unwrap_or(0));
        Self { weights: weights.map(|weight| if weight < least { 0 } else { weight }) }
    }

    /// The codings to try, the one that is liked best first, and of those the one that makes the fewest bytes. Behind
    /// them come plain bytes.
    pub fn codings(self) -> impl Iterator<Item = Coding> {
        let mut codings = Coding::ALL;
        codings.sort_by_key(|coding| std::cmp::Reverse(self.weights[coding.place()]));
        codings.into_iter().filter(move |coding| self.weights[coding.place()] > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Coding::{Brotli, Gzip, Zstd};

    fn accepted(lines: &[&str]) -> Vec<Coding> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(ACCEPT_ENCODING, line.parse().expect("a header"));
        }
        Accepted::of(&headers).codings().collect()
    }

    #[test]
    fn the_coding_that_is_liked_best_comes_first() {
        for (accept, codings) in [
            ("gzip", &[Gzip][..]),
            ("gzip, deflate, br, zstd", &[Brotli, Zstd, Gzip]),
            ("gzip,deflate", &[Gzip]),
            ("GZip;Q=1.0, BR;q=0.5", &[Gzip, Brotli]),
            ("x-gzip", &[Gzip]),
            ("br;q=0.1, gzip;q=0.2, zstd;q=0.3", &[Zstd, Gzip, Brotli]),
            ("*", &[Brotli, Zstd, Gzip]),
            ("*;q=0.5, zstd", &[Zstd, Brotli, Gzip]),
            ("gzip;q=0, *", &[Brotli, Zstd]),
            ("br, *;q=0", &[Brotli]),
            ("identity;q=0, gzip;q=0.1", &[Gzip]),
            ("identity;q=0.5, gzip;q=0.4, br;q=0.5", &[Brotli]),
            ("gzip ; q=0.5 , br", &[Brotli, Gzip]),
        ] {
            assert_eq!(accepted(&[accept]), codings, "{accept}");
        }
        assert_eq!(accepted(&["gzip", "br"]), [Brotli, Gzip], "in two lines");
    }

    #[test]
    fn whoever_accepts_nothing_of_ours_gets_plain_bytes() {
        for accept in [
            "",
            "identity",
            "deflate",
            "compress, x",
            "gzip;q=0",
            "gzip;q=0.000",
            "*;q=0",
            "identity;q=0",
            "identity;q=0, *;q=0",
            "gzip;q=2",
            "gzip;q=x",
            "gzip;q=",
            "gzip;q=1;q=1",
            "gzip;q=0, gzip",
            "identity, gzip;q=0.9",
            "gzipped",
            "*gzip",
            ",,;,;q=1,",
        ] {
            assert_eq!(accepted(&[accept]), [], "{accept}");
        }
        assert_eq!(accepted(&[]), []);
    }
}
