//! The WebSocket at `/ws`: a bridge onto the streams of the services, for clients that speak neither gRPC nor
//! server-sent events.
//!
//! A client may send 128 messages at once and 32 a second from then on, whatever they say, pings included. It may send
//! 512 KiB at once and 64 KiB a second in all. What comes faster waits in the network, unread.

mod following;
mod message;
mod session;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{
        State, WebSocketUpgrade,
        ws::rejection::WebSocketUpgradeRejection::{
            self, InvalidConnectionHeader, InvalidUpgradeHeader, InvalidWebSocketVersionHeader,
            MethodNotGet,
        },
    },
    response::{IntoResponse, Response},
    routing::any,
};
use http::{HeaderValue, StatusCode, header};
use sir0_host::Topics;
use sir0_rpc::request_id;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{message::Refusal, session::Session};
use crate::pages::SOCKET;

/// The largest message a client may send, in bytes.
pub const MAX_MESSAGE: usize = 16 * 1024;
/// The most topics one socket may be subscribed to.
pub const MAX_TOPICS: usize = 32;

/// How many messages a client may send at once, pings among them: every topic subscribed to and left again, twice.
const BURST: u32 = 128;
/// How many it may send each second from then on. What comes faster waits in the network: the socket is not read
/// meanwhile.
const PACE: u32 = 32;

/// The library keeps at most this much for a client that does not read. No update comes near it.
const MAX_UNSENT: usize = 64 * 1024;
/// Commands are short; the library's own choice would cost each idle socket 128 KiB. A longer message gets the room that
/// it needs. Below 1 KiB, a buffer that was used up would be replaced by one of a few bytes.
const READ_BUFFER: usize = 1024;

/// How long a socket waits, and how many there may be.
#[derive(Clone, Debug)]
pub struct Options {
    /// A client that does not accept a frame within this time is cut off.
    pub patience: Duration,
    /// The server pings this often.
    pub ping_every: Duration,
    /// A client that sends nothing for this long, not even an answer to a ping, is given up.
    pub silence: Duration,
    /// How long the last words may take: what is left to say at shutdown, and then the closing handshake.
    pub farewell: Duration,
    /// How many sockets may be open at a time. They no longer count as connections.
    pub most: usize,
    /// Counts the open sockets. After `stopping`, close it and wait on it to let all of them say goodbye.
    pub open: TaskTracker,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(10),
            ping_every: Duration::from_secs(20),
            silence: Duration::from_mins(1),
            farewell: Duration::from_secs(2),
            most: 10_000,
            open: TaskTracker::new(),
        }
    }
}

/// The route `/ws`. Once `stopping` is cancelled, every socket passes on that the server goes away and closes.
pub fn route(
    topics: Vec<Arc<dyn Topics>>,
    options: Options,
    stopping: CancellationToken,
) -> Router {
    let door = Arc::new(Door { topics, options, stopping });
    Router::new().route(SOCKET, any(enter)).with_state(door)
}

/// What all sockets share.
struct Door {
    topics: Vec<Arc<dyn Topics>>,
    options: Options,
    stopping: CancellationToken,
}

async fn enter(
    State(door): State<Arc<Door>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => return refuse(&rejection),
    };
    if door.options.open.len() >= door.options.most {
        return refuse_for_now();
    }
    // Counted before the answer leaves, so that a shutdown in between waits for it too.
    let counted = door.options.open.token();
    let (id, share) = (request_id::current(), request_id::share());
    upgrade
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE)
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(MAX_UNSENT)
        .on_upgrade(async move |socket| {
            // Boxed, because what is moved into a future takes its place there twice.
            let session = Box::new(Session::new(socket, door));
            request_id::within(id, share, session.run()).await;
            drop(counted);
        })
}

/// Answers when there are as many sockets as there may be.
fn refuse_for_now() -> Response {
    let refusal = Refusal::new("Too many sockets", "as many are open as may be, try again later");
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::RETRY_AFTER, "5")];
    (StatusCode::SERVICE_UNAVAILABLE, headers, refusal.to_json()).into_response()
}

/// Answers a request that opens no WebSocket, and says what would.
fn refuse(rejection: &WebSocketUpgradeRejection) -> Response {
    let (status, wanted) = match rejection {
        MethodNotGet(_) => (StatusCode::METHOD_NOT_ALLOWED, Some((header::ALLOW, "GET"))),
        InvalidConnectionHeader(_) | InvalidUpgradeHeader(_) => {
            (StatusCode::UPGRADE_REQUIRED, Some((header::UPGRADE, "websocket")))
        }
        InvalidWebSocketVersionHeader(_) => {
            (StatusCode::UPGRADE_REQUIRED, Some((header::SEC_WEBSOCKET_VERSION, "13")))
        }
        other => (other.status(), None),
    };
    let refusal = Refusal::new("Not a WebSocket request", rejection.body_text());
    let json = [(header::CONTENT_TYPE, "application/json")];
    let mut response = (status, json, refusal.to_json()).into_response();
    if let Some((name, value)) = wanted {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
