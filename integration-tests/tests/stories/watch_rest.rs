//! The same stream for clients that do not speak gRPC: lines of JSON, server-sent events, and the WebSocket.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};
use sir0_contract::storefront::{
    WatchGamesRequest, shapes::SIR0_STOREFRONT_V1_GAME, watch_games_response::Update,
};
use sir0_testkit::{Answer, Person, Rest, Running, a_game, platform};
use sir0_transcoding::to_json;

use crate::{databases, watcher::next};

const WATCH: &str = "/api/games:watch";
const LINES: &str = "application/x-ndjson";
const EVENTS: &str = "text/event-stream";

async fn a_store() -> (Running, Person, Rest) {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await.rest();
    let visitor = platform.visitor();
    (platform, visitor, studio)
}

async fn adds(studio: &Rest, title: &str) -> String {
    let added = studio.post("/api/games", &a_game(title)).await;
    assert_eq!(added.status, 201);
    format!("/api/games/{}", added.json["gameId"])
}

#[tokio::test]
async fn lines_events_grpc_and_the_socket_say_the_same() {
    let (_platform, visitor, studio) = a_store().await;
    let rest = visitor.rest();
    let mut lines = rest.stream(WATCH, LINES, &[]).await;
    let mut events = rest.stream(WATCH, EVENTS, &[]).await;
    let mut grpc =
        visitor.games().watch_games(WatchGamesRequest::default()).await.unwrap().into_inner();
    let mut socket = visitor.socket().await;
    socket.subscribes("game_updates").await;
    assert_eq!(lines.content_type(), LINES);
    assert_eq!(events.content_type(), EVENTS);

    let path = adds(&studio, "Lanterns").await;
    let game = studio.get(&path).await.json;
    studio.put(&path, &json!({"price": 0, "description": ""})).await;
    let changed = studio.get(&path).await.json;
    studio.delete(&path).await;

    for (what, expected) in [("added", &game), ("changed", &changed), ("removed", &changed)] {
        let mut line = lines.next_json().await.expect("an open stream");
        let (id, mut event) = events.next_event().await.expect("an open stream");
        let message = next(&mut grpc).await;
        let mut frame = socket.hears().await;

        // Each has its token, and no two tokens are alike.
        assert!(!message.resume_token.is_empty());
        assert_eq!(id.map(Value::String), Some(event["resumeToken"].clone()));
        let tokens = [&mut line, &mut event, &mut frame].map(|said| said["resumeToken"].take());
        assert!(tokens.iter().all(Value::is_string), "{tokens:?}");
        let (kind, of_grpc) = match message.update.expect("something") {
            Update::Added(game) => ("added", game),
            Update::Changed(game) => ("changed", game),
            Update::Removed(game) => ("removed", game),
            other => panic!("{other:?}"),
        };
        assert_eq!(line, json!({what: expected, "resumeToken": null}));
        assert_eq!(event, line);
        assert_eq!(
            frame,
            json!({"topic": "game_updates", "event": what, "game": expected, "resumeToken": null})
        );
        assert_eq!(kind, what);
        let of_grpc = to_json(&SIR0_STOREFRONT_V1_GAME, &of_grpc).expect("a game is JSON");
        let of_grpc: Value = serde_json::from_str(of_grpc.get()).expect("JSON");
        assert_eq!(of_grpc, *expected);
    }
}

#[tokio::test]
async fn a_client_that_can_only_read_whole_answers_says_how_long_it_listens() {
    let (_platform, visitor, studio) = a_store().await;
    adds(&studio, "Lanterns").await;

    for (accept, end) in [("application/json", "}]"), (LINES, "}\n"), (EVENTS, "}\n\n")] {
        let request = visitor.rest().request(Method::GET, "/api/games:watch?sendPresent=true");
        let request = request.header("accept", accept).header("prefer", "wait=1");
        let began = Instant::now();
        let answer = Answer::to(request).await;

        assert_eq!((answer.status, answer.header("preference-applied")), (200, Some("wait=1")));
        assert!(began.elapsed() >= Duration::from_secs(1), "{accept}: it ended too early");
        let told = |what: &str| answer.text.contains(what) && answer.text.ends_with(end);
        assert!(told("Lanterns") && told("inSync"), "{accept}: {}", answer.text);
    }
    let unary = visitor.rest().request(Method::GET, "/api/games").header("prefer", "wait=1");
    assert_eq!(Answer::to(unary).await.header("preference-applied"), None);
}

#[tokio::test]
async fn a_browser_that_reconnects_is_sent_what_it_missed() {
    let (platform, visitor, studio) = a_store().await;
    let mut events = visitor.rest().stream(WATCH, EVENTS, &[]).await;
    adds(&studio, "Lanterns").await;
    let (id, _) = events.next_event().await.expect("an open stream");
    let id = id.expect("a change has an id");
    drop(events);
    adds(&studio, "Harbours").await;
    adds(&studio, "Anvils").await;

    let rest = visitor.rest();
    let mut again = rest.stream(WATCH, EVENTS, &[("last-event-id", &id)]).await;

    for title in ["Harbours", "Anvils"] {
        let (_, event) = again.next_event().await.expect("an open stream");
        assert_eq!(event["added"]["title"], title);
    }

    let _platform = platform.restart().await;

    let mut elsewhere = visitor.rest().stream(WATCH, EVENTS, &[("last-event-id", &id)]).await;
    let (_, event) = elsewhere.next_event().await.expect("an open stream");
    assert_eq!(event["added"]["title"], "Harbours");
}

#[tokio::test]
async fn the_present_has_event_ids_of_its_own_until_it_is_complete() {
    let (_platform, visitor, studio) = a_store().await;
    adds(&studio, "Lanterns").await;

    let path = format!("{WATCH}?sendPresent=true&genre=puzzle");
    let mut events = visitor.rest().stream(&path, EVENTS, &[]).await;
    let (anew, present) = events.next_event().await.expect("an open stream");
    let (id, in_sync) = events.next_event().await.expect("an open stream");

    assert_eq!(anew.as_deref(), present["resumeToken"].as_str());
    assert_ne!(anew, id, "it begins the present anew");
    assert_eq!(present["present"]["title"], "Lanterns");
    assert_eq!(in_sync["inSync"], json!({}));
    assert_eq!(id.as_deref(), in_sync["resumeToken"].as_str());
}

#[tokio::test]
async fn a_browser_and_a_socket_that_were_away_too_long_are_told_to_start_over() {
    let (platform, visitor, studio) = a_store().await;
    let mut events = visitor.rest().stream(WATCH, EVENTS, &[]).await;
    adds(&studio, "Lanterns").await;
    let (id, _) = events.next_event().await.expect("an open stream");
    let id = id.expect("a change has an id");
    drop(events);
    adds(&studio, "Harbours").await;
    adds(&studio, "Anvils").await;

    let _platform = platform
        .restart_after(async |tables| {
            let forget = "DELETE FROM events WHERE position < (SELECT MAX(position) FROM events)";
            databases::run(tables, forget).await;
        })
        .await;
    let mut events = visitor.rest().stream(WATCH, EVENTS, &[("last-event-id", &id)]).await;
    let mut socket = visitor.socket().await;
    socket.says(json!({"action": "subscribe", "topic": "game_updates", "resume": id})).await;
    assert_eq!(socket.hears().await, json!({"message": "Subscribed to game_updates"}));

    let (_, event) = events.next_event().await.expect("an open stream");
    assert_eq!(event["startOver"], json!({}));
    assert_eq!(socket.hears().await["event"], "start_over");
    for title in ["Lanterns", "Harbours", "Anvils"] {
        let (_, event) = events.next_event().await.expect("an open stream");
        assert_eq!(event["present"]["title"], title);
        let frame = socket.hears().await;
        assert_eq!((&frame["event"], &frame["game"]["title"]), (&json!("present"), &json!(title)));
    }
    let (_, event) = events.next_event().await.expect("an open stream");
    assert_eq!(event["inSync"], json!({}));
    assert_eq!(socket.hears().await["event"], "in_sync");
}

#[tokio::test]
async fn every_stream_over_http_is_told_when_the_server_goes_away() {
    let (platform, visitor, studio) = a_store().await;
    let mut lines = visitor.rest().stream(WATCH, LINES, &[]).await;
    let mut events = visitor.rest().stream(WATCH, EVENTS, &[]).await;
    let mut socket = visitor.socket().await;
    socket.subscribes("game_updates").await;
    adds(&studio, "Lanterns").await;
    lines.next_json().await;
    events.next_event().await;
    socket.hears().await;

    let restarted = tokio::spawn(platform.restart());
    let line = lines.next_json().await.expect("a last word");
    let (id, event) = events.next_event().await.expect("a last word");
    let frame = socket.hears().await;
    let close = socket.is_closed().await;

    assert_eq!(line["goingAway"], json!({}));
    assert_eq!(event["goingAway"], json!({}));
    assert_eq!(id.as_deref(), event["resumeToken"].as_str());
    assert_eq!(frame["event"], "going_away");
    assert_eq!(u16::from(close.code), 1001);
    assert_eq!(lines.next_json().await, None);
    assert!(events.next_event().await.is_none());

    let platform = restarted.await.expect("it starts again");
    let studio = platform.visitor().signs_in("Northlight").await.rest();
    adds(&studio, "Harbours").await;
    let mut socket = visitor.socket().await;
    let resume =
        json!({"action": "subscribe", "topic": "game_updates", "resume": frame["resumeToken"]});
    socket.says(resume).await;

    assert_eq!(socket.hears().await, json!({"message": "Subscribed to game_updates"}));
    assert_eq!(socket.hears().await["game"]["title"], "Harbours");
}

#[tokio::test]
async fn one_game_is_followed_by_its_own_topic_until_it_is_unsubscribed() {
    let (_platform, visitor, studio) = a_store().await;
    let (one, two) = (adds(&studio, "Lanterns").await, adds(&studio, "Harbours").await);
    let topic = one.replace("/api/games", "game_updates");
    let mut socket = visitor.socket().await;
    socket.subscribes(&topic).await;

    studio.put(&two, &json!({"price": 1})).await;
    studio.put(&one, &json!({"price": 1})).await;

    let heard = socket.hears().await;
    assert_eq!((&heard["topic"], &heard["game"]["title"]), (&json!(topic), &json!("Lanterns")));

    socket.says(json!({"action": "unsubscribe", "topic": topic})).await;
    assert_eq!(socket.hears().await, json!({"message": format!("Unsubscribed from {topic}")}));
    studio.put(&one, &json!({"price": 2})).await;
    socket.subscribes("game_updates").await;
    studio.delete(&two).await;

    assert_eq!(socket.hears().await["event"], "removed", "nothing of the time in between");
}
