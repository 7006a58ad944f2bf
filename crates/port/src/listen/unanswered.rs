//! The refusals that hyper writes itself over HTTP/1. hyper refuses a head that it cannot read with nothing but a
//! status line, and has no hook for that. Such a refusal is found where its bytes are written: it carries no request
//! id, and every answer of ours does.

use crate::refusal::Refusal;

/// A refusal that hyper wrote at the end of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unanswered<'a> {
    /// How many bytes come before it: the rest of another answer.
    pub(super) before: usize,
    version: &'a str,
    refusal: Refusal,
    date: &'a str,
}

impl<'a> Unanswered<'a> {
    /// Finds such a refusal: `HTTP/1.1 400 Bad Request`, with or without `connection: close`, `content-length: 0` and a
    /// date.
    pub(super) fn at_the_end_of(bytes: &'a [u8]) -> Option<Self> {
        const DATE: usize = "Sun, 06 Nov 1994 08:49:37 GMT".len();
        let rest = bytes.strip_suffix(b"\r\n\r\n")?;
        let (rest, date) = rest.split_at(rest.len().checked_sub(DATE)?);
        let rest = rest.strip_suffix(b"\r\ncontent-length: 0\r\ndate: ")?;
        let rest = rest.strip_suffix(b"\r\nconnection: close").unwrap_or(rest);
        let (rest, refusal) = [
            (&b" 400 Bad Request"[..], Refusal::MALFORMED),
            (b" 414 URI Too Long", Refusal::TARGET_TOO_LONG),
            (b" 431 Request Header Fields Too Large", Refusal::HEADERS_TOO_LARGE),
        ]
        .into_iter()
        .find_map(|(status, refusal)| Some((rest.strip_suffix(status)?, refusal)))?;
        let before = rest.len().checked_sub("HTTP/1.1".len())?;
        let version = std::str::from_utf8(&rest[before..]).ok()?;
        let date = std::str::from_utf8(date).ok()?;
        matches!(version, "HTTP/1.1" | "HTTP/1.0").then_some(Self {
            before,
            version,
            refusal,
            date,
        })
    }

    /// The refusal in the form of every other answer. hyper also says 431 for a target that is too long; only the
    /// reader of the head can tell.
    pub(super) fn to_bytes(&self, is_within_target: bool) -> Vec<u8> {
        let refusal = match self.refusal {
            Refusal::HEADERS_TOO_LARGE if is_within_target => &Refusal::TARGET_TOO_LONG,
            ref refusal => refusal,
        };
        refusal.to_bytes(self.version, self.date)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: &str = "HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n\
        content-length: 0\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n";

    #[test]
    fn what_hyper_refuses_is_found_also_behind_another_answer() {
        let kept_alive = REFUSED.replace("connection: close\r\n", "").replace("1.1", "1.0");
        let behind =
            format!("HTTP/1.1 307 Temporary Redirect\r\ncontent-length: 0\r\n\r\n{REFUSED}");

        for (bytes, before) in
            [(REFUSED, 0), (&kept_alive, 0), (&behind, behind.len() - REFUSED.len())]
        {
            let found = Unanswered::at_the_end_of(bytes.as_bytes()).expect(bytes);

            assert_eq!(found.before, before);
            assert_eq!(found.refusal, Refusal::HEADERS_TOO_LARGE);
        }
    }

    #[test]
    fn a_long_target_is_named_when_no_line_had_ended() {
        let found = Unanswered::at_the_end_of(REFUSED.as_bytes()).unwrap();

        assert!(found.to_bytes(true).starts_with(b"HTTP/1.1 414 URI Too Long\r\n"));
        assert!(
            found.to_bytes(false).starts_with(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
        );
    }

    #[test]
    fn answers_of_our_own_are_left_alone() {
        let ours = REFUSED.replace("connection: close", "x-request-id: a-1");

        for bytes in [&ours[..], &REFUSED[..REFUSED.len() - 1], "", "\r\n\r\n", &REFUSED[8..]] {
            assert_eq!(Unanswered::at_the_end_of(bytes.as_bytes()), None, "{bytes}");
        }
        let refusal = Refusal::MALFORMED.to_bytes("HTTP/1.1", "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(Unanswered::at_the_end_of(&refusal), None);
    }
}
