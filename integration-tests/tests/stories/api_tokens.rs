//! API tokens: a machine does what its owner named, and nothing else, until the owner says no.

mod owners;

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sir0_contract::{
    Access,
    accounts::{CreateApiTokenRequest, ExchangeApiTokenRequest},
    calls,
    storefront::DeleteGameRequest,
};
use sir0_kernel::{Clock, Scope, SystemClock};
use sir0_testkit::{Answer, LONG, PASSWORD, Person, a_game, platform, split};
use tonic::Code;
use tonic_types::StatusExt;

fn path_of(owner: &Person) -> String {
    format!("/api/users/{}/api-tokens", owner.id)
}

async fn asks(owner: &Person, scopes: &[&str], studio: &str) -> Answer {
    let asked = json!({"name": "Nightly builds", "scopes": scopes, "studioId": studio});
    owner.rest().post(&path_of(owner), &asked).await
}

/// Makes an API token, and answers with it and its id.
pub(crate) async fn makes(owner: &Person, scopes: &[&str], studio: &str) -> (String, String) {
    let made = asks(owner, scopes, studio).await;
    assert_eq!(made.status, 201, "{made:?}");
    let text = |name: &str| made.json[name].as_str().expect("a text").to_owned();
    (text("apiToken"), text("tokenId"))
}

async fn exchanges(machine: &Person, token: &str) -> Answer {
    machine.rest().post("/api/tokens:exchange", &json!({"apiToken": token})).await
}

/// A machine that shows an API token and goes on with what it gets.
pub(crate) async fn machine_with(visitor: &Person, token: &str) -> Person {
    let given = exchanges(visitor, token).await;
    assert_eq!(given.status, 200, "{given:?}");
    visitor.with_token(given.json["accessToken"].as_str().expect("an access token"))
}

async fn reprices(machine: &Person, game: &str, price: f64) -> Answer {
    machine.rest().put(game, &json!({"price": price})).await
}

async fn adds(person: &Person, game: &Value) -> String {
    let added = person.rest().post("/api/games", game).await;
    assert_eq!(added.status, 201, "{added:?}");
    format!("/api/games/{}", added.json["gameId"])
}

fn refused(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.json["reason"].as_str().unwrap_or("nothing"))
}

async fn founds(owner: &Person) -> String {
    let founded = owner.rest().post("/api/studios", &json!({"name": "Northlight"})).await;
    founded.json["studioId"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn a_build_server_changes_a_game_with_an_api_token_until_it_is_revoked() {
    let platform = platform().await;
    let owner = platform.publisher("Northlight").await;
    let game = adds(&owner, &a_game("Lanterns")).await;
    let (token, id) = makes(&owner, &["games:write"], "").await;

    let given = exchanges(&platform.visitor(), &token).await;
    let machine = owner.with_token(given.json["accessToken"].as_str().expect("a token"));
    assert_eq!(reprices(&machine, &game, 5.0).await.status, 200);

    assert_eq!(given.json["scopes"], json!(["games:write"]));
    let claims = given.json["accessToken"].as_str().expect("a token").split('.').nth(1).unwrap();
    let claims: Value =
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).expect("base64url")).unwrap();
    let life = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!((&claims["scope"], life), (&json!("games:write"), 600));
    assert_eq!(claims["client_id"], json!(id));
    let listed = owner.rest().get(&path_of(&owner)).await;
    let found = &listed.json["apiTokens"][0];
    assert_eq!((&found["tokenId"], &found["name"]), (&json!(id), &json!("Nightly builds")));
    assert_eq!(found["scopes"], json!(["games:write"]));
    let address = found["address"].as_str().and_then(|it| it.parse::<std::net::IpAddr>().ok());
    assert!(address.is_some(), "the one that it was used from: {listed:?}");
    assert!(found["useTime"].is_string() && found.get("studioId").is_none(), "{listed:?}");
    let secret = token.strip_prefix("sir0_").expect("a text that scanners know");
    assert!(!listed.text.contains(&secret[..16]), "it was shown once");
    let sessions = owner.rest().get(&format!("/api/users/{}/sessions", owner.id)).await;
    assert_eq!(sessions.json["sessions"].as_array().map(Vec::len), Some(1), "it is no sign-in");

    let revoke = format!("{}/{id}", path_of(&owner));
    for was_good in [true, false] {
        let revoked = owner.rest().delete(&revoke).await;
        assert_eq!((revoked.status, &revoked.json), (200, &json!({"wasGood": was_good})));
    }

    assert_eq!(refused(&reprices(&machine, &game, 6.0).await), (401, "SIGN_IN_REQUIRED"));
    assert_eq!(refused(&exchanges(&machine, &token).await), (401, "API_TOKEN_REFUSED"));
    assert_eq!(owner.rest().get(&game).await.json["price"], 5.0);
    assert_eq!(reprices(&owner, &game, 7.0).await.status, 200, "its owner goes on");
    let platform = platform.restart().await;
    let machine = platform.visitor().with_token(machine.token());
    let again = reprices(&machine, &game, 8.0).await;
    assert_eq!(refused(&again), (401, "SIGN_IN_REQUIRED"), "also after a restart");
}

#[tokio::test]
async fn an_api_token_does_over_grpc_what_it_does_over_rest() {
    let platform = platform().await;
    let owner = platform.publisher("Northlight").await;
    let request = CreateApiTokenRequest {
        user_id: owner.id,
        name: "Nightly builds".to_owned(),
        scopes: vec!["games:read".to_owned()],
        ..Default::default()
    };
    let made = owner.api_tokens().create_api_token(request).await.expect("an owner").into_inner();
    let exchange = |api_token: String| ExchangeApiTokenRequest { api_token };

    let mut visitor = platform.visitor().api_tokens();
    let given = visitor.exchange_api_token(exchange(made.api_token)).await.expect("a good one");
    let unknown = visitor.exchange_api_token(exchange("sir0_none".to_owned())).await;

    let machine = platform.visitor().with_token(&given.into_inner().access_token);
    let missing = machine.games().delete_game(DeleteGameRequest { game_id: 1 }).await;
    let missing = missing.expect_err("it may read");
    assert_eq!(missing.code(), Code::PermissionDenied);
    let details = missing.get_error_details();
    let info = details.error_info().expect("a reason");
    assert_eq!((&*info.reason, &*info.metadata["scope"]), ("SCOPE_MISSING", "games:write"));
    assert_eq!(unknown.expect_err("none of ours").code(), Code::Unauthenticated);
}

#[tokio::test]
async fn every_scope_opens_a_call_and_no_call_names_a_scope_that_nobody_knows() {
    let mut opened = BTreeSet::new();
    for call in calls() {
        let Some(scope) = call.scope else { continue };
        let known = scope.parse::<Scope>();
        opened.insert(known.unwrap_or_else(|_| panic!("{} names `{scope}`", call.path)));
        let asks_who = matches!(call.access, Access::Owner | Access::SignedIn | Access::Publisher);
        assert!(asks_who, "{} asks nobody, so a scope opens nothing", call.path);
    }

    assert_eq!(opened, Scope::ALL.into());
}

#[tokio::test]
async fn an_api_token_is_made_by_its_owner_alone_and_with_good_fields_alone() {
    let platform = platform().await;
    let (owner, admin) = (platform.publisher("Northlight").await, platform.admin("Root").await);
    let player = platform.player("Ada").await;
    let asked = json!({"name": "Nightly builds", "scopes": ["games:write"]});
    let with = |field: &str, value: Value| {
        let mut asked = asked.clone();
        asked[field] = value;
        asked
    };

    for other in [&admin, &player] {
        let taken = other.rest().post(&path_of(&owner), &asked).await;
        assert_eq!(refused(&taken), (403, "NOT_YOUR_ACCOUNT"), "{taken:?}");
    }
    let (many, long) = (vec!["games:read"; 21], "x".repeat(65));
    for (field, bad) in [
        ("scopes", json!([])),
        ("scopes", json!(["games:write", "builds:upload"])),
        ("scopes", json!(["GAMES:WRITE"])),
        ("scopes", json!(["games:read games:write"])),
        ("scopes", json!(many)),
        ("name", json!(" ")),
        ("name", json!(long)),
        ("name", json!("a\u{202e}b")),
        ("lifeDays", json!(-1)),
        ("lifeDays", json!(366)),
        ("studioId", json!("studio_of_mine")),
    ] {
        let answer = owner.rest().post(&path_of(&owner), &with(field, bad.clone())).await;
        assert_eq!(refused(&answer), (400, "INVALID_FIELDS"), "{bad}: {answer:?}");
        let named = answer.json["fields"][0]["field"].as_str().expect("a field");
        assert!(named.starts_with(field), "{bad}: {answer:?}");
    }
    let beyond = asks(&player, &["games:write"], "").await;
    assert_eq!(refused(&beyond), (400, "INVALID_FIELDS"), "a player writes no games: {beyond:?}");
    assert_eq!(beyond.json["fields"][0]["field"], "scopes");
    let studio = founds(&owner).await;
    let of_others = asks(&player, &["games:read"], &studio).await;
    assert_eq!(refused(&of_others), (403, "STUDIO_ROLE_REQUIRED"));
    let none = asks(&owner, &["games:read"], "studio_01kb2m3n4p5q6r7s8t9v0w1x2y").await;
    assert_eq!(refused(&none), (404, "STUDIO_NOT_FOUND"));
    let listed = owner.rest().get(&path_of(&owner)).await;
    assert_eq!(listed.json["apiTokens"], json!([]), "a refusal makes none");
}

#[tokio::test]
async fn an_old_sign_in_makes_an_api_token_with_a_confirmation_of_exactly_that() {
    let platform = platform().await;
    let ada = platform.player("Ada").await;
    let older = SystemClock.now().before(Duration::from_mins(11));
    let old = ada.with_token(&crate::sessions::minted_for(&platform, &ada, older));
    let confirmed = async |action: &str| {
        let asked = json!({"action": action, "subject": ada.id.to_string(), "password": PASSWORD});
        let confirmed = old.rest().post("/api/users/confirmations", &asked).await;
        assert_eq!(confirmed.status, 200, "{confirmed:?}");
        let confirmation = confirmed.json["confirmationToken"].clone();
        json!({"name": "Nightly", "scopes": ["games:read"], "confirmationToken": confirmation})
    };

    let stale = asks(&old, &["games:read"], "").await;
    let other = old.rest().post(&path_of(&ada), &confirmed("ACTION_END_SESSIONS").await).await;
    let good = confirmed("ACTION_CREATE_API_TOKEN").await;
    let made = old.rest().post(&path_of(&ada), &good).await;
    let again = old.rest().post(&path_of(&ada), &good).await;

    assert_eq!(refused(&stale), (403, "STEP_UP_REQUIRED"));
    assert_eq!(refused(&other), (403, "STEP_UP_REQUIRED"), "it confirms something else");
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(refused(&again), (403, "STEP_UP_REQUIRED"), "it was used up");
}

#[tokio::test]
async fn a_machine_is_no_fresh_sign_in_and_makes_itself_no_other_token() {
    let platform = platform().await;
    let owner = platform.publisher("Northlight").await;
    let (token, id) = makes(&owner, &["games:read", "games:write"], "").await;
    let machine = machine_with(&owner, &token).await;
    let user = format!("/api/users/{}", owner.id);

    let changed = machine.rest().put(&user, &json!({"password": "nine lanterns at dusk"})).await;
    let ended = machine.rest().post(&format!("{user}/sessions:end"), &json!({})).await;
    let revoked = machine.rest().delete(&format!("{}/{id}", path_of(&owner))).await;
    let read = machine.rest().get(&user).await;
    let made = asks(&machine, &["games:read"], "").await;
    let as_bearer = owner.with_token(&token).rest().get(&user).await;

    for answer in [changed, ended, revoked, read, made] {
        assert_eq!(refused(&answer), (403, "SCOPE_MISSING"), "{answer:?}");
    }
    assert_eq!(refused(&as_bearer), (401, "SIGN_IN_REQUIRED"), "no service takes it as it is");
    assert_eq!(owner.rest().get(&user).await.status, 200);
}

#[tokio::test]
async fn what_can_be_no_api_token_is_refused_alike_and_spoils_nothing() {
    let platform = platform().await;
    let owner = platform.publisher("Northlight").await;
    let (good, _) = makes(&owner, &["games:write"], "").await;
    let (revoked, id) = makes(&owner, &["games:write"], "").await;
    owner.rest().delete(&format!("{}/{id}", path_of(&owner))).await;
    let last = if good.ends_with('0') { "1" } else { "0" };
    let mistyped = format!("{}{last}", &good[..good.len() - 1]);
    let unknown = "sir0_".to_owned() + &"0".repeat(72);

    let mut told = Vec::new();
    let long = "x".repeat(100_000);
    for bad in
        ["", "sir0_", "\u{0}", &long, &mistyped, &unknown, &revoked, owner.token(), &good[1..]]
    {
        let answer = exchanges(&platform.visitor(), bad).await;
        assert_eq!(refused(&answer), (401, "API_TOKEN_REFUSED"), "{bad:?}: {answer:?}");
        told.push(answer.json["details"].clone());
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
    let number = json!({"apiToken": 7});
    let number = platform.visitor().rest().post("/api/tokens:exchange", &number).await;
    assert_eq!(refused(&number), (400, "INVALID_FIELDS"));
    assert_eq!(exchanges(&platform.visitor(), &good).await.status, 200);
}

#[tokio::test]
async fn a_machine_that_signs_out_ends_its_access_tokens_and_exchanges_for_another() {
    let platform = platform().await;
    let owner = platform.publisher("Northlight").await;
    let game = adds(&owner, &a_game("Lanterns")).await;
    let (token, _) = makes(&owner, &["games:write"], "").await;
    let [one, other] = [machine_with(&owner, &token).await, machine_with(&owner, &token).await];

    let left = one.rest().post("/api/users/logout", &json!({"token": one.token()})).await;

    assert_eq!(left.status, 200, "{left:?}");
    for machine in [one, other] {
        assert_eq!(refused(&reprices(&machine, &game, 6.0).await), (401, "SIGN_IN_REQUIRED"));
    }
    let next = machine_with(&owner, &token).await;
    assert_eq!(reprices(&next, &game, 7.0).await.status, 200);
}

#[tokio::test]
async fn fifty_api_tokens_are_enough_however_many_are_asked_for_at_once() {
    let platform = platform().await;
    let ada = platform.player("Ada").await;

    let asking = (0..60).map(|_| {
        let ada = ada.clone();
        tokio::spawn(async move { asks(&ada, &["games:read"], "").await })
    });
    let answers = futures::future::join_all(asking).await;

    let (made, beyond): (Vec<_>, Vec<_>) = answers
        .into_iter()
        .map(|answer| answer.expect("no one panics"))
        .partition(|answer| answer.status == 201);
    assert_eq!((made.len(), beyond.len()), (50, 10));
    for answer in beyond {
        assert_eq!(refused(&answer), (400, "API_TOKEN_LIMIT_REACHED"), "{answer:?}");
    }
    let listed = ada.rest().get(&path_of(&ada)).await;
    assert_eq!(listed.json["apiTokens"].as_array().map(Vec::len), Some(50));
    let one = listed.json["apiTokens"][7]["tokenId"].as_str().expect("an id");
    ada.rest().delete(&format!("{}/{one}", path_of(&ada))).await;
    assert_eq!(asks(&ada, &["games:read"], "").await.status, 201, "there is room again");
}

#[tokio::test]
async fn a_storefront_apart_hears_of_a_revoked_api_token_within_a_second() {
    let platform = split().await;
    let owner = platform.publisher("Northlight").await;
    let (token, id) = makes(&owner, &["games:read"], "").await;
    let machine = platform.storefront.meets(&machine_with(&owner, &token).await);
    let lists = async || machine.rest().get("/api/games:mine").await.status;
    let until = async |status: u16| {
        let begun = Instant::now();
        while lists().await != status {
            assert!(begun.elapsed() < LONG, "never {status}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        begun.elapsed()
    };
    until(200).await;

    owner.rest().delete(&format!("{}/{id}", path_of(&owner))).await;

    let waited = until(401).await;
    assert!(waited < Duration::from_secs(1), "after {waited:?}");
}
