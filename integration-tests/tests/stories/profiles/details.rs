//! What people tell of themselves: their country, their language, when they were born and which terms they accepted.

use serde_json::{Value, json};
use sir0_contract::accounts::UpdateUserRequest;
use sir0_testkit::{Answer, Person, platform};
use tonic::Code;

use super::profile;

async fn tells(person: &Person, id: i32, body: &Value) -> Answer {
    person.rest().put(&format!("/api/users/{id}"), body).await
}

#[tokio::test]
async fn what_was_told_is_seen_by_its_owner_and_administrators_alone_and_stays() {
    let platform = platform().await;
    let (ada, eve) = (platform.player("Ada").await, platform.player("Eve").await);
    let path = format!("/api/users/{}", ada.id);
    let before = ada.rest().get(&path).await;
    let told = json!({
        "country": "AT", "language": "DE-at", "birthDate": "1990-02-28", "termsVersion": "2027-01",
    });

    let answer = tells(&ada, ada.id, &told).await;

    assert_eq!(answer.json, json!({"message": "Profile updated successfully"}));
    let fields = ["country", "language", "birthDate", "termsVersion", "termsTime"];
    assert!(fields.iter().all(|field| before.json.get(field).is_none()), "{before:?}");
    let user = ada.rest().get(&path).await.json;
    let seen = fields.map(|field| user[field].as_str().unwrap_or_default().to_owned());
    assert_eq!(seen[..4], ["AT", "de-AT", "1990-02-28", "2027-01"]);
    assert!(seen[4].ends_with('Z') && user["createTime"].as_str() < Some(&*seen[4]), "{user}");
    assert_eq!(platform.admin("Root").await.rest().get(&path).await.json, user);
    let stranger = eve.rest().get(&path).await;
    assert_eq!((stranger.status, &stranger.json["reason"]), (403, &json!("NOT_YOUR_ACCOUNT")));
    let platform = platform.restart().await;
    let ada = platform.visitor().with_token(ada.token());
    assert_eq!(ada.rest().get(&path).await.json, user, "it is kept");
}

#[tokio::test]
async fn what_is_left_out_stays_and_an_empty_text_takes_back_what_was_told() {
    let platform = platform().await;
    let ada = platform.player("Ada").await;
    tells(&ada, ada.id, &json!({"country": "AT", "language": "de", "termsVersion": "1"})).await;
    let first = profile(&ada, ada.id).await;

    let change = UpdateUserRequest {
        user_id: ada.id,
        country: Some(String::new()),
        birth_date: Some("2000-02-29".to_owned()),
        terms_version: Some("1".to_owned()),
        ..Default::default()
    };
    ada.accounts().update_user(change).await.expect("her own");

    let user = profile(&ada, ada.id).await;
    assert_eq!((user.country, user.birth_date.as_deref()), (None, Some("2000-02-29")));
    assert_eq!(user.language.as_deref(), Some("de"));
    assert!(user.terms_time.is_some());
    assert_eq!(user.terms_time, first.terms_time, "the same terms were accepted before");
    tells(&ada, ada.id, &json!({"termsVersion": "2"})).await;
    assert!(
        profile(&ada, ada.id).await.terms_time.map(|it| (it.seconds, it.nanos))
            > first.terms_time.map(|it| (it.seconds, it.nanos))
    );
    assert_eq!(user.username, "Ada");
}

#[tokio::test]
async fn each_bad_field_is_named_and_nothing_is_changed() {
    let platform = platform().await;
    let ada = platform.player("Ada").await;

    for (field, bad) in [
        ("country", "de"),
        ("country", "ZZ"),
        ("country", "\u{0}"),
        ("language", "de_AT"),
        ("language", "i-klingon"),
        ("language", "en-x-aaaaaaaa-bbbbbbbb-cccccccc-dddddddd"),
        ("birthDate", "1990-02-29"),
        ("birthDate", "1899-12-31"),
        ("birthDate", "28.02.1990"),
        ("birthDate", "2999-12-31"),
        ("termsVersion", ""),
        ("termsVersion", "two words"),
    ] {
        let answer = tells(&ada, ada.id, &json!({field: bad, "username": "Countess"})).await;
        assert_eq!((answer.status, &answer.json["reason"]), (400, &json!("INVALID_FIELDS")));
        assert_eq!(answer.json["fields"][0]["field"], field, "{bad:?}: {answer:?}");
    }
    let all = json!({"country": "ZZ", "language": "q", "birthDate": "1990-02-30"});
    let answer = tells(&ada, ada.id, &all).await;
    assert_eq!(answer.json["fields"].as_array().map(Vec::len), Some(3), "{answer:?}");
    let user = profile(&ada, ada.id).await;
    assert_eq!((user.username.as_str(), user.country), ("Ada", None));
}

#[tokio::test]
async fn nobody_accepts_terms_for_another() {
    let platform = platform().await;
    let (ada, admin) = (platform.player("Ada").await, platform.admin("Root").await);

    let accepted = tells(&admin, ada.id, &json!({"termsVersion": "1", "country": "AT"})).await;
    let told = tells(&admin, ada.id, &json!({"country": "AT"})).await;

    assert_eq!((accepted.status, &accepted.json["reason"]), (403, &json!("NOT_YOUR_ACCOUNT")));
    assert_eq!(told.status, 200);
    let user = profile(&ada, ada.id).await;
    assert_eq!((user.terms_version, user.country.as_deref()), (None, Some("AT")));
    let eve = platform.player("Eve").await;
    let change =
        UpdateUserRequest { user_id: ada.id, country: Some("DE".to_owned()), ..Default::default() };
    let stranger = eve.accounts().update_user(change).await.expect_err("it is hers");
    assert_eq!(stranger.code(), Code::PermissionDenied);
}
