//! gRPC messages that are none.

use prost::Message;
use sir0_contract::storefront::GetGameRequest;
use sir0_testkit::process;

use crate::{
    http1::{request, sends},
    http2::{Http2, calls_from_browser, framed},
    stage::{Unshaken, a_game, adds},
};

const GET_GAME: &str = "/sir0.storefront.v1.GamesService/GetGame";
const CREATE_GAME: &str = "/sir0.storefront.v1.GamesService/CreateGame";
const OK: i32 = 0;

/// A body that is no message: what it is, the headers it comes with, and its bytes.
type Malformed = (&'static str, Vec<(&'static str, &'static str)>, Vec<u8>);

fn malformed() -> Vec<Malformed> {
    let good = framed(&GetGameRequest { game_id: 1 }.encode_to_vec());
    let vast = |length: u32| [&[0][..], &length.to_be_bytes(), b"\x08\x01"].concat();
    vec![
        ("nothing", vec![], Vec::new()),
        ("half a head", vec![], vec![0, 0, 0]),
        ("half a message", vec![], vec![0, 0, 0, 0, 10, 8]),
        ("a message of 4 GB", vec![], vast(u32::MAX)),
        ("a message of 2 GB", vec![], vast(i32::MAX as u32)),
        (
            "a number that never ends",
            vec![],
            framed(&[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
        ),
        ("field 0", vec![], framed(&[0x00, 0x01])),
        ("an unknown wire type", vec![], framed(&[0x0f, 0x01])),
        ("a length beyond the end", vec![], framed(&[0x12, 0x7f, 0x01])),
        ("a group that never ends", vec![], framed(&vec![0x0b; 100_000])),
        ("text where a number is", vec![], framed(&[0x0a, 0x03, b'a', b'b', b'c'])),
        ("noise", vec![], framed(&[0xde, 0xad, 0xbe, 0xef])),
        ("compressed without saying how", vec![], [&[1], &good[1..]].concat()),
        ("compressed as nobody does", vec![("grpc-encoding", "cow")], [&[1], &good[1..]].concat()),
        ("compressed with gzip", vec![("grpc-encoding", "gzip")], [&[1], &good[1..]].concat()),
        ("a flag nobody knows", vec![], [&[2], &good[1..]].concat()),
        ("trailers from a client", vec![], [&[0x80], &good[1..]].concat()),
        ("a time limit that is none", vec![("grpc-timeout", "abc")], good.clone()),
        ("an endless time limit", vec![("grpc-timeout", "999999999H")], good),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_none_fails_its_call_and_not_its_connection() {
    let mut server = Unshaken::new(process().await);
    let studio = server.process.publisher("Northlight").await;
    let id = adds(&studio, "Lanterns").await;
    let good = framed(&GetGameRequest { game_id: id }.encode_to_vec());
    let connection = Http2::open(studio.address()).await;

    for (what, headers, body) in malformed() {
        let ended = connection.calls(GET_GAME, &headers, body).await;

        assert_eq!(ended.http, 200, "{what}: {ended:?}");
        assert!(ended.code.is_some_and(|code| code != OK), "{what}: {ended:?}");
        assert!(ended.took < crate::stage::QUICK, "{what}: {ended:?}");
        let next = connection.calls(GET_GAME, &[], good.clone()).await;
        assert_eq!(next.code, Some(OK), "the call after {what}: {next:?}");
    }
    server.is_unshaken(16).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_none_fails_its_call_from_a_browser_too() {
    let mut server = Unshaken::new(process().await);
    let studio = server.process.publisher("Northlight").await;
    adds(&studio, "Lanterns").await;

    for (what, headers, body) in malformed() {
        let ended = calls_from_browser(studio.address(), GET_GAME, &headers, &body).await;

        assert!(ended.code.is_some_and(|code| code != OK), "{what}: {ended:?}");
        assert!(ended.took < crate::stage::QUICK, "{what}: {ended:?}");
    }
    let text = [("Content-Type", "application/grpc-web-text")];
    for body in ["", "!!!!", "AAAA", "AAAAAAA", "\u{e9}"] {
        let answer =
            sends(studio.address(), &request("POST", GET_GAME, &text, body.as_bytes())).await;
        assert!(answer.took < crate::stage::QUICK, "{body}: {}", answer.head);
        assert!(!answer.head.contains("grpc-status: 0"), "{body}: {}", answer.head);
    }
    server.is_unshaken(16).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_utf8_is_the_callers_fault_and_said_so() {
    let server = process().await;
    let studio = server.publisher("Northlight").await;
    let bearer = format!("Bearer {}", studio.token());
    let connection = Http2::open(studio.address()).await;
    let mut message = a_game("Lanterns").encode_to_vec();
    let at = message.iter().position(|byte| *byte == b'L').expect("the title is in there");
    message[at] = 0xff;

    let ended =
        connection.calls(CREATE_GAME, &[("authorization", &bearer)], framed(&message)).await;

    // gRPC leaves the code of a message that cannot be read to the library: INVALID_ARGUMENT or INTERNAL.
    assert!(matches!(ended.code, Some(3 | 13)), "{ended:?}");
    assert!(!ended.message.contains(".rs"), "{ended:?}");
    assert_eq!(
        studio.rest().get("/api/games").await.json["games"].as_array().map(Vec::len),
        Some(0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_beyond_the_limit_is_refused_and_not_kept() {
    let mut server = Unshaken::new(process().await);
    let studio = server.process.publisher("Northlight").await;
    let bearer = format!("Bearer {}", studio.token());
    let connection = Http2::open(studio.address()).await;
    server.counts_from_now();

    for size in [1_100_000, 8_000_000] {
        let mut game = a_game("Lanterns");
        game.description = "x".repeat(size);
        let message = framed(&game.encode_to_vec());

        let native =
            connection.calls(CREATE_GAME, &[("authorization", &bearer)], message.clone()).await;
        assert!(matches!(native.code, Some(8 | 11)), "{size}: {native:?}");
        let web = calls_from_browser(
            studio.address(),
            CREATE_GAME,
            &[("Authorization", &bearer)],
            &message,
        )
        .await;
        assert!(matches!(web.code, Some(8 | 11)) || web.http == 413, "{size}: {web:?}");
    }
    server.is_unshaken(24).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_language_on_a_grpc_path_is_an_unsupported_media_type() {
    let server = process().await;

    for content_type in
        ["text/plain", "application/json", "application/grpcish", "", "application/xml", "\u{e9}"]
    {
        let bytes = request("POST", GET_GAME, &[("Content-Type", content_type)], b"{}");
        assert_eq!(sends(server.address(), &bytes).await.status, 415, "{content_type:?}");
    }
    let connection = Http2::open(server.address()).await;
    let response = connection.begins(GET_GAME, &[("content-type", "text/plain")], Vec::new()).await;
    assert_eq!(response.expect("an answer").status().as_u16(), 415);
}
