//! The body of every answer of the one port.
//!
//! Bytes flow in slices of at most [`SLICE`]: hyper hands a whole frame to the connection as soon as the client takes
//! its first byte, and forgets the answer with the last frame. So each slice carries its costs, and releases them once
//! it is written: its part of the memory that may wait for the client, and the note that the connection still owes
//! something.

mod flowing;
mod trailers;

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};
use sir0_kernel::{Held, OverBudget, Share};
use tonic::Code;

use self::{
    flowing::{Flowing, code_of},
    trailers::Trailers,
};
use crate::{
    access::Visit,
    call_metrics::{Observed, code_in},
    listen::{InFlight, Owed, Stream},
};

/// The most that is handed to the connection at once, in bytes. An answer this small is never refused.
pub(crate) const SLICE: usize = 16 * 1024;
/// What an answer takes beside its bytes while it waits for the client: its stream, its task and its timer.
const WAITING: usize = 4 * 1024;
/// The same for a stream of messages, which has a filter and a follower too. It is held only until the first bytes are
/// taken: streams that are read may be many, and the number of connections bounds them.
const WAITING_STREAM: usize = 8 * 1024;
/// The reason given to a client that holds as much as it may.
pub(crate) const TOO_MUCH_WAITING: &str = "TOO_MUCH_WAITING";
/// How long a stream or a socket waits for memory before it looks again.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// How many headers an answer has, with those that the front adds.
const HEADERS: usize = 12;

/// Headers of an answer with room for those that are added on its way: moving them into more room costs more than all of
/// the adding.
pub(crate) fn roomy(headers: HeaderMap) -> HeaderMap {
    if headers.is_empty() { HeaderMap::with_capacity(HEADERS) } else { headers }
}

/// Bytes that are all there, or that come over time. The first kind is not boxed, because nearly every answer is of it.
pub(crate) struct Body {
    content: Content,
    /// Bytes that are there and are not handed on yet.
    rest: Bytes,
    /// What `rest` costs, until a slice carries it.
    held: Option<Held>,
    /// Sent behind the bytes.
    trailers: Trailers,
    /// The share that further bytes are held against.
    share: Option<Share>,
    in_flight: Option<InFlight>,
    stream: Option<Stream>,
    /// Hears how the call ended. Dropped when the answer is over. Boxed, like all that few answers have: an answer is moved
    /// a dozen times on its way.
    observed: Option<Box<Observed>>,
    /// Hears the same, and the bytes that are sent. Set where each request is written down.
    visit: Option<Box<Visit>>,
}

enum Content {
    /// All bytes are there.
    Full,
    Flowing(Box<Flowing>),
}

/// A slice on its way. Its costs end when it is written or thrown away.
struct Slice {
    bytes: Bytes,
    #[expect(dead_code, reason = "held, not read")]
    costs: (Option<Held>, Option<Owed>),
}

impl AsRef<[u8]> for Slice {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Body {
    pub(crate) fn full(bytes: impl Into<Bytes>) -> Self {
        Self {
            content: Content::Full,
            rest: bytes.into(),
            held: None,
            trailers: Trailers::Nothing,
            share: None,
            in_flight: None,
            stream: None,
            observed: None,
            visit: None,
        }
    }

    pub(crate) fn empty() -> Self {
        Self::full(Bytes::new())
    }

    /// Bytes that come over time. Each piece is held against the share while it waits for the client.
    pub(crate) fn flowing(body: axum::body::Body, share: Option<Share>) -> Self {
        let content = Content::Flowing(Box::new(Flowing::new(body, None)));
        Self { content, share, ..Self::empty() }
    }

    /// The same for a stream of messages. It is refused if the client has no room for one more unread stream.
    pub(crate) fn stream(body: axum::body::Body, share: Option<Share>) -> Result<Self, OverBudget> {
        let begun = share.as_ref().map(|share| share.hold(WAITING_STREAM)).transpose()?;
        let content = Content::Flowing(Box::new(Flowing::new(body, begun)));
        Ok(Self { content, share, ..Self::empty() })
    }

    /// The gRPC status in the trailers behind the bytes, where they are known.
    pub(crate) fn code(&self) -> Option<Code> {
        self.trailers.code()
    }

    /// Adds the trailers behind the bytes.
    pub(crate) fn with_trailers(self, trailers: Option<HeaderMap>) -> Self {
        Self { trailers: Trailers::from(trailers), ..self }
    }

    /// Adds the trailers of a call that went well.
    pub(crate) fn of_success(self) -> Self {
        Self { trailers: Trailers::Ok, ..self }
    }

    /// Holds the bytes that wait for the client. Only an answer larger than a slice can be refused. The answer to a
    /// change that was made is smaller, and so is every refusal.
    pub(crate) fn held_against(mut self, share: Option<&Share>) -> Result<Self, OverBudget> {
        self.held = match share {
            Some(share) if self.rest.len() > SLICE => Some(share.hold(self.rest.len() + WAITING)?),
            Some(share) if !self.rest.is_empty() => {
                Some(share.hold_anyway(self.rest.len() + WAITING))
            }
            _ => None,
        };
        Ok(self)
    }

    /// Sets the watcher that sees the answer to its end.
    pub(crate) fn observed_by(self, observed: Observed) -> Self {
        Self { observed: Some(Box::new(observed)), ..self }
    }

    /// Keeps the connection from counting as idle until the answer is written.
    pub(crate) fn keeping(self, in_flight: InFlight) -> Self {
        Self { in_flight: Some(in_flight), stream: Stream::current(), ..self }
    }

    /// Tells the watchers of the answer how the call ended.
    fn ended(&mut self, code: Code) {
        if let Some(observed) = &mut self.observed {
            observed.ended(code);
        }
        if let Some(visit) = &mut self.visit {
            visit.ended(code);
        }
    }

    /// The next slice of the bytes that are there.
    fn slice(&mut self) -> Frame<Bytes> {
        let is_last = self.rest.len() <= SLICE;
        if !is_last && let Some(held) = self.held.take() {
            // From here on every slice holds the whole: its memory is free once the last slice is written.
            let whole = Slice { bytes: std::mem::take(&mut self.rest), costs: (Some(held), None) };
            self.rest = Bytes::from_owner(whole);
        }
        let bytes =
            if is_last { std::mem::take(&mut self.rest) } else { self.rest.split_to(SLICE) };
        let owed = self.in_flight.as_ref().map(InFlight::owe);
        if let Some(stream) = &self.stream {
            stream.offers();
        }
        Frame::data(Bytes::from_owner(Slice { bytes, costs: (self.held.take(), owed) }))
    }

    /// Hands on what came, in a slice if it is bytes.
    fn hand_on(&mut self, frame: Frame<Bytes>) -> Frame<Bytes> {
        let bytes = match frame.into_data() {
            Ok(bytes) if bytes.is_empty() => return Frame::data(bytes),
            Ok(bytes) => bytes,
            Err(frame) => {
                if let Some(code) = frame.trailers_ref().and_then(code_in) {
                    self.ended(code);
                }
                return frame;
            }
        };
        if let Content::Flowing(flowing) = &mut self.content {
            self.held = flowing.held(&bytes, self.share.as_ref());
            if let Some(visit) = &mut self.visit {
                visit.sent(bytes.len());
            }
            if flowing.body.is_end_stream() {
                // hyper does not ask again.
                self.ended(Code::Ok);
            }
        }
        self.rest = bytes;
        self.slice()
    }

    /// Has the request written down once the answer is over.
    pub(crate) fn visited_by(self, mut visit: Box<Visit>) -> Self {
        visit.sent(self.rest.len());
        if let Some(code) = self.trailers.code() {
            visit.ended(code);
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
        if let Some(stream) = &this.stream {
            stream.is_taken();
        }
        if !this.rest.is_empty() {
            return Poll::Ready(Some(Ok(this.slice())));
        }
        let Content::Flowing(flowing) = &mut this.content else {
            let trailers = this.trailers.take();
            return Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))));
        };
        Poll::Ready(match ready!(flowing.poll_next(this.share.as_ref(), context)) {
            Some(Ok(frame)) => Some(Ok(this.hand_on(frame))),
            Some(Err(error)) => {
                this.ended(code_of(&error));
                Some(Err(error))
            }
            None => {
                this.ended(Code::Ok);
                None
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
            && match &self.content {
                Content::Full => self.trailers.is_nothing(),
                Content::Flowing(flowing) => flowing.body.is_end_stream(),
            }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            // A length in the head would save nothing where trailers follow, and cost a header.
            Content::Full if !self.trailers.is_nothing() => SizeHint::default(),
            Content::Full => SizeHint::with_exact(self.rest.len() as u64),
            Content::Flowing(flowing) if self.rest.is_empty() => flowing.body.size_hint(),
            Content::Flowing(_) => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{net::Ipv4Addr, time::Instant};

    use futures::{FutureExt, StreamExt, stream};
    use http_body_util::{BodyExt, StreamBody};
    use metrics_exporter_prometheus::PrometheusBuilder;
    use sir0_contract::calls;
    use sir0_kernel::{Budget, Client};
    use tokio::time::timeout;
    use tokio_stream::wrappers::UnboundedReceiverStream;
    use tonic::Status;

    use super::*;
    use crate::call_metrics::{CallMetrics, Door};

    fn data() -> Frame<Bytes> {
        Frame::data("a game".into())
    }

    fn trailers(code: &'static str) -> Frame<Bytes> {
        Frame::trailers(HeaderMap::from_iter([(
            http::HeaderName::from_static("grpc-status"),
            http::HeaderValue::from_static(code),
        )]))
    }

    #[tokio::test]
    async fn a_stream_that_begins_or_was_asked_for_bytes_waits_for_no_room() {
        let budget = Budget::of(1 << 20);
        let share = budget.share(Client::at(Ipv4Addr::LOCALHOST.into()));
        let (sender, came) = tokio::sync::mpsc::unbounded_channel::<Frame<Bytes>>();
        let came = UnboundedReceiverStream::new(came).map(Ok::<_, axum::Error>);
        let content = axum::body::Body::new(StreamBody::new(came));
        let mut body = Body::stream(content, Some(share.clone())).expect("room for one");
        let all_room = || -> Vec<_> { std::iter::from_fn(|| share.hold(1024).ok()).collect() };

        let taken = all_room();
        sender.send(data()).expect("it is open");
        assert!(body.frame().now_or_never().is_some(), "its first bytes");
        drop(taken);
        assert!(body.frame().now_or_never().is_none(), "nothing came");
        let taken = all_room();
        sender.send(data()).expect("it is open");
        assert!(body.frame().now_or_never().is_some(), "it was asked while there was room");
        sender.send(data()).expect("it is open");
        assert!(body.frame().now_or_never().is_none(), "there is no room");
        drop(taken);

        let next = timeout(10 * LOOK_AGAIN, body.frame()).await;

        assert!(next.expect("there is room").is_some());
    }

    #[tokio::test]
    async fn a_stream_counts_as_what_became_of_it() {
        let watch = calls().find(|call| call.streaming).expect("a stream");
        let gone = || axum::Error::new(Status::unavailable("gone"));
        let ends = [
            (vec![Ok(data())], usize::MAX, "Ok"),
            (vec![Ok(data())], 1, "Cancelled"),
            (vec![Ok(data()), Ok(trailers("0"))], usize::MAX, "Ok"),
            (vec![Ok(data()), Ok(trailers("8"))], usize::MAX, "ResourceExhausted"),
            (vec![Ok(data()), Err(gone())], usize::MAX, "Unavailable"),
            (vec![Ok(data()), Err(axum::Error::new("odd"))], usize::MAX, "Unknown"),
        ];
        for (came, taken, code) in ends {
            let recorder = PrometheusBuilder::new().build_recorder();
            let recording = metrics::set_default_local_recorder(&recorder);
            let content = axum::body::Body::new(StreamBody::new(stream::iter(came)));
            let observed = CallMetrics::new(watch, Door::Rest).observe(Instant::now());
            let mut body = Body::flowing(content, None).observed_by(observed);

            for _ in 0..taken {
                match body.frame().await {
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => break,
                }
            }
            drop(body);

            drop(recording);
            let page = recorder.handle().render();
            assert!(page.contains(&format!("code=\"{code}\"}} 1")), "not {code}:\n{page}");
        }
    }
}
