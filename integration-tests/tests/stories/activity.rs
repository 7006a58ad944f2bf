//! What happened to accounts: told to the owner and to administrators.

mod watched;

use std::time::Duration;

use serde_json::{Value, json};
use sir0_testkit::{LONG, PASSWORD, Person, Topology, email_of, platform, topology};
use tokio::time::{sleep, timeout};

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
