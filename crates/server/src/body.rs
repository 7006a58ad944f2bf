//! The body of every answer of the one port.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};

use crate::{access::Visit, calls::Observed, listen::InFlight};

/// Bytes that are all there, or that come as they come. The first kind is not boxed: it is nearly every answer.
pub(crate) struct Body {
    content: Content,
    /// Told what came, and dropped when the answer is over.
    observed: Option<Observed>,
    /// Told likewise, where each request is written down.
    visit: Option<Box<Visit>>,
}

enum Content {
    Full(Option<Bytes>),
    Flowing(axum::body::Body),
}

impl Body {
    pub(crate) fn full(bytes: impl Into<Bytes>) -> Self {
        Self {
            content: Content::Full(Some(bytes.into()).filter(|bytes| !bytes.is_empty())),
            observed: None,
            visit: None,
        }
    }

    pub(crate) fn empty() -> Self {
        Self { content: Content::Full(None), observed: None, visit: None }
    }

    pub(crate) const fn flowing(body: axum::body::Body) -> Self {
        Self { content: Content::Flowing(body), observed: None, visit: None }
    }

    /// Has someone watch the answer to its end.
    pub(crate) fn observed_by(self, observed: Observed) -> Self {
        Self { observed: Some(observed), ..self }
    }

    /// Keeps the connection from counting as idle until the answer is over.
    pub(crate) fn keeping(self, in_flight: InFlight) -> Self {
        if matches!(self.content, Content::Full(_)) {
            return self;
        }
        let observed = self.observed.unwrap_or_else(Observed::uncounted).keeping(in_flight);
        Self { observed: Some(observed), ..self }
    }

    /// Has the request written down once the answer is over.
    pub(crate) fn visited_by(self, mut visit: Box<Visit>) -> Self {
        if let Content::Full(Some(bytes)) = &self.content {
            visit.sent(bytes.len());
        }
        Self { visit: Some(visit).filter(|visit| visit.goes_on()), ..self }
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        let polled = match &mut this.content {
            Content::Full(bytes) => {
                return Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes))));
            }
            Content::Flowing(body) => Pin::new(body).poll_frame(context),
        };
        if let (Poll::Ready(Some(Ok(frame))), Some(visit)) = (&polled, &mut this.visit) {
            match (frame.data_ref(), frame.trailers_ref()) {
                (Some(bytes), _) => visit.sent(bytes.len()),
                (_, Some(trailers)) => visit.saw(trailers),
                _ => {}
            }
        }
        if let (Poll::Ready(Some(Ok(frame))), Some(observed)) = (&polled, &mut this.observed)
            && let Some(trailers) = frame.trailers_ref()
        {
            observed.saw(trailers);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Full(bytes) => bytes.is_none(),
            Content::Flowing(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Full(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64)
            }
            Content::Flowing(body) => body.size_hint(),
        }
    }
}
