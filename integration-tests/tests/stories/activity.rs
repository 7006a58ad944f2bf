//! What happened to accounts: told to the owner and to administrators, and watched until the session of the watcher ends.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};
use sir0_contract::{
    Access,
    accounts::{SecurityEvent, WatchSecurityEventsRequest, WatchSecurityEventsResponse},
    calls,
};
use sir0_kernel::Role;
use sir0_testkit::{LONG, PASSWORD, Person, Topology, email_of, platform, topology};
use tokio::time::{sleep, timeout};
use tonic::{Code, Streaming};

use crate::untyped;

/// How late a stream may be cut where instances hear of an end by the poll of the feed.
const BY_POLL: Duration = Duration::from_millis(600);

/// What happened to this account, as this person is told, the latest first.
async fn activity(by: &Person, user: i32) -> Vec<Value> {
    let listed = by.rest().get(&format!("/api/users/{user}/activity")).await;
    assert_eq!(listed.status, 200, "{listed:?}");
    listed.json["events"].as_array().expect("a list").clone()
}

/// What happened to this account, in one word each, the first one first.
async fn words(by: &Person, user: i32) -> Vec<String> {
    let events = activity(by, user).await;
    events.iter().rev().map(|it| it["kind"].as_str().expect("a word").to_owned()).collect()
}

/// Waits until something of this kind happened to this account, and answers with it.
async fn happens(by: &Person, user: i32, kind: &str) -> Value {
    let waiting = async {
        loop {
            let events = activity(by, user).await;
            if let Some(event) = events.into_iter().find(|event| event["kind"] == kind) {
                return event;
            }
            sleep(Duration::from_millis(200)).await;
        }
    };
    timeout(LONG, waiting).await.unwrap_or_else(|_| panic!("no {kind}"))
}

async fn signs_in_with(ada: &Person, password: &str) -> sir0_testkit::Answer {
    let login = json!({
        "email": email_of("Ada"), "password": password, "clientId": "launcher", "deviceName": "Ada's desk"
    });
    ada.rest().post("/api/users/login", &login).await
}

#[tokio::test]
async fn an_owner_sees_what_happened_to_their_account_and_from_where() {
    let platform = platform().await;
    let ada = platform.player("Ada").await;

    let elsewhere = signs_in_with(&ada, PASSWORD).await;
    assert_eq!(signs_in_with(&ada, "seven cranes cross the wide delta").await.status, 401);
    let profile = format!("/api/users/{}", ada.id);
    let change = json!({"email": "countess@example.com", "currentPassword": PASSWORD});
    assert_eq!(ada.rest().put(&profile, &change).await.status, 200);

    let events = activity(&ada, ada.id).await;
    let (ended, changed, other) = (&events[0], &events[1], &events[2]);
    assert_eq!((&ended["kind"], &ended["count"]), (&json!("sessions_ended"), &json!(1)));
    assert_eq!(ended["detail"], other["sessionId"], "the session of the other device was ended");
    assert_eq!(changed["kind"], "email_changed");
    assert_eq!((&changed["actorId"], &changed["userId"]), (&json!(ada.id), &json!(ada.id)));
    assert_eq!(other["kind"], "signed_in");
    assert_eq!((&other["clientId"], &other["methods"]), (&json!("launcher"), &json!(["pwd"])));
    assert_eq!(other["outcome"], "succeeded");
    if topology() != Topology::Cluster {
        assert_eq!(other["address"], "127.0.0.1");
    }
    assert_eq!(other["requestId"].as_str(), elsewhere.header("x-request-id"));
    assert_eq!(words(&ada, ada.id).await[..2], ["account_added", "signed_in"]);

    let refused = happens(&ada, ada.id, "attempts_refused").await;
    assert_eq!((&refused["count"], &refused["outcome"]), (&json!(1), &json!("refused")));
    assert_eq!(refused["detail"], "password=1");
}

#[tokio::test]
async fn others_see_nothing_of_it_and_administrators_everything() {
    let platform = platform().await;
    let (ada, eve) = (platform.player("Ada").await, platform.player("Eve").await);
    let root = platform.admin("Root").await;

    let path = format!("/api/users/{}/activity", ada.id);
    let (by_eve, by_nobody) =
        (eve.rest().get(&path).await, platform.visitor().rest().get(&path).await);
    let of_all = eve.rest().get("/api/security-events").await;
    let of_ada = format!("/api/security-events?userId={}&kind=signed_in", ada.id);
    let of_ada = root.rest().get(&of_ada).await;
    let nowhere = root.rest().get("/api/users/2000000/activity").await;
    let unknown = root.rest().get("/api/security-events?kind=flew&since=yesterday").await;

    assert_eq!((by_eve.status, &by_eve.json["reason"]), (403, &json!("NOT_YOUR_ACCOUNT")));
    assert_eq!(by_nobody.status, 401);
    assert_eq!(
        (of_all.status, &of_all.json["reason"]),
        (403, &json!("ADMINISTRATOR_ROLE_REQUIRED"))
    );
    assert_eq!(activity(&root, ada.id).await, activity(&ada, ada.id).await);
    let of_ada = of_ada.json["events"].as_array().expect("a list");
    assert_eq!(of_ada.len(), 1);
    assert_eq!((&of_ada[0]["userId"], &of_ada[0]["kind"]), (&json!(ada.id), &json!("signed_in")));
    assert_eq!((nowhere.status, &nowhere.json["reason"]), (404, &json!("USER_NOT_FOUND")));
    assert_eq!((unknown.status, &unknown.json["reason"]), (400, &json!("INVALID_FIELDS")));
}

#[tokio::test]
async fn who_lets_me_out_of_a_studio_does_not_show_me_where_they_are() {
    let platform = platform().await;
    let (north, ada) = (platform.publisher("Northlight").await, platform.player("Ada").await);
    let founded = north.rest().post("/api/studios", &json!({"name": "Northlight"})).await;
    let studio = founded.json["studioId"].as_str().expect("an id").to_owned();
    let invite = format!("/api/studios/{studio}/invitations");
    let invited = north.rest().post(&invite, &json!({"role": "viewer"})).await;
    let secret = json!({"secret": invited.json["secret"]});
    assert_eq!(ada.rest().post("/api/invitations:accept", &secret).await.status, 200);
    let member = format!("/api/studios/{studio}/members/{}", ada.id);
    assert_eq!(north.rest().delete(&member).await.status, 200);

    let left = activity(&ada, ada.id).await.remove(0);

    assert_eq!((&left["kind"], &left["detail"]), (&json!("studio_left"), &json!(studio)));
    assert_eq!(left["actorId"], json!(north.id));
    for member in ["address", "sessionId", "requestId", "clientId"] {
        assert!(left.get(member).is_none(), "{left}");
    }
    let as_told = platform.admin("Root").await.rest().get("/api/security-events").await;
    let events = as_told.json["events"].as_array().expect("a list");
    let whole = events.iter().find(|it| it["position"] == left["position"]).expect("it is there");
    assert!(whole["address"].is_string() && whole["sessionId"].is_string(), "{whole}");
}

#[tokio::test]
async fn no_event_holds_a_name_or_an_e_mail() {
    let platform = platform().await;
    let ada = platform.player("Zebulon").await;
    let root = platform.admin("Wilhelmina").await;
    let nobody = json!({"email": "quentin@example.com", "password": PASSWORD});
    assert_eq!(ada.rest().post("/api/users/login", &nobody).await.status, 401);
    let profile = format!("/api/users/{}", ada.id);
    let renamed =
        json!({"username": "Yolanda", "email": "yolanda@example.com", "currentPassword": PASSWORD});
    assert_eq!(ada.rest().put(&profile, &renamed).await.status, 200);
    let of_zebulon = happens_anywhere(&root, "attempts_refused").await;

    let (mut all, mut token) = (String::new(), String::new());
    loop {
        let path = format!("/api/security-events?pageSize=3&pageToken={token}");
        let page = root.rest().get(&path).await;
        assert_eq!(page.status, 200, "{page:?}");
        all += &page.text.to_lowercase();
        let Some(next) = page.json["nextPageToken"].as_str() else { break };
        next.clone_into(&mut token);
    }

    assert!(all.contains("username_changed") && all.contains("attempts_refused"), "{all}");
    for word in ["zebulon", "yolanda", "wilhelmina", "quentin", "example.com", "@"] {
        assert!(!all.contains(word), "{word}: {all}");
    }
    assert!(of_zebulon.get("userId").is_none(), "nobody has that e-mail: {of_zebulon}");
}

#[tokio::test]
async fn a_stolen_refresh_token_and_a_confirmation_that_is_used_leave_their_traces() {
    let platform = platform().await;
    let ada = platform.player("Ada").await;
    let stolen = ada.begins_to_refresh("Ada").await;
    let refresh = async |token: &str| {
        ada.rest().post("/api/users/login/refresh", &json!({"refreshToken": token})).await
    };
    let next = refresh(&stolen).await.json["refreshToken"].as_str().expect("a token").to_owned();
    assert_eq!(refresh(&next).await.status, 200);

    assert_eq!(refresh(&stolen).await.status, 401);

    let replayed = activity(&ada, ada.id).await.remove(0);
    assert_eq!(
        (&replayed["kind"], &replayed["outcome"]),
        (&json!("refresh_replayed"), &json!("refused"))
    );
    let session = replayed["sessionId"].as_str().expect("the session");
    assert!(stolen.contains(session.strip_prefix("session_").expect("an id")), "{replayed}");
    assert!(replayed.get("actorId").is_none(), "who of the two it was is not known: {replayed}");
    let action = json!({
        "action": "ACTION_END_SESSIONS", "subject": ada.id.to_string(), "password": PASSWORD
    });
    let confirmed = ada.rest().post("/api/users/confirmations", &action).await;
    let token = &confirmed.json["confirmationToken"];
    let end = json!({"keepCurrent": true, "confirmationToken": token});
    let path = format!("/api/users/{}/sessions:end", ada.id);
    assert_eq!(ada.rest().post(&path, &end).await.status, 200);
    let latest = activity(&ada, ada.id).await;
    let words: Vec<_> = latest[..2].iter().map(|it| (&it["kind"], &it["detail"])).collect();
    let what = json!(format!("end_sessions {}", ada.id));
    let used = json!("confirmation_used");
    assert_eq!(words, [(&used, &what), (&json!("action_confirmed"), &what)]);
    assert!(!latest[0].to_string().contains(token.as_str().expect("a token")));
}

async fn happens_anywhere(root: &Person, kind: &str) -> Value {
    let waiting = async {
        loop {
            let listed = root.rest().get(&format!("/api/security-events?kind={kind}")).await;
            if let Some(event) = listed.json["events"].as_array().expect("a list").first() {
                return event.clone();
            }
            sleep(Duration::from_millis(200)).await;
        }
    };
    timeout(LONG, waiting).await.unwrap_or_else(|_| panic!("no {kind}"))
}

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

/// Every stream of the contract that belongs to someone. A new one is cut here too, or fails here.
#[tokio::test]
async fn every_stream_that_belongs_to_someone_is_cut_when_their_session_ends() {
    let platform = platform().await;
    let root = platform.admin("Root").await;
    let streams: Vec<_> = calls()
        .filter(|call| call.streaming)
        .filter(|call| !matches!(call.access, Access::Anyone | Access::Peer))
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
    assert!(began.elapsed() < BY_POLL, "{:?}", began.elapsed());

    let again = root.rest().request(Method::GET, path).header("last-event-id", &id);
    let again = root.rest().changes(again).await;
    assert_eq!((again.status, &again.json["reason"]), (401, &json!("SIGN_IN_REQUIRED")));
}
