//! A client that opens a stream and does not read it costs a place, and no memory.

use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use sir0_contract::storefront::{
    UpdateGameRequest, WatchGamesRequest, watch_games_response::Update,
};
use sir0_testkit::{Person, process};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use crate::{
    http1::request,
    http2::{Http2, framed},
    stage::{Unshaken, adds, process_with},
};

const CHANGES: i32 = 2_000;
/// Some kilobytes each, so that what is kept for a client shows.
const DESCRIPTION: usize = 4_000;

/// A connection whose other end takes as little as the system lets it.
async fn a_tight_fist(address: std::net::SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4 * 1024).expect("a small buffer");
    socket.connect(address).await.expect("it listens")
}

/// Changes a game as often as asked, many at a time.
async fn changes(studio: &Person, id: i32, from: i32, to: i32) {
    let games = studio.games();
    stream::iter(from..to)
        .for_each_concurrent(16, |number| {
            let mut games = games.clone();
            async move {
                let description = format!("{number} {}", "x".repeat(DESCRIPTION - 20));
                let change = UpdateGameRequest {
                    game_id: id,
                    description: Some(description),
                    ..Default::default()
                };
                games.update_game(change).await.expect("a good change");
            }
        })
        .await;
}

/// Opens streams that the client leaves unread, then changes a game two thousand times.
async fn streams_nobody_reads_cost_no_memory<S>(open: impl AsyncFn(&Person) -> Vec<S>) {
    let mut server = Unshaken::new(process().await);
    let studio = server.process.publisher("Northlight").await;
    let id = adds(&studio, "Lanterns").await;
    // What every server has after some time: warm connections, a full window of changes, and the same load before.
    changes(&studio, id, -CHANGES, -CHANGES / 2).await;
    server.counts_from_now();
    changes(&studio, id, -CHANGES / 2, 0).await;
    let without = server.grown_mib();

    let silent = open(&studio).await;
    let watch = WatchGamesRequest::default();
    let mut keen = studio.games().watch_games(watch).await.expect("a stream").into_inner();
    let reading = tokio::spawn(async move {
        let mut heard = 0;
        while heard < CHANGES {
            let message = keen.message().await.expect("unbroken").expect("endless");
            heard += i32::from(matches!(message.update, Some(Update::Changed(_))));
        }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    server.counts_from_now();

    changes(&studio, id, 0, CHANGES).await;

    let heard = tokio::time::timeout(Duration::from_secs(20), reading).await;
    heard.expect("who reads hears all of it").expect("no panic");
    let asked = Instant::now();
    assert_eq!(studio.rest().get(&format!("/api/games/{id}")).await.status, 200);
    assert!(asked.elapsed() < Duration::from_secs(1));
    server.is_unshaken(20 + without).await;
    drop(silent);
}

async fn watches_over_http(studio: &Person, accept: &str) -> Vec<TcpStream> {
    let mut silent = Vec::new();
    for _ in 0..10 {
        let mut stream = a_tight_fist(studio.address()).await;
        let bytes = request("GET", "/api/games:watch", &[("Accept", accept)], b"");
        stream.write_all(&bytes).await.expect("it reads");
        silent.push(stream);
    }
    silent
}

#[tokio::test(flavor = "multi_thread")]
async fn server_sent_events_that_nobody_reads_cost_no_memory_and_hold_up_no_one() {
    streams_nobody_reads_cost_no_memory(async |studio| {
        watches_over_http(studio, "text/event-stream").await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn json_lines_that_nobody_reads_cost_no_memory_and_hold_up_no_one() {
    streams_nobody_reads_cost_no_memory(async |studio| {
        watches_over_http(studio, "application/x-ndjson").await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn grpc_streams_that_nobody_reads_cost_no_memory_and_hold_up_no_one() {
    streams_nobody_reads_cost_no_memory(async |studio| {
        let mut unread = Vec::new();
        for _ in 0..10 {
            let connection = Http2::over(a_tight_fist(studio.address()).await).await;
            let watch = "/sir0.storefront.v1.GamesService/WatchGames";
            unread.push(connection.begins(watch, &[], framed(&[])).await.expect("a stream"));
        }
        unread
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_the_present_of_a_full_store_and_does_not_read_grows_no_memory() {
    let mut server = Unshaken::new(process().await);
    let studio = server.process.publisher("Northlight").await;
    let games = studio.games();
    stream::iter(0..1_000)
        .for_each_concurrent(16, |number| {
            let mut games = games.clone();
            let mut game = crate::stage::a_game(&format!("Lanterns {number}"));
            game.description = "x".repeat(DESCRIPTION);
            async move {
                games.create_game(game).await.expect("a good game");
            }
        })
        .await;
    server.counts_from_now();

    let mut silent = Vec::new();
    for _ in 0..20 {
        let mut stream = a_tight_fist(studio.address()).await;
        let bytes = request("GET", "/api/games:watch?sendPresent=true", &[], b"");
        stream.write_all(&bytes).await.expect("it reads");
        silent.push(stream);
    }
    tokio::time::sleep(Duration::from_secs(2)).await;

    // Twenty times the present would be 80 MB; each stream may hold a batch of it.
    server.is_unshaken(40).await;
    drop(silent);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_piled_up_on_a_connection_that_is_not_read_are_not_all_answered_into_memory() {
    let mut server = Unshaken::new(process().await);
    let studio = server.process.publisher("Northlight").await;
    let id = adds(&studio, "Lanterns").await;
    changes(&studio, id, 0, 1).await;
    let one = request("GET", &format!("/api/games/{id}"), &[], b"");
    let pile = one.repeat(10_000);
    server.counts_from_now();

    let mut stream = a_tight_fist(studio.address()).await;
    // All the answers would be 40 MB; the server stops reading long before.
    let written = tokio::time::timeout(Duration::from_secs(3), stream.write_all(&pile)).await;

    server.is_unshaken(20).await;
    drop((stream, written));
}

/// A file of 1.5 MB, read a little at a time, for several times as long as a connection may rest.
#[tokio::test(flavor = "multi_thread")]
async fn who_reads_slowly_but_steadily_gets_all_of_it() {
    let settings = "
        [limits]
        header_timeout = '1s'
        keep_alive_timeout = '1s'";
    let server = process_with(settings).await;
    let file = server.visitor().rest().get("/docs/swagger-ui-bundle.js").await.text.len();
    let mut stream = a_tight_fist(server.address()).await;
    stream
        .write_all(&request("GET", "/docs/swagger-ui-bundle.js", &[], b""))
        .await
        .expect("it reads");

    let (mut chunk, mut read, begun) = (vec![0; 16 * 1024], 0, Instant::now());
    let pause = Duration::from_millis(25);
    let mut head = None;
    while head.is_none_or(|head| read < head + file) {
        let count = stream.read(&mut chunk).await.expect("an unbroken answer");
        assert!(count > 0, "cut after {read} bytes and {:?}", begun.elapsed());
        let end = chunk[..count].windows(4).position(|four| four == b"\r\n\r\n");
        head = head.or(end.map(|end| end + 4));
        read += count;
        tokio::time::sleep(pause).await;
    }

    assert!(begun.elapsed() > Duration::from_secs(4), "it was read too quickly to tell");
}
