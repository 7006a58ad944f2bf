//! The WebSocket as its clients see it: over loopback, with a storefront that says what each story needs.

mod stage;

use std::time::{Duration, Instant};

use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::json;
use sir0_contract::storefront::{Game, watch_games_response::Update};
use sir0_port::ws::{MAX_MESSAGE, MAX_TOPICS, Options};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::sleep,
};
use tokio_tungstenite::tungstenite::{Bytes, Message, protocol::frame::coding::CloseCode};
use tonic::{Code, Status};

use self::stage::{
    FORGED, Server, Storefront, a_game, a_game_in_json, going_away, heartbeat, in_sync, start_over,
};

fn a_server() -> Server {
    Server::start(Storefront::default(), Options::default())
}

fn a_large_game() -> Game {
    Game { description: "x".repeat(4_000), ..a_game(7) }
}

#[tokio::test]
async fn a_subscriber_hears_every_change_in_order_with_its_resume_token() {
    let server = a_server();
    let mut client = server.subscriber().await;

    server.games.says(Update::Added(a_game(7)), "t1");
    server.games.says(Update::Changed(a_game(7)), "t2");
    server.games.says(Update::Removed(a_game(7)), "t3");

    for (event, token) in [("added", "t1"), ("changed", "t2"), ("removed", "t3")] {
        assert_eq!(
            client.hears().await,
            json!({
                "topic": "game_updates", "event": event,
                "game": a_game_in_json(7), "resumeToken": token,
            })
        );
    }
}

#[tokio::test]
async fn the_answer_to_subscribe_comes_before_the_first_change() {
    let server = Server::start(Storefront::endless(a_game(7)), Options::default());

    for _ in 0..20 {
        let mut client = server.subscriber().await;

        assert_eq!(client.hears().await["event"], "changed");
    }
}

#[tokio::test]
async fn a_subscription_asks_for_changes_only_and_for_all_games() {
    let server = a_server();
    let _client = server.subscriber().await;

    let asked = server.games.asked();
    assert_eq!(asked.len(), 1);
    assert!(!asked[0].send_present);
    assert!(asked[0].game_ids.is_empty());
    assert!(asked[0].resume_token.is_empty());
}

#[tokio::test]
async fn one_game_can_be_watched_alone() {
    let server = a_server();
    let mut client = server.client().await;

    client.says(json!({"action": "subscribe", "topic": "game_updates/7"})).await;

    assert_eq!(client.hears().await, json!({"message": "Subscribed to game_updates/7"}));
    assert_eq!(server.games.asked()[0].game_ids, [7]);
    server.games.says(Update::Changed(a_game(7)), "t1");
    assert_eq!(client.hears().await["topic"], "game_updates/7");
}

#[tokio::test]
async fn whoever_unsubscribes_hears_no_more() {
    let server = a_server();
    let mut client = server.subscriber().await;

    client.says(json!({"action": "unsubscribe", "topic": "game_updates"})).await;

    assert_eq!(client.hears().await, json!({"message": "Unsubscribed from game_updates"}));
    server.games.is_left_alone(0).await;
    client.hears_nothing().await;
}

#[tokio::test]
async fn unsubscribing_from_what_one_never_heard_answers_the_same() {
    let server = a_server();
    let mut client = server.client().await;

    client.says(json!({"action": "unsubscribe", "topic": "game_updates/7"})).await;

    assert_eq!(client.hears().await, json!({"message": "Unsubscribed from game_updates/7"}));
}

#[tokio::test]
async fn subscribing_twice_doubles_no_change() {
    let server = a_server();
    let mut client = server.subscriber().await;

    client.says(json!({"action": "subscribe", "topic": "game_updates"})).await;
    assert_eq!(client.hears().await, json!({"message": "Subscribed to game_updates"}));
    server.games.says(Update::Changed(a_game(7)), "t1");

    assert_eq!(client.hears().await["resumeToken"], "t1");
    client.hears_nothing().await;
    assert_eq!(server.games.asked().len(), 1);
}

#[tokio::test]
async fn subscribing_again_with_a_token_restarts_from_there() {
    let server = a_server();
    let mut client = server.subscriber().await;

    client.says(json!({"action": "subscribe", "topic": "game_updates", "resume": "t0"})).await;

    assert_eq!(client.hears().await, json!({"message": "Subscribed to game_updates"}));
    assert_eq!(server.games.asked()[1].resume_token, "t0");
    server.games.is_left_alone(0).await;
}

#[tokio::test]
async fn a_forged_token_is_refused_and_leaves_the_subscription_as_it_was() {
    let server = a_server();
    let mut client = server.subscriber().await;

    client.says(json!({"action": "subscribe", "topic": "game_updates", "resume": FORGED})).await;

    let refusal = client.hears().await;
    assert_eq!(refusal["error"], "the resume token is not one of ours");
    assert_eq!(refusal["topic"], "game_updates");
    server.games.says(Update::Changed(a_game(7)), "t1");
    assert_eq!(client.hears().await["resumeToken"], "t1");
}

#[tokio::test]
async fn a_client_that_was_away_too_long_starts_over_with_the_present() {
    let server = a_server();
    let mut client = server.subscriber().await;

    server.games.says(start_over(), "");
    server.games.says(Update::Present(a_game(7)), "");
    server.games.says(in_sync(), "t9");
    server.games.says(heartbeat(), "t9");

    assert_eq!(client.hears().await, json!({"topic": "game_updates", "event": "start_over"}));
    assert_eq!(
        client.hears().await,
        json!({"topic": "game_updates", "event": "present", "game": a_game_in_json(7)})
    );
    for event in ["in_sync", "heartbeat"] {
        assert_eq!(
            client.hears().await,
            json!({"topic": "game_updates", "event": event, "resumeToken": "t9"})
        );
    }
}

#[tokio::test]
async fn a_subscription_that_fails_says_so_and_can_be_made_again() {
    let server = a_server();
    let mut client = server.subscriber().await;

    server.games.says_on(0, Err(Status::new(Code::Unavailable, "the database rests")));

    assert_eq!(client.hears().await["error"], "the database rests");
    client.says(json!({"action": "subscribe", "topic": "game_updates"})).await;
    assert_eq!(client.hears().await, json!({"message": "Subscribed to game_updates"}));
    assert_eq!(server.games.asked().len(), 2);
}

#[tokio::test]
async fn a_subscription_that_ends_without_a_word_is_reported_once() {
    let server = a_server();
    let mut client = server.subscriber().await;

    server.games.hangs_up();

    assert_eq!(client.hears().await["error"], "Subscription ended");
    client.hears_nothing().await;
}

#[tokio::test]
async fn a_socket_holds_so_many_topics_and_no_more() {
    let server = a_server();
    let mut client = server.client().await;
    for id in 1..=MAX_TOPICS {
        client.says(json!({"action": "subscribe", "topic": format!("game_updates/{id}")})).await;
        assert!(client.hears().await["message"].is_string());
    }

    client.says(json!({"action": "subscribe", "topic": "game_updates/1000"})).await;
    client.is_refused("Too many topics").await;

    client.says(json!({"action": "unsubscribe", "topic": "game_updates/1"})).await;
    client.hears().await;
    client.says(json!({"action": "subscribe", "topic": "game_updates/1000"})).await;
    assert_eq!(client.hears().await, json!({"message": "Subscribed to game_updates/1000"}));
}

#[tokio::test]
async fn what_is_no_command_gets_one_error_and_the_socket_goes_on() {
    let server = a_server();
    let mut client = server.client().await;

    for (text, error) in [
        ("{", "Malformed message"),
        ("[]", "Malformed message"),
        (r#"{"action":"subscribe"}"#, "Malformed message"),
        (r#"{"action":"subscribe","topic":"game_updates","x":1}"#, "Malformed message"),
        (
            r#"{"action":"subscribe","topic":"game_updates","topic":"game_updates"}"#,
            "Malformed message",
        ),
        (r#"{"action":"dance","topic":"game_updates"}"#, "Unknown action"),
        (r#"{"action":"subscribe","topic":"weather"}"#, "Unknown topic"),
        (r#"{"action":"subscribe","topic":"game_updates/-1"}"#, "Invalid game id"),
    ] {
        client.sends(Message::text(text)).await;
        client.is_refused(error).await;
    }
    assert!(server.games.asked().is_empty());
}

#[tokio::test]
async fn a_binary_frame_gets_one_error_and_the_socket_goes_on() {
    let server = a_server();
    let mut client = server.client().await;

    client.sends(Message::binary(vec![0, 159, 146, 150])).await;

    client.is_refused("Not a text frame").await;
}

#[tokio::test]
async fn the_largest_message_is_still_read() {
    let server = a_server();
    let mut client = server.client().await;

    client.sends(Message::text("x".repeat(MAX_MESSAGE))).await;

    client.is_refused("Malformed message").await;
}

#[tokio::test]
async fn an_oversized_message_is_refused_in_words_and_then_with_a_close_code() {
    let server = a_server();

    for bytes in [MAX_MESSAGE + 1, 3 * MAX_MESSAGE] {
        let mut client = server.client().await;

        client.sends(Message::text("x".repeat(bytes))).await;

        assert_eq!(client.hears().await["error"], "Message too large");
        assert_eq!(client.is_closed().await.code, CloseCode::Size);
    }
}

#[tokio::test]
async fn many_fragments_make_no_larger_message() {
    use tokio_tungstenite::tungstenite::protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    };
    let server = a_server();
    let mut client = server.client().await;

    let piece = Bytes::from(vec![b'x'; MAX_MESSAGE / 4]);
    for nth in 0..5 {
        let kind = if nth == 0 { Data::Text } else { Data::Continue };
        let frame = Frame::message(piece.clone(), OpCode::Data(kind), false);
        client.sends(Message::Frame(frame)).await;
    }

    assert_eq!(client.hears().await["error"], "Message too large");
    assert_eq!(client.is_closed().await.code, CloseCode::Size);
}

#[tokio::test]
async fn broken_utf_8_is_refused_in_words_and_then_with_a_close_code() {
    use tokio_tungstenite::tungstenite::protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    };
    let server = a_server();
    let mut client = server.client().await;

    let broken = Frame::message(vec![b'"', 0xff], OpCode::Data(Data::Text), true);
    client.sends(Message::Frame(broken)).await;

    assert_eq!(client.hears().await["error"], "Malformed message");
    assert_eq!(client.is_closed().await.code, CloseCode::Invalid);
}

#[tokio::test]
async fn a_ping_is_answered_with_its_own_words() {
    let server = a_server();
    let mut client = server.client().await;

    client.sends(Message::Ping("there?".into())).await;

    assert_eq!(client.receives_anything().await, Message::Pong("there?".into()));
}

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
