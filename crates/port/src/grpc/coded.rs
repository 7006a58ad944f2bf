//! Messages of a stream that come in a coding, as they were before. Each is bounded as it comes and as it becomes. The
//! whole stream holds room for one at a time.

use bytes::{Bytes, BytesMut};
use futures::stream;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use sir0_coding::Coding;
use tonic::Status;

use super::message::{self, CODED, Fault, HEADER};
use crate::arriving::{Arrived, Arriving};

/// The messages of this body, plain.
pub(super) fn plain(body: Arriving, coding: Coding, largest: usize) -> tonic::body::Body {
    let messages = Messages { body, came: BytesMut::new(), coding, largest };
    let messages = stream::try_unfold(messages, async |mut messages| {
        let next = Box::pin(messages.next()).await?;
        Ok::<_, Status>(next.map(|message| (Frame::data(message), messages)))
    });
    tonic::body::Body::new(StreamBody::new(messages))
}

struct Messages {
    body: Arriving,
    /// What came and is not read yet: less than two messages, because nothing is asked for while one is there.
    came: BytesMut,
    coding: Coding,
    largest: usize,
}

impl Messages {
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
