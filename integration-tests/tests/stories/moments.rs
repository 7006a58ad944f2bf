//! A stream breaks at any moment of its life, and its client goes on in any of the ways that clients have.

use serde_json::{Value, json};
use sir0_contract::storefront::WatchGamesRequest;
use sir0_testkit::{Person, Rest, Running, a_game, platform};
use tonic::Request;

use crate::watcher::{next, resuming, told, watches};

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

/// What an event is called, and the title of its game, if it has one.
fn said(event: &Value) -> String {
    let mut members = event.as_object().expect("an object").iter();
    let (what, game) = members.find(|(name, _)| *name != "resumeToken").expect("something");
    format!("{what} {}", game["title"].as_str().unwrap_or_default()).trim().to_owned()
}

/// What a stream over REST says first, as many things as this, opened behind a token in each of the ways there are.
async fn resumed_over_rest(
    visitor: &Person,
    query: &str,
    token: &str,
    count: usize,
) -> Vec<Vec<String>> {
    let rest = visitor.rest();
    let header = [("last-event-id", token)];
    let mut heard = Vec::new();
    for (path, headers) in [
        (format!("{WATCH}?{query}"), &header[..]),
        (format!("{WATCH}?{query}&lastEventId={token}"), &[]),
        (format!("{WATCH}?{query}&last_event_id={token}"), &[]),
        (format!("{WATCH}?{query}&resumeToken={token}"), &[]),
        (format!("{WATCH}?{query}&resume_token={token}"), &[("last-event-id", "")]),
    ] {
        for accept in [LINES, EVENTS] {
            let mut stream = rest.stream(&path, accept, headers).await;
            let mut said_here = Vec::new();
            for _ in 0..count {
                let event = match accept {
                    EVENTS => stream.next_event().await.map(|(_, event)| event),
                    _ => stream.next_json().await,
                };
                said_here.push(said(&event.expect("an open stream")));
            }
            heard.push(said_here);
        }
    }
    heard
}

/// The same over gRPC, where a token may be in the request or in the metadata.
async fn resumed_over_grpc(visitor: &Person, token: &str, count: usize) -> Vec<Vec<String>> {
    let mut by_metadata = Request::new(WatchGamesRequest::default());
    by_metadata.metadata_mut().insert("last-event-id", token.parse().expect("a token is text"));
    let mut heard = Vec::new();
    for request in [Request::new(resuming(token)), by_metadata] {
        let mut stream = visitor.games().watch_games(request).await.expect("a stream").into_inner();
        let mut said_here = Vec::new();
        for _ in 0..count {
            said_here.push(told(&next(&mut stream).await));
        }
        heard.push(said_here);
    }
    heard
}

#[tokio::test]
async fn a_change_between_the_first_message_and_a_break_is_heard_by_whoever_comes_back() {
    let (_platform, visitor, studio) = a_store().await;
    let mut grpc = watches(&visitor, WatchGamesRequest::default()).await;
    let mut lines = visitor.rest().stream(WATCH, LINES, &[]).await;
    let mut events = visitor.rest().stream(WATCH, EVENTS, &[]).await;
    let mut socket = visitor.socket().await;
    socket.says(json!({"action": "subscribe", "topic": "game_updates"})).await;

    let first = grpc.message().await.expect("no refusal").expect("an open stream");
    let line: Value =
        serde_json::from_str(&lines.next_line().await.expect("a line")).expect("JSON");
    let id = events.next_line().await.expect("an id");
    let answer = socket.hears().await;
    drop((grpc, lines, events, socket));
    adds(&studio, "Lanterns").await;

    assert_eq!(told(&first), "heartbeat");
    assert_eq!(line["heartbeat"], json!({}));
    assert_eq!(answer["message"], "Subscribed to game_updates");
    let id = id.strip_prefix("id: ").expect("an id");
    let of_json = [&line, &answer].map(|said| said["resumeToken"].as_str().expect("a token"));
    for token in [first.resume_token.as_str(), id].into_iter().chain(of_json) {
        for heard in resumed_over_rest(&visitor, "", token, 1).await {
            assert_eq!(heard, ["added Lanterns"]);
        }
        for heard in resumed_over_grpc(&visitor, token, 1).await {
            assert!(heard[0].starts_with("added "), "{heard:?}");
        }
    }
    let mut socket = visitor.socket().await;
    let token = &answer["resumeToken"];
    socket.says(json!({"action": "subscribe", "topic": "game_updates", "resume": token})).await;
    assert_eq!(socket.hears().await, json!({"message": "Subscribed to game_updates"}));
    assert_eq!(socket.hears().await["game"]["title"], "Lanterns");
}

#[tokio::test]
async fn whoever_breaks_off_inside_the_present_is_sent_the_present_as_it_is_then() {
    let (_platform, visitor, studio) = a_store().await;
    let one = adds(&studio, "Lanterns").await;
    adds(&studio, "Harbours").await;
    let asked = WatchGamesRequest { send_present: true, ..WatchGamesRequest::default() };
    let mut grpc = watches(&visitor, asked).await;
    let mut events = visitor.rest().stream(&format!("{WATCH}?sendPresent=true"), EVENTS, &[]).await;

    let inside = next(&mut grpc).await;
    let (id, _) = events.next_event().await.expect("an open stream");
    drop((grpc, events));
    studio.delete(&one).await;

    assert!(told(&inside).starts_with("present "));
    let id = id.expect("a browser resumes by it");
    let expected = ["startOver", "present Harbours", "inSync"];
    for (query, token) in [("", &inside.resume_token), ("sendPresent=true", &id)] {
        for heard in resumed_over_rest(&visitor, query, token, 3).await {
            assert_eq!(heard, expected);
        }
    }
    for heard in resumed_over_grpc(&visitor, &inside.resume_token, 3).await {
        assert_eq!(heard[0], "start over");
        assert!(heard[1].starts_with("present "), "{heard:?}");
        assert_eq!(heard[2], "in sync");
    }
    let mut socket = visitor.socket().await;
    let resume = &inside.resume_token;
    socket.says(json!({"action": "subscribe", "topic": "game_updates", "resume": resume})).await;
    socket.hears().await;
    for event in ["start_over", "present", "in_sync"] {
        assert_eq!(socket.hears().await["event"], event);
    }
}

#[tokio::test]
async fn a_browser_that_got_no_id_yet_begins_as_it_began_before() {
    let (_platform, visitor, studio) = a_store().await;
    adds(&studio, "Lanterns").await;
    let path = format!("{WATCH}?sendPresent=true");

    for (path, headers) in [
        (path.clone(), &[("last-event-id", "")][..]),
        (format!("{path}&lastEventId="), &[]),
        (path, &[]),
    ] {
        let mut events = visitor.rest().stream(&path, EVENTS, headers).await;
        let (_, event) = events.next_event().await.expect("an open stream");
        assert_eq!(said(&event), "present Lanterns");
    }
}

#[tokio::test]
async fn of_several_tokens_the_latest_counts_wherever_it_stands() {
    let (_platform, visitor, studio) = a_store().await;
    let mut events = visitor.rest().stream(WATCH, EVENTS, &[]).await;
    let mut tokens = Vec::new();
    for title in ["Lanterns", "Harbours", "Anvils"] {
        adds(&studio, title).await;
        tokens.push(events.next_event().await.expect("an open stream").0.expect("an id"));
    }
    let [old, new, _] = &tokens[..] else { panic!("three changes") };

    for (path, header) in [
        (format!("{WATCH}?resumeToken={old}"), new),
        (format!("{WATCH}?resumeToken={new}"), old),
        (format!("{WATCH}?lastEventId={new}&resumeToken={old}"), old),
        (format!("{WATCH}?lastEventId={old}"), new),
    ] {
        let mut stream = visitor.rest().stream(&path, EVENTS, &[("last-event-id", header)]).await;
        let (_, event) = stream.next_event().await.expect("an open stream");
        assert_eq!(said(&event), "added Anvils", "{path}");
    }

    let forged = visitor.rest().get(&format!("{WATCH}?resumeToken={new}&lastEventId=forged")).await;
    assert_eq!(forged.status, 400);
    assert_eq!(forged.json["fields"][0]["field"], "last-event-id");
}
