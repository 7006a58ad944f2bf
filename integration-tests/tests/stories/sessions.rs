//! A session from its beginning to its end: what its token says, who can check it, and when it is no longer accepted.

use std::time::Duration;

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sir0_contract::storefront::{CreateGameRequest, DeleteGameRequest};
use sir0_kernel::{Clock, Role, SessionId, SystemClock, Timestamp, UserId};
use sir0_testkit::{Person, Running, a_game, platform};
use sir0_tokens::{Mint, SignIn, SigningKey};
use tonic::Code;

/// Whether the storefront lets this person in, asked over REST and gRPC, which have to agree.
async fn is_let_in(person: &Person) -> bool {
    let answer = person.rest().delete("/api/games/2000000000").await;
    let status = person
        .games()
        .delete_game(DeleteGameRequest { game_id: 2_000_000_000 })
        .await
        .expect_err("there is no such game");
    match (answer.status, status.code()) {
        (401, Code::Unauthenticated) => false,
        (404, Code::NotFound) => true,
        other => panic!("REST and gRPC disagree: {other:?}, {}, {status:?}", answer.text),
    }
}

/// A token signed with the platform's own key, as it would have been at another time.
fn minted(platform: &Running, person: &Person, at: Timestamp) -> String {
    minted_as(Role::Publisher, platform, person, at)
}

/// A token of a player, signed as above.
pub(crate) fn minted_for(platform: &Running, person: &Person, at: Timestamp) -> String {
    minted_as(Role::Player, platform, person, at)
}

pub(crate) fn minted_as(role: Role, platform: &Running, person: &Person, at: Timestamp) -> String {
    let key = SigningKey::open_or_create(&platform.signing_key());
    let key = key.expect("the platform made it");
    let mint = Mint::new(key, "sir0".to_owned(), "sir0".to_owned());
    let user = UserId::parse(person.id).expect("someone with an account");
    let sign_in = SignIn::by_password(user, role, SessionId::fresh(at), at);
    mint.mint(&sign_in, at, at.after(Duration::from_hours(1))).token
}

#[tokio::test]
async fn a_logged_out_token_is_refused_by_the_storefront_at_once_and_after_a_restart() {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await;
    let still_in = platform.visitor().signs_in("Northlight").await;
    assert!(is_let_in(&studio).await);

    studio.rest().post("/api/users/logout", &json!({"token": studio.token()})).await;

    assert!(!is_let_in(&studio).await);
    assert!(is_let_in(&still_in).await);

    let _platform = platform.restart().await;

    assert!(!is_let_in(&studio).await);
    assert!(is_let_in(&still_in).await);
}

#[tokio::test]
async fn an_expired_token_lets_no_one_in_and_can_still_be_logged_out() {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await;
    let now = SystemClock.now();
    let fresh = studio.with_token(&minted(&platform, &studio, now));
    let expired =
        studio.with_token(&minted(&platform, &studio, now.before(Duration::from_mins(61))));

    let ended = expired.rest().post("/api/users/logout", &json!({"token": expired.token()})).await;

    assert!(is_let_in(&fresh).await, "the same token is good in time");
    assert!(!is_let_in(&expired).await);
    assert_eq!(ended.status, 200);
}

#[tokio::test]
async fn a_new_role_ends_the_sessions_of_the_old_one() {
    let platform = platform().await;
    let ada = platform.player("Ada").await;
    let denied = ada.rest().post("/api/games", &a_game("Lanterns")).await;

    platform.operator().grants("Ada", Role::Publisher).await;
    let signed_out = ada.rest().post("/api/games", &a_game("Lanterns")).await;
    let ada = ada.signs_in("Ada").await;
    let allowed = ada.rest().post("/api/games", &a_game("Lanterns")).await;
    platform.operator().grants("Ada", Role::Publisher).await;
    let same_role_again = ada.rest().post("/api/games", &a_game("Harbours")).await;

    assert_eq!(denied.status, 403);
    assert_eq!(signed_out.status, 401);
    assert_eq!(allowed.status, 201);
    assert_eq!(same_role_again.status, 201);
}

#[tokio::test]
async fn two_authorization_headers_are_as_good_as_none() {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await;
    let rest = platform.visitor().rest();
    let bearer = format!("Bearer {}", studio.token());

    let lower = rest
        .request(http::Method::POST, "/api/games")
        .header("authorization", bearer.replace("Bearer", "bearer"))
        .json(&a_game("Lanterns"));
    let twice = rest
        .request(http::Method::POST, "/api/games")
        .header("authorization", &bearer)
        .header("authorization", &bearer)
        .json(&a_game("Lanterns"));

    assert_eq!(sir0_testkit::Answer::to(lower).await.status, 201);
    assert_eq!(sir0_testkit::Answer::to(twice).await.status, 401);
}

#[tokio::test]
async fn anyone_can_check_a_token_with_the_published_key_set() {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await;
    let decoded = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64url");
    let json = |part: &str| serde_json::from_slice::<Value>(&decoded(part)).expect("JSON");

    let published = platform.visitor().rest().get("/.well-known/jwks.json").await;

    assert_eq!(published.header("content-type"), Some("application/jwk-set+json"));
    let parts: Vec<_> = studio.token().split('.').collect();
    let [head, claims, signature] = parts[..] else { panic!("a JWT has three parts") };
    let keys = published.json["keys"].as_array().expect("a key set");
    let key = keys.iter().find(|key| key["kid"] == json(head)["kid"]).expect("the key is there");
    assert_eq!((&key["kty"], &key["crv"]), (&json!("OKP"), &json!("Ed25519")));
    assert!(key.get("d").is_none(), "only the public half is published");
    let signed = format!("{head}.{claims}");
    UnparsedPublicKey::new(&ED25519, decoded(key["x"].as_str().unwrap()))
        .verify(signed.as_bytes(), &decoded(signature))
        .expect("the signature is good");

    assert_eq!(json(head)["typ"], "at+jwt");
    assert_eq!(json(head)["alg"], "EdDSA");
    let claims = json(claims);
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!("sir0"), &json!("sir0")));
    assert_eq!(claims["sub"], studio.id.to_string());
    assert_eq!(claims["role"], "publisher");
    for claim in ["exp", "iat"] {
        assert!(claims[claim].is_i64(), "{claims}");
    }
    for claim in ["jti", "sid"] {
        assert!(claims[claim].is_string(), "{claims}");
    }
}

#[tokio::test]
async fn a_token_of_another_platform_is_no_token_here() {
    let here = platform().await;
    let elsewhere = platform().await;
    let stranger = elsewhere.publisher("Northlight").await;
    let studio = here.publisher("Northlight").await;

    let foreign = studio.with_token(stranger.token());
    let request = CreateGameRequest { price: Some(1.0), ..CreateGameRequest::default() };
    let status = foreign.games().create_game(request).await.unwrap_err();

    assert_eq!(status.code(), Code::Unauthenticated);
    assert!(!is_let_in(&foreign).await);
    assert!(is_let_in(&studio).await);
}
