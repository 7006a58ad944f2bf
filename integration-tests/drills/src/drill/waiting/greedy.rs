//! A hundred connections that take much and give nothing back.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use futures::{
    StreamExt, TryStreamExt,
    future::{join_all, try_join_all},
    stream,
};
use http::{Request, Response, request::Builder};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{body::Incoming, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    net::TcpSocket,
    runtime::{self, Handle, Runtime},
    task::JoinHandle,
};

const CONNECTIONS: u16 = 100;
const STREAMS: usize = 100;
/// How many bytes of a body come before no more do.
const HALF: usize = 48 * 1_024;

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// What the connections ask for and leave.
#[derive(Clone, Copy, Debug)]
pub(super) enum Greed {
    /// Pages of a megabyte.
    Lists,
    /// The same over gRPC.
    Calls,
    /// Streams that begin with every game there is.
    Presents,
    /// The script of the docs page, a megabyte and more.
    Files,
    /// Bodies that say they have a megabyte, or nothing of their length, and of which a part comes.
    Halves,
    /// All of these at once.
    Mixed,
}

impl Greed {
    pub(super) const ALL: [Self; 6] =
        [Self::Lists, Self::Calls, Self::Presents, Self::Files, Self::Halves, Self::Mixed];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Lists => "lists",
            Self::Calls => "gRPC lists",
            Self::Presents => "presents",
            Self::Files => "files of the docs page",
            Self::Halves => "half bodies",
            Self::Mixed => "all of these",
        }
    }

    fn request(self, number: usize) -> Request<Body> {
        match self {
            Self::Lists => get("/api/games?pageSize=1000"),
            Self::Calls => {
                // `page_size`, the first field, is 1,000.
                let message = [&[0, 0, 0, 0, 3][..], &[0x08, 0xe8, 0x07][..]].concat();
                whole(call("/sir0.storefront.v1.GamesService/ListGames"), message)
            }
            Self::Presents => get("/api/games:watch?sendPresent=true"),
            Self::Files => get("/docs/swagger-ui-bundle.js"),
            Self::Halves => match number % 3 {
                0 => half(post("/api/users/register").header("content-length", "1000000"), b"{"),
                1 => half(post("/api/users/register"), b"{"),
                // A message that says it has a megabyte.
                _ => half(call("/sir0.accounts.v1.AccountsService/Register"), &[0, 0, 15, 66, 64]),
            },
            Self::Mixed => {
                let [kinds @ .., _] = Self::ALL;
                kinds[number % kinds.len()].request(number / kinds.len())
            }
        }
    }
}

/// Connections with a window of zero.
pub(super) struct Greedy {
    connections: Vec<http2::SendRequest<Body>>,
    greed: Greed,
    /// The connections end with this runtime.
    runtime: Apart,
}

impl Greedy {
    /// Opens the connections, from one address of loopback or from one each.
    pub(super) async fn connects(
        server: SocketAddr,
        greed: Greed,
        is_spread: bool,
    ) -> Result<Self> {
        let runtime = Apart::new()?;
        let connecting = runtime.handle().spawn(connections(server, is_spread, 0));
        Ok(Self { connections: connecting.await??, greed, runtime })
    }

    /// Asks on every stream of every connection at once.
    pub(super) fn asks(self) -> Waiting {
        let Self { connections, greed, runtime } = self;
        let asked = connections.into_iter().flat_map(|connection| {
            let runtime = &runtime;
            (0..STREAMS).map(move |number| {
                let (mut connection, request) = (connection.clone(), greed.request(number));
                runtime.handle().spawn(async move {
                    connection.ready().await?;
                    connection.send_request(request).await
                })
            })
        });
        Waiting { asked: asked.collect(), runtime }
    }
}

/// A runtime for connections that end at once when it is dropped. On another runtime, hyper would keep connections on
/// which a body has not ended.
struct Apart(Option<Runtime>);

impl Apart {
    fn new() -> io::Result<Self> {
        let mut builder = runtime::Builder::new_multi_thread();
        builder.worker_threads(2).enable_all().build().map(|runtime| Self(Some(runtime)))
    }

    fn handle(&self) -> &Handle {
        self.0.as_ref().expect("taken only when dropped").handle()
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        // Without waiting, which is forbidden in another runtime.
        self.0.take().expect("dropped once").shutdown_background();
    }
}

type Answered = hyper::Result<Response<Incoming>>;

/// Streams that are open and unread.
pub(super) struct Waiting {
    asked: Vec<JoinHandle<Answered>>,
    runtime: Apart,
}

impl Waiting {
    /// Leaves, and tells how the streams began.
    pub(super) async fn ends(self) -> Began {
        let Self { asked, runtime } = self;
        let mut began = Began::default();
        for one in &asked {
            if !one.is_finished() {
                began.add("unanswered".to_owned());
                one.abort();
            }
        }
        for answer in join_all(asked).await.into_iter().flatten() {
            began.add(match &answer {
                Ok(answer) => match answer.headers().get("grpc-status") {
                    Some(code) => format!("gRPC {}", code.to_str().unwrap_or("?")),
                    None => answer.status().as_u16().to_string(),
                },
                Err(_reset) => "reset".to_owned(),
            });
        }
        drop(runtime);
        began
    }
}

/// How many streams began how.
#[derive(Default)]
pub(super) struct Began(BTreeMap<String, usize>);

impl Began {
    fn add(&mut self, how: String) {
        *self.0.entry(how).or_default() += 1;
    }
}

impl fmt::Display for Began {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each: Vec<_> = self.0.iter().map(|(how, count)| format!("{count} × {how}")).collect();
        f.write_str(&each.join(", "))
    }
}

/// Makes as many connections and calls, by clients that read every answer, ten at a time each.
pub(super) async fn read_by_many(server: SocketAddr, path: &'static str) -> Result<()> {
    let runtime = Apart::new()?;
    let reading = runtime.handle().spawn(async move {
        let each = connections(server, true, 1 << 16).await?.into_iter().map(|connection| {
            let calls = (0..STREAMS).map(move |_| read(connection.clone(), path));
            stream::iter(calls).buffer_unordered(10).try_collect::<()>()
        });
        try_join_all(each).await
    });
    reading.await??;
    Ok(())
}

async fn read(mut connection: http2::SendRequest<Body>, path: &str) -> Result<()> {
    connection.ready().await?;
    let answer = connection.send_request(get(path)).await?;
    ensure!(answer.status() == 200, "{path} is answered with {}", answer.status());
    answer.into_body().collect().await?;
    Ok(())
}

/// Opens connections whose streams have this window, from one address of loopback or from one each.
async fn connections(
    server: SocketAddr,
    is_spread: bool,
    window: u32,
) -> Result<Vec<http2::SendRequest<Body>>> {
    let mut connections = Vec::new();
    for number in 1..=CONNECTIONS {
        let [high, low] = if is_spread { number.to_be_bytes() } else { [0, 0] };
        let socket = TcpSocket::new_v4()?;
        socket.bind((Ipv4Addr::new(127, 9, high, low.max(1)), 0).into())?;
        let stream = TokioIo::new(socket.connect(server).await?);
        let mut builder = http2::Builder::new(TokioExecutor::new());
        let opening = builder.initial_stream_window_size(window).handshake(stream);
        let (sender, connection) = opening.await.context("it speaks no HTTP/2")?;
        connections.push(sender);
        // The requests show how the connection ends.
        tokio::spawn(async { drop(connection.await) });
    }
    Ok(connections)
}

fn get(path: &str) -> Request<Body> {
    whole(Request::get(format!("http://sir0{path}")), Bytes::new())
}

fn post(path: &str) -> Builder {
    Request::post(format!("http://sir0{path}"))
}

fn call(path: &str) -> Builder {
    post(path).header("content-type", "application/grpc").header("te", "trailers")
}

fn whole(request: Builder, body: impl Into<Bytes>) -> Request<Body> {
    request.body(Full::new(body.into()).boxed_unsync()).expect("good parts")
}

/// A body whose beginning comes, and then nothing.
fn half(request: Builder, begins: &[u8]) -> Request<Body> {
    let piece = Bytes::from([begins, &vec![b'x'; HALF]].concat());
    let body = StreamBody::new(stream::iter([Ok(Frame::data(piece))]).chain(stream::pending()));
    request.body(BodyExt::boxed_unsync(body)).expect("good parts")
}
