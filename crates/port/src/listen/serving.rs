//! What serves a connection: hyper, by the protocol that the first bytes speak.
//!
//! hyper-util has a type for this. It keeps room for both protocols, and the settings of both, for as long as the
//! connection lasts. And it hands hyper the first bytes alone, which doubles hyper's buffer for the head that follows.

use std::{
    convert::Infallible,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures::{
    FutureExt,
    future::{BoxFuture, NeverError},
};
use http::{Request, Response, Version};
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::Service,
};
use hyper_util::rt::{TokioIo, TokioTimer};

use super::{Answers, Peer, activity::Activity, streams::Streams, wire::Wire};
use crate::{body::Body, limits::Limits};

/// Headers up to this many times their limit are read over HTTP/2, to be refused in our own words.
const HEADERS_READ: usize = 4;
/// hyper reads HTTP/1 headers, at most a hundred, into a buffer of at least this size.
const SMALLEST_HEADER_BUFFER: usize = 8 * 1024;

/// Answers the requests of one connection.
pub(super) struct Requests<A> {
    pub(super) front: Arc<A>,
    pub(super) peer: Peer,
    pub(super) activity: Activity,
}

impl<A: Answers> Service<Request<Incoming>> for Requests<A> {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = NeverError<BoxFuture<'static, Response<Body>>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let in_flight = self.activity.begin(request.version());
        let front = Arc::clone(&self.front);
        front.answer(self.peer.clone(), request, in_flight).never_error()
    }
}

type Http1<A> = http1::UpgradeableConnection<TokioIo<Wire>, Requests<A>>;
type Http2<A> = http2::Connection<TokioIo<Wire>, Requests<A>, Streams>;

/// A connection being served. Each state is boxed: a connection takes the room of the one that it is in.
pub(super) enum Serving<A: Answers> {
    /// It is not known yet what the client speaks.
    Unknown(Box<Beginning<A>>),
    Http1(Pin<Box<Http1<A>>>),
    Http2(Pin<Box<Http2<A>>>),
    /// It ended before anything was asked.
    Over,
}

/// A connection whose protocol is not known yet.
pub(super) struct Beginning<A> {
    wire: Wire,
    requests: Requests<A>,
    streams: Streams,
    limits: Arc<Limits>,
}

impl<A: Answers> Serving<A> {
    pub(super) fn new(
        wire: Wire,
        requests: Requests<A>,
        streams: Streams,
        limits: Arc<Limits>,
    ) -> Self {
        Self::Unknown(Box::new(Beginning { wire, requests, streams, limits }))
    }

    /// Answers what was asked, and then ends.
    pub(super) fn graceful_shutdown(&mut self) {
        match self {
            Self::Unknown(_) | Self::Over => *self = Self::Over,
            Self::Http1(connection) => connection.as_mut().graceful_shutdown(),
            Self::Http2(connection) => connection.as_mut().graceful_shutdown(),
        }
    }

    /// Ready once the connection ended. How it ended is the client's affair: a reset is as good as a goodbye.
    pub(super) fn poll_ended(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            match self {
                Self::Unknown(beginning) => {
                    let Ok(version) = ready!(beginning.wire.poll_spoken(context)) else {
                        return Poll::Ready(());
                    };
                    if let Self::Unknown(beginning) = mem::replace(self, Self::Over) {
                        *self = beginning.speaking(version);
                    }
                }
                Self::Http1(connection) => return connection.as_mut().poll(context).map(drop),
                Self::Http2(connection) => return connection.as_mut().poll(context).map(drop),
                Self::Over => return Poll::Ready(()),
            }
        }
    }
}

impl<A: Answers> Beginning<A> {
    fn speaking(self, version: Version) -> Serving<A> {
        let Self { wire, requests, streams, limits } = self;
        let wire = TokioIo::new(wire);
        if version == Version::HTTP_2 {
            Serving::Http2(Box::pin(http2(&limits, streams).serve_connection(wire, requests)))
        } else {
            let connection = http1(&limits).serve_connection(wire, requests);
            Serving::Http1(Box::pin(connection.with_upgrades()))
        }
    }
}

fn http1(limits: &Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        // The check of the connection bounds the head, once every few seconds and not twice for every request.
        .header_read_timeout(None)
        .max_buf_size(limits.header_bytes.max(SMALLEST_HEADER_BUFFER));
    builder
}

fn http2(limits: &Limits, streams: Streams) -> http2::Builder<Streams> {
    let mut builder = http2::Builder::new(streams);
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(super::PING_INTERVAL)
        .keep_alive_timeout(super::PING_TIMEOUT)
        .max_concurrent_streams(limits.streams_per_connection)
        .max_send_buf_size(super::UNSENT_PER_STREAM)
        .initial_stream_window_size(super::UNREAD_PER_STREAM)
        .initial_connection_window_size(super::UNREAD_PER_CONNECTION)
        // Beyond the limit the refusal is ours. Only beyond this value h2 refuses by itself, without a word.
        .max_header_list_size(
            u32::try_from(limits.header_bytes.saturating_mul(HEADERS_READ)).unwrap_or(u32::MAX),
        );
    builder
}
