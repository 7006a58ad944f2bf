//! `grpcurl`: a person at a terminal who was given nothing but the address.

use std::collections::BTreeSet;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use sir0_contract::calls;
use sir0_testkit::{PASSWORD, Process, a_game, email_of, process};

use crate::judge::{Verdict, hear, judge};

const GAMES: &str = "sir0.storefront.v1.GamesService";

/// `grpcurl -plaintext OPTIONS ADDRESS WHAT`.
async fn grpcurl(platform: &Process, options: &[&str], what: &[&str]) -> Verdict {
    let mut grpcurl = judge("grpcurl");
    grpcurl.arg("-plaintext").args(options).arg(platform.address().to_string()).args(what);
    hear(&mut grpcurl).await
}

async fn call(platform: &Process, method: &str, message: &Value) -> Verdict {
    grpcurl(platform, &["-format-error", "-d", &message.to_string()], &[method]).await
}

/// The `google.rpc.Status` that `-format-error` writes.
fn status(refused: &Verdict) -> Value {
    serde_json::from_str(&refused.complained).expect("a refusal in JSON")
}

#[tokio::test]
async fn every_service_of_the_contract_is_found_by_reflection() {
    let platform = process().await;

    let listed = grpcurl(&platform, &[], &["list"]).await.approved();

    let listed: BTreeSet<_> = listed.lines().collect();
    let ours: BTreeSet<_> = calls().map(|call| call.service).collect();
    assert!(ours.is_subset(&listed), "{ours:?} in {listed:?}");
    assert!(listed.contains("grpc.health.v1.Health"), "{listed:?}");
}

#[tokio::test]
async fn a_description_carries_the_comments_of_the_contract() {
    let platform = process().await;

    let described = grpcurl(&platform, &[], &["describe", GAMES]).await.approved();

    for call in calls().filter(|call| call.service == GAMES) {
        let first_line = call.comment.lines().next().expect("a test finds a comment on each");
        assert!(described.contains(first_line), "{first_line} in {described}");
    }
}

#[tokio::test]
async fn a_studio_signs_in_and_adds_a_game_that_everyone_can_read() {
    let platform = process().await;
    platform.publisher("Northlight").await;

    let login = json!({"email": email_of("Northlight"), "password": PASSWORD});
    let signed_in = call(&platform, "sir0.accounts.v1.AccountsService/Login", &login).await.json();
    let bearer = format!("authorization: Bearer {}", signed_in["token"].as_str().expect("a token"));
    let game = a_game("Lanterns").to_string();
    let create = format!("{GAMES}/CreateGame");
    let added = grpcurl(&platform, &["-H", &bearer, "-d", &game], &[&create]).await.json();
    let one = json!({"gameId": added["gameId"]});
    let read = call(&platform, &format!("{GAMES}/GetGame"), &one).await.json();
    let list = call(&platform, &format!("{GAMES}/ListGames"), &json!({"q": "lant"})).await.json();

    assert_eq!(signed_in["message"], "Login successful");
    assert_eq!(added["message"], "Game added successfully");
    assert_eq!(read["game"]["title"], "Lanterns");
    assert_eq!(list["games"], json!([read["game"]]));
}

#[tokio::test]
async fn a_visitor_who_adds_a_game_is_told_to_sign_in() {
    let platform = process().await;

    let refused = call(&platform, &format!("{GAMES}/CreateGame"), &a_game("Lanterns")).await;

    // grpcurl adds 64 to the code of the status.
    assert_eq!(refused.code, Some(64 + 16), "{refused:?}");
    assert_eq!(status(&refused)["code"], 16);
}

#[tokio::test]
async fn an_unknown_game_ends_the_program_with_the_code_of_not_found() {
    let platform = process().await;

    let refused = call(&platform, &format!("{GAMES}/GetGame"), &json!({"gameId": 404})).await;

    assert_eq!(refused.code, Some(69), "{refused:?}");
    let status = status(&refused);
    assert_eq!(status["code"], 5);
    assert_eq!(status["message"], "there is no game 404");
    assert_eq!(status["details"][0]["@type"], "type.googleapis.com/google.rpc.ErrorInfo");
}

#[tokio::test]
async fn the_reason_of_a_refusal_is_legible_by_reflection_alone() {
    let platform = process().await;

    let refused = call(&platform, &format!("{GAMES}/GetGame"), &json!({"gameId": 404})).await;

    let detail = &status(&refused)["details"][0];
    let raw = detail["@value"].as_str().map(|raw| BASE64_STANDARD.decode(raw));
    let raw = raw.map(|raw| String::from_utf8_lossy(&raw.expect("base64")).into_owned());
    assert_eq!(detail["reason"], "GAME_NOT_FOUND", "a person sees {raw:?} in base64");
    assert_eq!(detail["domain"], "storefront");
    assert_eq!(detail["metadata"], json!({"game": "404"}));
}

#[tokio::test]
async fn the_platform_and_each_of_its_services_are_healthy() {
    let platform = process().await;

    let services: BTreeSet<_> = calls().map(|call| call.service).chain([""]).collect();
    for service in services {
        let check = json!({"service": service});
        let health = call(&platform, "grpc.health.v1.Health/Check", &check).await;

        assert_eq!(health.json(), json!({"status": "SERVING"}), "`{service}`");
    }
}
