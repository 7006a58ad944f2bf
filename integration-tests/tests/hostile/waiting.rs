//! What waits for strangers is bounded for the whole process, however many connections and streams it waits on.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::{StreamExt, future::join_all, stream};
use http::{Request, Response, request::Builder};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{body::Incoming, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use sir0_contract::storefront::{CreateGameRequest, ListGamesRequest};
use sir0_testkit::process;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use crate::{
    http1::request,
    http2::framed,
    stage::{Unshaken, a_game, process_with},
};

/// What may be held, with what the allocator and the connections take besides. The default budget is half of it.
const MOST_MIB: u64 = 64;
const CONNECTIONS: usize = 10;
const STREAMS: usize = 100;
/// More than a page holds, so that a page is as large as one may be.
const GAMES: usize = 300;

type Body = UnsyncBoxBody<Bytes, std::convert::Infallible>;

/// A process with games that fill a page.
async fn a_full_store() -> Unshaken {
    let process = process().await;
    fill(&process).await;
    let mut server = Unshaken::new(process);
    // What every server has after some time: a page in memory, and threads that have worked.
    let _warm = server.process.visitor().rest().get("/api/games?pageSize=1000").await;
    server.counts_from_now();
    server
}

async fn fill(process: &sir0_testkit::Process) {
    let studio = process.publisher("Northlight").await;
    let games = studio.games();
    stream::iter(0..GAMES)
        .for_each_concurrent(16, |number| {
            let mut games = games.clone();
            let description = format!("{number} {}", "x".repeat(3990));
            async move {
                let game = CreateGameRequest { description, ..a_game("Lanterns") };
                games.create_game(game).await.expect("a good game");
            }
        })
        .await;
}

/// Connections from a separate address that take no byte of an answer.
struct Greedy {
    connections: Vec<http2::SendRequest<Body>>,
}

impl Greedy {
    async fn connects(server: &Unshaken) -> Self {
        let address = server.process.visitor().address();
        let connections = join_all((0..CONNECTIONS).map(|_| takes_nothing(address))).await;
        Self { connections }
    }

    /// Asks on every stream of every connection at once. The answers stay unread, and their statuses are counted.
    async fn asks(
        &self,
        ask: impl Fn() -> Request<Body>,
    ) -> (Vec<Response<Incoming>>, BTreeMap<u16, usize>) {
        let asked = self.connections.iter().flat_map(|connection| {
            (0..STREAMS).map(|_| {
                let mut connection = connection.clone();
                let request = ask();
                async move {
                    connection.ready().await?;
                    connection.send_request(request).await
                }
            })
        });
        let answers = tokio::time::timeout(Duration::from_mins(1), join_all(asked)).await;
        let answers = answers.expect("every call is answered or refused");
        let answers: Vec<_> = answers.into_iter().map(|answer| answer.expect("unbroken")).collect();
        let mut began = BTreeMap::new();
        for answer in &answers {
            *began.entry(answer.status().as_u16()).or_default() += 1;
        }
        (answers, began)
    }
}

async fn takes_nothing(address: SocketAddr) -> http2::SendRequest<Body> {
    connection(address, 0).await
}

/// A connection whose streams have this window.
async fn connection(address: SocketAddr, window: u32) -> http2::SendRequest<Body> {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 9], 0).into()).expect("an address of loopback");
    let stream = socket.connect(address).await.expect("it listens");
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(window)
        .handshake(TokioIo::new(stream))
        .await
        .expect("it speaks HTTP/2");
    // The requests show how the connection ends.
    tokio::spawn(async { drop(connection.await) });
    sender
}

fn get(path: &str) -> Request<Body> {
    ask(Request::get(format!("http://sir0{path}")), Bytes::new())
}

fn ask(request: Builder, body: impl Into<Bytes>) -> Request<Body> {
    request.body(Full::new(body.into()).boxed_unsync()).expect("good parts")
}

/// A body whose beginning comes, and then nothing.
fn half_a_body(request: Builder, begins: &[u8]) -> Request<Body> {
    let pieces =
        begins.chunks(16 * 1024).map(|piece| Ok(Frame::data(Bytes::copy_from_slice(piece))));
    let pieces: Vec<_> = pieces.collect();
    let body = StreamBody::new(stream::iter(pieces).chain(stream::pending()));
    request.body(BodyExt::boxed_unsync(body)).expect("good parts")
}

/// A bystander is served at once, whatever waits for others.
async fn bystanders_are_served(server: &Unshaken) {
    let bystander = server.process.visitor();
    for path in ["/api/status", "/api/games/1", "/api/games?pageSize=20"] {
        let asked = Instant::now();
        assert_eq!(bystander.rest().get(path).await.status, 200, "{path}");
        assert!(asked.elapsed() < Duration::from_secs(2), "{path} took {:?}", asked.elapsed());
    }
}

/// How often bytes were refused.
async fn refused(server: &Unshaken) -> u64 {
    let metrics = server.process.visitor().rest().get("/metrics").await.text;
    let line = metrics.lines().find_map(|line| line.strip_prefix("sir0_waiting_refused_total "));
    line.and_then(|count| count.parse().ok()).unwrap_or_default()
}

/// What was held is free again.
async fn nothing_waits_any_more(server: &Unshaken) {
    let rest = server.process.visitor().rest();
    for _ in 0..150 {
        let metrics = rest.get("/metrics").await.text;
        if metrics.lines().any(|line| line == "sir0_waiting_bytes 0") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("something is still held for clients that left");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_nobody_reads_are_refused_to_who_holds_much_and_to_nobody_else() {
    let mut server = a_full_store().await;
    let greedy = Greedy::connects(&server).await;

    let (unread, began) = greedy.asks(|| get("/api/games?pageSize=1000")).await;

    assert!(began[&200] < 40 && began[&429] > 900, "{began:?}");
    let refused = unread.iter().find(|answer| answer.status() == 429).expect("counted above");
    assert_eq!(refused.headers()["retry-after"], "1");
    bystanders_are_served(&server).await;
    server.is_unshaken(MOST_MIB).await;
    drop((greedy, unread));
    nothing_waits_any_more(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn grpc_answers_that_nobody_reads_are_refused_alike() {
    let mut server = a_full_store().await;
    let greedy = Greedy::connects(&server).await;
    let message = framed(&prost::Message::encode_to_vec(&ListGamesRequest {
        page_size: 1000,
        ..ListGamesRequest::default()
    }));

    let (unread, _) = greedy
        .asks(|| {
            let call = Request::post("http://sir0/sir0.storefront.v1.GamesService/ListGames")
                .header("content-type", "application/grpc")
                .header("te", "trailers");
            ask(call, message.clone())
        })
        .await;

    let mut began = BTreeMap::<_, usize>::new();
    for answer in &unread {
        let code = answer.headers().get("grpc-status").map(|code| code.to_str().expect("digits"));
        *began.entry(code).or_default() += 1;
    }
    assert!(began[&None] < 40 && began[&Some("8")] > 900, "{began:?}");
    bystanders_are_served(&server).await;
    server.is_unshaken(MOST_MIB).await;
    drop((greedy, unread));
    nothing_waits_any_more(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_present_that_nobody_reads_is_not_read_ahead_for_them() {
    let mut server = a_full_store().await;
    let greedy = Greedy::connects(&server).await;

    let (unread, _) = greedy.asks(|| get("/api/games:watch?sendPresent=true")).await;

    bystanders_are_served(&server).await;
    server.is_unshaken(MOST_MIB).await;
    drop((greedy, unread));
    nothing_waits_any_more(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_of_which_half_comes_are_refused_to_who_sends_many() {
    let mut server = a_full_store().await;
    let greedy = Greedy::connects(&server).await;
    let announced =
        || Request::post("http://sir0/api/users/register").header("content-length", "1000000");
    let unannounced = || Request::post("http://sir0/api/users/register");
    let called = || {
        Request::post("http://sir0/sir0.accounts.v1.AccountsService/Register")
            .header("content-type", "application/grpc")
            .header("te", "trailers")
    };
    let begins = |prefix: &[u8]| [prefix, &vec![b'x'; 48 * 1024][..]].concat();
    // A message that says it has a megabyte.
    let message = begins(&[0, 0, 0x0f, 0x42, 0x40]);

    let asking = greedy.connections.iter().flat_map(|connection| {
        (0..STREAMS).map(|number| {
            let mut connection = connection.clone();
            let request = match number % 3 {
                0 => half_a_body(announced(), &begins(b"{\"username\":\"")),
                1 => half_a_body(unannounced(), &begins(b"{\"username\":\"")),
                _ => half_a_body(called(), &message),
            };
            async move {
                connection.ready().await.expect("a place");
                // A refused request is answered; the others wait for the other half of their body.
                connection.send_request(request).await.map(|answer| answer.status().as_u16())
            }
        })
    });
    let asking = tokio::spawn(join_all(asking.collect::<Vec<_>>()));
    tokio::time::sleep(Duration::from_secs(5)).await;

    assert!(refused(&server).await > 500, "a thousand halves fit");
    bystanders_are_served(&server).await;
    server.is_unshaken(MOST_MIB).await;
    asking.abort();
    drop(greedy);
    nothing_waits_any_more(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_in_the_works_counts_however_little_came_of_it() {
    // The quarter that one client may have is 64 calls.
    let mut server = Unshaken::new(process_with("[limits]\nwaiting_bytes = 2097152").await);
    let greedy = Greedy::connects(&server).await;

    let asking = greedy.connections.iter().flat_map(|connection| {
        (0..STREAMS).map(|_| {
            let mut connection = connection.clone();
            let request = half_a_body(Request::post("http://sir0/api/users/register"), b"{");
            async move {
                connection.ready().await.expect("a place");
                connection.send_request(request).await.map(|answer| answer.status().as_u16())
            }
        })
    });
    let asking = tokio::spawn(join_all(asking.collect::<Vec<_>>()));
    tokio::time::sleep(Duration::from_secs(6)).await;

    let refused = refused(&server).await;
    assert!(refused > 900, "{refused} were refused");
    assert_eq!(server.process.visitor().rest().get("/api/status").await.status, 200);
    server.is_unshaken(MOST_MIB).await;
    asking.abort();
    drop(greedy);
    nothing_waits_any_more(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_nobody_takes_is_given_up_and_its_connection_goes_on() {
    let server = a_full_store().await;
    let mut connection = takes_nothing(server.process.visitor().address()).await;
    let unread = connection.send_request(get("/api/games?pageSize=1000")).await.expect("a page");

    let asked = Instant::now();
    let ended = unread.into_body().frame().await;

    ended.expect("a word").expect_err("no byte can come");
    assert!(asked.elapsed() > Duration::from_secs(25), "{:?}", asked.elapsed());
    let again = connection.send_request(get("/api/status")).await.expect("the connection lives");
    assert_eq!(again.status(), 200);
}

/// Watches the games until all of them have come. When a refusal says that too much waits for this client, the client
/// tries again after the wait that the refusal names. The stream stays open.
async fn hears_all(mut connection: http2::SendRequest<Body>) -> Incoming {
    let mut updates = loop {
        connection.ready().await.expect("the connection lives");
        let asked = connection.send_request(get("/api/games:watch?sendPresent=true"));
        let answer = asked.await.expect("an answer");
        if answer.status() == 200 {
            break answer.into_body();
        }
        assert_eq!(
            (answer.status().as_u16(), answer.headers()["retry-after"].to_str().expect("a number")),
            (429, "1")
        );
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    let mut heard = Vec::new();
    while !heard.windows(8).any(|word| word == b"\"inSync\"") {
        let frame = updates.frame().await.expect("no end").expect("unbroken");
        heard.extend_from_slice(frame.data_ref().expect("updates"));
    }
    updates
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_hears_all_on_each_of_the_thousands_of_streams_that_it_opens_at_once() {
    let process = process().await;
    let studio = process.publisher("Northlight").await;
    for number in 0..3 {
        let description = format!("{number} {}", "x".repeat(3990));
        let game = CreateGameRequest { description, ..a_game("Lanterns") };
        studio.games().create_game(game).await.expect("a good game");
    }
    let address = process.visitor().address();
    let connections = join_all((0..40).map(|_| connection(address, 64 * 1024))).await;

    let streams = connections.iter().flat_map(|it| (0..STREAMS).map(|_| hears_all(it.clone())));
    let all = timeout(Duration::from_mins(1), join_all(streams)).await;

    all.expect("streams of one client do not wait for each other");
}

/// Reads a whole answer over HTTP/1, slowly and steadily, and answers with its size and what was announced.
async fn reads_slowly(address: SocketAddr, path: &str) -> (usize, usize) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4 * 1024).expect("a small buffer");
    let mut stream: TcpStream = socket.connect(address).await.expect("it listens");
    stream.write_all(&request("GET", path, &[], b"")).await.expect("it reads");
    let (mut read, mut piece) = (Vec::new(), vec![0; 16 * 1024]);
    let whole = loop {
        let size = stream.read(&mut piece).await.expect("unbroken");
        assert!(size > 0, "cut off after {} bytes", read.len());
        read.extend_from_slice(&piece[..size]);
        let head = read.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = head {
            let text = String::from_utf8_lossy(&read[..end]).to_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
            let whole = end + 4 + length.expect("a length").parse::<usize>().expect("a number");
            if read.len() >= whole {
                break whole;
            }
        }
        tokio::time::sleep(Duration::from_millis(40)).await;
    };
    (read.len(), whole)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_but_steady_reader_gets_the_whole_answer() {
    let times = "[limits]\nheader_timeout = '500ms'\nidle_timeout = '500ms'";
    let process = process_with(times).await;
    fill(&process).await;

    for path in ["/api/games?pageSize=1000", "/docs/swagger-ui-bundle.js"] {
        let begun = Instant::now();
        let (read, whole) = reads_slowly(process.visitor().address(), path).await;

        assert_eq!(read, whole, "{path}");
        assert!(begun.elapsed() > Duration::from_secs(2), "{path} was read too fast to tell");
    }
}
