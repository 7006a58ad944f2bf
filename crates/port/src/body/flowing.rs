//! Bytes that come over time, and the memory that is held for them.

use std::{
    error::Error,
    iter::successors,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body as _, Frame};
use sir0_kernel::{Held, Share};
use tokio::time::{Sleep, sleep};
use tonic::{Code, Status};

use super::{LOOK_AGAIN, SLICE};

/// Bytes that come over time.
pub(super) struct Flowing {
    pub(super) body: axum::body::Body,
    /// Set while there is no memory for the next bytes.
    waiting: Option<Pin<Box<Sleep>>>,
    /// The memory that is held until the first bytes are taken.
    begun: Option<Held>,
    /// Bytes were asked for and have not come yet.
    is_asking: bool,
}

impl Flowing {
    pub(super) const fn new(body: axum::body::Body, begun: Option<Held>) -> Self {
        Self { body, waiting: None, begun, is_asking: false }
    }

    /// The next bytes or trailers, once there is memory for them.
    pub(super) fn poll_next(
        &mut self,
        share: Option<&Share>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        // A stream that begins holds what its first bytes need. A stream that was asked for bytes may hold what others
        // wait for, such as its turn to read. If it waited for room, the streams of a client would wait for each other.
        if let Some(share) = share.filter(|_| self.begun.is_none() && !self.is_asking) {
            while !share.has_room_next(SLICE) {
                let wait = self.waiting.get_or_insert_with(|| Box::pin(sleep(LOOK_AGAIN)));
                ready!(wait.as_mut().poll(context));
                self.waiting = None;
            }
        }
        let polled = Pin::new(&mut self.body).poll_frame(context);
        self.is_asking = polled.is_pending();
        polled
    }

    /// Holds these bytes until they are written.
    pub(super) fn held(&mut self, bytes: &Bytes, share: Option<&Share>) -> Option<Held> {
        match (self.begun.take(), share) {
            (Some(mut held), _) => {
                held.grow_anyway(bytes.len());
                Some(held)
            }
            (None, Some(share)) => Some(share.hold_anyway(bytes.len())),
            (None, None) => None,
        }
    }
}

/// The code of a call whose answer broke off.
pub(super) fn code_of(error: &axum::Error) -> Code {
    let mut causes = successors(Some(error as &dyn Error), |&cause| cause.source());
    causes.find_map(|cause| cause.downcast_ref::<Status>()).map_or(Code::Unknown, Status::code)
}
