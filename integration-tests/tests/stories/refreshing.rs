//! A session that goes on by refresh tokens, and the sessions of an account: where they are seen and how they end.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sir0_contract::accounts::RefreshSessionRequest;
use sir0_testkit::{Answer, PASSWORD, Person, Running, a_game, email_of, platform, platform_with};
use tonic::Code;
use tonic_types::StatusExt;

/// Signs in as a launcher does.
async fn signs_in(visitor: &Person, name: &str) -> Answer {
    let login = json!({
        "email": email_of(name),
        "password": PASSWORD,
        "withRefreshToken": true,
        "clientId": "launcher",
        "deviceName": format!("the desk of {name}"),
    });
    let begun = visitor.rest().post("/api/users/login", &login).await;
    assert_eq!(begun.status, 200, "{begun:?}");
    begun
}

async fn refreshes(visitor: &Person, token: &Value) -> Answer {
    let refresh = json!({"refreshToken": token, "clientId": "launcher"});
    visitor.rest().post("/api/users/login/refresh", &refresh).await
}

fn is_refused(answer: &Answer) {
    assert_eq!((answer.status, &answer.json["reason"]), (401, &json!("REFRESH_TOKEN_REFUSED")));
}

fn with(person: &Person, answer: &Answer) -> Person {
    person.with_token(answer.json["token"].as_str().expect("a token"))
}

/// Whether the storefront and accounts both let this person in, which have to agree.
async fn is_let_in(person: &Person, id: i32) -> bool {
    let at_accounts = person.rest().get(&format!("/api/users/{id}")).await.status;
    let at_storefront = person.rest().delete("/api/games/2000000000").await.status;
    match (at_accounts, at_storefront) {
        (200, 403 | 404) => true,
        (401, 401) => false,
        other => panic!("they disagree: {other:?}"),
    }
}

/// What the token of an answer says.
fn claims(answer: &Answer) -> Value {
    let token = answer.json["token"].as_str().expect("a token");
    let claims = token.split('.').nth(1).expect("a JWT");
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).expect("base64url"))
        .expect("JSON")
}

async fn sessions_of(person: &Person, id: i32) -> Vec<Value> {
    let listed = person.rest().get(&format!("/api/users/{id}/sessions")).await;
    assert_eq!(listed.status, 200, "{listed:?}");
    listed.json["sessions"].as_array().expect("sessions").clone()
}

/// A platform on which every sign-in is too old for anything sensitive a moment after it was made.
async fn where_sign_ins_are_old() -> (Running, Person) {
    let platform = platform().await;
    let ada = platform.player("Ada").await;
    let older = sir0_kernel::Clock::now(&sir0_kernel::SystemClock)
        .before(std::time::Duration::from_mins(11));
    let token = crate::sessions::minted_for(&platform, &ada, older);
    let ada = ada.with_token(&token);
    (platform, ada)
}

#[tokio::test]
async fn a_launcher_stays_signed_in_and_keeps_when_and_how_it_signed_in() {
    let platform = platform().await;
    let ada = platform.player("Ada").await;

    let begun = signs_in(&ada, "Ada").await;
    let next = refreshes(&ada, &begun.json["refreshToken"]).await;

    assert_eq!(next.status, 200, "{next:?}");
    let (before, after) = (claims(&begun), claims(&next));
    for claim in ["sub", "sid", "auth_time", "amr", "client_id", "role"] {
        assert_eq!(before[claim], after[claim], "{claim}");
    }
    assert_ne!(before["jti"], after["jti"]);
    assert_eq!((&after["amr"], &after["client_id"]), (&json!(["pwd"]), &json!("launcher")));
    let life = |claims: &Value| claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!((life(&before), life(&after)), (600, 600));
    assert!(is_let_in(&with(&ada, &begun), ada.id).await, "the first one is good until it expires");
    assert!(is_let_in(&with(&ada, &next), ada.id).await);
}

#[tokio::test]
async fn a_login_that_asks_for_nothing_has_one_token_that_is_enough_by_itself() {
    let platform = platform().await;
    let ada = platform.player("Ada").await;

    let login = json!({"email": email_of("Ada"), "password": PASSWORD});
    let begun = ada.rest().post("/api/users/login", &login).await;

    assert!(begun.json.get("refreshToken").is_none(), "{begun:?}");
    let claims = claims(&begun);
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 24 * 3600);
    assert_eq!(claims["client_id"], "sir0");
}

#[tokio::test]
async fn a_lost_answer_is_given_again_and_a_stolen_token_ends_the_session_everywhere() {
    let platform = platform().await;
    let ada = platform.player("Ada").await;
    let begun = signs_in(&ada, "Ada").await;

    let lost = refreshes(&ada, &begun.json["refreshToken"]).await;
    let again = refreshes(&ada, &begun.json["refreshToken"]).await;
    assert_eq!(lost.json["refreshToken"], again.json["refreshToken"]);
    let used = refreshes(&ada, &again.json["refreshToken"]).await;
    assert!(is_let_in(&with(&ada, &used), ada.id).await);

    let stolen = refreshes(&ada, &begun.json["refreshToken"]).await;

    is_refused(&stolen);
    for answer in [&begun, &again, &used] {
        assert!(!is_let_in(&with(&ada, answer), ada.id).await);
        is_refused(&refreshes(&ada, &answer.json["refreshToken"]).await);
    }
    assert!(is_let_in(&ada, ada.id).await, "her other session goes on");
}

#[tokio::test]
async fn what_can_be_no_refresh_token_is_refused_and_spoils_nothing() {
    let platform = platform().await;
    let ada = platform.player("Ada").await;
    let begun = signs_in(&ada, "Ada").await;
    let good = begun.json["refreshToken"].as_str().expect("asked for");
    let changed =
        format!("{}{}", &good[..good.len() - 2], if good.ends_with("AA") { "BB" } else { "AA" });
    let of_another = signs_in(&ada, "Ada").await.json["refreshToken"].clone();
    let mixed = format!("{}{}", &good[..50], &of_another.as_str().expect("a token")[50..]);

    for bad in ["", "refresh_", good.trim_start_matches("refresh_"), &mixed, &"x".repeat(900_000)] {
        is_refused(&refreshes(&ada, &json!(bad)).await);
        let request = RefreshSessionRequest {
            refresh_token: bad.to_owned(),
            client_id: Some("launcher".to_owned()),
        };
        let status = ada.sessions().refresh_session(request).await.expect_err("no token");
        assert_eq!(status.code(), Code::Unauthenticated);
        assert_eq!(
            status.get_details_error_info().expect("a reason").reason,
            "REFRESH_TOKEN_REFUSED"
        );
    }
    let theirs = json!({"refreshToken": good, "clientId": "theirs"});
    is_refused(&ada.rest().post("/api/users/login/refresh", &theirs).await);
    assert_eq!(refreshes(&ada, &json!(good)).await.status, 200);

    // The part that the family shares is right: it can only be a token of the family that is too old.
    is_refused(&refreshes(&ada, &json!(changed)).await);
    is_refused(&refreshes(&ada, &json!(good)).await);
}

#[tokio::test]
async fn no_refresh_outlives_the_end_of_its_session() {
    let platform = platform().await;
    let ada = platform.player("Ada").await;
    let path = format!("/api/users/{}", ada.id);
    let logout = async |token: &Value| {
        ada.rest().post("/api/users/logout", &json!({"token": token})).await.status
    };

    let by_access = signs_in(&ada, "Ada").await;
    assert_eq!(logout(&by_access.json["token"]).await, 200);
    let by_refresh = signs_in(&ada, "Ada").await;
    let rotated = refreshes(&ada, &by_refresh.json["refreshToken"]).await;
    assert_eq!(logout(&by_refresh.json["refreshToken"]).await, 200, "one that was used will do");
    assert_eq!(logout(&by_refresh.json["refreshToken"]).await, 200, "twice is as good");
    let by_password = signs_in(&ada, "Ada").await;
    let password = json!({"password": "nine lanterns at the harbour"});
    assert_eq!(ada.rest().put(&path, &password).await.status, 200);

    for ended in [by_access, by_refresh, rotated, by_password] {
        is_refused(&refreshes(&ada, &ended.json["refreshToken"]).await);
        assert!(!is_let_in(&with(&ada, &ended), ada.id).await);
    }
    assert!(is_let_in(&ada, ada.id).await, "the session that changed the password stays");
}

#[tokio::test]
async fn another_email_ends_the_other_sessions_and_another_name_does_not() {
    let platform = platform().await;
    let ada = platform.player("Ada").await;
    let path = format!("/api/users/{}", ada.id);
    let phone = signs_in(&ada, "Ada").await;

    assert_eq!(ada.rest().put(&path, &json!({"username": "Countess"})).await.status, 200);
    assert!(is_let_in(&with(&ada, &phone), ada.id).await);
    let moved = ada.rest().put(&path, &json!({"email": "countess@example.org"})).await;

    assert_eq!(moved.status, 200);
    assert!(!is_let_in(&with(&ada, &phone), ada.id).await);
    assert!(is_let_in(&ada, ada.id).await);
}

#[tokio::test]
async fn a_current_password_that_is_given_has_to_be_right() {
    let platform = platform().await;
    let ada = platform.player("Ada").await;
    let path = format!("/api/users/{}", ada.id);
    let put = async |current: &str| {
        let change = json!({"username": "Countess", "currentPassword": current});
        ada.rest().put(&path, &change).await
    };

    for wrong in ["", "seven cranes", "another good password 9"] {
        let refused = put(wrong).await;
        assert_eq!((refused.status, &refused.json["reason"]), (403, &json!("WRONG_PASSWORD")));
    }
    assert_eq!(ada.rest().get(&path).await.json["username"], "Ada");
    assert_eq!(put(PASSWORD).await.status, 200);
    assert_eq!(ada.rest().get(&path).await.json["username"], "Countess");
}

#[tokio::test]
async fn a_player_sees_where_an_account_is_signed_in_and_ends_what_is_strange() {
    let platform = platform().await;
    let ada = platform.player("Ada").await;
    let (phone, eve) = (signs_in(&ada, "Ada").await, platform.player("Eve").await);
    let path = format!("/api/users/{}/sessions:end", ada.id);

    let listed = sessions_of(&ada, ada.id).await;

    assert_eq!(listed.len(), 2, "{listed:?}");
    let (strange, own) = (&listed[0], &listed[1]);
    assert_eq!(strange["sessionId"], claims(&phone)["sid"]);
    assert_eq!(
        (&strange["clientId"], &strange["deviceName"]),
        (&json!("launcher"), &json!("the desk of Ada"))
    );
    assert_eq!((&strange["isRefreshable"], &strange["isCurrent"]), (&json!(true), &json!(false)));
    assert_eq!((&own["isRefreshable"], &own["isCurrent"]), (&json!(false), &json!(true)));
    assert_eq!((&strange["methods"], &strange["address"]), (&json!(["pwd"]), &own["address"]));
    let one = json!({"sessionIds": [strange["sessionId"]]});
    let by_another = eve.rest().post(&path, &one).await;
    let of_another = eve.rest().post(&format!("/api/users/{}/sessions:end", eve.id), &one).await;
    assert_eq!((by_another.status, of_another.status), (403, 404));
    assert!(is_let_in(&with(&ada, &phone), ada.id).await);

    let ended = ada.rest().post(&path, &one).await;

    assert_eq!((ended.status, &ended.json["ended"]), (200, &json!(1)), "{ended:?}");
    assert!(!is_let_in(&with(&ada, &phone), ada.id).await);
    is_refused(&refreshes(&ada, &phone.json["refreshToken"]).await);
    let again = ada.rest().post(&path, &one).await;
    assert_eq!((again.status, &again.json["ended"]), (200, &json!(0)), "twice is as good");
    assert_eq!(sessions_of(&ada, ada.id).await.len(), 1);
}

#[tokio::test]
async fn all_other_sessions_end_at_once_and_then_all() {
    let platform = platform().await;
    let ada = platform.player("Ada").await;
    let (phone, tablet) = (signs_in(&ada, "Ada").await, signs_in(&ada, "Ada").await);
    let path = format!("/api/users/{}/sessions:end", ada.id);

    let others = ada.rest().post(&path, &json!({"keepCurrent": true})).await;

    assert_eq!((others.status, &others.json["ended"]), (200, &json!(2)), "{others:?}");
    for answer in [&phone, &tablet] {
        assert!(!is_let_in(&with(&ada, answer), ada.id).await);
    }
    assert!(is_let_in(&ada, ada.id).await);
    let admin = platform.admin("Root").await;
    let all = admin.rest().post(&path, &json!({})).await;
    assert_eq!((all.status, &all.json["ended"]), (200, &json!(1)), "{all:?}");
    assert!(!is_let_in(&ada, ada.id).await);
    assert!(is_let_in(&admin, admin.id).await);
}

#[tokio::test]
async fn a_long_list_of_sessions_is_read_a_page_at_a_time_and_no_other_list_takes_its_token() {
    let platform = platform().await;
    let ada = platform.player("Ada").await;
    for _ in 0..4 {
        signs_in(&ada, "Ada").await;
    }
    let eve = platform.player("Eve").await;
    let page = async |person: &Person, query: &str| {
        person.rest().get(&format!("/api/users/{}/sessions?{query}", person.id)).await
    };

    let first = page(&ada, "pageSize=2").await;
    let token = first.json["nextPageToken"].as_str().expect("there are more").to_owned();
    let second = page(&ada, &format!("pageSize=9&pageToken={token}")).await;

    let ids = |answer: &Answer| -> Vec<String> {
        let sessions = answer.json["sessions"].as_array().expect("sessions").iter();
        sessions.map(|session| session["sessionId"].as_str().expect("an id").to_owned()).collect()
    };
    let mut all = [ids(&first), ids(&second)].concat();
    assert_eq!((ids(&first).len(), all.len()), (2, 5));
    assert!(second.json.get("nextPageToken").is_none());
    let in_order = all.clone();
    all.sort_by(|one, other| other.cmp(one));
    assert_eq!(all, in_order, "the newest first");
    for (person, query) in [
        (&eve, format!("pageToken={token}")),
        (&ada, "pageToken=forged".to_owned()),
        (&ada, "pageSize=-1".to_owned()),
    ] {
        let refused = page(person, &query).await;
        assert_eq!(
            (refused.status, &refused.json["reason"]),
            (400, &json!("INVALID_FIELDS")),
            "{query}"
        );
    }
}

#[tokio::test]
async fn an_old_sign_in_needs_an_approval_of_exactly_what_it_does() {
    let (_platform, ada) = where_sign_ins_are_old().await;
    let path = format!("/api/users/{}/sessions:end", ada.id);
    let approval = async |subject: i32| {
        let asked = json!({
            "action": "ACTION_END_SESSIONS",
            "subject": subject.to_string(),
            "password": PASSWORD,
        });
        let answer = ada.rest().post("/api/users/confirmations", &asked).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json["confirmationToken"].clone()
    };
    let ends = async |ids: Value, token: Option<&Value>| {
        let mut body = json!({"sessionIds": ids});
        if let Some(token) = token {
            body["confirmationToken"] = token.clone();
        }
        let answer = ada.rest().post(&path, &body).await;
        (answer.status, answer.json["reason"].as_str().unwrap_or_default().to_owned())
    };
    let step_up = (403, "STEP_UP_REQUIRED".to_owned());
    let others = sessions_of(&ada, ada.id).await;
    let one = json!([others[0]["sessionId"]]);

    assert_eq!(ends(one.clone(), None).await, step_up);
    assert_eq!(ends(json!([]), None).await, step_up);
    let of_another = approval(ada.id + 1).await;
    assert_eq!(ends(one.clone(), Some(&of_another)).await, step_up, "it approves something else");
    assert_eq!(ends(one.clone(), Some(&json!("confirmation_"))).await, step_up);
    let approved = approval(ada.id).await;
    assert_eq!(ends(one.clone(), Some(&approved)).await, (200, String::new()));
    assert_eq!(ends(json!([]), Some(&approved)).await, step_up, "it is used up");
    assert_eq!(sessions_of(&ada, ada.id).await.len(), 0);
}

#[tokio::test]
async fn an_approval_takes_the_password_and_a_thing_that_can_be() {
    let platform = platform().await;
    let ada = platform.player("Ada").await;
    let asks = async |action: Value, subject: &str, password: &str| {
        let asked = json!({"action": action, "subject": subject, "password": password});
        let answer = ada.rest().post("/api/users/confirmations", &asked).await;
        let reason = answer.json["reason"].as_str().unwrap_or_default().to_owned();
        let field = answer.json["fields"][0]["field"].as_str().unwrap_or_default().to_owned();
        (answer.status, reason, field)
    };
    let end = json!("ACTION_END_SESSIONS");

    for (action, subject, field) in [
        (json!("ACTION_UNSPECIFIED"), "1", "action"),
        (json!(99), "1", "action"),
        (json!("ACTION_RULE_THE_WORLD"), "1", "action"),
        (end.clone(), "", "subject"),
        (end.clone(), "me", "subject"),
        (end.clone(), "-1", "subject"),
    ] {
        let expected = (400, "INVALID_FIELDS".to_owned(), field.to_owned());
        assert_eq!(asks(action, subject, PASSWORD).await, expected, "{subject}");
    }
    for wrong in ["", "seven cranes", &"x".repeat(100_000)] {
        let expected = (403, "WRONG_PASSWORD".to_owned(), String::new());
        assert_eq!(asks(end.clone(), "1", wrong).await, expected);
    }
    assert_eq!(asks(end, "1", PASSWORD).await.0, 200);
}

#[tokio::test]
async fn what_cannot_name_a_client_or_a_device_is_refused_by_name() {
    let platform = platform().await;
    let ada = platform.player("Ada").await;
    let login = async |field: &str, value: &str| {
        let mut login = json!({"email": email_of("Ada"), "password": PASSWORD});
        login[field] = json!(value);
        ada.rest().post("/api/users/login", &login).await
    };
    let long = "x".repeat(65);

    for (field, bad) in [
        ("clientId", "two words"),
        ("clientId", &*long),
        ("clientId", "\u{e9}"),
        ("deviceName", "a\u{0}b"),
        ("deviceName", "\u{202e}gnp"),
        ("deviceName", &*long),
    ] {
        let refused = login(field, bad).await;
        assert_eq!(
            (refused.status, &refused.json["fields"][0]["field"]),
            (400, &json!(field)),
            "{bad:?}"
        );
    }
    for field in ["clientId", "deviceName"] {
        assert_eq!(login(field, "").await.status, 200, "empty is as good as none");
    }
    let listed = sessions_of(&ada, ada.id).await;
    assert!(listed.iter().all(|session| session["clientId"] == "sir0"), "{listed:?}");
}

#[tokio::test]
async fn lifetimes_are_what_the_operator_says() {
    let platform = platform_with(|config| {
        let accounts: &mut sir0_accounts::Config = config.services.get_mut();
        accounts.access_token_lifetime = std::time::Duration::from_secs(90);
        accounts.idle_lifetime = std::time::Duration::from_hours(2);
        accounts.longest_session = std::time::Duration::from_hours(1);
    })
    .await;
    let studio = platform.publisher("Northlight").await;

    let begun = signs_in(&studio, "Northlight").await;

    let claims = claims(&begun);
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 90);
    let session = &sessions_of(&studio, studio.id).await[0];
    let hour =
        |time: &Value| time.as_str().expect("a time")[11..13].parse::<u32>().expect("an hour");
    assert_eq!((hour(&session["createTime"]) + 1) % 24, hour(&session["expireTime"]), "{session}");
    let added = with(&studio, &begun).rest().post("/api/games", &a_game("Lanterns")).await;
    assert_eq!(added.status, 201, "{added:?}");
}
