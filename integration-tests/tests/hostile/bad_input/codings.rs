//! Bodies and messages whose coding lies, has no end, or becomes a gigabyte: refused within the bounds of those that come
//! plain, and never carried out.

use std::io::{self, Read};

use futures::future::join_all;
use prost::Message;
use serde_json::json;
use sir0_coding::{Coding, Effort};
use sir0_testkit::{Process, process};

use crate::{
    http1::{RawAnswer, request, sends},
    http2::{Ended, Http2, calls_from_browser, framed},
    stage::{BESIDE_OTHERS_MIB, Unshaken, a_game, process_with},
};

const CREATE: &str = "/sir0.storefront.v1.GamesService/CreateGame";
const REFLECTION: &str = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
const UNKNOWN_CALL: &str = "/sir0.storefront.v1.GamesService/Nothing";

const OK: i32 = 0;
const RESOURCE_EXHAUSTED: i32 = 8;
const UNIMPLEMENTED: i32 = 12;
const INTERNAL: i32 = 13;

/// Zeros that become this many MiB.
fn bomb(coding: Coding, mib: usize) -> Vec<u8> {
    let zeros = io::repeat(0).take(u64::try_from(mib).expect("a number") << 20);
    if coding == Coding::Gzip {
        let level = flate2::Compression::best();
        let mut encoder = flate2::bufread::GzEncoder::new(io::BufReader::new(zeros), level);
        let mut bomb = Vec::new();
        encoder.read_to_end(&mut bomb).expect("memory");
        return bomb;
    }
    zstd::encode_all(zeros, 3).expect("memory")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    Coding::Gzip.encode(bytes, Effort::Quick)
}

/// A message that says it is coded.
fn coded(message: &[u8]) -> Vec<u8> {
    let mut frame = framed(message);
    frame[0] = 1;
    frame
}

/// Adds a game over REST with this body.
async fn adds(process: &Process, token: &str, coding: &str, body: &[u8]) -> RawAnswer {
    let authorization = format!("Bearer {token}");
    let headers = [("Authorization", &*authorization), ("Content-Encoding", coding)];
    sends(process.address(), &request("POST", "/api/games", &headers, body)).await
}

/// Nothing was done.
async fn is_empty(process: &Process) {
    assert_eq!(process.visitor().rest().get("/api/games").await.json["games"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_not_the_gzip_it_says_it_is_is_refused() {
    let mut server = Unshaken::new(process().await);
    let studio = server.process.publisher("Northlight").await;
    let game = json!({"title": "Lanterns", "genre": "Puzzle", "price": 1, "description": ""});
    let plain = game.to_string().into_bytes();
    let good = gzip(&plain);
    let end = good.len();
    let mut wrong_sum = good.clone();
    wrong_sum[end - 8] ^= 1;
    let mut wrong_length = good.clone();
    wrong_length[end - 1] ^= 1;

    for (what, body) in [
        ("JSON", plain.clone()),
        ("nothing at all", Vec::new()),
        ("a header without an end", good[..10].to_vec()),
        ("half", good[..end / 2].to_vec()),
        ("all but its last byte", good[..end - 1].to_vec()),
        ("bytes behind its end", [&*good, b"x"].concat()),
        ("two of them", [&*good, &good].concat()),
        ("a wrong sum", wrong_sum),
        ("a wrong length", wrong_length),
        ("zstd", Coding::Zstd.encode(&plain, Effort::Quick)),
    ] {
        let answer = adds(&server.process, studio.token(), "gzip", &body).await;

        answer.is_refused(400, what);
        assert_eq!(answer.json()["reason"], "BODY_NOT_GZIP", "{what}");
    }
    let empty = adds(&server.process, studio.token(), "gzip", &gzip(b"")).await;
    empty.is_refused(400, "an empty text in gzip");
    assert_eq!(empty.json()["fields"][0]["field"], "body", "it is read, and is no JSON");
    is_empty(&server.process).await;
    assert_eq!(adds(&server.process, studio.token(), "gzip", &good).await.status, 201);
    server.is_unshaken(BESIDE_OTHERS_MIB).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_in_a_coding_that_is_not_read_is_refused_and_hears_of_gzip() {
    let server = process().await;
    let studio = server.publisher("Northlight").await;

    for coding in
        ["br", "zstd", "deflate", "identity, gzip", "gzip, gzip", "gzip,", "\u{e9}", "x-gzipped"]
    {
        let answer = adds(&server, studio.token(), coding, &gzip(b"{}")).await;

        answer.is_refused(415, coding);
        assert_eq!(answer.header("accept-encoding"), Some("gzip"), "{coding}");
        assert_eq!(answer.json()["reason"], "ENCODED_BODY", "{coding}");
    }
    let authorization = format!("Bearer {}", studio.token());
    let twice = [
        ("Authorization", &*authorization),
        ("Content-Encoding", "gzip"),
        ("Content-Encoding", "gzip"),
    ];
    let twice = request("POST", "/api/games", &twice, &gzip(b"{}"));
    sends(server.address(), &twice).await.is_refused(415, "two lines");
    is_empty(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_becomes_a_gigabyte_is_refused_like_one_that_is_too_large() {
    let mut server = Unshaken::new(process().await);
    let studio = server.process.publisher("Northlight").await;
    let (large, small) = (bomb(Coding::Gzip, 1000), bomb(Coding::Gzip, 2));
    assert!(large.len() < 1 << 20 && small.len() < 4_000, "{} {}", large.len(), small.len());
    let just_right = vec![b' '; 1 << 20];

    adds(&server.process, studio.token(), "gzip", &small).await.is_refused(413, "2 MiB");
    server.counts_from_now();
    for bomb in [&large, &small] {
        let bombs = (0..50).map(|_| adds(&server.process, studio.token(), "gzip", bomb));
        for answer in join_all(bombs).await {
            // Some of a flood are refused before they are read.
            assert!([413, 429].contains(&answer.status), "{answer:?}");
        }
    }
    let answer = adds(&server.process, studio.token(), "gzip", &gzip(&just_right)).await;
    answer.is_refused(400, "1 MiB of blanks");
    let more = [&*just_right, b" "].concat();
    adds(&server.process, studio.token(), "gzip", &gzip(&more))
        .await
        .is_refused(413, "a byte more");
    is_empty(&server.process).await;
    server.is_unshaken(48).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_in_a_coding_is_one_that_is_read_or_the_call_is_not_carried_out() {
    let mut server = Unshaken::new(process().await);
    let studio = server.process.publisher("Northlight").await;
    let authorization = format!("Bearer {}", studio.token());
    let connection = Http2::open(studio.address()).await;
    let game = a_game("Lanterns").encode_to_vec();

    for coding in [Coding::Gzip, Coding::Zstd] {
        let name = coding.name();
        let good = coding.encode(&game, Effort::Quick);
        let other = if coding == Coding::Gzip { Coding::Zstd } else { Coding::Gzip };
        for (what, body, code) in [
            ("another coding", coded(&other.encode(&game, Effort::Quick)), INTERNAL),
            ("no coding", coded(&game), INTERNAL),
            ("nothing", coded(b""), INTERNAL),
            ("a part", coded(&good[..good.len() - 1]), INTERNAL),
            ("bytes behind its end", coded(&[&*good, b"x"].concat()), INTERNAL),
            ("two of them", coded(&[&*good, &good].concat()), INTERNAL),
            ("no protobuf", coded(&coding.encode(&[0xff; 32], Effort::Quick)), INTERNAL),
            ("two messages", coded(&good).repeat(2), UNIMPLEMENTED),
            ("100 MiB", coded(&bomb(coding, 100)), RESOURCE_EXHAUSTED),
            ("a gigabyte", coded(&bomb(coding, 1000)), RESOURCE_EXHAUSTED),
        ] {
            let headers = [("authorization", &*authorization), ("grpc-encoding", name)];
            let ended = connection.calls(CREATE, &headers, body.clone()).await;
            assert_eq!((ended.http, ended.code), (200, Some(code)), "{name}, {what}: {ended:?}");
            let web = calls_from_browser(studio.address(), CREATE, &headers, &body).await;
            assert_eq!((web.http, web.code), (200, Some(code)), "{name}, {what}: {web:?}");
        }
    }
    is_empty(&server.process).await;
    let page = studio.rest().get("/metrics").await.text;
    for line in page.lines().filter(|line| line.starts_with("sir0_calls_total")) {
        assert!(!line.contains("code=\"Internal\""), "held against us: {line}");
    }
    server.is_unshaken(48).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coding_of_messages_that_is_unknown_or_not_named_is_told_apart() {
    let server = process().await;
    let studio = server.publisher("Northlight").await;
    let authorization = format!("Bearer {}", studio.token());
    let connection = Http2::open(studio.address()).await;
    let game = a_game("Lanterns").encode_to_vec();
    let zipped = coded(&gzip(&game));
    let calls = async |coding: Option<&str>, body: &[u8]| -> Ended {
        let mut headers = vec![("authorization", &*authorization)];
        headers.extend(coding.map(|coding| ("grpc-encoding", coding)));
        connection.calls(CREATE, &headers, body.to_vec()).await
    };

    for unknown in ["snappy", "deflate", "br", "gzip, identity", "gzip,zstd", "x-gzip"] {
        let ended = calls(Some(unknown), &zipped).await;
        assert_eq!(ended.code, Some(UNIMPLEMENTED), "{unknown}: {ended:?}");
        assert_eq!(ended.accepts.as_deref(), Some("identity,gzip,zstd"), "{unknown}");
    }
    assert_eq!(calls(None, &zipped).await.code, Some(INTERNAL), "coded, and nobody says how");
    assert_eq!(calls(Some("identity"), &zipped).await.code, Some(INTERNAL));
    is_empty(&server).await;
    assert_eq!(calls(Some("gzip"), &framed(&game)).await.code, Some(OK), "none needs to be coded");
    assert_eq!(calls(Some("gzip"), &zipped).await.code, Some(OK));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_messages_that_become_gigabytes_takes_the_memory_of_one_message() {
    let mut server = Unshaken::new(process().await);
    let connection = Http2::open(server.process.address()).await;
    // `list_services` of reflection, which is a call of many messages each way. It ends at a message that it cannot read.
    let question = [0x3a, 0x01, b'*'];

    for coding in [Coding::Gzip, Coding::Zstd] {
        let headers = [("grpc-encoding", coding.name())];
        let good = coded(&coding.encode(&question, Effort::Quick));
        let (large, small) = (coded(&bomb(coding, 1000)), coded(&bomb(coding, 1)));
        let asked = good.repeat(1_000);
        for body in [good.clone(), asked, large, small.repeat(50)] {
            let ended = connection.calls(REFLECTION, &headers, body).await;
            assert_eq!((ended.http, ended.code), (200, Some(OK)), "{ended:?}");
        }
        let nothing = connection.calls(UNKNOWN_CALL, &headers, good).await;
        assert_eq!(nothing.code, Some(UNIMPLEMENTED), "{nothing:?}");
    }
    server.is_unshaken(48).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_with_no_room_for_what_a_message_becomes_is_told_so() {
    let process = process_with("[limits]\nwaiting_bytes = 1_048_576").await;
    let mut server = Unshaken::new(process);
    let studio = server.process.publisher("Northlight").await;
    let authorization = format!("Bearer {}", studio.token());
    let blanks = gzip(&vec![b' '; 1 << 20]);

    let answer = adds(&server.process, studio.token(), "gzip", &blanks).await;
    answer.is_refused(429, "1 MiB, and a quarter of one for a client");
    assert_eq!(answer.json()["reason"], "TOO_MUCH_WAITING");
    let connection = Http2::open(studio.address()).await;
    for coding in [Coding::Gzip, Coding::Zstd] {
        let headers = [("authorization", &*authorization), ("grpc-encoding", coding.name())];
        let ended = connection.calls(CREATE, &headers, coded(&bomb(coding, 1))).await;
        ended.is_refused(RESOURCE_EXHAUSTED, coding.name());
    }
    assert_eq!(adds(&server.process, studio.token(), "gzip", &gzip(b"{}")).await.status, 400);
    server.is_unshaken(BESIDE_OTHERS_MIB).await;
}
