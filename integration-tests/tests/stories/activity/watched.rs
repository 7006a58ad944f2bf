//! What happens to accounts, watched until the session of the watcher ends.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::json;
use sir0_contract::{
    Access,
    accounts::{SecurityEvent, WatchSecurityEventsRequest, WatchSecurityEventsResponse},
    calls,
};
use sir0_kernel::Role;
use sir0_testkit::{LONG, PASSWORD, Person, Topology, platform, process, topology};
use tokio::time::timeout;
use tonic::{Code, Streaming};

use super::signs_in_with;
use crate::{databases, untyped};

/// How late a stream may be cut where instances hear of an end by the poll of the feed.
const BY_POLL: Duration = Duration::from_millis(600);

type Events = Streaming<WatchSecurityEventsResponse>;

async fn watches(root: &Person, resume_token: &str) -> Events {
    let request = WatchSecurityEventsRequest { resume_token: resume_token.to_owned() };
    root.audit().watch_security_events(request).await.expect("an administrator").into_inner()
}

/// The next message of a stream.
async fn next(events: &mut Events) -> WatchSecurityEventsResponse {
    timeout(LONG, events.message()).await.expect("in time").expect("open").expect("not over")
}

/// The next event of a stream, and the token behind it.
async fn next_event(events: &mut Events) -> (SecurityEvent, String) {
    loop {
        let WatchSecurityEventsResponse { event, resume_token, .. } = next(events).await;
        if let Some(event) = event {
            return (event, resume_token);
        }
    }
}

#[tokio::test]
async fn a_watcher_hears_what_happens_and_goes_on_where_it_was_across_a_restart() {
    let platform = platform().await;
    let root = platform.admin("Root").await;
    let ada = platform.player("Ada").await;
    let mut events = watches(&root, "").await;
    let first = next(&mut events).await;
    assert!(first.event.is_none() && !first.resume_token.is_empty(), "{first:?}");

    let mut tokens = vec![first.resume_token];
    for _ in 0..3 {
        signs_in_with(&ada, PASSWORD).await;
        let (event, token) = next_event(&mut events).await;
        assert_eq!((&*event.kind, event.user_id), ("signed_in", Some(ada.id)));
        tokens.push(token);
    }
    drop(events);
    let platform = platform.restart().await;
    let _ = &platform;
    signs_in_with(&ada, PASSWORD).await;

    let root = &root;
    let resumed = async |from: usize| {
        let mut events = watches(root, &tokens[from]).await;
        let mut seen = Vec::new();
        for _ in from..4 {
            seen.push(next_event(&mut events).await.0);
        }
        let silence = timeout(Duration::from_millis(300), next_event(&mut events)).await;
        assert!(silence.is_err(), "nothing more happened: {silence:?}");
        seen
    };
    let whole = resumed(0).await;
    assert!(whole.iter().all(|event| event.kind == "signed_in" && event.user_id == Some(ada.id)));
    assert!(whole.is_sorted_by_key(|event| event.position));
    for from in [1, 2, 3] {
        assert_eq!(resumed(from).await, whole[from..], "from {from}");
    }
}

#[tokio::test]
async fn a_watcher_who_was_away_for_longer_than_the_feed_remembers_misses_nothing() {
    const RENAMES: usize = 70;
    let mut server = process().await;
    let root = server.admin("Root").await;
    let ada = server.player("Ada").await;
    let mut events = watches(&root, "").await;
    let token = next(&mut events).await.resume_token;
    drop(events);
    let profile = format!("/api/users/{}", ada.id);
    let renames = async |number: usize| {
        let renamed = json!({"username": format!("Ada {number}")});
        assert_eq!(ada.rest().put(&profile, &renamed).await.status, 200);
    };
    for number in 1..RENAMES {
        renames(number).await;
    }

    assert!(server.terminate().await.success());
    let forget = "DELETE FROM events WHERE position < (SELECT MAX(position) FROM events)";
    databases::run(&server.accounts_tables(), forget).await;
    server.starts_again().await;
    let mut events = watches(&root, &token).await;
    renames(RENAMES).await;

    let mut positions = Vec::new();
    for _ in 0..RENAMES {
        let (event, _) = next_event(&mut events).await;
        assert_eq!((&*event.kind, event.user_id), ("username_changed", Some(ada.id)));
        positions.push(event.position);
    }
    assert!(positions.is_sorted_by(|one, other| one < other), "none comes twice: {positions:?}");
    let silence = timeout(Duration::from_millis(300), next_event(&mut events)).await;
    assert!(silence.is_err(), "nothing more happened: {silence:?}");
}

#[tokio::test]
async fn a_forged_token_is_refused_at_every_door() {
    let platform = platform().await;
    let root = platform.admin("Root").await;

    let request = WatchSecurityEventsRequest { resume_token: "forged".to_owned() };
    let over_grpc = root.audit().watch_security_events(request).await.expect_err("it is forged");
    let over_rest = root.rest().get("/api/security-events:watch?resumeToken=forged").await;
    let page = root.rest().get("/api/security-events?pageToken=forged").await;
    let of_root = root.rest().get("/api/users/1/activity?pageToken=forged").await;

    assert_eq!(over_grpc.code(), Code::InvalidArgument);
    for answer in [over_rest, page, of_root] {
        assert_eq!((answer.status, &answer.json["reason"]), (400, &json!("INVALID_FIELDS")));
    }
}

/// Their streams are as long as a file, not as long as someone watches.
const END_BY_THEMSELVES: [&str; 2] = ["ExportGames", "ImportGames"];

/// Every stream of the contract that belongs to someone. A new one is cut here too, or fails here.
#[tokio::test]
async fn every_stream_that_belongs_to_someone_is_cut_when_their_session_ends() {
    let platform = platform().await;
    let root = platform.admin("Root").await;
    let streams: Vec<_> = calls()
        .filter(|call| call.streaming)
        .filter(|call| !matches!(call.access, Access::Anyone | Access::Peer))
        .filter(|call| !END_BY_THEMSELVES.contains(&call.name))
        .collect();
    assert!(!streams.is_empty());

    for call in streams {
        let (leaving, staying) = (root.signs_in("Root").await, root.signs_in("Root").await);
        let message = untyped::request(call, &[]);
        let mut cut = untyped::opens(&leaving, call, message.clone()).await;
        let mut kept = untyped::opens(&staying, call, message).await;
        for stream in [&mut cut, &mut kept] {
            assert!(stream.message().await.expect("open").is_some(), "{}", call.name);
        }

        let logout = json!({"token": leaving.token()});
        assert_eq!(leaving.rest().post("/api/users/logout", &logout).await.status, 200);
        let began = Instant::now();

        let refused = loop {
            match timeout(LONG, cut.message()).await.expect("it is cut") {
                Ok(Some(_another)) => {}
                Ok(None) => panic!("{} ends without a word", call.name),
                Err(refused) => break refused,
            }
        };
        let late = began.elapsed();
        assert_eq!(refused.code(), Code::Unauthenticated, "{}", call.name);
        assert!(late < BY_POLL, "{} is cut after {late:?}", call.name);
        assert!(kept.message().await.expect("another session goes on").is_some());
    }
}

#[tokio::test]
async fn a_watcher_who_loses_the_role_hears_nothing_more() {
    let platform = platform().await;
    let root = platform.admin("Root").await;
    platform.admin("Other").await;
    let mut events = watches(&root, "").await;
    next(&mut events).await;

    platform.operator().grants("Root", Role::Player).await;

    let refused = timeout(LONG, async {
        loop {
            if let Err(refused) = events.message().await {
                return refused;
            }
        }
    });
    assert_eq!(refused.await.expect("it is cut").code(), Code::Unauthenticated);
}

#[tokio::test]
async fn a_browser_hears_events_with_their_tokens_and_learns_why_they_end_when_it_comes_back() {
    let platform = platform().await;
    let root = platform.admin("Root").await;
    let ada = platform.player("Ada").await;
    let path = "/api/security-events:watch";
    let mut stream = root.rest().stream(path, "text/event-stream", &[]).await;
    let (id, first) = stream.next_event().await.expect("open");
    assert!(first.get("event").is_none() && id.is_some());

    signs_in_with(&ada, PASSWORD).await;
    let (id, happened) = stream.next_event().await.expect("open");
    assert_eq!(happened["event"]["kind"], "signed_in");
    assert_eq!(id.as_deref(), happened["resumeToken"].as_str());

    let id = id.expect("a token");
    let request = root.rest().request(Method::GET, path).header("accept", "text/event-stream");
    let mut resumed = request.header("last-event-id", &id).send().await.expect("an answer");
    assert_eq!(resumed.status().as_u16(), 200);
    let logout = json!({"token": root.token()});
    assert_eq!(root.rest().post("/api/users/logout", &logout).await.status, 200);
    let began = Instant::now();
    while timeout(LONG, resumed.chunk()).await.expect("it is cut").is_ok_and(|it| it.is_some()) {}
    // Envoy keeps a connection that is to be closed for another second. Nothing comes over it.
    let by_proxy = Duration::from_secs(u64::from(topology() == Topology::Cluster));
    assert!(began.elapsed() < BY_POLL + by_proxy, "{:?}", began.elapsed());

    let again = root.rest().request(Method::GET, path).header("last-event-id", &id);
    let again = root.rest().changes(again).await;
    assert_eq!((again.status, &again.json["reason"]), (401, &json!("SIGN_IN_REQUIRED")));
}
