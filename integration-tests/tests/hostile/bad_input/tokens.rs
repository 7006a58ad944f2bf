//! Tokens of every kind, forged, borrowed or out of time.

use std::{path::Path, time::Duration};

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use prost::Message;
use serde_json::{Value, json};
use sir0_contract::storefront::{DeleteGameRequest, WatchGamesRequest};
use sir0_kernel::{Clock, Role, SessionId, SystemClock, Timestamp, UserId};
use sir0_testkit::{Person, Tables, platform, process, process_after_upgrade};
use sir0_tokens::{Mint, SignIn, SigningKey};

use crate::{
    http1::asks,
    http2::{Http2, calls_from_browser, framed},
    stage::{BESIDE_OTHERS_MIB, Unshaken, a_game, adds},
};

const HOUR: Duration = Duration::from_hours(1);
const DELETE_GAME: &str = "/sir0.storefront.v1.GamesService/DeleteGame";
const UNAUTHENTICATED: i32 = 16;

fn part(json: &Value) -> String {
    BASE64URL.encode(json.to_string())
}

/// Tokens that look like a publisher's and are not, made by a forger that knows everything but the key.
fn forged(good: &str, key: &SigningKey) -> Vec<(String, String)> {
    let (head, rest) = good.split_once('.').expect("a JWT");
    let (claims, signature) = rest.split_once('.').expect("a JWT");
    let header: Value =
        serde_json::from_slice(&BASE64URL.decode(head).expect("base64url")).expect("JSON");
    let body: Value =
        serde_json::from_slice(&BASE64URL.decode(claims).expect("base64url")).expect("JSON");
    let mut cases = Vec::new();
    let mut add = |what: &str, token: String| cases.push((what.to_owned(), token));

    for none in ["none", "None", "NONE", "nOnE", "", "null"] {
        let head = part(&json!({"alg": none, "typ": "at+jwt", "kid": key.kid()}));
        add(&format!("alg {none:?} without a signature"), format!("{head}.{claims}."));
        add(&format!("alg {none:?} with a signature"), format!("{head}.{claims}.{signature}"));
    }
    let public: Value = serde_json::from_str(&key.jwks()).expect("JSON");
    let public_text = public["keys"][0]["x"].as_str().expect("an Ed25519 key");
    let public_bytes = BASE64URL.decode(public_text).expect("base64url");
    for (what, secret) in [
        ("bytes", &public_bytes[..]),
        ("text", public_text.as_bytes()),
        ("set", key.jwks().as_bytes()),
        ("nothing", b""),
    ] {
        let head = part(&json!({"alg": "HS256", "typ": "at+jwt", "kid": key.kid()}));
        let mac = hmac::sign(
            &hmac::Key::new(hmac::HMAC_SHA256, secret),
            format!("{head}.{claims}").as_bytes(),
        );
        add(
            &format!("HS256 with the public key as {what}"),
            format!("{head}.{claims}.{}", BASE64URL.encode(mac)),
        );
    }
    for alg in ["ES256", "RS256", "PS256", "HS512", "EdDSA2", "eddsa"] {
        let mut head = header.clone();
        head["alg"] = json!(alg);
        add(&format!("alg {alg}"), format!("{}.{claims}.{signature}", part(&head)));
    }
    for (what, field, value) in [
        ("an unknown kid", "kid", json!("nobody")),
        ("a path as kid", "kid", json!("../../signing-key.pem")),
        ("SQL as kid", "kid", json!("' OR 1=1 --")),
        ("no kid", "kid", Value::Null),
        ("a number as kid", "kid", json!(1)),
        ("another type", "typ", json!("JWT")),
        ("no type", "typ", Value::Null),
        ("a critical extension", "crit", json!(["exp"])),
        ("a key of its own", "jwk", json!({"kty": "OKP", "crv": "Ed25519", "x": public_text})),
        ("a key somewhere else", "jku", json!("http://127.0.0.1:1/jwks.json")),
    ] {
        let mut head = header.clone();
        head[field] = value;
        add(what, format!("{}.{claims}.{signature}", part(&head)));
    }
    for (what, field, value) in [
        ("another role", "role", json!("admin")),
        ("another user", "sub", json!("2")),
        ("a later end", "exp", json!(9_999_999_999_i64)),
    ] {
        let mut body = body.clone();
        body[field] = value;
        add(what, format!("{head}.{}.{signature}", part(&body)));
    }
    cases
}

/// Tokens that are signed well, but by another issuer, with another key, for another audience, or too long ago.
fn signed_elsewhere(own: &Path, folder: &Path, user: i32) -> Vec<(String, String)> {
    let now = SystemClock.now();
    let long_ago = now.before(2 * HOUR);
    let stranger = folder.join("stranger.pem");
    let user = UserId::parse(user).expect("an account");
    let minted = |(what, key, issuer, audience, at): (&str, &Path, &str, &str, Timestamp)| {
        let key = SigningKey::open_or_create(key).expect("a key");
        let mint = Mint::new(key, issuer.to_owned(), audience.to_owned());
        let token = mint
            .mint(
                &SignIn::by_password(user, Role::Admin, SessionId::fresh(now), at),
                at,
                at.after(HOUR),
            )
            .token;
        (what.to_owned(), token)
    };
    [
        ("another key", stranger.as_path(), "sir0", "sir0", now),
        ("another audience", own, "sir0", "other", now),
        ("another issuer", own, "other", "sir0", now),
        ("expired an hour ago", own, "sir0", "sir0", long_ago),
    ]
    .map(minted)
    .into()
}

/// A good token, no longer whole.
fn mangled(good: &str) -> Vec<(String, String)> {
    let (head, rest) = good.split_once('.').expect("a JWT");
    let (claims, signature) = rest.split_once('.').expect("a JWT");
    let mut cases = Vec::new();
    let mut add = |what: &str, token: String| cases.push((what.to_owned(), token));
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    add("a changed signature", format!("{head}.{claims}.{flipped}{}", &signature[1..]));
    add("half a signature", format!("{head}.{claims}.{}", &signature[..signature.len() / 2]));
    add("a signature of zeros", format!("{head}.{claims}.{}", BASE64URL.encode([0; 64])));
    add("no signature", format!("{head}.{claims}"));
    add("four parts", format!("{good}.{signature}"));
    add("dots", "...".to_owned());
    add("a dot", ".".to_owned());
    add("no JSON", format!("{}.{}.{signature}", BASE64URL.encode("x"), BASE64URL.encode("y")));
    add("deep JSON", format!("{}.{claims}.{signature}", BASE64URL.encode("[".repeat(2_000))));
    add("a token of 5 KB", format!("{good}{}", "A".repeat(5_000)));
    add("a word", "letmein".to_owned());
    cases
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_token_opens_no_door_in_any_dialect() {
    let (process, own) = process_after_upgrade().await;
    let mut server = Unshaken::new(process);
    let studio = server.process.publisher("Northlight").await;
    let id = adds(&studio, "Lanterns").await;
    let folder = tempfile::tempdir().expect("a folder for the test");
    let key = SigningKey::open_or_create(&own).expect("the key of the server");
    let mut tokens = forged(studio.token(), &key);
    tokens.extend(signed_elsewhere(&own, folder.path(), studio.id));
    tokens.extend(mangled(studio.token()));
    let address = studio.address();
    let connection = Http2::open(address).await;
    let delete = framed(&DeleteGameRequest { game_id: id }.encode_to_vec());
    let path = format!("/api/games/{id}");

    for (what, token) in &tokens {
        let bearer = format!("Bearer {token}");
        asks(address, "DELETE", &path, token, b"").await.is_refused(401, what);
        let native =
            connection.calls(DELETE_GAME, &[("authorization", &bearer)], delete.clone()).await;
        native.is_refused(UNAUTHENTICATED, what);
        let web =
            calls_from_browser(address, DELETE_GAME, &[("Authorization", &bearer)], &delete).await;
        web.is_refused(UNAUTHENTICATED, what);
    }

    assert_eq!(studio.rest().get(&path).await.status, 200, "the game is still there");
    assert_eq!(studio.rest().delete(&path).await.status, 200, "and the good token still good");
    server.is_unshaken(BESIDE_OTHERS_MIB).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_100_kilobytes_does_not_fit_through_the_door() {
    let mut server = Unshaken::new(process().await);
    let address = server.process.address();
    let token = "A".repeat(100_000);
    let bearer = format!("Bearer {token}");

    let rest = asks(address, "DELETE", "/api/games/1", &token, b"").await;
    assert!(matches!(rest.status, 401 | 431), "{}", rest.head);
    assert!(rest.took < crate::stage::QUICK);

    let connection = Http2::open(address).await;
    let message = DeleteGameRequest { game_id: 1 }.encode_to_vec();
    match connection.begins(DELETE_GAME, &[("authorization", &bearer)], framed(&message)).await {
        Ok(response) => assert_eq!(response.headers()["grpc-status"], "8", "{response:?}"),
        Err(broken_off) => assert!(!broken_off.is_timeout(), "{broken_off}"),
    }

    let web =
        calls_from_browser(address, DELETE_GAME, &[("Authorization", &bearer)], &framed(&message))
            .await;
    assert!(matches!(web.http, 401 | 431) || web.code == Some(UNAUTHENTICATED), "{web:?}");

    let body = json!({"token": token}).to_string();
    asks(address, "POST", "/api/users/logout", "", body.as_bytes())
        .await
        .is_refused(400, "a logout");
    server.is_unshaken(16).await;
}

/// The token of the second page of this list, one game a page.
async fn page_token(person: &Person, query: &str) -> String {
    let page = person.rest().get(&format!("/api/games?pageSize=1&{query}")).await;
    page.json["nextPageToken"]
        .as_str()
        .unwrap_or_else(|| panic!("{query}: {}", page.text))
        .to_owned()
}

async fn resume_token(person: &Person) -> String {
    let mut games = person.games();
    let request = WatchGamesRequest { send_present: true, ..Default::default() };
    let mut stream = games.watch_games(request).await.expect("a stream").into_inner();
    loop {
        let message = stream.message().await.expect("unbroken").expect("the present ends");
        if !message.resume_token.is_empty() {
            return message.resume_token;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_token_opens_no_other_list() {
    let server = process().await;
    let studio = server.publisher("Northlight").await;
    for title in ["Lanterns", "Lantern Keepers", "Lanternfall"] {
        adds(&studio, title).await;
    }
    let good = page_token(&studio, "sort=title").await;
    let resume = resume_token(&studio).await;
    let elsewhere = process().await;
    let stranger = elsewhere.publisher("Stranger").await;
    adds(&stranger, "Lanterns").await;
    adds(&stranger, "Lanternfall").await;
    let foreign = page_token(&stranger, "sort=title").await;
    let (one, rest) = good.split_at(1);
    let changed = format!("{}{rest}", if one == "A" { "B" } else { "A" });

    for (what, query) in [
        ("another order", format!("sort=price&pageToken={good}")),
        ("no order", format!("pageToken={good}")),
        ("a genre", format!("sort=title&genre=Puzzle&pageToken={good}")),
        ("words", format!("sort=title&q=lantern&pageToken={good}")),
        ("a changed token", format!("sort=title&pageToken={changed}")),
        ("half a token", format!("sort=title&pageToken={}", &good[..good.len() / 2])),
        ("a longer token", format!("sort=title&pageToken={good}AAAA")),
        ("a doubled token", format!("sort=title&pageToken={good}{good}")),
        ("a resume token", format!("sort=title&pageToken={resume}")),
        ("a token of another platform", format!("sort=title&pageToken={foreign}")),
        (
            "a plain place",
            format!("sort=title&pageToken={}", BASE64URL.encode(r#"{"key":"","id":0}"#)),
        ),
        ("a vast token", format!("sort=title&pageToken={}", "A".repeat(8_000))),
        ("SQL", "sort=title&pageToken=%27%20OR%201=1%20--".to_owned()),
    ] {
        let answer = asks(studio.address(), "GET", &format!("/api/games?{query}"), "", b"").await;

        answer.is_refused(400, what);
        assert_eq!(answer.json()["fields"][0]["field"], "pageToken", "{what}");
    }
    let next =
        studio.rest().get(&format!("/api/games?sort=title&pageSize=100&pageToken={good}")).await;
    assert_eq!(next.json["games"].as_array().map(Vec::len), Some(2), "the good one is still good");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_title_that_the_store_takes_can_be_paged_past() {
    let server = process().await;
    let studio = server.publisher("Northlight").await;
    // Each of these becomes eighteen characters when titles are compared.
    adds(&studio, &"\u{fdfa}".repeat(120)).await;
    adds(&studio, &"\u{1F3EE}".repeat(120)).await;

    let token = page_token(&studio, "sort=title").await;
    let next =
        studio.rest().get(&format!("/api/games?sort=title&pageSize=1&pageToken={token}")).await;

    assert_eq!(next.status, 200, "{}", next.text);
    assert_eq!(next.json["games"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resume_token_opens_no_other_stream() {
    let server = process().await;
    let studio = server.publisher("Northlight").await;
    adds(&studio, "Lanterns").await;
    adds(&studio, "Lanternfall").await;
    let good = resume_token(&studio).await;
    let page = page_token(&studio, "").await;
    let elsewhere = process().await;
    let foreign = resume_token(&elsewhere.visitor()).await;
    let connection = Http2::open(studio.address()).await;
    let (one, rest) = good.split_at(1);
    let changed = format!("{}{rest}", if one == "A" { "B" } else { "A" });

    for (what, token) in [
        ("a changed token", changed),
        ("half a token", good[..good.len() / 2].to_owned()),
        ("a longer token", format!("{good}AAAA")),
        ("a page token", page),
        ("a token of another platform", foreign),
        ("a plain position", BASE64URL.encode(1_i64.to_be_bytes())),
        ("nothing sealed", BASE64URL.encode([0; 24])),
        ("padding", format!("{good}==")),
        ("a vast token", "A".repeat(20_000)),
    ] {
        let target = format!("/api/games:watch?resumeToken={token}");
        asks(studio.address(), "GET", &target, "", b"").await.is_refused(400, what);
        let watch = WatchGamesRequest { resume_token: token, ..Default::default() }.encode_to_vec();
        let native = connection
            .calls("/sir0.storefront.v1.GamesService/WatchGames", &[], framed(&watch))
            .await;
        native.is_refused(3, what);
    }
}

/// A backup here is a copy of a file.
fn file(tables: &Tables) -> &Path {
    match tables {
        Tables::File(file) => file,
        Tables::Server(_) => panic!("this story is about files, run it without SIR0_TEST_TOPOLOGY"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resume_token_from_a_future_that_a_restored_backup_took_back_is_out_of_range() {
    let running = platform().await;
    let studio = running.publisher("Northlight").await;
    adds(&studio, "Lanterns").await;
    let running = running
        .restart_after(async |tables| {
            let file = file(tables);
            std::fs::copy(file, file.with_extension("backup")).expect("a backup");
        })
        .await;
    for number in 0..5 {
        adds(&studio, &format!("Lanternfall {number}")).await;
    }
    let token = resume_token(&studio).await;
    let running = running
        .restart_after(async |tables| {
            let file = file(tables);
            std::fs::copy(file.with_extension("backup"), file).expect("a backup");
        })
        .await;

    let target = format!("/api/games:watch?resumeToken={token}");
    let answer = asks(running.address(), "GET", &target, "", b"").await;
    answer.is_refused(400, "a token from the future");
    assert_eq!(answer.json()["reason"], "RESUME_TOKEN_AHEAD");
    let watch = WatchGamesRequest { resume_token: token, ..Default::default() };
    let refused = studio.games().watch_games(watch).await.expect_err("a token from the future");
    assert_eq!(refused.code(), tonic::Code::OutOfRange);
    let added = studio.games().create_game(a_game("After the backup")).await.expect("a good game");
    assert!(added.into_inner().game_id > 0);
}
