//! Files: `google.api.HttpBody`, whole and as streams.

use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, stream};
use sir0_coding::{Coding, Effort};

use super::*;

fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|at| u8::try_from(at % 251).expect("small")).collect()
}

#[tokio::test]
async fn a_file_comes_and_goes_as_it_is() {
    let door = sample().await;
    let image = bytes(300_000);

    let sent =
        door.request("PUT", "/sample/images/a?isPublic=true").header("content-type", "image/webp");
    let answer = sent.body(image.clone()).send().await.expect("an answer");

    assert_eq!(answer.headers()["content-type"], "image/webp");
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    assert_eq!(answer.bytes().await.expect("a whole answer"), image);
    let untyped =
        door.request("PUT", "/sample/images/a").body("x").send().await.expect("an answer");
    assert_eq!(untyped.headers()["content-type"], "application/octet-stream");
    let empty = door.request("PUT", "/sample/images/a").send().await.expect("an answer");
    assert_eq!((empty.status().as_u16(), empty.content_length()), (200, Some(0)));
}

#[tokio::test]
async fn a_whole_file_has_the_bound_of_a_body() {
    let limits = Limits { body_bytes: 1_000, ..Limits::default() };
    let door = sample_within(limits).await;
    let put = async |size| {
        let request = door.request("PUT", "/sample/images/a").body(bytes(size));
        request.send().await.expect("an answer").status().as_u16()
    };

    assert_eq!((put(1_000).await, put(1_001).await), (200, 413));
}

#[tokio::test]
async fn a_stream_may_be_larger_than_a_body_and_is_read_in_parts() {
    let door = sample_within(Limits { body_bytes: 1_000, ..Limits::default() }).await;
    let file = bytes(5_000_000);

    let request = door.request("POST", "/sample/uploads").header("content-type", "text/csv");
    let answer = request.body(file.clone()).send().await.expect("an answer");
    let came: Value = serde_json::from_str(&answer.text().await.expect("text")).expect("JSON");

    assert_eq!((&came["contentType"], &came["bytes"]), (&json!("text/csv"), &json!("5000000")));
    assert!(came["messages"].as_u64() >= Some(5_000_000 / 16_384), "{came}");

    let request = door.request("POST", "/sample/chunks/a").header("content-type", "video/mp4");
    let echoed = request.body(file.clone()).send().await.expect("an answer");

    assert_eq!(echoed.headers()["content-type"], "video/mp4");
    assert_eq!(echoed.bytes().await.expect("a whole answer"), file);
}

#[tokio::test]
async fn a_file_of_no_message_is_an_empty_one() {
    let door = sample().await;

    let answer = door.request("POST", "/sample/chunks/nothing").send().await.expect("an answer");

    assert_eq!(answer.headers()["content-type"], "application/octet-stream");
    assert_eq!(answer.bytes().await.expect("a whole answer"), "");
}

#[tokio::test]
async fn a_part_is_answered_before_the_next_is_sent() {
    let door = sample().await;
    let (parts, given) = tokio::sync::mpsc::channel::<Bytes>(1);
    let given = stream::unfold(given, |mut given| async move {
        let part = given.recv().await?;
        Some((Ok::<_, std::io::Error>(part), given))
    });

    let body = reqwest::Body::wrap_stream(given);
    parts.send(Bytes::from_static(b"first")).await.expect("it is read");
    let sent = door.request("POST", "/sample/chunks/a").body(body).send();
    let mut answer = sent.await.expect("an answer").bytes_stream();

    assert_eq!(answer.next().await.expect("a part").expect("bytes"), "first");
    parts.send(Bytes::from_static(b"second")).await.expect("it is read");
    assert_eq!(answer.next().await.expect("a part").expect("bytes"), "second");
    drop(parts);
    assert!(answer.next().await.is_none());
}

#[tokio::test]
async fn a_stream_that_stops_coming_is_given_up() {
    let limits = Limits { body_timeout: Duration::from_millis(200), ..Limits::default() };
    let door = sample_within(limits).await;
    let never = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"x"))]);
    let never = never.chain(stream::pending());

    let request = door.request("POST", "/sample/uploads").body(reqwest::Body::wrap_stream(never));
    let answer = request.send().await.expect("an answer");

    assert_eq!(answer.status(), 504);
    let faults = door.faults("POST", "/sample/uploads?x=1", json!("a file")).await;
    assert_eq!(faults, ["x is not a parameter of this call"]);
}

#[tokio::test]
async fn a_file_in_gzip_is_taken_whole_and_not_as_a_stream() {
    let door = sample_within(Limits { body_bytes: 100_000, ..Limits::default() }).await;
    let zipped = |size| Coding::Gzip.encode(&bytes(size), Effort::Quick);
    let sends = async |method: &str, path: &str, body: Vec<u8>| {
        let request = door.request(method, path).header("content-encoding", "gzip");
        request.body(body).send().await.expect("an answer")
    };

    let whole = sends("PUT", "/sample/images/a", zipped(100_000)).await;
    let large = sends("PUT", "/sample/images/a", zipped(100_001)).await;
    let stream = sends("POST", "/sample/uploads", zipped(100)).await;

    assert!(whole.bytes().await.expect("a whole answer") == bytes(100_000));
    assert_eq!(large.status().as_u16(), 413);
    assert_eq!(stream.status().as_u16(), 415, "what it becomes has no bound");
    assert_eq!(stream.headers()["accept-encoding"], "identity");
}
