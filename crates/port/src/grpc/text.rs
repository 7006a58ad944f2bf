//! gRPC-Web in base64, as it comes in.

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::{Bytes, BytesMut};

use super::message::Fault;

/// Four characters are three bytes, or fewer with padding.
const GROUP: usize = 4;

/// Base64 that arrives in pieces of any length. Padding may stand in the middle: the protocol lets a client encode and
/// send what it has, and go on.
#[derive(Debug, Default)]
pub(super) struct Text {
    /// Characters that are too few for a group.
    rest: BytesMut,
}

impl Text {
    /// The bytes of every group that is complete.
    pub(super) fn decode(&mut self, piece: &[u8]) -> Result<Bytes, Fault> {
        self.rest.extend_from_slice(piece);
        let complete = self.rest.len() / GROUP * GROUP;
        let groups = self.rest.split_to(complete);
        let mut decoded = Vec::with_capacity(complete / GROUP * 3);
        let mut unread = &groups[..];
        while !unread.is_empty() {
            let padded = unread.iter().position(|byte| *byte == b'=');
            let end = padded.map_or(unread.len(), |at| (at / GROUP + 1) * GROUP);
            let (groups, behind) = unread.split_at(end);
            BASE64_STANDARD.decode_vec(groups, &mut decoded).map_err(|_cause| Fault::NotText)?;
            unread = behind;
        }
        Ok(decoded.into())
    }

    /// Refuses left-over characters that make no group.
    pub(super) fn finish(self) -> Result<(), Fault> {
        if self.rest.is_empty() { Ok(()) } else { Err(Fault::NotText) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded(pieces: &[&[u8]]) -> Result<Vec<u8>, Fault> {
        let (mut text, mut whole) = (Text::default(), Vec::new());
        for piece in pieces {
            whole.extend_from_slice(&text.decode(piece)?);
        }
        text.finish().map(|()| whole)
    }

    proptest! {
        #[test]
        fn text_is_read_however_it_was_cut(
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..4),
            cut in 1_usize..9,
        ) {
            let text: String = parts.iter().map(|part| BASE64_STANDARD.encode(part)).collect();

            let read = decoded(&text.as_bytes().chunks(cut).collect::<Vec<_>>());

            prop_assert_eq!(read, Ok(parts.concat()));
        }
    }

    #[test]
    fn what_is_no_base64_is_refused() {
        for text in ["AAAA\n", "AAA", "AA=A", "====", "A===", "AAAA AAAA", "AA-_", "\u{e4}\u{e4}"] {
            assert_eq!(decoded(&[text.as_bytes()]), Err(Fault::NotText), "{text}");
        }
    }
}
