//! The one message of a call whose request is one message. It is read from the body, within limits, before the call
//! begins. A call that cannot be answered is then never begun.
//!
//! The codes are those of gRPC's own table (`doc/statuscodes.md` of its repository): `UNIMPLEMENTED` for no message or
//! more than one, `RESOURCE_EXHAUSTED` for a message that is too long or becomes so, `INTERNAL` for bytes that are no
//! message. The last kind is marked as [`Malformed`], because it is not our fault.

use bytes::{Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt;
use sir0_coding::Coding;
use sir0_kernel::{OverBudget, Share};
use sir0_transcoding::Malformed;
use tonic::{Code, Status};

use super::{head::Format, text::Text};
use crate::{
    arriving::Arrived,
    decoded::{Undecoded, decoded},
};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A flag and a length stand in front of a message.
pub(super) const HEADER: usize = 5;
/// The flag of a message in a coding.
pub(super) const CODED: u8 = 1;

/// How a message travels, and how much of it is taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Travels {
    pub(super) format: Format,
    /// The coding of a message that says it has one.
    pub(super) coding: Option<Coding>,
    pub(super) largest: usize,
}

/// Reads the message, with its header, from the body. Answers as soon as something is wrong, however much is still to
/// come. A message in a coding is read out of it, and held like the bytes that `arrived`.
pub(super) async fn read<B>(
    mut body: B,
    travels: Travels,
    arrived: &Arrived,
    share: Option<&Share>,
) -> Result<Bytes, Status>
where
    B: Body<Data = Bytes, Error = BoxError> + Unpin,
{
    let Travels { format, coding, largest } = travels;
    let mut text = (format == Format::WebText).then(Text::default);
    let mut message = Message { largest, coding, ..Message::default() };
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(broken_off)?;
        let Ok(data) = frame.into_data() else { continue };
        let data = match &mut text {
            Some(text) => text.decode(&data)?,
            None => data,
        };
        message.push(data)?;
    }
    if let Some(text) = text {
        text.finish()?;
    }
    let message = message.finish()?;
    match coding {
        Some(coding) if message[0] == CODED => {
            Box::pin(plain(&message, coding, largest, arrived, share)).await
        }
        _ => Ok(message),
    }
}

/// A message in a coding, as it was before, with the header of such a message.
pub(super) async fn plain(
    message: &[u8],
    coding: Coding,
    largest: usize,
    arrived: &Arrived,
    share: Option<&Share>,
) -> Result<Bytes, Status> {
    let coded = &message[HEADER..];
    let mut plain =
        decoded(coding, coded, largest, HEADER, arrived, share).await.map_err(|why| match why {
            Undecoded::Broken => Fault::NotCoded(coding.name()).into(),
            Undecoded::TooLong => Fault::BecomesTooLong { largest }.into(),
            Undecoded::OverBudget => super::too_much_waiting(),
        })?;
    let length = u32::try_from(plain.len() - HEADER).expect("a message has at most 1 GiB");
    plain[1..HEADER].copy_from_slice(&length.to_be_bytes());
    Ok(plain.into())
}

/// Why no more bytes come: they took too long, they would be too much beside the bytes that wait, or their sender left.
pub(super) fn broken_off(error: BoxError) -> Status {
    if error.is::<OverBudget>() {
        return super::too_much_waiting();
    }
    error.downcast().map_or_else(|_gone| Status::cancelled("the request broke off"), |told| *told)
}

/// What is wrong with the bytes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("this call takes one message, and none came")]
    Missing,
    #[error("this call takes one message, and more than one came")]
    Several,
    #[error("the message has {length} bytes, and {largest} are taken")]
    TooLong { length: usize, largest: usize },
    #[error("the message says that it is compressed, and no grpc-encoding says how")]
    Compressed,
    #[error("the message is not the {0} that it is said to be")]
    NotCoded(&'static str),
    #[error("the message becomes more than the {largest} bytes that are taken")]
    BecomesTooLong { largest: usize },
    #[error("the message begins with {0}, which is no flag of gRPC")]
    Flag(u8),
    #[error("the request ended before its message did")]
    Truncated,
    #[error("the request is not the base64 that it says it is")]
    NotText,
}

impl From<Fault> for Status {
    fn from(fault: Fault) -> Self {
        let message = fault.to_string();
        match fault {
            Fault::Missing | Fault::Several => Self::unimplemented(message),
            Fault::TooLong { .. } | Fault::BecomesTooLong { .. } => {
                Self::resource_exhausted(message)
            }
            Fault::Compressed
            | Fault::NotCoded(_)
            | Fault::Flag(_)
            | Fault::Truncated
            | Fault::NotText => Malformed::status(Code::Internal, message),
        }
    }
}

/// A message on its way in. It takes as much memory as came, whatever length it claims.
#[derive(Debug, Default)]
struct Message {
    largest: usize,
    /// How it may be coded.
    coding: Option<Coding>,
    /// The bytes that came in one piece, which is not copied. Nearly every message is one piece.
    piece: Bytes,
    /// All bytes, once there are two pieces.
    pieces: BytesMut,
}

impl Message {
    /// Takes the next bytes, and judges the message as far as it came.
    fn push(&mut self, data: Bytes) -> Result<(), Fault> {
        if self.bytes().is_empty() {
            self.piece = data;
        } else {
            if self.pieces.is_empty() {
                self.pieces.extend_from_slice(&self.piece);
                self.piece = Bytes::new();
            }
            self.pieces.extend_from_slice(&data);
        }
        match self.whole()? {
            Some(whole) if self.bytes().len() > whole => Err(Fault::Several),
            _ => Ok(()),
        }
    }

    fn finish(self) -> Result<Bytes, Fault> {
        match self.whole()? {
            Some(whole) if self.bytes().len() == whole => {}
            _ if self.bytes().is_empty() => return Err(Fault::Missing),
            _ => return Err(Fault::Truncated),
        }
        Ok(if self.pieces.is_empty() { self.piece } else { self.pieces.freeze() })
    }

    fn bytes(&self) -> &[u8] {
        if self.pieces.is_empty() { &self.piece } else { &self.pieces }
    }

    /// How long the message is with its header. `None` until the header is there.
    fn whole(&self) -> Result<Option<usize>, Fault> {
        let Some(([flag, length @ ..], _)) = self.bytes().split_first_chunk::<HEADER>() else {
            return Ok(None);
        };
        match flag {
            0 => {}
            1 if self.coding.is_some() => {}
            1 => return Err(Fault::Compressed),
            other => return Err(Fault::Flag(*other)),
        }
        // A length of 32 bits that fits in no `usize` is too long.
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        if length > self.largest {
            return Err(Fault::TooLong { length, largest: self.largest });
        }
        Ok(Some(HEADER + length))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn framed(message: &[u8]) -> Vec<u8> {
        let length = u32::try_from(message.len()).expect("a short message");
        [&[0], &length.to_be_bytes()[..], message].concat()
    }

    fn reads(pieces: &[&[u8]]) -> Result<Bytes, Fault> {
        let mut message = Message { largest: 100, ..Message::default() };
        for piece in pieces {
            message.push(Bytes::copy_from_slice(piece))?;
        }
        message.finish()
    }

    proptest! {
        #[test]
        fn a_message_is_read_however_it_was_cut(
            message in prop::collection::vec(any::<u8>(), 0..100), cut in 1_usize..8,
        ) {
            let whole = framed(&message);

            let read = reads(&whole.chunks(cut).collect::<Vec<_>>());

            prop_assert_eq!(read.as_deref(), Ok(&*whole));
        }

        #[test]
        fn no_bytes_at_all_are_taken_for_a_message_that_they_are_not(bytes: Vec<u8>) {
            if let Ok(read) = reads(&[&bytes]) {
                prop_assert_eq!(framed(&read[HEADER..]), bytes);
            }
        }
    }

    #[test]
    fn what_is_not_one_message_is_told_apart() {
        let one = framed(b"abc");
        let two = [framed(b"abc"), framed(b"")].concat();
        for (bytes, fault) in [
            (&b""[..], Fault::Missing),
            (b"\0", Fault::Truncated),
            (&one[..7], Fault::Truncated),
            (&two, Fault::Several),
            (b"\0\0\0\0\0x", Fault::Several),
            (b"\0\0\0\0\x65", Fault::TooLong { length: 101, largest: 100 }),
            (b"\0\xff\xff\xff\xff", Fault::TooLong { length: 0xffff_ffff, largest: 100 }),
            (b"\x01\0\0\0\0", Fault::Compressed),
            (b"\x80\0\0\0\0", Fault::Flag(0x80)),
        ] {
            assert_eq!(reads(&[bytes]), Err(fault));
        }
    }

    #[test]
    fn only_what_is_the_callers_fault_anyway_is_called_internal() {
        for (fault, code, malformed) in [
            (Fault::Missing, Code::Unimplemented, false),
            (Fault::Several, Code::Unimplemented, false),
            (Fault::TooLong { length: 2, largest: 1 }, Code::ResourceExhausted, false),
            (Fault::BecomesTooLong { largest: 1 }, Code::ResourceExhausted, false),
            (Fault::NotCoded("gzip"), Code::Internal, true),
            (Fault::Truncated, Code::Internal, true),
            (Fault::NotText, Code::Internal, true),
        ] {
            let status = Status::from(fault);

            assert_eq!((status.code(), Malformed::is_why(&status)), (code, malformed), "{fault}");
        }
    }
}
