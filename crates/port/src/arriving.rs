//! A request body on its way in. It has to come in time, and its bytes are held against its sender.
//!
//! A deadline on the call would not bound the time: only the client sets that deadline, and a connection that answers
//! pings is never idle. A body of known length is held whole before its first byte is read. Otherwise two bodies that
//! each hold half could wait for each other.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use sir0_kernel::{Held, OverBudget, Share};
use tokio::time::{Sleep, sleep};
use tonic::{Code, Status};

use crate::body::SLICE;

/// Why a body does not come: [`OverBudget`], a [`Status`] for one that is too slow, or the fault of its connection.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A body that arrives within a limit of time, and within what its sender may hold.
pub(crate) struct Arriving {
    body: Incoming,
    limit: Duration,
    /// Whether each part has that time, or all parts together.
    each: bool,
    /// Set once the body has to be waited for. Most bodies are there at once.
    timer: Option<Pin<Box<Sleep>>>,
    costs: Costs,
    arrived: Arrived,
}

/// What is to be held for a body.
struct Costs {
    share: Option<Share>,
    /// The announced bytes that are not held yet. They are held before anything is read.
    announced: usize,
    /// How many of the bytes to come are held already: the announced ones, and [`SLICE`] with the request itself.
    covered: usize,
    /// The size of the headers. It is held only when the body has to be waited for.
    waiting: usize,
}

/// Keeps the memory of the arrived bytes held until this is dropped too: the bytes live on while the call is answered.
#[derive(Clone, Default)]
pub(crate) struct Arrived(Arc<Mutex<Option<Held>>>);

impl Arrived {
    /// Holds more.
    pub(crate) fn grow(&self, share: Option<&Share>, bytes: usize) -> Result<(), OverBudget> {
        let Some(share) = share.filter(|_| bytes > 0) else { return Ok(()) };
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *held {
            Some(held) => held.grow(bytes),
            none => share.hold(bytes).map(|held| *none = Some(held)),
        }
    }
}

impl Arriving {
    /// The whole body has this time. It is held against the share. A body of unknown length is held as it comes.
    pub(crate) fn whole(
        body: Incoming,
        limit: Duration,
        share: Option<Share>,
        headers: &HeaderMap,
    ) -> Self {
        let announced = body.size_hint().exact().unwrap_or_default();
        let announced = usize::try_from(announced).unwrap_or(usize::MAX);
        let headers: usize = headers.iter().map(|(n, value)| n.as_str().len() + value.len()).sum();
        let costs = Costs {
            share,
            announced: announced.saturating_sub(SLICE),
            covered: announced.max(SLICE),
            waiting: headers,
        };
        let arrived = Arrived::default();
        Self { body, limit, each: false, timer: None, costs, arrived }
    }

    /// Each part of the body has this time: for a client that talks as long as it likes. The reader of the body bounds
    /// a message to `message` bytes, which are held all the time.
    pub(crate) fn each(
        body: Incoming,
        limit: Duration,
        share: Option<Share>,
        message: usize,
    ) -> Self {
        let costs = Costs { share, announced: message, covered: 0, waiting: 0 };
        let arrived = Arrived::default();
        Self { body, limit, each: true, timer: None, costs, arrived }
    }

    /// Keeps the arrived bytes held for as long as the result lives.
    pub(crate) fn arrived(&self) -> Arrived {
        self.arrived.clone()
    }

    /// Holds the bytes that came, unless they are held already.
    fn came(&mut self, bytes: usize) -> Result<(), OverBudget> {
        if self.each {
            return Ok(());
        }
        let more = bytes.saturating_sub(self.costs.covered);
        self.costs.covered = self.costs.covered.saturating_sub(bytes);
        self.hold(more)
    }

    fn hold(&self, bytes: usize) -> Result<(), OverBudget> {
        self.arrived.grow(self.costs.share.as_ref(), bytes)
    }

    /// Holds the announced bytes, before anything is read.
    fn begin(&mut self) -> Result<(), OverBudget> {
        let announced = std::mem::take(&mut self.costs.announced);
        self.hold(announced)
    }

    /// Waits for more, for as long as there is time.
    fn wait(&mut self, context: &mut Context<'_>) -> Poll<BoxError> {
        if self.timer.is_none() {
            if let Err(refused) = self.hold(self.costs.waiting) {
                return Poll::Ready(refused.into());
            }
            self.timer = Some(Box::pin(sleep(self.limit)));
        }
        let timer = self.timer.as_mut().expect("set above");
        timer.as_mut().poll(context).map(|()| {
            Status::new(Code::DeadlineExceeded, "the request did not arrive in time").into()
        })
    }
}

impl Body for Arriving {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if let Err(refused) = this.begin() {
            return Poll::Ready(Some(Err(refused.into())));
        }
        match Pin::new(&mut this.body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                if this.each {
                    this.timer = None;
                }
                let came = this.came(frame.data_ref().map_or(0, Bytes::len));
                Poll::Ready(Some(came.map(|()| frame).map_err(Into::into)))
            }
            Poll::Ready(ended) => Poll::Ready(ended.map(|frame| frame.map_err(Into::into))),
            Poll::Pending => this.wait(context).map(|error| Some(Err(error))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
