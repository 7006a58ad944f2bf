//! Bytes out of a coding, a piece at a time. The reader says when it is enough.

use std::io::{self, Read};

use flate2::bufread::GzDecoder;

use crate::Coding;

/// The largest window that a sender of zstd may ask for: 8 MiB, as RFC 9659 has it for HTTP. Without a bound, a message
/// of some bytes asks for 128 MiB.
const WINDOW_LOG: u32 = 23;

/// The bytes are not what they are said to be: something else, cut off, or with more behind their end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are not of the coding that they are said to be of")]
pub struct Broken;

/// Reads bytes out of a coding.
pub struct Decoder<'i>(Kind<'i>);

enum Kind<'i> {
    Gzip(Box<GzDecoder<&'i [u8]>>),
    Zstd(zstd::Decoder<'static, &'i [u8]>),
}

impl<'i> Decoder<'i> {
    /// What a decoder takes beside the bytes that it has read.
    pub const STATE: usize = 192 * 1024;

    /// Of a request that is gzip, or of a message.
    ///
    /// # Panics
    ///
    /// On brotli: bodies are taken in gzip, and messages in gzip or zstd.
    #[must_use]
    pub fn new(coding: Coding, input: &'i [u8]) -> Self {
        Self(match coding {
            // One member: a thousand empty ones would cost more than their bytes.
            Coding::Gzip => Kind::Gzip(Box::new(GzDecoder::new(input))),
            Coding::Zstd => {
                const ROOM: &str = "there is memory for a decoder";
                let mut decoder = zstd::Decoder::with_buffer(input).expect(ROOM).single_frame();
                decoder.window_log_max(WINDOW_LOG).expect("a window that zstd can have");
                Kind::Zstd(decoder)
            }
            Coding::Brotli => unreachable!("no door reads brotli"),
        })
    }

    /// Reads at most so many bytes behind those that are there. Answers with how many came, which is 0 at the end.
    pub fn read(&mut self, most: usize, out: &mut Vec<u8>) -> Result<usize, Broken> {
        let from = out.len();
        out.resize(from + most, 0);
        let came = self.fill(&mut out[from..]).map_err(|_why| Broken);
        out.truncate(from + came.unwrap_or(0));
        let came = came?;
        if came < most && !self.rest().is_empty() {
            return Err(Broken);
        }
        Ok(came)
    }

    /// Fills the room, unless the bytes end before.
    fn fill(&mut self, mut room: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while !room.is_empty() {
            let came = match &mut self.0 {
                Kind::Gzip(decoder) => decoder.read(room)?,
                Kind::Zstd(decoder) => decoder.read(room)?,
            };
            if came == 0 {
                break;
            }
            filled += came;
            room = &mut room[came..];
        }
        Ok(filled)
    }

    /// What was not read yet.
    fn rest(&self) -> &[u8] {
        match &self.0 {
            Kind::Gzip(decoder) => decoder.get_ref(),
            Kind::Zstd(decoder) => decoder.get_ref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Effort, grpc::CODINGS};

    fn decoded(coding: Coding, input: &[u8], piece: usize) -> Result<Vec<u8>, Broken> {
        let (mut decoder, mut out) = (Decoder::new(coding, input), Vec::new());
        while decoder.read(piece, &mut out)? > 0 {}
        Ok(out)
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_in_pieces_of_any_size(
            bytes in prop::collection::vec(0_u8..4, 0..2_000), piece in 1_usize..3_000,
        ) {
            for coding in CODINGS {
                let coded = coding.encode(&bytes, Effort::Quick);

                prop_assert_eq!(decoded(coding, &coded, piece), Ok(bytes.clone()));
            }
        }

        #[test]
        fn bytes_that_are_no_coding_are_told_apart(bytes: Vec<u8>) {
            for coding in CODINGS {
                prop_assert_eq!(decoded(coding, &bytes, 100), Err(Broken));
            }
        }
    }

    #[test]
    fn bytes_that_end_early_or_go_on_are_broken() {
        for coding in CODINGS {
            let whole = coding.encode(b"a game of chess", Effort::Quick);

            for cut in 0..whole.len() {
                assert_eq!(decoded(coding, &whole[..cut], 100), Err(Broken), "{coding:?} to {cut}");
            }
            let more = [&*whole, b"\0"].concat();
            assert_eq!(decoded(coding, &more, 100), Err(Broken), "{coding:?} and more");
            assert_eq!(decoded(coding, &whole.repeat(2), 100), Err(Broken), "{coding:?} twice");
            let exactly = b"a game of chess".len();
            assert_eq!(decoded(coding, &more, exactly), Err(Broken), "{coding:?}, then more");
        }
    }

    #[test]
    fn a_window_that_no_message_needs_is_not_made() {
        for (log, is_read) in [(WINDOW_LOG, true), (WINDOW_LOG + 1, false)] {
            let mut encoder = zstd::Encoder::new(Vec::new(), 1).expect("an encoder");
            encoder.window_log(log).expect("a window");
            io::Write::write_all(&mut encoder, b"a game of chess").expect("memory");
            let coded = encoder.finish().expect("memory");

            assert_eq!(decoded(Coding::Zstd, &coded, 100).is_ok(), is_read, "{log}");
        }
    }
}
