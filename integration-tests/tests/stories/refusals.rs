//! Every refusal says the same at every door.

use serde_json::json;
use sir0_contract::{
    accounts::{GetUserRequest, LoginRequest, LogoutRequest, RegisterRequest, UpdateUserRequest},
    calls,
    storefront::{
        CreateGameRequest, GetGameRequest, ListGamesRequest, UpdateGameRequest, WatchGamesRequest,
    },
};
use sir0_testkit::{Answer, PASSWORD, a_game, platform, platform_with};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::grpc_web;

/// What both doors have to say.
struct Expected {
    code: Code,
    http: u16,
    reason: &'static str,
    domain: &'static str,
    fields: &'static [&'static str],
}

/// `page_size` as JSON spells it: `pageSize`.
fn as_in_json(field: &str) -> String {
    let mut words = field.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let (initial, rest) = word.split_at(1);
        name + &initial.to_uppercase() + rest
    })
}

fn says(status: &Status, answer: &Answer, expected: &Expected) {
    let Expected { code, http, reason, domain, fields } = *expected;
    let details = status.get_error_details();
    let info = details.error_info().unwrap_or_else(|| panic!("{reason}: {status:?}"));
    assert_eq!(status.code(), code, "{reason}");
    assert_eq!((info.reason.as_str(), info.domain.as_str()), (reason, domain));
    let bad = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
    assert_eq!(bad.iter().map(|bad| &bad.field[..]).collect::<Vec<_>>(), fields, "{reason}");
    assert!(bad.iter().all(|bad| !bad.description.is_empty()));
    assert!(status.metadata().contains_key("x-request-id"), "{reason}");

    assert_eq!(answer.status, http, "{reason}: {answer:?}");
    assert_eq!(answer.json["reason"], reason);
    let mut told = status.message().to_owned();
    for field in fields {
        told = told.replace(&format!("`{field}`"), &format!("`{}`", as_in_json(field)));
    }
    assert_eq!(answer.json["details"], told, "{reason}");
    assert!(answer.json["error"].as_str().is_some_and(|error| !error.is_empty()));
    let named = answer.json["fields"].as_array().cloned().unwrap_or_default();
    let named: Vec<_> = named.iter().map(|it| it["field"].as_str().expect("a name")).collect();
    let spelled: Vec<_> = fields.iter().map(|field| as_in_json(field)).collect();
    assert_eq!(named, spelled, "{reason}");
    assert!(answer.header("x-request-id").is_some_and(|id| !id.is_empty()), "{reason}");
}

#[tokio::test]
async fn the_storefront_refuses_alike_over_grpc_and_rest() {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await;
    let (rest, mut games) = (studio.rest(), studio.games());
    let expected =
        |code, http, reason, domain, fields| Expected { code, http, reason, domain, fields };
    let game_id = i32::try_from(
        rest.post("/api/games", &a_game("Lanterns")).await.json["gameId"].as_i64().unwrap(),
    )
    .unwrap();
    let path = format!("/api/games/{game_id}");

    let status = games.get_game(GetGameRequest { game_id: 2_000_000 }).await.unwrap_err();
    let answer = rest.get("/api/games/2000000").await;
    says(&status, &answer, &expected(Code::NotFound, 404, "GAME_NOT_FOUND", "storefront", &[]));

    let change = UpdateGameRequest {
        game_id,
        price: Some(1.0),
        revision: Some(9),
        ..UpdateGameRequest::default()
    };
    let status = games.update_game(change).await.unwrap_err();
    let answer = rest.put(&path, &json!({"price": 1, "revision": 9})).await;
    says(&status, &answer, &expected(Code::Aborted, 409, "STALE_REVISION", "storefront", &[]));

    let status = games.create_game(CreateGameRequest::default()).await.unwrap_err();
    let answer = rest.post("/api/games", &json!({})).await;
    let fields = &["title", "genre", "price"];
    says(
        &status,
        &answer,
        &expected(Code::InvalidArgument, 400, "INVALID_FIELDS", "contract", fields),
    );

    let asked = ListGamesRequest {
        page_size: -1,
        q: "a ".repeat(99),
        sort: "x".to_owned(),
        ..ListGamesRequest::default()
    };
    let query = format!("/api/games?pageSize=-1&sort=x&q={}", "a+".repeat(99));
    let status = games.list_games(asked).await.unwrap_err();
    let answer = rest.get(&query).await;
    let fields = &["page_size", "q", "sort"];
    says(
        &status,
        &answer,
        &expected(Code::InvalidArgument, 400, "INVALID_FIELDS", "contract", fields),
    );

    let forged = WatchGamesRequest { resume_token: "forged".to_owned(), ..Default::default() };
    let status = games.watch_games(forged).await.unwrap_err();
    let answer = rest.get("/api/games:watch?resumeToken=forged").await;
    let fields = &["resume_token"];
    says(
        &status,
        &answer,
        &expected(Code::InvalidArgument, 400, "INVALID_FIELDS", "contract", fields),
    );

    let visitor = platform.visitor();
    let status = visitor.games().create_game(CreateGameRequest::default()).await.unwrap_err();
    let answer = visitor.rest().post("/api/games", &json!({})).await;
    says(
        &status,
        &answer,
        &expected(Code::Unauthenticated, 401, "SIGN_IN_REQUIRED", "accounts", &[]),
    );

    let player = platform.player("Ada").await;
    let status = player.games().create_game(CreateGameRequest::default()).await.unwrap_err();
    let answer = player.rest().post("/api/games", &json!({})).await;
    let denied = expected(Code::PermissionDenied, 403, "PUBLISHER_ROLE_REQUIRED", "accounts", &[]);
    says(&status, &answer, &denied);
}

#[tokio::test]
async fn accounts_refuse_alike_over_grpc_and_rest() {
    let platform = platform().await;
    let ada = platform.player("Ada").await;
    let eve = platform.player("Eve").await;
    let (rest, mut accounts) = (eve.rest(), eve.accounts());
    let expected =
        |code, http, reason, fields| Expected { code, http, reason, domain: "accounts", fields };
    let register = |name: &str, email: &str| RegisterRequest {
        username: name.to_owned(),
        email: email.to_owned(),
        password: PASSWORD.to_owned(),
        setup_token: None,
    };
    let body =
        |name: &str, email: &str| json!({"username": name, "email": email, "password": PASSWORD});

    let status = accounts.register(register("ada", "a@example.com")).await.unwrap_err();
    let answer = rest.post("/api/users/register", &body("ada", "a@example.com")).await;
    says(&status, &answer, &expected(Code::AlreadyExists, 400, "USERNAME_TAKEN", &["username"]));

    let status = accounts.register(register("A", "ada@example.com")).await.unwrap_err();
    let answer = rest.post("/api/users/register", &body("A", "ada@example.com")).await;
    says(&status, &answer, &expected(Code::AlreadyExists, 400, "EMAIL_TAKEN", &["email"]));

    let status = accounts.get_user(GetUserRequest { user_id: 2_000_000 }).await.unwrap_err();
    let answer = rest.get("/api/users/2000000").await;
    says(&status, &answer, &expected(Code::NotFound, 404, "USER_NOT_FOUND", &[]));

    let change = UpdateUserRequest {
        user_id: ada.id,
        username: Some("Grace".to_owned()),
        ..UpdateUserRequest::default()
    };
    let status = accounts.update_user(change).await.unwrap_err();
    let answer = rest.put(&format!("/api/users/{}", ada.id), &json!({"username": "Grace"})).await;
    says(&status, &answer, &expected(Code::PermissionDenied, 403, "NOT_YOUR_ACCOUNT", &[]));

    let status = accounts.logout(LogoutRequest { token: "forged".to_owned() }).await.unwrap_err();
    let answer = rest.post("/api/users/logout", &json!({"token": "forged"})).await;
    says(&status, &answer, &expected(Code::InvalidArgument, 400, "UNKNOWN_TOKEN", &[]));
}

#[tokio::test]
async fn too_many_passwords_at_once_are_told_when_to_try_again() {
    let platform = platform_with(|config| {
        let accounts: &mut sir0_accounts::Config = config.services.get_mut();
        let hashing = &mut accounts.hashing;
        (hashing.memory_mib, hashing.queue) = (1, 0);
    })
    .await;
    let visitor = platform.visitor();
    // Each time another one: too many attempts at one account are another refusal.
    let mut nobodies = (0..).map(|number| format!("nobody{number}@example.com"));
    let credentials = |email: String| json!({"email": email, "password": PASSWORD});
    let knocking = tokio::spawn({
        let rest = visitor.rest();
        async move {
            for number in 0.. {
                let credentials = credentials(format!("knocks{number}@example.com"));
                rest.post("/api/users/login", &credentials).await;
            }
        }
    });

    let mut nobody = || nobodies.next().expect("there are enough");
    let (mut accounts, rest) = (visitor.accounts(), visitor.rest());
    let status = loop {
        let request =
            LoginRequest { email: nobody(), password: PASSWORD.to_owned(), ..Default::default() };
        let status = accounts.login(request).await.unwrap_err();
        if status.code() != Code::Unauthenticated {
            break status;
        }
    };
    let answer = loop {
        let answer = rest.post("/api/users/login", &credentials(nobody())).await;
        if answer.status != 401 {
            break answer;
        }
    };
    knocking.abort();

    let (code, reason, domain) = (Code::ResourceExhausted, "TOO_BUSY", "accounts");
    says(&status, &answer, &Expected { code, http: 429, reason, domain, fields: &[] });
    let wait = status.get_error_details().retry_info().unwrap().retry_delay.unwrap();
    assert!((1..60).contains(&wait.as_secs()), "{wait:?}");
    assert!(answer.header("retry-after").unwrap().parse::<u64>().is_ok_and(|wait| wait >= 1));
}

#[tokio::test]
async fn every_answer_carries_a_request_id_and_keeps_the_one_it_was_given() {
    let platform = platform().await;
    let visitor = platform.visitor();
    let rest = visitor.rest();
    let list = calls().find(|call| call.name == "ListGames").expect("a call");
    let given = async |id: &str| {
        let request = rest.request(http::Method::GET, "/api/games").header("x-request-id", id);
        Answer::to(request).await.header("x-request-id").expect("an id").to_owned()
    };

    let mut ids = Vec::new();
    for path in
        ["/api/games", "/api/games/7", "/nowhere", "/metrics", "/docs", "/openapi.json", "/ws"]
    {
        let answer = rest.get(path).await;
        ids.push(answer.header("x-request-id").expect(path).to_owned());
    }
    let grpc = visitor.games().list_games(ListGamesRequest::default()).await.unwrap();
    ids.push(grpc.metadata().get("x-request-id").expect("an id").to_str().unwrap().to_owned());
    let web = grpc_web::makes(&visitor, list, &[]).await;
    ids.push(web.headers["x-request-id"].to_str().unwrap().to_owned());

    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all, "no two requests share an id");
    assert_eq!(given("order-7.retry_2").await, "order-7.retry_2");
    for unfit in ["no spaces please", &"x".repeat(65), "{\"a\":1}"] {
        assert_ne!(given(unfit).await, unfit);
    }
}
