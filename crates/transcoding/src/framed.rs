//! A message as gRPC frames it. REST and gRPC send the same bytes, but for the frame.

use bytes::{BufMut, Bytes};
use prost::Message;

/// A flag and a length stand in front of a message.
const HEADER: usize = 5;

/// An encoded message behind its frame. Cheap to clone; clones share the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Framed(Bytes);

impl Framed {
    /// Encodes a message, uncompressed.
    pub fn new(message: &impl Message) -> Self {
        let length = message.encoded_len();
        let mut frame = Vec::with_capacity(HEADER + length);
        frame.put_u8(0);
        frame.put_u32(u32::try_from(length).expect("no answer of ours has 4 GiB"));
        message.encode_raw(&mut frame);
        Self(frame.into())
    }

    /// Puts a frame around a message in a coding.
    pub(crate) fn coded(message: &[u8]) -> Bytes {
        let length = u32::try_from(message.len()).expect("no answer of ours has 4 GiB");
        let mut frame = Vec::with_capacity(HEADER + message.len());
        frame.put_u8(1);
        frame.put_u32(length);
        frame.put_slice(message);
        frame.into()
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        &self.0[HEADER..]
    }

    /// The message with its frame.
    #[must_use]
    pub const fn frame(&self) -> &Bytes {
        &self.0
    }
}
