//! The one port: accepting connections, and closing those that cost without asking anything.

use std::{
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use http::{Request, Response, Version};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use socket2::SockRef;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{Instant, interval, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{body::Body, config::Limits, linger::Lingering};

/// How long the other side may leave sent bytes unacknowledged, or refuse to take more, before it counts as gone.
const UNREAD_TIMEOUT: Duration = Duration::from_secs(30);
const PING_INTERVAL: Duration = Duration::from_secs(10);
const PING_TIMEOUT: Duration = Duration::from_secs(10);
const CHECK_INTERVAL: Duration = Duration::from_secs(5);
/// How much an answer may be ahead of a client that reads slowly.
const UNSENT_PER_STREAM: usize = 64 * 1024;
/// hyper reads HTTP/1 headers, at most a hundred, into a buffer of at least this size.
const SMALLEST_HEADER_BUFFER: usize = 8 * 1024;

/// Answers requests.
pub(crate) trait Answers: Send + Sync + 'static {
    fn answer(
        self: Arc<Self>,
        peer: IpAddr,
        request: Request<Incoming>,
        in_flight: InFlight,
    ) -> BoxFuture<'static, Response<Body>>;
}

/// Serves connections until stopped, then lets what runs end within the time it has.
pub(crate) async fn serve(
    listener: TcpListener,
    front: Arc<impl Answers>,
    limits: Limits,
    stopping: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(limits.connections));
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
        let serving =
            connection(stream, peer.ip(), Arc::clone(&front), limits.clone(), stopping.clone());
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

/// A connection that failed before it was ours is no reason to wait; a process out of descriptors is.
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

async fn connection(
    stream: TcpStream,
    peer: IpAddr,
    front: Arc<impl Answers>,
    limits: Limits,
    stopping: CancellationToken,
) {
    if let Err(error) = prepare(&stream) {
        tracing::debug!(
            error = &error as &dyn std::error::Error,
            "a connection was gone before it began"
        );
        return;
    }
    // Of its own: asking the one all share takes its lock, for every request of every connection.
    let stopping = stopping.child_token();
    let activity = Activity::default();
    let service = service_fn(|request: Request<Incoming>| {
        let in_flight = activity.begin(request.version());
        Arc::clone(&front).answer(peer, request, in_flight).map(Ok::<_, Infallible>)
    });
    let builder = protocol(&limits);
    let mut serving =
        pin!(builder.serve_connection_with_upgrades(TokioIo::new(Lingering::new(stream)), service));
    let mut check = interval(CHECK_INTERVAL.min(limits.header_timeout));
    let mut is_ending = false;
    let mut last_active = Instant::now();
    let mut seen = 0;
    loop {
        tokio::select! {
            biased;
            // How it ended is the client's business: a reset is as good as a goodbye.
            _ended = serving.as_mut() => return,
            () = stopping.cancelled(), if !is_ending => {
                is_ending = true;
                serving.as_mut().graceful_shutdown();
            }
            _ = check.tick() => {
                let begun = activity.begun();
                if begun != seen || activity.is_busy() {
                    (seen, last_active) = (begun, Instant::now());
                }
                // Between two HTTP/1 requests there is nothing but the next header; HTTP/2 may rest.
                let may_rest = activity.may_rest();
                let patience = if may_rest { limits.idle_timeout } else { limits.header_timeout };
                if last_active.elapsed() < patience {
                    continue;
                }
                if is_ending || !may_rest {
                    return;
                }
                is_ending = true;
                serving.as_mut().graceful_shutdown();
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

fn protocol(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        // The check of the connection sees to it, once every few seconds and not twice for every request.
        .header_read_timeout(None)
        .max_buf_size(limits.header_bytes.max(SMALLEST_HEADER_BUFFER));
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT)
        .max_concurrent_streams(limits.streams_per_connection)
        .max_send_buf_size(UNSENT_PER_STREAM)
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX));
    builder
}

/// What goes on on one connection.
#[derive(Clone, Default)]
struct Activity(Arc<Counts>);

#[derive(Default)]
struct Counts {
    begun: AtomicUsize,
    running: AtomicUsize,
    is_http2: AtomicBool,
}

impl Activity {
    fn begin(&self, version: Version) -> InFlight {
        self.0.is_http2.store(version == Version::HTTP_2, Ordering::Relaxed);
        self.0.begun.fetch_add(1, Ordering::Relaxed);
        self.0.running.fetch_add(1, Ordering::Relaxed);
        InFlight(self.clone())
    }

    fn begun(&self) -> usize {
        self.0.begun.load(Ordering::Relaxed)
    }

    /// Whether it has asked something before, over a protocol in which silence is no unfinished header.
    fn may_rest(&self) -> bool {
        self.0.is_http2.load(Ordering::Relaxed)
    }

    fn is_busy(&self) -> bool {
        self.0.running.load(Ordering::Relaxed) > 0
    }
}

/// A request that is being answered, for as long as this lives.
pub(crate) struct InFlight(Activity);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Binds the address, with a backlog that a wave of reconnecting clients fits in.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        tokio::net::TcpSocket::new_v4()
    } else {
        tokio::net::TcpSocket::new_v6()
    }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(4096)
}
