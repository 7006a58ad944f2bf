//! The one port: accepting connections, and closing those that cost something and ask nothing.

mod activity;
mod backlog;
mod farewell;
mod frames;
mod patience;
mod streams;
mod target;
mod unanswered;
mod wire;

use std::{
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use http::{Request, Response};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::conn::auto,
};
use sir0_kernel::{Budget, Client, Share};
use socket2::SockRef;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{Instant, interval, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{
    activity::Activity,
    backlog::Backlog,
    patience::{Patience, Verdict},
    streams::Streams,
    wire::Wire,
};
pub(crate) use self::{
    activity::{InFlight, Owed},
    streams::Stream,
};
use crate::{body::Body, limits::Limits, linger::LingeringStream};

/// Counts connections that were ended for their frames.
const FLOODS: &str = "sir0_connections_flooded_total";

/// How long the other side may leave sent bytes unacknowledged, or refuse to take more, before it counts as gone. Over
/// HTTP/2, also how long one stream may.
const UNREAD_TIMEOUT: Duration = Duration::from_secs(30);
const PING_INTERVAL: Duration = Duration::from_secs(10);
const PING_TIMEOUT: Duration = Duration::from_secs(10);
const CHECK_INTERVAL: Duration = Duration::from_secs(5);
/// How much an answer may be ahead of a client that reads slowly.
const UNSENT_PER_STREAM: usize = 32 * 1024;
/// How much of a body a client may send before it is read. A body is read as soon as it comes.
const UNREAD_PER_STREAM: u32 = 64 * 1024;
/// The same for all bodies of a connection.
const UNREAD_PER_CONNECTION: u32 = 256 * 1024;
/// Headers up to this many times their limit are read over HTTP/2, to be refused in our own words.
const HEADERS_READ: usize = 4;
/// hyper reads HTTP/1 headers, at most a hundred, into a buffer of at least this size.
const SMALLEST_HEADER_BUFFER: usize = 8 * 1024;

/// Answers requests.
pub(crate) trait Answers: Send + Sync + 'static {
    fn answer(
        self: Arc<Self>,
        peer: Peer,
        request: Request<Incoming>,
        in_flight: InFlight,
    ) -> BoxFuture<'static, Response<Body>>;
}

/// The other end of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) address: IpAddr,
    /// What is held for the peer. A proxy holds nothing itself: its clients do.
    pub(crate) share: Share,
}

/// Serves connections until stopped, then lets running calls end within the time they have.
pub(crate) async fn serve(
    listener: TcpListener,
    front: Arc<impl Answers>,
    budget: &Budget,
    limits: Limits,
    stopping: CancellationToken,
) {
    metrics::describe_counter!(FLOODS, "Connections ended because of how many frames they sent");
    let places = Arc::new(Semaphore::new(limits.connections));
    let common = Common { limits, backlog: Backlog::default(), stopping };
    let Common { limits, stopping, .. } = &common;
    let connections = TaskTracker::new();
    loop {
        let place = Arc::clone(&places).acquire_owned();
        let accepted = tokio::select! {
            () = stopping.cancelled() => break,
            accepted = async { (place.await, listener.accept().await) } => accepted,
        };
        let (place, (stream, peer)) = match accepted {
            (place, Ok(accepted)) => (place.expect("the places are never closed"), accepted),
            (_, Err(error)) => {
                pause_after(&error).await;
                continue;
            }
        };
        let address = peer.ip();
        let peer = Peer { address, share: budget.share(Client::at(address)) };
        let serving = connection(stream, peer, Arc::clone(&front), common.clone());
        connections.spawn(async move {
            serving.await;
            drop(place);
        });
    }
    drop(listener);
    connections.close();
    if timeout(limits.drain, connections.wait()).await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "some connections did not end in time and are cut"
        );
    }
}

/// A connection that failed before it was accepted is no reason to wait. A process out of descriptors is.
async fn pause_after(error: &io::Error) {
    let is_theirs = matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    );
    if !is_theirs {
        tracing::error!(
            error = error as &dyn std::error::Error,
            "no connection can be accepted, trying again"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// What the connections of a process have in common.
#[derive(Clone)]
struct Common {
    limits: Limits,
    backlog: Backlog,
    stopping: CancellationToken,
}

async fn connection(
    stream: TcpStream,
    peer: Peer,
    front: Arc<impl Answers>,
    Common { limits, backlog, stopping }: Common,
) {
    if let Err(error) = prepare(&stream) {
        tracing::debug!(
            error = &error as &dyn std::error::Error,
            "a connection was gone before it began"
        );
        return;
    }
    // Each connection has a separate token: asking the shared one takes its lock, for every request of every
    // connection.
    let goodbye = stopping.child_token();
    let activity = Activity::new(goodbye.clone());
    let service = service_fn(|request: Request<Incoming>| {
        let in_flight = activity.begin(request.version());
        Arc::clone(&front).answer(peer.clone(), request, in_flight).map(Ok::<_, Infallible>)
    });
    let builder = protocol(&limits, backlog.clone());
    let wire = TokioIo::new(Wire::new(LingeringStream::new(stream), activity.clone(), backlog));
    let mut serving = pin!(builder.serve_connection_with_upgrades(wire, service));
    let mut patience = Patience::new(&limits, Instant::now());
    let mut check = interval(patience.interval());
    let mut is_ending = false;
    loop {
        tokio::select! {
            biased;
            // How the connection ended is the client's affair: a reset is as good as a goodbye.
            _ended = serving.as_mut() => return,
            () = goodbye.cancelled(), if !is_ending => {
                is_ending = true;
                serving.as_mut().graceful_shutdown();
            }
            _ = check.tick() => match patience.judge(&activity, Instant::now()) {
                Verdict::Stays => {}
                Verdict::SaysGoodbye if !is_ending => {
                    is_ending = true;
                    serving.as_mut().graceful_shutdown();
                }
                Verdict::SaysGoodbye | Verdict::Ends => return,
            }
        }
    }
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_keepalive(true)?;
    socket.set_tcp_user_timeout(Some(UNREAD_TIMEOUT))
}

fn protocol(limits: &Limits, backlog: Backlog) -> auto::Builder<Streams> {
    let mut builder = auto::Builder::new(Streams::new(UNREAD_TIMEOUT, backlog));
    builder
        .http1()
        // The check of the connection bounds the head, once every few seconds and not twice for every request.
        .header_read_timeout(None)
        .max_buf_size(limits.header_bytes.max(SMALLEST_HEADER_BUFFER));
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT)
        .max_concurrent_streams(limits.streams_per_connection)
        .max_send_buf_size(UNSENT_PER_STREAM)
        .initial_stream_window_size(UNREAD_PER_STREAM)
        .initial_connection_window_size(UNREAD_PER_CONNECTION)
        // Beyond the limit the refusal is ours. Only beyond this value h2 refuses by itself, without a word.
        .max_header_list_size(
            u32::try_from(limits.header_bytes.saturating_mul(HEADERS_READ)).unwrap_or(u32::MAX),
        );
    builder
}

/// Binds the address, with a backlog that a wave of reconnecting clients fits in.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        tokio::net::TcpSocket::new_v4()
    } else {
        tokio::net::TcpSocket::new_v6()
    }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(4096)
}
