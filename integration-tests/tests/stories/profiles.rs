//! A person changes a profile: what may be changed, by whom, and what stays.

mod details;

use serde_json::json;
use sir0_contract::accounts::{GetUserRequest, LoginRequest, UpdateUserRequest, User};
use sir0_testkit::{PASSWORD, Person, email_of, platform};
use tonic::Code;
use tonic_types::StatusExt;

const ANOTHER: &str = "twelve velvet anvils beside 31 rivers";

async fn profile(person: &Person, id: i32) -> User {
    let got = person.accounts().get_user(GetUserRequest { user_id: id }).await;
    got.expect("one's own account").into_inner().user.expect("an account")
}

async fn can_sign_in(person: &Person, email: &str, password: &str) -> bool {
    let request = LoginRequest {
        email: email.to_owned(),
        password: password.to_owned(),
        ..Default::default()
    };
    person.accounts().login(request).await.is_ok()
}

#[tokio::test]
async fn what_is_left_out_of_a_profile_stays() {
    let platform = platform().await;
    let ada = platform.player("Ada").await;
    let path = format!("/api/users/{}", ada.id);

    let renamed = ada.rest().put(&path, &json!({"username": "Countess"})).await;
    let after_rest = profile(&ada, ada.id).await;
    let change = UpdateUserRequest {
        user_id: ada.id,
        email: Some("lovelace@example.com".to_owned()),
        ..UpdateUserRequest::default()
    };
    let moved = ada.accounts().update_user(change).await.unwrap().into_inner();
    let after_grpc = profile(&ada, ada.id).await;

    assert_eq!(renamed.status, 200);
    assert_eq!(renamed.json, json!({"message": "Profile updated successfully"}));
    assert_eq!(after_rest.username, "Countess");
    assert_eq!(after_rest.email, email_of("Ada"));
    assert_eq!(moved.message, "Profile updated successfully");
    assert_eq!(after_grpc.username, "Countess");
    assert_eq!(after_grpc.email, "lovelace@example.com");
    assert!(can_sign_in(&ada, "lovelace@example.com", PASSWORD).await);
}

#[tokio::test]
async fn a_change_of_nothing_is_refused() {
    let platform = platform().await;
    let ada = platform.player("Ada").await;
    let path = format!("/api/users/{}", ada.id);

    let empty = ada.rest().put(&path, &json!({})).await;
    let nulls = ada.rest().put(&path, &json!({"username": null, "userId": ada.id})).await;
    let request = UpdateUserRequest { user_id: ada.id, ..UpdateUserRequest::default() };
    let status = ada.accounts().update_user(request).await.unwrap_err();

    for answer in [empty, nulls] {
        assert_eq!(answer.status, 400);
        assert!(answer.json["error"].is_string() && answer.json["details"].is_string());
    }
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(status.get_details_error_info().unwrap().reason, "INVALID_FIELDS");
}

#[tokio::test]
async fn only_the_owner_and_administrators_change_an_account() {
    let platform = platform().await;
    let ada = platform.player("Ada").await;
    let eve = platform.player("Eve").await;
    let root = platform.admin("Root").await;
    let change = json!({"username": "Grace"});
    let path = format!("/api/users/{}", ada.id);
    let nowhere = "/api/users/2000000000";

    let unknown = platform.visitor().rest().put(&path, &change).await;
    let stranger = eve.rest().put(&path, &change).await;
    let missing = eve.rest().put(nowhere, &change).await;
    let missing_for_admin = root.rest().put(nowhere, &change).await;
    let by_admin = root.rest().put(&path, &change).await;

    assert_eq!(unknown.status, 401);
    assert_eq!(unknown.header("www-authenticate"), Some("Bearer"));
    assert_eq!(stranger.status, 403);
    for answer in [unknown, stranger] {
        assert!(answer.json["error"].is_string() && answer.json["details"].is_string());
    }
    for answer in [missing, missing_for_admin] {
        assert_eq!(answer.status, 404);
        assert_eq!(answer.json["error"], "User not found");
    }
    assert_eq!(by_admin.status, 200);
    assert_eq!(profile(&ada, ada.id).await.username, "Grace");
}

#[tokio::test]
async fn a_profile_cannot_take_what_someone_else_has_but_may_keep_its_own() {
    let platform = platform().await;
    platform.visitor().registers("Eve").await;
    let ada = platform.player("Ada").await;
    let path = format!("/api/users/{}", ada.id);

    let taken_name = ada.rest().put(&path, &json!({"username": "EVE"})).await;
    let taken_email = ada.rest().put(&path, &json!({"email": "Eve@Example.com"})).await;
    let own = ada.rest().put(&path, &json!({"username": "ADA", "email": "ADA@example.com"})).await;

    assert_eq!((taken_name.status, taken_email.status), (400, 400));
    assert!(taken_name.json["details"].as_str().unwrap().contains("username"));
    assert!(taken_email.json["details"].as_str().unwrap().contains("email"));
    assert_eq!(own.status, 200);
    assert_eq!(profile(&ada, ada.id).await.username, "ADA");
}

#[tokio::test]
async fn a_new_password_ends_every_other_session_but_not_the_one_that_set_it() {
    let platform = platform().await;
    let here = platform.player("Ada").await;
    let elsewhere = platform.visitor().signs_in("Ada").await;
    let path = format!("/api/users/{}", here.id);

    let changed = here.rest().put(&path, &json!({"password": ANOTHER})).await;

    assert_eq!(changed.status, 200);
    assert_eq!(here.rest().get(&path).await.status, 200);
    assert_eq!(elsewhere.rest().get(&path).await.status, 401);
    assert!(!can_sign_in(&here, &email_of("Ada"), PASSWORD).await);
    assert!(can_sign_in(&here, &email_of("Ada"), ANOTHER).await);
}

#[tokio::test]
async fn a_password_that_repeats_the_name_is_refused_whenever_the_name_was_given() {
    let platform = platform().await;
    let ada = platform.player("Wolfgang Amadeus").await;
    let path = format!("/api/users/{}", ada.id);

    let refused = ada.rest().put(&path, &json!({"password": "Wolfgang Amadeus"})).await;

    assert_eq!(refused.status, 400);
    assert_eq!(refused.json["fields"][0]["field"], "password");
    assert!(can_sign_in(&ada, &email_of("Wolfgang Amadeus"), PASSWORD).await);
}
