//! Calls whose bytes are not what gRPC says: answered by its table of codes, not carried out, and never held against
//! the server.

use base64::{Engine, prelude::BASE64_STANDARD};
use prost::Message;
use sir0_testkit::{Person, process};

use crate::{
    http1,
    http2::{Http2, framed},
    stage::{BESIDE_OTHERS_MIB, Unshaken, a_game},
};

const CREATE: &str = "/sir0.storefront.v1.GamesService/CreateGame";
const WATCH: &str = "/sir0.storefront.v1.GamesService/WatchGames";
const HEALTH: &str = "/grpc.health.v1.Health/Check";

const RESOURCE_EXHAUSTED: i32 = 8;
const UNIMPLEMENTED: i32 = 12;
const INTERNAL: i32 = 13;

/// Bodies that are not one message, and the code of each.
fn not_one_message() -> Vec<(&'static str, Vec<u8>, i32)> {
    let good = framed(&a_game("Lanterns").encode_to_vec());
    let half = good[..good.len() / 2].to_vec();
    let with_flag = |flag: u8| [&[flag], &good[1..]].concat();
    let saying = |length: u32| [&[0], &length.to_be_bytes()[..], &good[5..]].concat();
    vec![
        ("no message", Vec::new(), UNIMPLEMENTED),
        ("two messages", [&good[..], &good].concat(), UNIMPLEMENTED),
        ("a message and an empty one", [&good[..], &framed(&[])].concat(), UNIMPLEMENTED),
        ("a message and a byte", [&good[..], b"\0"].concat(), UNIMPLEMENTED),
        ("a length that is too short", saying(5), UNIMPLEMENTED),
        ("a message of 2 MiB", framed(&vec![0; 2 << 20]), RESOURCE_EXHAUSTED),
        ("a length of 4 GiB", saying(u32::MAX), RESOURCE_EXHAUSTED),
        ("half a header", good[..3].to_vec(), INTERNAL),
        ("half a message", half, INTERNAL),
        ("a length that is too long", saying(100_000), INTERNAL),
        ("compressed, and nobody says how", with_flag(1), INTERNAL),
        ("an unknown flag", with_flag(2), INTERNAL),
        ("trailers in a request", with_flag(0x80), INTERNAL),
        ("no protobuf", framed(&[0xff; 32]), INTERNAL),
        ("a field of another type", framed(&[0x09, 0, 0, 0, 0, 0, 0, 0, 0]), INTERNAL),
        ("a text that is no UTF-8", framed(&[0x0a, 0x01, 0xff]), INTERNAL),
        ("a text that ends too soon", framed(&[0x0a, 0x7f, b'x']), INTERNAL),
    ]
}

/// Nothing was carried out, and nothing was counted or logged as a fault of the server.
async fn was_not_carried_out(server: &mut Unshaken, studio: &Person) {
    let games = studio.rest().get("/api/games").await;
    assert_eq!(games.json["games"], serde_json::json!([]), "nothing was done");
    let page = studio.rest().get("/metrics").await.text;
    let calls = page.lines().filter(|line| line.starts_with("sir0_calls_total"));
    for line in calls {
        for fault in ["Internal", "Unknown", "DataLoss", "Unavailable"] {
            assert!(!line.contains(&format!("code=\"{fault}\"")), "held against us: {line}");
        }
    }
    server.is_unshaken(BESIDE_OTHERS_MIB).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_not_one_message_is_answered_by_the_table_and_not_carried_out() {
    let mut server = Unshaken::new(process().await);
    let studio = server.process.publisher("Northlight").await;
    let authorization = format!("Bearer {}", studio.token());
    let headers = [("authorization", authorization.as_str())];
    let connection = Http2::open(studio.address()).await;

    for (what, body, code) in not_one_message() {
        for path in [CREATE, WATCH, HEALTH] {
            let ended = connection.calls(path, &headers, body.clone()).await;
            assert_eq!((ended.http, ended.code), (200, Some(code)), "{what} to {path}: {ended:?}");
        }
    }
    was_not_carried_out(&mut server, &studio).await;
}

/// Calls as a browser does, and answers with the HTTP status and the status of gRPC in the headers.
async fn from_a_browser(
    studio: &Person,
    content_type: &str,
    body: &[u8],
) -> (u16, Option<i32>, String) {
    let authorization = format!("Bearer {}", studio.token());
    let headers = [("Content-Type", content_type), ("Authorization", &authorization)];
    let request = http1::request("POST", CREATE, &headers, body);
    let answer = http1::sends(studio.address(), &request).await;
    let code = answer.header("grpc-status").and_then(|code| code.parse().ok());
    (answer.status, code, answer.header("content-type").unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_is_one_from_a_browser_in_bytes_or_in_text() {
    let mut server = Unshaken::new(process().await);
    let studio = server.process.publisher("Northlight").await;
    let (web, text) = ("application/grpc-web+proto", "application/grpc-web-text+proto");

    for (what, body, code) in not_one_message() {
        let answered = from_a_browser(&studio, web, &body).await;
        assert_eq!(answered, (200, Some(code), web.to_owned()), "{what}");
        let body = BASE64_STANDARD.encode(&body);
        let answered = from_a_browser(&studio, text, body.as_bytes()).await;
        assert_eq!(answered, (200, Some(code), text.to_owned()), "{what} in text");
    }
    let good = BASE64_STANDARD.encode(framed(&a_game("Lanterns").encode_to_vec()));
    for (what, body) in [
        ("a line break behind", format!("{good}\n")),
        ("a line break inside", format!("{}\r\n{}", &good[..8], &good[8..])),
        ("a character too few", good[..good.len() - 1].to_owned()),
        ("the alphabet of addresses", format!("-_{}", &good[2..])),
        ("bytes", "\u{0}\u{1}\u{2}\u{3}".to_owned()),
        ("padding alone", "====".to_owned()),
    ] {
        let answered = from_a_browser(&studio, text, body.as_bytes()).await;
        assert_eq!(answered, (200, Some(INTERNAL), text.to_owned()), "{what}");
    }
    was_not_carried_out(&mut server, &studio).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn text_from_a_browser_may_be_padded_where_it_was_cut() {
    let server = process().await;
    let studio = server.publisher("Northlight").await;
    let good = framed(&a_game("Lanterns").encode_to_vec());
    let (head, tail) = good.split_at(5);
    let body = BASE64_STANDARD.encode(head) + &BASE64_STANDARD.encode(tail);
    let text = "application/grpc-web-text";

    let (http, code, content_type) = from_a_browser(&studio, text, body.as_bytes()).await;

    assert_eq!((http, code), (200, None), "its status is behind its message");
    assert_eq!(content_type, "application/grpc-web-text+proto", "answered as it asked");
    let games = studio.rest().get("/api/games").await;
    assert_eq!(games.json["games"][0]["title"], "Lanterns");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_in_a_form_that_nobody_promised_is_refused_and_not_carried_out() {
    let mut server = Unshaken::new(process().await);
    let studio = server.process.publisher("Northlight").await;
    let authorization = format!("Bearer {}", studio.token());
    let connection = Http2::open(studio.address()).await;
    let good = framed(&a_game("Lanterns").encode_to_vec());

    for content_type in [
        "application/grpc+json",
        "application/grpc+foo",
        "application/grpc+",
        "application/grpc-web+json",
        "application/grpc-web-text+thrift",
        "application/grpc-webby",
        "application/json",
        "text/plain",
    ] {
        let headers = [("authorization", &*authorization), ("content-type", content_type)];
        let ended = connection.calls(CREATE, &headers, good.clone()).await;
        assert_eq!(ended.http, 415, "{content_type}: {ended:?}");
    }
    for method in ["PUT", "GET", "DELETE", "PATCH", "BREW"] {
        let headers = [("authorization", &*authorization)];
        let ended = connection.calls_by(method, CREATE, &headers, good.clone()).await;
        assert_eq!((ended.http, ended.code), (405, Some(UNIMPLEMENTED)), "{method}: {ended:?}");
    }
    for encoding in ["snappy", "deflate", "gzip, identity"] {
        let headers = [("authorization", &*authorization), ("grpc-encoding", encoding)];
        let ended = connection.calls(CREATE, &headers, good.clone()).await;
        assert_eq!((ended.http, ended.code), (200, Some(UNIMPLEMENTED)), "{encoding}: {ended:?}");
        assert_eq!(ended.accepts.as_deref(), Some("identity,gzip,zstd"), "{encoding}");
    }
    let headers = [("Content-Type", "application/grpc"), ("Authorization", &*authorization)];
    let request = http1::request("POST", CREATE, &headers, &good);
    let answer = http1::sends(studio.address(), &request).await;
    answer.is_refused(505, "gRPC over HTTP/1");
    was_not_carried_out(&mut server, &studio).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_in_any_form_that_is_promised_is_carried_out() {
    let server = process().await;
    let studio = server.publisher("Northlight").await;
    let authorization = format!("Bearer {}", studio.token());
    let connection = Http2::open(studio.address()).await;
    let good = framed(&a_game("Lanterns").encode_to_vec());

    for content_type in ["application/grpc", "application/grpc+proto", "Application/GRPC;a=b"] {
        let headers = [
            ("authorization", &*authorization),
            ("content-type", content_type),
            ("grpc-encoding", "identity"),
        ];
        let ended = connection.calls(CREATE, &headers, good.clone()).await;
        assert_eq!(ended.code, Some(0), "{content_type}: {ended:?}");
    }
    for content_type in ["application/grpc-web", "application/grpc-web+proto; charset=utf-8"] {
        let answered = from_a_browser(&studio, content_type, &good).await;
        assert_eq!((answered.0, answered.1), (200, None), "{content_type}");
        assert_eq!(answered.2, "application/grpc-web+proto");
    }
    let games = studio.rest().get("/api/games").await;
    assert_eq!(games.json["games"].as_array().map(Vec::len), Some(5));
}
