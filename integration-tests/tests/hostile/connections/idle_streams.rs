//! A stream that hears nothing takes little memory, whichever door it came through.
//!
//! The bounds are those of a debug build, and below what a stream took when its buffers were made before they were
//! needed. What a stream consists of stands in `docs/adr/0035-what-an-idle-stream-keeps.md`.

use std::{any::Any, time::Duration};

use sir0_contract::storefront::{WatchGamesRequest, WatchGamesResponse};
use sir0_testkit::{GamesClient, Person, process};
use tonic::Streaming;

/// As many as sir0 takes on a connection unless told otherwise.
const ON_A_CONNECTION: u64 = 100;
const STREAMS: u64 = 4 * ON_A_CONNECTION;
/// What was freed and what was put off has time to show.
const SILENCE: Duration = Duration::from_secs(2);

/// What is kept so that streams stay open.
type Open = Vec<Box<dyn Any + Send>>;

/// A stream that has said its first heartbeat.
async fn watches(games: &mut GamesClient) -> Streaming<WatchGamesResponse> {
    let watch = games.watch_games(WatchGamesRequest::default()).await;
    let mut updates = watch.expect("a stream").into_inner();
    updates.message().await.expect("unbroken").expect("endless");
    updates
}

/// Opens many streams beside a hundred, and answers how many bytes the server grew by for each.
async fn bytes_of_each(open: impl AsyncFn(&Person, u64) -> Open) -> u64 {
    let server = process().await;
    let visitor = server.visitor();
    // The first ones also make what all of them share.
    let _first = open(&visitor, ON_A_CONNECTION).await;
    tokio::time::sleep(SILENCE).await;
    let before = server.rss().unwrap_or_default();
    let _open = open(&visitor, STREAMS).await;
    tokio::time::sleep(SILENCE).await;
    server.rss().unwrap_or_default().saturating_sub(before) / STREAMS
}

#[tokio::test]
async fn an_idle_stream_of_a_shared_connection_takes_little_memory() {
    let each = bytes_of_each(async |visitor, streams| {
        let mut open = Open::new();
        for _ in 0..streams / ON_A_CONNECTION {
            let mut games = visitor.games();
            for _ in 0..ON_A_CONNECTION {
                open.push(Box::new(watches(&mut games).await));
            }
        }
        open
    })
    .await;

    assert!(each <= 7 * 1024, "{each} bytes");
}

#[tokio::test]
async fn an_idle_stream_on_a_separate_connection_takes_little_memory() {
    let each = bytes_of_each(async |visitor, streams| {
        let mut open = Open::new();
        for _ in 0..streams {
            open.push(Box::new(watches(&mut visitor.games()).await));
        }
        open
    })
    .await;

    assert!(each <= 30 * 1024, "{each} bytes");
}

#[tokio::test]
async fn an_idle_socket_takes_little_memory() {
    let each = bytes_of_each(async |visitor, streams| {
        let mut open = Open::new();
        for _ in 0..streams {
            let mut socket = visitor.socket().await;
            socket.subscribes("game_updates").await;
            open.push(Box::new(socket));
        }
        open
    })
    .await;

    assert!(each <= 8 * 1024, "{each} bytes");
}

#[tokio::test]
async fn an_idle_stream_of_server_sent_events_takes_little_memory() {
    let each = bytes_of_each(async |visitor, streams| {
        let (mut open, rest) = (Open::new(), visitor.rest());
        for _ in 0..streams {
            let mut events = rest.stream("/api/games:watch", "text/event-stream", &[]).await;
            assert!(events.next_line().await.expect("endless").starts_with("id: "));
            open.push(Box::new(events));
        }
        open
    })
    .await;

    assert!(each <= 18 * 1024, "{each} bytes");
}
