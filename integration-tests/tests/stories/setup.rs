//! The first administrator, whom a link makes that only the operator sees.

use serde_json::{Value, json};
use sir0_contract::accounts::{GetSetupRequest, RegisterRequest};
use sir0_testkit::{Answer, PASSWORD, Person, platform, process_with};
use tonic::Code;

fn account(name: &str, token: &str) -> Value {
    let email = format!("{}@example.com", name.to_lowercase());
    json!({"username": name, "email": email, "password": PASSWORD, "setupToken": token})
}

async fn claims(visitor: &Person, name: &str, token: &str) -> Answer {
    visitor.rest().post("/api/users/register", &account(name, token)).await
}

async fn needs_administrator(visitor: &Person) -> bool {
    let told = visitor.rest().get("/api/setup").await;
    let status = visitor.accounts().get_setup(GetSetupRequest {}).await.expect("anyone may ask");
    let needs = status.into_inner().needs_administrator;
    assert_eq!(told.json, json!({"needsAdministrator": needs}));
    needs
}

#[tokio::test]
async fn the_link_of_the_operator_makes_the_first_administrator_and_works_once() {
    let platform = platform().await;
    let visitor = platform.visitor();
    assert!(needs_administrator(&visitor).await);
    let token = platform.operator().links().await;

    let claimed = claims(&visitor, "Root", &token).await;
    let again = claims(&visitor, "Eve", &token).await;

    assert_eq!((claimed.status, &claimed.json["username"]), (200, &json!("Root")));
    let root = visitor.signs_in("Root").await;
    let user = root.rest().get(&format!("/api/users/{}", claimed.json["userId"])).await;
    assert_eq!(user.json["role"], "admin");
    assert_eq!((again.status, &again.json["reason"]), (403, &json!("SETUP_TOKEN_REFUSED")));
    assert!(!needs_administrator(&visitor).await);
    let login = json!({"email": "eve@example.com", "password": PASSWORD});
    assert_eq!(visitor.rest().post("/api/users/login", &login).await.status, 401, "Eve is no one");
}

#[tokio::test]
async fn a_link_is_refused_once_the_operator_made_another_and_while_there_is_an_administrator() {
    let platform = platform().await;
    let visitor = platform.visitor();
    let earlier = platform.operator().links().await;
    let later = platform.operator().links().await;
    assert_ne!(earlier, later);

    assert_eq!(claims(&visitor, "Eve", &earlier).await.status, 403);
    platform.admin("Root").await;
    assert_eq!(claims(&visitor, "Eve", &later).await.status, 403);
}

#[tokio::test]
async fn of_many_at_once_one_becomes_the_administrator_and_the_others_are_refused() {
    let platform = platform().await;
    let visitor = platform.visitor();
    let token = platform.operator().links().await;

    let racers = (0..8).map(|racer| {
        let (visitor, token) = (visitor.clone(), token.clone());
        async move { claims(&visitor, &format!("Root{racer}"), &token).await }
    });
    let answers = futures::future::join_all(racers).await;

    let made = answers.iter().filter(|answer| answer.status == 200).count();
    let refused = answers.iter().filter(|answer| answer.json["reason"] == "SETUP_TOKEN_REFUSED");
    assert_eq!((made, refused.count()), (1, 7), "{answers:?}");
}

#[tokio::test]
async fn an_account_that_is_refused_for_another_reason_leaves_the_link_good() {
    let platform = platform().await;
    let visitor = platform.visitor();
    platform.player("Ada").await;
    let token = platform.operator().links().await;

    let named = claims(&visitor, "Ada", &token).await;
    let mut guessed = account("Root", &token);
    guessed["password"] = json!("password");
    let weak = visitor.rest().post("/api/users/register", &guessed).await;

    assert_eq!((named.status, &named.json["reason"]), (400, &json!("USERNAME_TAKEN")));
    assert_eq!((weak.status, &weak.json["reason"]), (400, &json!("INVALID_FIELDS")));
    assert_eq!(claims(&visitor, "Root", &token).await.status, 200);
}

#[tokio::test]
async fn what_can_be_no_token_is_refused_at_every_door_and_makes_no_player_either() {
    let platform = platform().await;
    let visitor = platform.visitor();
    let over_grpc = async |token: &str| {
        let register = RegisterRequest {
            username: "Eve".to_owned(),
            email: "eve@example.com".to_owned(),
            password: PASSWORD.to_owned(),
            setup_token: Some(token.to_owned()),
        };
        visitor.accounts().register(register).await.expect_err("no link was made").code()
    };

    for token in ["", "' OR 1=1 --", "\0", &*"a".repeat(500_000)] {
        let refused = claims(&visitor, "Eve", token).await;
        assert_eq!((refused.status, &refused.json["reason"]), (403, &json!("SETUP_TOKEN_REFUSED")));
        assert_eq!(over_grpc(token).await, Code::PermissionDenied);
    }
}

#[tokio::test]
async fn no_log_of_any_form_has_the_token_of_a_link() {
    for form in ["text", "json"] {
        let server = process_with(&[("SIR0_LOG_FORMAT", form), ("SIR0_LOG", "trace")]).await;
        let visitor = server.visitor();
        let token = server.operators().links().await;

        assert_eq!(claims(&visitor, "Root", &token).await.status, 200);

        let (log, said) = (server.log(), server.said());
        assert!(log.contains("user 1 was added as admin"), "{log}");
        assert!(!log.contains(&token) && said.is_empty(), "{log}{said}");
        assert!(!log.contains("setup="), "a link that nobody reads is not made: {log}");
    }
}
