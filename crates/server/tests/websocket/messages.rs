//! What a client may send, and what is refused.

use sir0_port::ws::MAX_MESSAGE;
use tokio_tungstenite::tungstenite::{Bytes, Message, protocol::frame::coding::CloseCode};

use super::a_server;

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
