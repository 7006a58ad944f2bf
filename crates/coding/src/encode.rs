//! Bytes into a coding.

use std::io::Write;

use brotli::enc::BrotliEncoderParams;
use flate2::{Compression, write::GzEncoder};

use crate::Coding;

/// How much time the fewest bytes are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// While a caller waits: at most 30 ms for a megabyte.
    Quick,
    /// When the program is built for machines that serve: seconds.
    Thorough,
}

const NEVER: &str = "memory takes every byte";

impl Coding {
    /// Writes the bytes in this coding. The same bytes become the same, whenever and wherever the same version writes
    /// them: a strong tag names the result.
    #[must_use]
    pub fn encode(self, bytes: &[u8], effort: Effort) -> Vec<u8> {
        let is_quick = effort == Effort::Quick;
        match self {
            Self::Gzip => {
                let level = Compression::new(if is_quick { 6 } else { 9 });
                let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 2), level);
                encoder.write_all(bytes).expect(NEVER);
                encoder.finish().expect(NEVER)
            }
            Self::Zstd => {
                let level = if is_quick { 6 } else { 19 };
                zstd::bulk::compress(bytes, level).expect("a level that zstd has")
            }
            Self::Brotli => {
                // The window of 256 KiB bounds what the encoder takes, and is enough for nearly every page.
                let (quality, lgwin) = if is_quick { (5, 18) } else { (11, 24) };
                let size_hint = bytes.len();
                let how = BrotliEncoderParams { quality, lgwin, size_hint, ..Default::default() };
                let mut out = Vec::with_capacity(bytes.len() / 2);
                brotli::BrotliCompress(&mut &*bytes, &mut out, &how).expect(NEVER);
                out
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn every_coding_gives_the_bytes_back_and_is_the_same_each_time() {
        let games: Vec<_> = (0..5_000).map(|number| format!("{{\"gameId\":{number}}}")).collect();
        let text = games.join(",");
        for coding in Coding::ALL {
            for effort in [Effort::Quick, Effort::Thorough] {
                let coded = coding.encode(text.as_bytes(), effort);

                let mut read = String::new();
                match coding {
                    Coding::Brotli => {
                        brotli::Decompressor::new(&*coded, 4096).read_to_string(&mut read)
                    }
                    Coding::Gzip => flate2::read::GzDecoder::new(&*coded).read_to_string(&mut read),
                    Coding::Zstd => zstd::Decoder::new(&*coded).unwrap().read_to_string(&mut read),
                }
                .expect("what was just written");
                assert_eq!(read, text, "{coding:?}");
                assert!(coded.len() < text.len() / 4, "{coding:?} takes {}", coded.len());
                assert_eq!(coded, coding.encode(text.as_bytes(), effort), "{coding:?}");
            }
        }
    }
}
