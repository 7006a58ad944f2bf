//! Messages on the wire, as tonic's own codec handles them. Bytes that cannot be read are marked as the fault of their
//! sender.

use std::{error::Error, fmt, marker::PhantomData, sync::Arc};

use prost::Message;
use tonic::{
    Code, Status,
    codec::{self, BufferSettings, DecodeBuf, Decoder, EncodeBuf, Encoder},
};

/// The cause of a failed call whose bytes are not what the protocol says. gRPC's table of codes answers some of these
/// with `INTERNAL`, as it answers a fault of the server. This mark tells the two apart.
#[derive(Clone, Copy, Debug)]
pub struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bytes of the call are not what the protocol says")
    }
}

impl Error for Malformed {}

impl Malformed {
    /// The status of such a call.
    pub fn status(code: Code, message: impl Into<String>) -> Status {
        let mut status = Status::new(code, message);
        status.set_source(Arc::new(Self));
        status
    }

    /// Whether a call ended for this reason.
    #[must_use]
    pub fn is_why(status: &Status) -> bool {
        matches!(status.source(), Some(source) if source.is::<Self>())
    }
}

/// Writes messages of one type and reads messages of another.
#[derive(Debug)]
pub struct Codec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for Codec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T: Message + 'static, U: Message + Default + 'static> codec::Codec for Codec<T, U> {
    type Encode = T;
    type Decode = U;
    type Encoder = Writer<T>;
    type Decoder = Reader<U>;

    fn encoder(&mut self) -> Writer<T> {
        Writer::default()
    }

    fn decoder(&mut self) -> Reader<U> {
        Reader::default()
    }
}

/// The room of a buffer before there is a message, which gets what it needs. tonic makes a buffer for each call, keeps
/// that of a stream between two messages, and would begin with 8 KiB.
const ROOM: usize = 64;
/// How much tonic writes before it hands messages on that are ready together.
const YIELD_AT: usize = 32 * 1024;

/// Writes messages.
#[derive(Debug)]
pub struct Writer<T>(PhantomData<T>);

impl<T> Default for Writer<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T: Message> Encoder for Writer<T> {
    type Item = T;
    type Error = Status;

    fn encode(&mut self, message: T, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.reserve(message.encoded_len());
        message.encode(buffer).map_err(|error| Status::new(Code::Internal, error.to_string()))
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::new(ROOM, YIELD_AT)
    }
}

/// Reads messages.
#[derive(Debug)]
pub struct Reader<U>(PhantomData<U>);

impl<U> Default for Reader<U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<U: Message + Default> Decoder for Reader<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        let read = U::decode(buffer).map(Some);
        read.map_err(|error| Malformed::status(Code::Internal, error.to_string()))
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::new(ROOM, YIELD_AT)
    }
}
