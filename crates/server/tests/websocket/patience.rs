//! How long a socket waits for its client, and how it ends.

use std::time::{Duration, Instant};

use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::json;
use sir0_contract::storefront::watch_games_response::Update;
use sir0_port::ws::Options;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::sleep,
};
use tokio_tungstenite::tungstenite::{Message, protocol::frame::coding::CloseCode};

use super::{
    a_large_game, a_server,
    stage::{Server, Storefront, a_game, going_away},
};

#[tokio::test]
async fn a_client_that_answers_pings_stays_however_little_it_says() {
    let options = Options {
        ping_every: Duration::from_millis(50),
        silence: Duration::from_millis(400),
        ..Options::default()
    };
    let server = Server::start(Storefront::default(), options);
    let mut client = server.client().await;
    let since = Instant::now();

    while since.elapsed() < Duration::from_millis(1200) {
        assert!(matches!(client.receives_anything().await, Message::Ping(_)));
    }
}

#[tokio::test]
async fn a_client_of_which_nothing_is_heard_is_given_up() {
    let options = Options { silence: Duration::from_millis(200), ..Options::default() };
    let server = Server::start(Storefront::default(), options);
    let mut client = server.subscriber().await;

    // The client is there, but it says nothing, and no ping comes in time.
    let close = client.is_closed().await;

    assert_eq!(close.code, CloseCode::Policy);
    server.games.is_left_alone(0).await;
    server.is_empty().await;
}

#[tokio::test]
async fn a_client_that_stops_reading_is_cut_off_and_told_why() {
    let options = Options {
        patience: Duration::from_millis(300),
        farewell: Duration::from_secs(8),
        ..Options::default()
    };
    let server = Server::start(Storefront::endless(a_large_game()), options);
    let mut client = server.subscriber().await;

    sleep(Duration::from_millis(900)).await;

    let close = client.is_closed().await;
    assert_eq!(close.code, CloseCode::Policy);
    assert_eq!(close.reason.as_str(), "read too slowly, resume with the last resumeToken");
}

#[tokio::test]
async fn a_client_that_never_reads_again_is_freed_all_the_same() {
    let options = Options {
        patience: Duration::from_millis(200),
        farewell: Duration::from_millis(200),
        ..Options::default()
    };
    let server = Server::start(Storefront::endless(a_large_game()), options);
    let client = server.subscriber().await;

    server.is_empty().await;

    drop(client);
}

#[tokio::test]
async fn nothing_is_drawn_for_a_client_that_does_not_read() {
    let server = Server::start(Storefront::endless(a_large_game()), Options::default());
    let mut client = server.subscriber().await;

    sleep(Duration::from_millis(500)).await;
    let drawn = server.games.drawn();
    sleep(Duration::from_millis(500)).await;

    assert_eq!(server.games.drawn(), drawn, "updates pile up");
    // What fits into the two small socket buffers, the library's, and the one frame that waits.
    assert!(drawn * 4_000 < 512 * 1024, "{drawn} updates of 4 kB are on their way");
    for _ in 0..drawn * 3 {
        assert_eq!(client.hears().await["event"], "changed");
    }
}

#[tokio::test]
async fn a_client_that_pings_and_never_reads_is_cut_off_too() {
    let options = Options {
        patience: Duration::from_millis(300),
        ping_every: Duration::from_millis(100),
        farewell: Duration::from_millis(100),
        ..Options::default()
    };
    let server = Server::start(Storefront::default(), options);
    let client = server.client().await;

    let mut raw = client.socket.into_inner();
    let ping = [&[0x89, 0xfd, 0, 0, 0, 0][..], &[b'x'; 125]].concat();
    while raw.write_all(&ping).await.is_ok() {}

    server.is_empty().await;
}

#[tokio::test]
async fn at_shutdown_the_streams_last_words_go_out_and_then_the_close_code() {
    let server = a_server();
    let mut client = server.subscriber().await;

    server.games.says(Update::Changed(a_game(7)), "t1");
    server.stopping.cancel();
    server.games.says(going_away(), "t1");

    assert_eq!(client.hears().await["event"], "changed");
    assert_eq!(
        client.hears().await,
        json!({"topic": "game_updates", "event": "going_away", "resumeToken": "t1"})
    );
    assert_eq!(client.is_closed().await.code, CloseCode::Away);
    server.is_empty().await;
}

#[tokio::test]
async fn a_stream_that_says_no_goodbye_does_not_delay_the_shutdown() {
    let options = Options { farewell: Duration::from_millis(200), ..Options::default() };
    let server = Server::start(Storefront::default(), options);
    let mut client = server.subscriber().await;
    let mut idle = server.client().await;

    server.stopping.cancel();

    assert_eq!(client.is_closed().await.code, CloseCode::Away);
    assert_eq!(idle.is_closed().await.code, CloseCode::Away);
    server.is_empty().await;
}

#[tokio::test]
async fn a_client_that_leaves_takes_its_streams_with_it() {
    let server = a_server();
    let mut polite = server.subscriber().await;
    let rude = server.subscriber().await;

    polite.socket.close(None).await.expect("an open socket");
    drop(rude);

    server.games.is_left_alone(0).await;
    server.games.is_left_alone(1).await;
    server.is_empty().await;
}

#[tokio::test]
async fn open_sockets_are_counted() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let figures = recorder.handle();
    let _here = metrics::set_default_local_recorder(&recorder);
    let server = a_server();

    let one = server.subscriber().await;
    let two = server.subscriber().await;
    assert!(figures.render().contains("sir0_websockets_open 2"), "{}", figures.render());

    drop((one, two));
    server.is_empty().await;
    assert!(figures.render().contains("sir0_websockets_open 0"), "{}", figures.render());
}

#[tokio::test]
async fn a_plain_request_is_told_what_would_open_a_socket() {
    let server = a_server();

    for (request, status, header) in [
        ("GET /ws HTTP/1.1", "426 Upgrade Required", "upgrade: websocket"),
        ("POST /ws HTTP/1.1", "405 Method Not Allowed", "allow: GET"),
    ] {
        let mut plain = TcpStream::connect(server.address).await.expect("the server listens");
        let request = format!("{request}\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        plain.write_all(request.as_bytes()).await.expect("room to write");
        let mut answer = String::new();
        plain.read_to_string(&mut answer).await.expect("an answer");

        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
        assert!(answer.contains(header), "{answer}");
        assert!(answer.contains(r#"{"error":"Not a WebSocket request","details":"#), "{answer}");
    }
}

#[tokio::test]
async fn a_client_that_asks_without_end_is_heard_at_a_pace() {
    let server = a_server();
    let mut client = server.client().await;
    let begun = Instant::now();

    // 128 may come at once, 32 a second from then on.
    for _ in 0..100 {
        client.says(json!({"action": "subscribe", "topic": "game_updates"})).await;
        client.says(json!({"action": "unsubscribe", "topic": "game_updates"})).await;
    }
    for _ in 0..200 {
        assert!(client.hears().await["message"].is_string());
    }

    let took = begun.elapsed();
    assert!(took > Duration::from_secs(2), "200 messages took {took:?}");
    assert_eq!(server.games.asked().len(), 100);
}
