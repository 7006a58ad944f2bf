//! Text as people of many languages type it: names, addresses, passwords and descriptions, over REST and gRPC.

use serde_json::{Value, json};
use sir0_contract::{
    accounts::{LoginRequest, RegisterRequest},
    storefront::GetGameRequest,
};
use sir0_testkit::{PASSWORD, Running, a_game, platform};
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// How a registration ended over both doors: the reason and the words for the field, or nothing.
type Ended = Option<(String, String)>;

fn account(at: usize, name: &str) -> Value {
    json!({"username": name, "email": format!("u{at}@example.com"), "password": PASSWORD})
}

async fn over_rest(platform: &Running, body: &Value) -> Ended {
    let answer = platform.visitor().rest().post("/api/users/register", body).await;
    if answer.status == 200 {
        return None;
    }
    assert_eq!(answer.status, 400, "{answer:?}");
    let words = &answer.json["fields"][0]["description"];
    Some((as_text(&answer.json["reason"]), as_text(words)))
}

async fn over_grpc(platform: &Running, body: &Value) -> Ended {
    let request = RegisterRequest {
        username: as_text(&body["username"]),
        email: as_text(&body["email"]),
        password: as_text(&body["password"]),
        setup_token: None,
    };
    let registered = platform.visitor().accounts().register(request).await;
    registered.err().map(|status: Status| {
        let reason = status.get_details_error_info().expect("a reason").reason;
        let fields = status.get_details_bad_request().expect("a field").field_violations;
        (reason, fields[0].description.clone())
    })
}

fn as_text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

async fn can_sign_in(platform: &Running, email: &str, password: &str) -> bool {
    let body = json!({"email": email, "password": password});
    let rest = platform.visitor().rest().post("/api/users/login", &body).await.status == 200;
    let request = LoginRequest {
        email: email.to_owned(),
        password: password.to_owned(),
        ..Default::default()
    };
    let grpc = platform.visitor().accounts().login(request).await.is_ok();
    assert_eq!(rest, grpc, "{email}");
    rest
}

#[tokio::test]
async fn names_that_look_alike_are_one_account_through_either_door() {
    let platform = platform().await;
    for (at, (first, second)) in [
        ("Strauß", "STRAUSS"),
        ("ΣΟΦΟΣ", "σοφος"),
        ("ﬁre", "FIRE"),
        ("ｶﾞｰﾃﾞﾝ", "ガーデン"),
        ("Ame\u{301}lie", "AMÉLIE"),
        ("Ada  King", "ada king"),
        ("می\u{200C}خواهم", "میخواهم"),
        ("❤\u{FE0F} Ada", "❤ ada"),
        ("coco", "сосо"),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(over_rest(&platform, &account(at, first)).await, None, "{first}");

        let rest = over_rest(&platform, &account(at + 100, second)).await;
        let grpc = over_grpc(&platform, &account(at + 100, second)).await;

        assert_eq!(rest.as_ref().map(|(reason, _)| &**reason), Some("USERNAME_TAKEN"), "{second}");
        assert_eq!(rest, grpc, "{second}");
    }
}

#[tokio::test]
async fn a_name_that_hides_something_is_refused_with_the_reason() {
    let platform = platform().await;
    let unseen = "which cannot be seen";
    for (name, why) in [
        ("ad\u{AD}min", unseen),
        ("admin\u{34F}", unseen),
        ("ad\u{200D}min", unseen),
        ("\u{3164}", unseen),
        ("ad\u{202E}min", "the control character U+202E"),
        ("admin\u{FFFF}", "is no character"),
        ("admin\u{E000}", "is no character"),
        ("аdmin", "must not mix alphabets"),
        ("A\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}", "must not have more than 4 marks"),
        ("\u{2003}\u{3000}", "must not be empty"),
    ] {
        let rest = over_rest(&platform, &account(0, name)).await;
        let grpc = over_grpc(&platform, &account(0, name)).await;

        let (reason, words) = rest.clone().unwrap_or_else(|| panic!("{name:?} is taken"));
        assert_eq!(reason, "INVALID_FIELDS", "{name:?}");
        assert!(words.contains(why), "{name:?}: {words}");
        assert_eq!(rest, grpc, "{name:?}");
    }
}

#[tokio::test]
async fn an_address_is_one_in_both_spellings_of_its_domain() {
    let platform = platform().await;
    let body =
        |name: &str, email: &str| json!({"username": name, "email": email, "password": PASSWORD});
    let spellings =
        ["info@bücher.example", "info@xn--bcher-kva.example", "INFO@Bu\u{308}cher.EXAMPLE"];

    assert_eq!(over_rest(&platform, &body("Ada", spellings[0])).await, None);

    for spelling in spellings {
        let taken = over_grpc(&platform, &body("Eve", spelling)).await.map(|(reason, _)| reason);
        assert_eq!(taken.as_deref(), Some("EMAIL_TAKEN"), "{spelling}");
        assert!(can_sign_in(&platform, spelling, PASSWORD).await, "{spelling}");
    }
    assert!(!can_sign_in(&platform, "info@bucher.example", PASSWORD).await);
}

#[tokio::test]
async fn a_password_is_the_same_on_every_keyboard_and_short_ones_still_sign_in() {
    let platform = platform().await;
    let body = |at: usize, password: &str| {
        json!({"username": format!("Ada {at}"), "email": format!("quizzical.zebra{at}@example.com"),
               "password": password})
    };
    let decomposed = "e\u{301}le\u{301}phants roses et 7 otaries";

    assert_eq!(over_rest(&platform, &body(1, decomposed)).await, None);
    for typed in [decomposed, "éléphants roses et 7 otaries", "éléphants　roses et ７ otaries"]
    {
        assert!(can_sign_in(&platform, "quizzical.zebra1@example.com", typed).await, "{typed}");
    }

    for (password, why) in [
        ("e\u{301}e\u{301}e\u{301}grey", "must have at least 8 characters"),
        ("quizzical.zebra2", "is too easy to guess"),
    ] {
        let rest = over_rest(&platform, &body(2, password)).await;
        let grpc = over_grpc(&platform, &body(2, password)).await;
        assert!(rest.as_ref().is_some_and(|(_, words)| words.contains(why)), "{rest:?}");
        assert_eq!(rest, grpc);
    }
}

#[tokio::test]
async fn a_description_is_taken_as_a_word_processor_writes_it() {
    let platform = platform().await;
    let publisher = platform.publisher("Northlight").await;
    let written = "\u{200F}משחק (\u{200E}RPG\u{200E})\u{2028}\u{2067}لعبة\u{2069}\u{2029}soft\u{AD}ly \
                   ภาษา\u{200B}ไทย 👨\u{200D}👩\u{200D}👧";
    let mut game = a_game("Lanterns");
    game["description"] = json!(written);

    let created = publisher.rest().post("/api/games", &game).await;
    let id = created.json["gameId"].as_i64().and_then(|id| i32::try_from(id).ok());
    let request = GetGameRequest { game_id: id.unwrap_or_else(|| panic!("{created:?}")) };
    let got = publisher.games().get_game(request).await.expect("a game").into_inner();
    let mut turned = a_game("Turned");
    turned["description"] = json!("abc\u{202E}fdp.exe");
    let refused = publisher.rest().post("/api/games", &turned).await;

    assert_eq!(got.game.expect("a game").description, written);
    assert_eq!(refused.status, 400, "only what turns other text around is refused");
    let request = GetGameRequest { game_id: i32::MAX };
    assert_eq!(publisher.games().get_game(request).await.unwrap_err().code(), Code::NotFound);
}
