//! How much strangers can make the program write into its log, whatever they do.

use std::{net::SocketAddr, time::Duration};

use serde_json::json;
use sir0_testkit::{PASSWORD, Person, Process, process};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};
use tokio_tungstenite::tungstenite::Message;

use crate::http2::Http2;

/// Bytes of log that strangers can cause in a second.
const BAR: usize = 10_000;
const FLOOD: Duration = Duration::from_secs(6);

/// Does something again and again while the flood lasts.
async fn again_and_again(until: Instant, mut something: impl AsyncFnMut()) {
    while Instant::now() < until {
        something().await;
    }
}

/// The log grows by less than the bar in each second. The test and the server begin their seconds at different moments,
/// so one second of the test may see two budgets of the server. The whole flood may not.
async fn stays_small(server: &Process, until: Instant) {
    let (begun, first) = (Instant::now(), server.log().len());
    let mut before = first;
    while Instant::now() < until {
        let second = Instant::now();
        sleep(Duration::from_secs(1)).await;
        let now = server.log().len();
        let most = BAR * usize::try_from(second.elapsed().as_millis()).unwrap_or(0) / 1_000;
        assert!(now - before <= most, "{} bytes in {:?}", now - before, second.elapsed());
        before = now;
    }
    let seconds = usize::try_from(begun.elapsed().as_secs()).unwrap_or(1);
    assert!(before - first <= BAR * seconds, "{} bytes in {seconds} s", before - first);
}

/// PING ACKs without a PING, on new connections as often as they are closed.
async fn sends_ping_acks(address: SocketAddr) {
    let Ok(mut stream) = TcpStream::connect(address).await else { return };
    let ack = [&[0, 0, 8, 6, 1, 0, 0, 0, 0][..], &[7; 8]].concat();
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let hello = [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &settings].concat();
    if stream.write_all(&hello).await.is_err() {
        return;
    }
    // Paced: it is the log that is to be flooded, not the processor of a debug build.
    for _ in 0..100 {
        let sent = timeout(Duration::from_millis(500), stream.write_all(&ack.repeat(50))).await;
        if !matches!(sent, Ok(Ok(()))) {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
}

/// Bytes that are no HTTP.
async fn sends_garbage(address: SocketAddr, garbage: &[u8]) {
    let Ok(mut stream) = TcpStream::connect(address).await else { return };
    let _ = stream.write_all(garbage).await;
    let mut answer = [0; 1024];
    let _ = timeout(Duration::from_millis(200), stream.read(&mut answer)).await;
}

async fn says_nonsense(person: &Person) {
    let mut socket = person.socket().await;
    for _ in 0..200 {
        socket.sends(Message::Text("{\"action\":\"\u{202e}\"}".into())).await;
        socket.receives().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_write_ten_kilobytes_a_second_into_the_log_at_most_and_hide_nobody() {
    let server = process().await;
    let studio = server.publisher("Northlight").await;
    let player = server.player("Ada").await;
    let (visitor, address) = (server.visitor(), server.address());
    let until = Instant::now() + FLOOD;
    let grpc = Http2::open(address).await;
    let rest = visitor.rest();
    let mine = format!("/api/users/{}", player.id);
    let endless = "x".repeat(2_000);
    let mut nth = 0;

    tokio::join!(
        stays_small(&server, until),
        again_and_again(until, async || sends_ping_acks(address).await),
        again_and_again(until, async || sends_ping_acks(address).await),
        again_and_again(until, async || drop(rest.get("/api/games/7").await)),
        again_and_again(until, async || drop(rest.get(&format!("/{endless}")).await)),
        again_and_again(until, async || {
            let body = json!({"email": "nobody@example.com", "password": PASSWORD});
            drop(rest.post("/api/users/login", &body).await);
        }),
        again_and_again(until, async || {
            let path = "/sir0.storefront.v1.GamesService/GetGame";
            drop(grpc.begins(path, &[], vec![0xFF; 64]).await);
        }),
        again_and_again(until, async || sends_garbage(address, &[0xFF; 256]).await),
        again_and_again(until, async || {
            sends_garbage(address, b"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n").await;
        }),
        again_and_again(until, async || says_nonsense(&visitor).await),
        again_and_again(until, async || {
            nth += 1;
            let change = json!({"username": format!("Ada{nth}")});
            drop(player.rest().put(&mine, &change).await);
        }),
        async {
            sleep(FLOOD / 2).await;
            let request = studio.rest().request(http::Method::POST, "/api/games");
            let request = request.header("x-request-id", "in-the-flood");
            let added = request.json(&sir0_testkit::a_game("Lanterns")).send().await;
            assert_eq!(added.expect("an answer").status(), 201);
        },
    );

    let log = server.log();
    // It may tell of a studio that was founded for the game first.
    let mut acts = log.lines().filter(|line| line.contains("request=in-the-flood"));
    assert!(acts.any(|line| line.contains("was added")), "{log}");
    for told in ["refused ", "and "] {
        assert!(
            log.contains(&format!("INFO {told}")) || log.contains(&format!("WARN {told}")),
            "{log}"
        );
    }
}
