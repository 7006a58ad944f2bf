//! Messages of a stream that come in a coding, as they were before. Each is bounded as it comes and as it becomes. The
//! whole stream holds room for one at a time.

use bytes::{Bytes, BytesMut};
use futures::stream;
use http_body::{Body, Frame};
use http_body_util::{BodyExt, StreamBody};
use sir0_coding::Coding;
use tonic::Status;

use super::message::{self, CODED, Fault, HEADER};
use crate::arriving::{Arrived, BoxError};

/// The messages of this body, plain.
pub(super) fn plain<B>(body: B, coding: Coding, largest: usize) -> tonic::body::Body
where
    B: Body<Data = Bytes, Error = BoxError> + Send + Unpin + 'static,
{
    let messages = Messages { body, came: BytesMut::new(), coding, largest };
    let messages = stream::try_unfold(messages, async |mut messages| {
        let next = Box::pin(messages.next()).await?;
        Ok::<_, Status>(next.map(|message| (Frame::data(message), messages)))
    });
    tonic::body::Body::new(StreamBody::new(messages))
}

struct Messages<B> {
    body: B,
    /// What came and is not read yet: less than two messages, because nothing is asked for while one is there.
    came: BytesMut,
    coding: Coding,
    largest: usize,
}

impl<B: Body<Data = Bytes, Error = BoxError> + Unpin> Messages<B> {
    async fn next(&mut self) -> Result<Option<Bytes>, Status> {
        loop {
            if let Some(message) = self.take()? {
                if message[0] != CODED {
                    return Ok(Some(message));
                }
                // The stream holds what this takes already.
                let held = Arrived::default();
                let plain = message::plain(&message, self.coding, self.largest, &held, None);
                return plain.await.map(Some);
            }
            match self.body.frame().await {
                None if self.came.is_empty() => return Ok(None),
                None => return Err(Fault::Truncated.into()),
                Some(Err(error)) => return Err(message::broken_off(error)),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.came.extend_from_slice(&data);
                    }
                }
            }
        }
    }

    /// The next message, if it is there.
    fn take(&mut self) -> Result<Option<Bytes>, Status> {
        let Some(([flag, length @ ..], _)) = self.came.split_first_chunk::<HEADER>() else {
            return Ok(None);
        };
        if *flag > CODED {
            return Err(Fault::Flag(*flag).into());
        }
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        if length > self.largest {
            return Err(Fault::TooLong { length, largest: self.largest }.into());
        }
        let whole = HEADER + length;
        Ok((self.came.len() >= whole).then(|| self.came.split_to(whole).freeze()))
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt;
    use http_body_util::Full;
    use sir0_coding::{Effort, grpc::CODINGS};
    use tonic::Code;

    use super::*;

    fn framed(flag: u8, message: &[u8]) -> Vec<u8> {
        let length = u32::try_from(message.len()).expect("a short message");
        [&[flag], &length.to_be_bytes()[..], message].concat()
    }

    /// The messages in these bytes, which arrive in pieces, and how their stream ends.
    async fn read(coding: Coding, bytes: &[u8], piece: usize) -> (Vec<u8>, Option<Code>) {
        let pieces: Vec<_> = bytes.chunks(piece).map(Bytes::copy_from_slice).collect();
        let pieces = stream::iter(pieces).map(|piece| Ok(Frame::data(piece)));
        let mut body = plain(StreamBody::new(pieces), coding, 1_000);
        let mut messages = Vec::new();
        loop {
            match body.frame().await {
                None => return (messages, None),
                Some(Ok(frame)) => messages.extend(frame.into_data().expect("no trailers")),
                Some(Err(status)) => return (messages, Some(status.code())),
            }
        }
    }

    #[tokio::test]
    async fn messages_of_a_stream_are_read_out_of_their_coding_one_by_one() {
        for coding in CODINGS {
            let long = vec![7; 1_000];
            let coded = |message: &[u8]| framed(1, &coding.encode(message, Effort::Quick));
            let sent = [coded(b"one"), framed(0, b"two"), coded(b""), coded(&long)].concat();
            let same = [&b"one"[..], b"two", b"", &long].map(|it| framed(0, it)).concat();

            for piece in [1, 7, 10_000] {
                assert_eq!(read(coding, &sent, piece).await, (same.clone(), None));
            }
        }
    }

    #[tokio::test]
    async fn a_stream_ends_at_the_first_message_that_cannot_be_read() {
        for coding in CODINGS {
            let coded = |message: &[u8]| framed(1, &coding.encode(message, Effort::Quick));
            let (good, read_so_far) = (coded(b"one"), framed(0, b"one"));
            for (what, bad, code) in [
                ("a lie", framed(1, b"not coded"), Code::Internal),
                ("no coding at all", framed(1, b""), Code::Internal),
                ("a part", good[..good.len() - 1].to_vec(), Code::Internal),
                ("a part of a header", good[..3].to_vec(), Code::Internal),
                ("an unknown flag", framed(2, b""), Code::Internal),
                ("a byte more than is taken", coded(&[7; 1_001]), Code::ResourceExhausted),
                ("a megabyte", coded(&vec![0; 1 << 20]), Code::ResourceExhausted),
                ("a long one", framed(0, &[0; 1_001]), Code::ResourceExhausted),
            ] {
                let sent = [&*good, &bad, &good].concat();
                let sent = if what.starts_with("a part") {
                    &sent[..good.len() + bad.len()]
                } else {
                    &sent
                };

                assert_eq!(
                    read(coding, sent, 100).await,
                    (read_so_far.clone(), Some(code)),
                    "{what}"
                );
            }
        }
        let nothing = Full::new(Bytes::new()).map_err(|never| match never {});
        let mut nothing = plain(nothing, Coding::Gzip, 1_000);
        assert!(nothing.frame().await.is_none());
    }
}
