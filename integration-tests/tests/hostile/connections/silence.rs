//! A client that says nothing, or never finishes, is not waited for.

use std::{net::SocketAddr, time::Duration};

use http_body_util::BodyExt;
use sir0_testkit::process;
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::{
    http1::{is_closed_within, request, sends},
    http2::{Http2, framed},
    stage::{Unshaken, process_with},
};

const HASTY: &str = "
    [limits]
    header_timeout = '1s'
    body_timeout = '1s'
    keep_alive_timeout = '3s'
    idle_timeout = '2s'
    header_bytes = 8192
    connections = 50";

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";

/// Beginnings that nothing follows.
fn beginnings() -> Vec<(&'static str, Vec<u8>)> {
    let http2 = [PREFACE, SETTINGS].concat();
    let half_frame = [PREFACE, SETTINGS, b"\0\x40\0\x01\x04"].concat();
    let body = b"POST /api/users/login HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n";
    let grpc_web = b"POST /sir0.storefront.v1.GamesService/GetGame HTTP/1.1\r\nHost: x\r\nContent-Type: application/grpc-web+proto\r\nContent-Length: 1000\r\n\r\n\0\0\0";
    vec![
        ("nothing", Vec::new()),
        ("one byte", b"P".to_vec()),
        ("one letter of a method", b"G".to_vec()),
        ("half a line", b"GET /api/games HT".to_vec()),
        ("half a header", b"GET /api/games HTTP/1.1\r\nHost: x\r\nAccept: ".to_vec()),
        ("half a preface", PREFACE[..10].to_vec()),
        ("a preface", PREFACE.to_vec()),
        ("a preface and settings", http2),
        ("half a frame", half_frame),
        ("no body", body.to_vec()),
        ("half a body", [&body[..], b"{\"email\":"].concat()),
        ("half a chunk", b"POST /api/users/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{".to_vec()),
        ("half a gRPC-Web message", grpc_web.to_vec()),
        ("nonsense", vec![0xff; 100]),
    ]
}

/// Says one thing on each connection and waits for all to be closed. Answers with those that were not.
async fn still_open_after(address: SocketAddr, patience: Duration) -> Vec<&'static str> {
    let connections = beginnings().into_iter().map(|(what, begun)| async move {
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        stream.write_all(&begun).await.expect("it reads");
        let closing = is_closed_within(&mut stream, Duration::MAX);
        timeout(patience, closing).await.is_err().then_some(what)
    });
    futures::future::join_all(connections).await.into_iter().flatten().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_begins_and_says_no_more_is_closed_within_thirty_seconds() {
    let mut server = Unshaken::new(process().await);

    let open = still_open_after(server.process.address(), Duration::from_secs(31)).await;

    assert_eq!(open, [""; 0], "still open");
    server.is_unshaken(16).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_begins_and_says_no_more_is_closed_as_soon_as_the_operator_says() {
    let mut server = Unshaken::new(process_with(HASTY).await);

    let open = still_open_after(server.process.address(), Duration::from_secs(5)).await;

    assert_eq!(open, [""; 0], "still open");
    server.is_unshaken(16).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_a_byte_now_and_then_does_not_stay_longer() {
    let server = process_with(HASTY).await;

    for begun in [
        &b"GET /api/games HTTP/1.1\r\nX-Slow: "[..],
        b"POST /api/users/login HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(server.address()).await.expect("it listens");
        stream.write_all(begun).await.expect("it reads");
        let (mut reader, mut writer) = stream.into_split();
        let dripping = tokio::spawn(async move {
            while writer.write_all(b"a").await.is_ok() {
                sleep(Duration::from_millis(100)).await;
            }
        });
        let closed = async {
            let mut sink = Vec::new();
            let _ = tokio::io::AsyncReadExt::read_to_end(&mut reader, &mut sink).await;
        };
        timeout(Duration::from_secs(5), closed).await.expect("closed in time");
        dripping.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_grpc_message_on_a_living_connection_is_given_up() {
    let server = process_with(HASTY).await;
    let mut stream = TcpStream::connect(server.address()).await.expect("it listens");
    // HEADERS of a call, then DATA that promises 100 bytes and never ends; pings are answered all the while.
    let (headers, data) = crate::connections::streams::half_a_call(1);
    stream.write_all(&[PREFACE, SETTINGS, &headers, &data].concat()).await.expect("it reads");

    let ended = crate::connections::streams::answers_pings_until_stream_ends(
        &mut stream,
        Duration::from_secs(8),
    )
    .await;

    assert!(ended, "the call was still waited for after eight times the time for a body");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asked_and_rests_is_closed_after_the_idle_time() {
    let server = process_with(HASTY).await;
    let mut stream = TcpStream::connect(server.address()).await.expect("it listens");
    stream.write_all(&request("GET", "/api/status", &[], b"")).await.expect("it reads");

    let rested = is_closed_within(&mut stream, Duration::from_secs(8)).await;

    assert!(rested > Duration::from_secs(2), "and not before: {rested:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooled_connection_is_there_for_longer_than_balancers_keep_it() {
    let server = process().await;
    let mut stream = TcpStream::connect(server.address()).await.expect("it listens");
    stream.write_all(&request("GET", "/api/status", &[], b"")).await.expect("it reads");

    // nginx and the balancers of clouds keep a connection for a minute, and then ask once more.
    let closing = timeout(Duration::from_secs(70), is_closed_within(&mut stream, Duration::MAX));

    assert!(closing.await.is_err(), "it was closed while a balancer still counted on it");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_header_has_its_time_from_its_first_byte_on() {
    let server = process_with(HASTY).await;
    let mut stream = TcpStream::connect(server.address()).await.expect("it listens");
    stream.write_all(&request("GET", "/api/status", &[], b"")).await.expect("it reads");
    sleep(Duration::from_millis(1_500)).await;
    stream.write_all(b"GET /api/status HTTP/1.1\r\n").await.expect("it is still there");

    let waited = is_closed_within(&mut stream, Duration::from_secs(8)).await;

    assert!((1..=2).contains(&waited.as_secs()), "half a header was waited for {waited:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_stream_is_not_idle() {
    let server = process_with(HASTY).await;
    let studio = server.publisher("Northlight").await;
    let mut lines = studio.rest().stream("/api/games:watch", "application/x-ndjson", &[]).await;

    sleep(Duration::from_secs(5)).await;
    let id = crate::stage::adds(&studio, "Lanterns").await;

    assert_eq!(lines.next_json().await.expect("still open")["added"]["gameId"], id);
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_beyond_the_limit_are_refused_in_both_protocols() {
    let mut server = Unshaken::new(process_with(HASTY).await);
    let address = server.process.address();
    let large = "x".repeat(20_000);
    let many: Vec<_> = (0..150).map(|number| format!("X-{number}")).collect();
    let many: Vec<_> = many.iter().map(|name| (name.as_str(), "1")).collect();

    for (what, headers) in
        [("one of 20 KB", &[("X-Large", large.as_str())][..]), ("150 of them", &many)]
    {
        let answer = sends(address, &request("GET", "/api/status", headers, b"")).await;
        answer.is_refused(431, what);
        assert!(answer.header("x-request-id").is_some(), "{what}: {}", answer.head);
    }
    let target = format!("/api/games?q={large}");
    let answer = sends(address, &request("GET", &target, &[], b"")).await;
    answer.is_refused(414, "a path of 20 KB");

    let connection = Http2::open(address).await;
    for (path, name, status) in [("/api/status", "x-large", 431), (target.as_str(), "x-small", 414)]
    {
        let value = if name == "x-large" { &large } else { "1" };
        let headers = [("content-type", "application/json"), (name, value)];
        let answer = connection.begins(path, &headers, Vec::new()).await.expect("an answer");
        assert_eq!(answer.status().as_u16(), status);
        assert!(answer.headers().contains_key("x-request-id"));
        let body = answer.into_body().collect().await.expect("a body").to_bytes();
        let json: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        assert!(json["error"].is_string() && json["details"].is_string(), "{json}");
    }
    let get = "/sir0.storefront.v1.GamesService/GetGame";
    let ended = connection.calls(get, &[("x-large", &large)], framed(&[])).await;
    assert_eq!(ended.code, Some(8), "RESOURCE_EXHAUSTED: {ended:?}");
    server.is_unshaken(16).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_take_every_place_only_until_their_time_is_over() {
    let server = process_with(HASTY).await;
    let mut silent = Vec::new();
    for _ in 0..60 {
        silent.push(TcpStream::connect(server.address()).await.expect("the system accepts"));
    }

    let answer = timeout(Duration::from_secs(6), server.visitor().rest().get("/api/status")).await;

    assert_eq!(answer.expect("a place became free").status, 200);
    drop(silent);
}
