//! Streams of messages.

use super::*;

#[tokio::test]
async fn a_stream_has_the_form_that_the_client_accepts() {
    let door = sample().await;
    let counts = async |target: &str, accept: &str| {
        let request = door.request("GET", target).header("accept", accept);
        let answer = request.send().await.expect("an answer");
        let media_type = answer.headers()["content-type"].to_str().expect("text").to_owned();
        (media_type, answer.text().await.unwrap_or_else(|broken| broken.to_string()))
    };
    let message = |number| format!(r#"{{"number":"{number}","resumeToken":"token-{number}"}}"#);
    let (one, two) = (message(1), message(2));

    for (target, accept, media_type, expected) in [
        ("/sample/counts?to=2", "*/*", "application/json", format!("[{one},{two}]")),
        ("/sample/counts?to=0", "*/*", "application/json", "[]".to_owned()),
        (
            "/sample/counts?to=2",
            "application/x-ndjson",
            "application/x-ndjson",
            format!("{one}\n{two}\n"),
        ),
        ("/sample/counts", "application/x-ndjson", "application/x-ndjson", String::new()),
        (
            "/sample/counts?to=2",
            "text/event-stream",
            "text/event-stream",
            format!("id: token-1\ndata: {one}\n\nid: token-2\ndata: {two}\n\n"),
        ),
    ] {
        assert_eq!(counts(target, accept).await, (media_type.to_owned(), expected), "{target}");
    }
}

#[tokio::test]
async fn a_stream_that_fails_breaks_off() {
    let door = sample().await;

    for accept in ["application/json", "application/x-ndjson", "text/event-stream"] {
        let request = door.request("GET", "/sample/counts?to=5&failsAfter=2");
        let whole = async { request.header("accept", accept).send().await?.text().await };

        assert!(whole.await.is_err(), "{accept}: its end is not the end of the answer");
    }
}

#[tokio::test]
async fn only_a_stream_is_told_how_far_a_client_came() {
    let door = sample().await;
    let faults = async |target: &str| door.faults("GET", target, json!(null)).await;

    assert_eq!(faults("/sample/counts?to=1&lastEventId=ab-_c&last_event_id=").await, [""; 0]);
    assert_eq!(
        faults("/sample/counts?lastEventId=a%0Ab").await,
        ["lastEventId is not a token we gave"]
    );
    let unknown = ["lastEventId is not a parameter of this call"];
    assert_eq!(faults("/sample/everything?lastEventId=a").await, unknown);
}

#[tokio::test]
async fn what_libraries_and_sites_add_is_passed_over() {
    let door = sample().await;
    let added = "_=1795644995&utm_source=x&utm_=%ff&fbclid=y&gclid&msclkid=";
    let target = format!("/sample/everything?{added}&aString=a%20b");

    let (status, answer) = door.asks("GET", &target, json!(null)).await;

    assert_eq!((status, &answer["aString"]), (200, &json!("a b")));
    for name in ["__", "UTM_x", "cb"] {
        let target = format!("/sample/everything?{name}=1");
        let faults = door.faults("GET", &target, json!(null)).await;
        assert_eq!(faults, [format!("{name} is not a parameter of this call")]);
    }
}
