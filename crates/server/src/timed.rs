//! A request body that has to come in time. A deadline on the call would not do: only the client sets that one, and a
//! connection that answers pings is never idle.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Sleep, sleep};
use tonic::{Code, Status};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A body with a limit on how long it is waited for.
pub(crate) struct Timed {
    body: Incoming,
    limit: Duration,
    /// Whether each part has that time, or all of them together.
    each: bool,
    /// Set when there is something to wait for: most bodies are there at once.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Timed {
    /// The whole body has this time.
    pub(crate) const fn whole(body: Incoming, limit: Duration) -> Self {
        Self { body, limit, each: false, timer: None }
    }

    /// Each part of the body has this time: for a client that talks as long as it likes.
    pub(crate) const fn each(body: Incoming, limit: Duration) -> Self {
        Self { body, limit, each: true, timer: None }
    }
}

impl Body for Timed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) {
            if this.each {
                this.timer = None;
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let limit = this.limit;
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep(limit)));
        timer.as_mut().poll(context).map(|()| {
            let refused = Status::new(Code::DeadlineExceeded, "the request did not arrive in time");
            Some(Err(refused.into()))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
