//! `HEAD` is answered as `GET` is, and then it is over, in both protocols.

use std::time::Duration;

use sir0_testkit::{Process, process};
use tokio::time::{sleep, timeout};

use crate::{http1, http2::Http2};

const PATHS: [&str; 9] = [
    "/api/games",
    "/api/games/404",
    "/api/games:watch?sendPresent=true",
    "/nothing",
    "/docs",
    "/docs/swagger-ui.css",
    "/openapi.json",
    "/.well-known/jwks.json",
    "/metrics",
];

async fn open_streams(server: &Process) -> String {
    let metrics = server.visitor().rest().get("/metrics").await.text;
    let line = metrics.lines().find(|line| line.starts_with("sir0_streams_open "));
    line.map_or("none", |line| line.trim_start_matches("sir0_streams_open ")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn head_is_answered_without_a_body_and_ends_over_http2() {
    let server = process().await;
    let connection = Http2::open(server.address()).await;

    for path in PATHS {
        for accept in ["*/*", "text/event-stream"] {
            let headers = [("accept", accept)];
            let asked = connection.asks("HEAD", path, &headers);
            let head = timeout(Duration::from_secs(5), asked).await.expect(path);

            assert_eq!(head.body.len(), 0, "{path}");
            if path.contains(":watch") {
                continue;
            }
            let get = connection.asks("GET", path, &headers).await;
            assert_eq!(head.status, get.status, "{path}");
            assert_eq!(head.headers.get("content-type"), get.headers.get("content-type"), "{path}");
            let length = |answer: &crate::http2::Answered| {
                answer.headers.get("content-length").map(|it| it.to_str().unwrap().to_owned())
            };
            // What /metrics says has changed meanwhile.
            if path != "/metrics" {
                assert_eq!(length(&head), length(&get), "{path}");
            }
            assert!(length(&head).is_some(), "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn head_of_a_stream_keeps_nothing_open() {
    let server = process().await;
    let connection = Http2::open(server.address()).await;
    let watch = "/api/games:watch?sendPresent=true";

    for _ in 0..20 {
        assert_eq!(connection.asks("HEAD", watch, &[]).await.status, 200);
        let bytes = format!("HEAD {watch} HTTP/1.1\r\nHost: sir0\r\nConnection: close\r\n\r\n");
        let answer = http1::sends(server.address(), bytes.as_bytes()).await;
        assert_eq!((answer.status, answer.body.len()), (200, 0));
    }
    sleep(Duration::from_millis(200)).await;

    assert_eq!(open_streams(&server).await, "0");
}
