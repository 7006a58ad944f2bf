//! A person makes an account, signs in and signs out: every word of the documented contract, over REST and gRPC.

use serde_json::{Value, json};
use sir0_contract::accounts::{LoginRequest, LogoutRequest, RegisterRequest};
use sir0_testkit::{PASSWORD, platform};
use tonic::Code;
use tonic_types::StatusExt;

fn ada() -> Value {
    json!({"username": "Ada", "email": "ada@example.com", "password": PASSWORD})
}

fn register(username: &str, email: &str, password: &str) -> RegisterRequest {
    RegisterRequest {
        username: username.to_owned(),
        email: email.to_owned(),
        password: password.to_owned(),
        setup_token: None,
    }
}

fn login(email: &str, password: &str) -> LoginRequest {
    LoginRequest { email: email.to_owned(), password: password.to_owned(), ..Default::default() }
}

#[tokio::test]
async fn a_person_registers_signs_in_and_signs_out_in_the_documented_words() {
    let platform = platform().await;
    let rest = platform.visitor().rest();

    let registered = rest.post("/api/users/register", &ada()).await;
    let credentials = json!({"email": "ada@example.com", "password": PASSWORD});
    let signed_in = rest.post("/api/users/login", &credentials).await;
    let token = json!({"token": signed_in.json["token"]});
    let signed_out = rest.post("/api/users/logout", &token).await;

    assert_eq!(registered.status, 200);
    assert_eq!(registered.json["message"], "User registered successfully");
    assert_eq!(registered.json["username"], "Ada");
    assert_eq!(signed_in.status, 200);
    assert_eq!(signed_in.json["message"], "Login successful");
    assert!(signed_in.json["token"].as_str().is_some_and(|token| token.split('.').count() == 3));
    assert_eq!(signed_out.status, 200);
    assert_eq!(signed_out.json, json!({"message": "Logout successful"}));
    for answer in [registered, signed_in, signed_out] {
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
}

#[tokio::test]
async fn grpc_says_the_same_in_its_own_types() {
    let platform = platform().await;
    let mut accounts = platform.visitor().accounts();

    let registered =
        accounts.register(register("Ada", "ada@example.com", PASSWORD)).await.unwrap().into_inner();
    let begun = accounts.login(login("ADA@example.com", PASSWORD)).await.unwrap().into_inner();
    let ended = accounts.logout(LogoutRequest { token: begun.token }).await.unwrap().into_inner();

    assert_eq!(registered.message, "User registered successfully");
    assert_eq!(registered.username, "Ada");
    assert_eq!(begun.message, "Login successful");
    assert_eq!(begun.user_id, registered.user_id);
    assert!(begun.expire_time.is_some());
    assert_eq!(ended.message, "Logout successful");
}

#[tokio::test]
async fn a_name_or_email_that_is_taken_is_named_also_in_another_case() {
    let platform = platform().await;
    platform.visitor().registers("Ada").await;
    let rest = platform.visitor().rest();
    let mut accounts = platform.visitor().accounts();

    for (name, email, field, reason) in [
        ("aDA", "other@example.com", "username", "USERNAME_TAKEN"),
        ("\u{ff21}da", "other@example.com", "username", "USERNAME_TAKEN"),
        ("Other", "Ada@EXAMPLE.com", "email", "EMAIL_TAKEN"),
    ] {
        let body = json!({"username": name, "email": email, "password": PASSWORD});
        let answer = rest.post("/api/users/register", &body).await;
        let status = accounts.register(register(name, email, PASSWORD)).await.unwrap_err();

        assert_eq!(answer.status, 400, "{name} {email}");
        assert!(answer.json["error"].is_string(), "{answer:?}");
        assert!(answer.json["details"].as_str().unwrap().contains(field), "{answer:?}");
        assert_eq!(answer.json["reason"], reason);
        assert_eq!(answer.json["fields"][0]["field"], field);
        assert_eq!(status.code(), Code::AlreadyExists);
        assert_eq!(status.get_details_error_info().unwrap().reason, reason);
        let bad = status.get_details_bad_request().unwrap().field_violations;
        assert_eq!((bad.len(), bad[0].field.as_str()), (1, field));
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_email_get_the_same_answer() {
    let platform = platform().await;
    platform.visitor().registers("Ada").await;
    let rest = platform.visitor().rest();
    let mut accounts = platform.visitor().accounts();
    let wrong = "eleven loud lanterns under 85 bridges";

    let mut bodies = Vec::new();
    let mut statuses = Vec::new();
    for email in ["ada@example.com", "nobody@example.com"] {
        let answer =
            rest.post("/api/users/login", &json!({"email": email, "password": wrong})).await;
        assert_eq!(answer.status, 401);
        bodies.push(answer.json);
        statuses.push(accounts.login(login(email, wrong)).await.unwrap_err());
    }

    assert_eq!(bodies[0], bodies[1]);
    assert_eq!(bodies[0]["error"], "Invalid credentials");
    assert_eq!(statuses[0].code(), Code::Unauthenticated);
    assert_eq!(statuses[1].code(), Code::Unauthenticated);
    assert_eq!(statuses[0].message(), statuses[1].message());
    assert_eq!(statuses[0].details(), statuses[1].details());
}

#[tokio::test]
async fn an_account_that_cannot_be_is_refused_with_every_bad_field_named() {
    let platform = platform().await;
    let rest = platform.visitor().rest();

    let answer = rest
        .post("/api/users/register", &json!({"username": " ", "email": "no", "password": "short"}))
        .await;
    let guessed = json!({"username": "Ada", "email": "ada@example.com", "password": "password1"});
    let guessed = rest.post("/api/users/register", &guessed).await;
    let empty = rest.post("/api/users/register", &json!({})).await;

    let named = |answer: &sir0_testkit::Answer| {
        let fields = answer.json["fields"].as_array().unwrap().clone();
        fields.iter().map(|field| field["field"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for answer in [&answer, &guessed, &empty] {
        assert_eq!(answer.status, 400);
        assert!(answer.json["error"].is_string() && answer.json["details"].is_string());
        assert_eq!(answer.json["reason"], "INVALID_FIELDS");
    }
    assert_eq!(named(&answer), ["username", "email", "password"]);
    assert_eq!(named(&guessed), ["password"]);
    assert_eq!(named(&empty), ["username", "email", "password"]);
}

#[tokio::test]
async fn logging_out_twice_succeeds_and_a_token_that_was_never_ours_does_not() {
    let platform = platform().await;
    let ada = platform.player("Ada").await;
    let rest = platform.visitor().rest();
    let (head, _) = ada.token().rsplit_once('.').unwrap();
    let unsigned = format!("{head}.");

    let first = rest.post("/api/users/logout", &json!({"token": ada.token()})).await;
    let again = rest.post("/api/users/logout", &json!({"token": ada.token()})).await;

    assert_eq!((first.status, again.status), (200, 200));
    assert_eq!(first.json, again.json);
    for never_ours in ["", "nonsense", "a.b.c", &unsigned] {
        let refused = rest.post("/api/users/logout", &json!({"token": never_ours})).await;
        assert_eq!(refused.status, 400, "{never_ours}");
        assert!(refused.json["error"].is_string() && refused.json["details"].is_string());
        assert_eq!(refused.json["reason"], "UNKNOWN_TOKEN");
    }
}

#[tokio::test]
async fn no_answer_ever_holds_a_password() {
    let platform = platform().await;
    let root = platform.admin("Root").await;
    let ada = platform.player("Ada").await;
    let rest = ada.rest();
    let profile = format!("/api/users/{}", ada.id);

    let mut answers = vec![
        rest.post("/api/users/register", &self::ada()).await,
        rest.post("/api/users/login", &json!({"email": "ada@example.com", "password": PASSWORD}))
            .await,
        rest.get(&profile).await,
        root.rest().get(&profile).await,
        rest.put(&profile, &json!({"password": PASSWORD, "username": "Ada L."})).await,
    ];
    answers.push(rest.get(&profile).await);

    assert_eq!(
        answers.iter().map(|a| a.status).collect::<Vec<_>>(),
        [400, 200, 200, 200, 200, 200]
    );
    for answer in answers {
        assert!(!answer.text.contains(PASSWORD), "{}", answer.text);
        assert!(answer.json.get("password").is_none(), "{}", answer.text);
        assert!(!answer.text.contains("scrypt"), "{}", answer.text);
    }
}
