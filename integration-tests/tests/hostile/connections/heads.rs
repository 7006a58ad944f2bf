//! Heads that are none, byte by byte (RFC 9112): what a server must refuse is refused, in the one form of a refusal.

use sir0_testkit::process;

use crate::{http1::sends, stage::Unshaken};

/// What is sent, and the status it is refused with.
const REFUSED: &[(&str, &str, u16)] = &[
    ("no host", "GET /api/status HTTP/1.1\r\n\r\n", 400),
    ("two hosts", "GET /api/status HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
    ("a host with a space", "GET /api/status HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    ("an empty host", "GET /api/status HTTP/1.1\r\nHost:\r\n\r\n", 400),
    ("a user at a host", "GET /api/status HTTP/1.1\r\nHost: a@b\r\n\r\n", 400),
    ("a port that is none", "GET /api/status HTTP/1.1\r\nHost: a:b\r\n\r\n", 400),
    ("a URL without a host", "GET http://a/api/status HTTP/1.1\r\n\r\n", 400),
    ("a URL with a user", "GET http://u@a/api/status HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("a URL of another kind", "GET ftp://a/api/status HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("a target that is no path", "GET api HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("a star", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("a tunnel", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", 405),
    ("a space before the colon", "GET /api/status HTTP/1.1\r\nHost : a\r\n\r\n", 400),
    ("a folded line", "GET /api/status HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n", 400),
    ("a bare CR", "GET /api/status HTTP/1.1\r\nHost: a\r\nA: b\rc\r\n\r\n", 400),
    ("a NUL", "GET /api/status HTTP/1.1\r\nHost: a\r\nA: b\0c\r\n\r\n", 400),
    ("a method that is none", "G@T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("a version that is none", "GET / HTTP/3.0\r\nHost: a\r\n\r\n", 400),
    ("no version", "GET /\r\n\r\n", 400),
    ("two spaces", "GET  /api/status HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("nonsense", "\u{1}\u{2}\u{3}\u{4}\r\n\r\n", 400),
    (
        "a coding nobody knows",
        "POST /api/users/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        501,
    ),
    (
        "chunked twice",
        "POST /api/users/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    (
        "not chunked in the end",
        "POST /api/users/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
        400,
    ),
    (
        "a coding in HTTP/1.0",
        "POST /api/users/login HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    (
        "two lengths",
        "POST /api/users/login HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        400,
    ),
    (
        "a length with a sign",
        "POST /api/users/login HTTP/1.1\r\nHost: a\r\nContent-Length: +2\r\n\r\n{}",
        400,
    ),
    (
        "great expectations",
        "POST /api/users/login HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\nContent-Length: 0\r\n\r\n",
        417,
    ),
];

/// What is odd and right.
const TAKEN: &[(&str, &str, u16)] = &[
    ("HTTP/1.0 without a host", "GET /api/status HTTP/1.0\r\n\r\n", 200),
    ("a URL and another host", "GET http://a/api/status HTTP/1.1\r\nHost: b\r\n\r\n", 200),
    ("an address", "GET /api/status HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", 200),
    ("an empty line first", "\r\nGET /api/status HTTP/1.1\r\nHost: a\r\n\r\n", 200),
    (
        "an offer of HTTP/2",
        "GET /api/status HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
        200,
    ),
    (
        "a question about the server",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        204,
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_none_is_refused_like_everything_else() {
    let mut server = Unshaken::new(process().await);
    let address = server.process.address();

    for (what, head, status) in REFUSED {
        let answer = sends(address, head.as_bytes()).await;

        answer.is_refused(*status, what);
        assert!(answer.json()["reason"].is_string(), "{what}: {}", answer.json());
        assert_eq!(answer.header("content-type"), Some("application/json"), "{what}");
        assert!(answer.header("x-request-id").is_some(), "{what}: {}", answer.head);
        assert!(answer.header("date").is_some(), "{what}: {}", answer.head);
        assert_eq!(answer.header("connection"), Some("close"), "{what}: {}", answer.head);
    }
    server.is_unshaken(16).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_odd_and_right_is_taken() {
    let server = process().await;

    for (what, head, status) in TAKEN {
        let answer = sends(server.address(), head.as_bytes()).await;

        assert_eq!(answer.status, *status, "{what}: {}", answer.head);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_behind_other_answers_is_no_different() {
    let server = process().await;
    let asks = "GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(3);

    let sent = format!("{asks}GET / HTTP/1.1\r\nHost : a\r\n\r\n");
    let mut stream = tokio::net::TcpStream::connect(server.address()).await.expect("it listens");
    tokio::io::AsyncWriteExt::write_all(&mut stream, sent.as_bytes()).await.expect("it reads");
    let mut answers = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut answers).await.expect("text");

    assert_eq!(answers.matches("HTTP/1.1 200").count(), 3, "{answers}");
    assert_eq!(answers.matches("HTTP/1.1 400").count(), 1, "{answers}");
    assert_eq!(answers.matches("x-request-id: ").count(), 4, "{answers}");
    assert!(answers.ends_with(r#""reason":"MALFORMED_REQUEST"}"#), "{answers}");
}
