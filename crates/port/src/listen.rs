//! The one port: accepting connections, and closing those that cost something and ask nothing.

mod activity;
mod backlog;
mod farewell;
mod frames;
mod patience;
mod serving;
mod streams;
mod target;
mod unanswered;
mod wire;

use std::{
    future::poll_fn,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use futures::future::BoxFuture;
use http::{Request, Response};
use hyper::body::Incoming;
use sir0_kernel::{Budget, Client, Share};
use socket2::SockRef;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, interval, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{
    activity::Activity,
    backlog::Backlog,
    patience::{Patience, Verdict},
    serving::{Requests, Serving},
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
    let (drain, limits) = (limits.drain, Arc::new(limits));
    let common = Common { limits, backlog: Backlog::default(), stopping };
    let stopping = &common.stopping;
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
        connections.spawn(connection(stream, peer, Arc::clone(&front), common.clone(), place));
    }
    drop(listener);
    connections.close();
    if timeout(drain, connections.wait()).await.is_err() {
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
    limits: Arc<Limits>,
    backlog: Backlog,
    stopping: CancellationToken,
}

/// Serves one connection, which gives its place back when it ended.
async fn connection<A: Answers>(
    stream: TcpStream,
    peer: Peer,
    front: Arc<A>,
    Common { limits, backlog, stopping }: Common,
    _place: OwnedSemaphorePermit,
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
    let mut patience = Patience::new(&limits, Instant::now());
    let mut serving = {
        let streams = Streams::new(UNREAD_TIMEOUT, backlog.clone());
        let wire = Wire::new(LingeringStream::new(stream), activity.clone(), backlog);
        let requests = Requests { front, peer, activity: activity.clone() };
        Serving::new(wire, requests, streams, limits)
    };
    let mut check = interval(patience.interval());
    let mut is_ending = false;
    loop {
        tokio::select! {
            biased;
            () = poll_fn(|context| serving.poll_ended(context)) => return,
            () = goodbye.cancelled(), if !is_ending => {
                is_ending = true;
                serving.graceful_shutdown();
            }
            _ = check.tick() => match patience.judge(&activity, Instant::now()) {
                Verdict::Stays => {}
                Verdict::SaysGoodbye if !is_ending => {
                    is_ending = true;
                    serving.graceful_shutdown();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front::Front;

    /// The size of what a function makes of these.
    fn size_of_made<A, B, C, D, E, M>(_make: impl FnOnce(A, B, C, D, E) -> M) -> usize {
        size_of::<M>()
    }

    /// A connection is open for as long as its streams, and idle for hours. What is moved into a future takes its place
    /// there twice, so what is large is boxed, and a task is given the function and not a block around it.
    #[test]
    fn a_connection_that_waits_is_small() {
        let waiting = size_of_made(connection::<Front>);

        assert!(waiting <= 640, "{waiting} bytes");
        assert!(size_of::<Wire>() <= 256, "{} bytes", size_of::<Wire>());
        assert!(size_of::<Serving<Front>>() <= 16, "{} bytes", size_of::<Serving<Front>>());
    }
}
