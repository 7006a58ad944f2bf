//! The answer to a change is lost: sent again with the same key, the request changes nothing more, and is answered again.

mod changes;

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};
use sir0_contract::{
    Keying,
    storefront::{CreateGameRequest, CreateGameResponse, WatchGamesRequest},
};
use sir0_testkit::{Answer, GamesClient, Person, a_game, email_of, platform};
use tonic::{Code, Request, metadata::MetadataValue};
use tonic_types::StatusExt;

use self::changes::{Change, every_change};
use crate::watcher::{a_store, next, removes, reprices, told, watches};

const KEY: &str = "idempotency-key";
const REPLAYED: &str = "idempotency-replayed";

fn asked(title: &str, request_id: &str) -> CreateGameRequest {
    CreateGameRequest {
        title: title.to_owned(),
        genre: "Puzzle".to_owned(),
        price: Some(1.0),
        description: String::new(),
        request_id: Some(request_id.to_owned()),
        ..Default::default()
    }
}

async fn adds(games: &mut GamesClient, request: CreateGameRequest) -> CreateGameResponse {
    games.create_game(request).await.expect("a good game").into_inner()
}

fn named(game: &Value, request_id: &str) -> Value {
    let mut game = game.clone();
    game["requestId"] = json!(request_id);
    game
}

fn is_replayed(answer: &Answer) -> bool {
    answer.header(REPLAYED) == Some("true")
}

/// All that watchers have heard so far, in short.
async fn heard(by: &Person) -> Vec<String> {
    let all = WatchGamesRequest { send_present: true, ..WatchGamesRequest::default() };
    let mut stream = watches(by, all).await;
    let mut heard = Vec::new();
    loop {
        let said = told(&next(&mut stream).await);
        if said == "in sync" {
            return heard;
        }
        heard.push(said);
    }
}

#[tokio::test]
async fn every_change_of_people_who_are_signed_in_takes_a_key() {
    let platform = platform().await;
    let (_, changes) = every_change(&platform).await;

    let calls = sir0_contract::calls();
    let taking: BTreeSet<_> =
        calls.filter(|call| call.keying == Keying::Answered).map(|call| call.name).collect();
    let told: BTreeSet<_> = changes.iter().map(|change| change.call).collect();
    assert_eq!(taking, told, "each of them is in the stories below");
}

#[tokio::test]
async fn a_secret_is_told_once_and_what_was_sent_again_made_no_other() {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await;
    let founded = studio.rest().post("/api/studios", &json!({"name": "Northlight"})).await;
    let invitations =
        format!("/api/studios/{}/invitations", founded.json["studioId"].as_str().expect("an id"));
    let invite = Change {
        call: "CreateInvitation",
        method: Method::POST,
        path: invitations.clone(),
        body: json!({"role": "editor"}),
        other: Value::Null,
        by: None,
    };

    let subject = studio.id.to_string();
    let password = sir0_testkit::PASSWORD;
    let confirm = Change {
        call: "ConfirmAction",
        method: Method::POST,
        path: "/api/users/confirmations".to_owned(),
        body: json!({"action": "ACTION_END_SESSIONS", "subject": &subject, "password": password}),
        other: Value::Null,
        by: None,
    };

    let make = Change {
        call: "CreateApiToken",
        method: Method::POST,
        path: format!("/api/users/{subject}/api-tokens"),
        body: json!({"name": "Nightly builds", "scopes": ["games:write"]}),
        other: Value::Null,
        by: None,
    };

    let factors = format!("/api/users/{subject}/factors");
    let add = Change {
        call: "AddFactor",
        method: Method::POST,
        path: factors.clone(),
        body: json!({"name": "Phone"}),
        other: Value::Null,
        by: None,
    };

    assert_eq!(add.sent(&studio, "fac7").await.status, 201);
    assert_eq!(add.sent(&studio, "fac7").await.json["reason"], "ALREADY_DONE");
    let added = studio.rest().get(&factors).await;
    assert_eq!(added.json["factors"].as_array().map(Vec::len), Some(1), "{added:?}");
    let first = invite.sent(&studio, "5f0c").await;
    let again = invite.sent(&studio, "5f0c").await;
    assert_eq!(confirm.sent(&studio, "5f0c").await.status, 200);
    assert_eq!(confirm.sent(&studio, "5f0c").await.json["reason"], "ALREADY_DONE");
    assert_eq!(make.sent(&studio, "5f0c").await.status, 201);
    assert_eq!(make.sent(&studio, "5f0c").await.json["reason"], "ALREADY_DONE");
    let listed = studio.rest().get(&make.path).await;
    assert_eq!(listed.json["apiTokens"].as_array().map(Vec::len), Some(1), "{listed:?}");

    let reset = Change {
        call: "CreateReset",
        method: Method::POST,
        path: format!("/api/admin/users/{}:reset", studio.id),
        body: json!({}),
        other: Value::Null,
        by: None,
    };
    let admin = platform.admin("Root").await;
    assert_eq!(reset.sent(&admin, "5f0c").await.status, 201);
    assert_eq!(reset.sent(&admin, "5f0c").await.json["reason"], "ALREADY_DONE");

    let calls = sir0_contract::calls().filter(|call| call.keying == Keying::Refused);
    assert_eq!(
        calls.map(|call| call.name).collect::<Vec<_>>(),
        [
            "CreateReset",
            "CreateApiToken",
            "AddFactor",
            "ConfirmFactor",
            "RenewRecoveryCodes",
            "ConfirmAction",
            "CreateInvitation"
        ]
    );
    assert_eq!((first.status, again.status), (201, 409), "{again:?}");
    assert_eq!(again.json["reason"], "ALREADY_DONE");
    let open = studio.rest().get(&invitations).await;
    assert_eq!(open.json["invitations"].as_array().map(Vec::len), Some(1), "{open:?}");
    assert!(!open.text.contains(first.json["secret"].as_str().expect("a secret")));
}

#[tokio::test]
async fn a_change_that_is_sent_again_changes_nothing_more_and_is_answered_in_the_same_words() {
    let platform = platform().await;
    let (studio, changes) = every_change(&platform).await;

    for change in &changes {
        let first = change.sent(&studio, "5f0c").await;
        let state = heard(&studio).await;
        let again = change.sent(&studio, "5f0c").await;

        assert!(first.status < 300, "{}: {first:?}", change.call);
        assert_eq!((again.status, &again.json), (first.status, &first.json), "{}", change.call);
        assert!(!is_replayed(&first) && is_replayed(&again), "{}: {again:?}", change.call);
        assert_eq!(heard(&studio).await, state, "{}", change.call);
    }
}

#[tokio::test]
async fn a_key_that_comes_with_another_request_is_refused_and_changes_nothing() {
    let platform = platform().await;
    let (studio, changes) = every_change(&platform).await;

    for change in changes.iter().filter(|change| !change.other.is_null()) {
        assert!(change.sent(&studio, "5f0c").await.status < 300, "{}", change.call);
        let state = heard(&studio).await;
        let reused = change.sends(&studio, &change.other, &["5f0c"]).await;

        assert_eq!(reused.status, 400, "{}: {reused:?}", change.call);
        assert_eq!(reused.json["reason"], "KEY_REUSED", "{}", change.call);
        assert_eq!(heard(&studio).await, state, "{}", change.call);
        let other = change.sends(&studio, &change.other, &["77aa"]).await;
        assert!(other.status < 300, "{}: {other:?}", change.call);
    }
}

#[tokio::test]
async fn a_change_that_is_sent_fifty_times_at_once_is_made_once_and_has_one_answer() {
    let platform = platform().await;
    let (studio, changes) = every_change(&platform).await;

    for change in &changes {
        let before = heard(&studio).await;
        let racers: Vec<_> = (0..50)
            .map(|_| {
                let (change, studio) = (change.clone(), studio.clone());
                tokio::spawn(async move {
                    loop {
                        let answer = change.sent(&studio, "5f0c").await;
                        if answer.json["reason"] != "STILL_RUNNING" {
                            return answer;
                        }
                        assert_eq!(answer.status, 409);
                    }
                })
            })
            .collect();
        let mut answers = Vec::new();
        for racer in racers {
            answers.push(racer.await.expect("no racer panics"));
        }

        let first = answers.iter().find(|answer| !is_replayed(answer));
        let first = first.unwrap_or_else(|| panic!("{}: {:?}", change.call, answers[0]));
        assert!(first.status < 300, "{}: {first:?}", change.call);
        for answer in &answers {
            let told = (answer.status, &answer.json);
            assert_eq!(told, (first.status, &first.json), "{}", change.call);
        }
        let made = answers.iter().filter(|answer| !is_replayed(answer)).count();
        assert_eq!(made, 1, "{}", change.call);
        let after = heard(&studio).await;
        let new = after.iter().filter(|game| !before.contains(game)).count();
        let gone = before.iter().filter(|game| !after.contains(game)).count();
        let expected = match change.call {
            "CreateGame" | "PublishGame" => (1, 0),
            "UpdateGame" | "UndoGameChange" | "UpdateGamePage" | "DeletePicture"
            | "HandOverGame" => (1, 1),
            "DeleteGame" => (0, 1),
            _ => (0, 0),
        };
        assert_eq!((new, gone), expected, "{}: {before:?} {after:?}", change.call);
    }
}

#[tokio::test]
async fn a_key_is_its_callers_and_its_calls() {
    let platform = platform().await;
    let (studio, other) =
        (platform.publisher("Northlight").await, platform.publisher("Eastlight").await);
    let add = Change {
        call: "CreateGame",
        method: Method::POST,
        path: "/api/games".to_owned(),
        body: a_game("Lanterns"),
        other: Value::Null,
        by: None,
    };

    let first = add.sent(&studio, "a").await;
    let of_another = add.sent(&other, "a").await;
    let of_nobody = add.sent(&platform.visitor(), "a").await;
    let path = format!("/api/games/{}", first.json["gameId"]);
    let remove =
        Change { call: "DeleteGame", method: Method::DELETE, path, body: Value::Null, ..add };
    let removed = remove.sent(&studio, "a").await;

    assert_eq!((first.status, of_another.status), (201, 201));
    assert_ne!(of_another.json["gameId"], first.json["gameId"]);
    assert_eq!(of_nobody.status, 401, "and hears nothing about keys");
    assert_eq!(removed.status, 200, "{removed:?}");
}

#[tokio::test]
async fn the_header_the_metadata_and_the_field_are_one_thing() {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await;
    let body = named(&json!({"title": "Lanterns", "genre": "Puzzle", "price": 1}), "a");
    let post = async |body: &Value, keys: &[&str]| {
        let rest = studio.rest();
        let mut request = rest.request(Method::POST, "/api/games").json(body);
        for key in keys {
            request = request.header(KEY, *key);
        }
        rest.changes(request).await
    };
    let without = json!({"title": "Lanterns", "genre": "Puzzle", "price": 1.0});

    let first = adds(&mut studio.games(), asked("Lanterns", "a")).await;
    let by_field = post(&body, &[]).await;
    let by_header = post(&without, &["a"]).await;
    let quoted = post(&without, &["\"a\""]).await;
    let by_both = post(&body, &["a", "a"]).await;
    let mut request =
        Request::new(CreateGameRequest { request_id: None, ..asked("Lanterns", "a") });
    request.metadata_mut().insert(KEY, "a".parse().expect("metadata"));
    let by_metadata = studio.games().create_game(request).await.expect("a repeated request");

    for answer in [by_field, by_header, quoted, by_both] {
        assert_eq!(answer.status, 201, "{answer:?}");
        assert_eq!(answer.json["gameId"], first.game_id);
        assert!(is_replayed(&answer), "{answer:?}");
    }
    assert_eq!(
        by_metadata.metadata().get(REPLAYED).map(MetadataValue::as_bytes),
        Some(&b"true"[..])
    );
    assert_eq!(by_metadata.into_inner(), first);
    for keys in [&["b"][..], &["a", "b"]] {
        let differs = post(&body, keys).await;
        assert_eq!(differs.status, 400, "{differs:?}");
        assert_eq!(differs.json["fields"][0]["field"], KEY, "{differs:?}");
    }
}

#[tokio::test]
async fn a_change_to_a_thing_as_it_was_read_may_be_sent_again_with_its_tag() {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await;
    let added = studio.rest().post("/api/games", &a_game("Lanterns")).await;
    let path = format!("/api/games/{}", added.json["gameId"]);
    let tag = studio.rest().get(&path).await.header("etag").expect("a tag").to_owned();
    let put = async |key: &str| {
        let rest = studio.rest();
        let request = rest.request(Method::PUT, &path).json(&json!({"price": 2.5}));
        rest.changes(request.header("if-match", &tag).header(KEY, key)).await
    };

    let first = put("a").await;
    let again = put("a").await;
    let another = put("b").await;

    assert_eq!((first.status, again.status), (200, 200), "{again:?}");
    assert_eq!(again.json, first.json);
    assert_eq!(another.status, 412);
}

#[tokio::test]
async fn what_anyone_may_ask_for_takes_no_key() {
    let platform = platform().await;
    let visitor = platform.visitor();
    let post = async |path: &str, body: &Value| {
        let rest = visitor.rest();
        rest.changes(rest.request(Method::POST, path).json(body).header(KEY, "a")).await
    };
    let email = email_of("Northlight");
    let who = json!({"username": "Northlight", "email": email, "password": sir0_testkit::PASSWORD});
    let login = json!({"email": email, "password": sir0_testkit::PASSWORD});

    let first = post("/api/users/register", &who).await;
    let again = post("/api/users/register", &who).await;
    let (one, two) =
        (post("/api/users/login", &login).await, post("/api/users/login", &login).await);

    assert_eq!((first.status, again.status), (200, 400), "the account is there once");
    assert_eq!(one.status, 200);
    assert_ne!(one.json["token"], two.json["token"], "no token is kept to be given again");
}

#[tokio::test]
async fn a_request_that_is_sent_again_makes_no_other_game_and_is_announced_once() {
    let (_platform, visitor, mut games) = a_store().await;
    let mut stream = watches(&visitor, WatchGamesRequest::default()).await;

    let first = adds(&mut games, asked("Lanterns", "a")).await;
    let again = adds(&mut games, asked("Lanterns", "a")).await;
    let differs = games.create_game(asked("Torches", "a")).await.expect_err("another request");
    let other = adds(&mut games, asked("Lanterns", "b")).await;

    assert_eq!(again, first);
    assert_eq!(differs.get_details_error_info().expect("a reason").reason, "KEY_REUSED");
    assert_ne!(other.game_id, first.game_id);
    assert_eq!(told(&next(&mut stream).await), format!("added {} r1", first.game_id));
    assert_eq!(told(&next(&mut stream).await), format!("added {} r1", other.game_id));
    let listed = visitor.rest().get("/api/games").await.json["games"].clone();
    assert_eq!(listed.as_array().map(Vec::len), Some(2), "{listed}");
}

#[tokio::test]
async fn the_answer_to_a_repeated_request_outlives_the_game_and_a_restart() {
    let (platform, _, mut games) = a_store().await;
    let first = adds(&mut games, asked("Lanterns", "a")).await;
    let studio = platform.visitor().signs_in("Northlight").await;

    reprices(&mut games, first.game_id, 5).await;
    assert_eq!(adds(&mut games, asked("Lanterns", "a")).await, first);
    removes(&mut games, first.game_id).await;
    assert_eq!(adds(&mut games, asked("Lanterns", "a")).await, first);

    let _platform = platform.restart().await;
    assert_eq!(adds(&mut studio.games(), asked("Lanterns", "a")).await, first);
    let gone = studio.rest().get(&format!("/api/games/{}", first.game_id)).await;
    assert_eq!(gone.status, 404, "it was not made again");
}

#[tokio::test]
async fn a_refused_request_may_be_corrected_under_the_same_id() {
    let (_platform, _, mut games) = a_store().await;

    let refused = games.create_game(asked("", "a")).await.unwrap_err();
    let corrected = adds(&mut games, asked("Lanterns", "a")).await;

    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(corrected.title, "Lanterns");
}

#[tokio::test]
async fn what_cannot_name_a_request_is_refused_by_name() {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await;
    let too_long = "x".repeat(65);

    for bad in ["", " ", "a b", "a\n", "\u{e9}", "\u{1f3ee}", &too_long] {
        let status = studio.games().create_game(asked("Lanterns", bad)).await.unwrap_err();
        let answer = studio.rest().post("/api/games", &named(&a_game("Lanterns"), bad)).await;

        assert_eq!(status.code(), Code::InvalidArgument, "{bad:?}");
        let fields = status.get_details_bad_request().unwrap().field_violations;
        assert_eq!(fields.len(), 1, "{fields:?}");
        assert_eq!(fields[0].field, "request_id");
        assert_eq!(answer.status, 400, "{bad:?}");
        assert_eq!(answer.json["fields"][0]["field"], "requestId", "{answer:?}");
    }
    let longest = "~".repeat(64);
    let answer = studio.rest().post("/api/games", &named(&a_game("Lanterns"), &longest)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    for bad in ["", "a b", "\"\"", &too_long, &"x".repeat(8000)] {
        let rest = studio.rest();
        let request = rest.request(Method::POST, "/api/games").json(&a_game("Lanterns"));
        let answer = rest.changes(request.header(KEY, bad)).await;
        assert_eq!(answer.status, 400, "{bad:?}");
        assert_eq!(answer.json["fields"][0]["field"], KEY, "{answer:?}");
    }
}
