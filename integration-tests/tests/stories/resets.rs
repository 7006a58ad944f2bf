//! Reset links: passed on by an administrator, used once by the person.

use serde_json::json;
use sir0_contract::accounts::UseResetRequest;
use sir0_testkit::{PASSWORD, platform};
use tonic::Code;

use crate::administration::{NEW, does, is_let_in, reason, signs_in, uses};

/// Someone whose name is long enough to be guessed as a password.
const MOZART: &str = "Wolfgang Amadeus";

#[tokio::test]
async fn a_required_password_is_set_by_its_link_alone_and_signs_nobody_in() {
    let platform = platform().await;
    let (admin, ada) = (platform.admin("Root").await, platform.player(MOZART).await);
    let refresh_token = ada.begins_to_refresh(MOZART).await;
    let visitor = platform.visitor();

    let needing = does(&admin, &ada, "requireNewPassword").await;
    assert!(needing.json["account"]["newPasswordTime"].is_string(), "{needing:?}");
    assert!(!is_let_in(&ada).await);
    let shut = signs_in(&visitor, MOZART, PASSWORD).await;
    assert_eq!(reason(&shut), (401, "NEW_PASSWORD_REQUIRED"));
    does(&admin, &ada, "enable").await;
    assert_eq!(signs_in(&visitor, MOZART, PASSWORD).await.status, 401, "that is another lock");

    let earlier = does(&admin, &ada, "reset").await.json["secret"].clone();
    let reset = does(&admin, &ada, "reset").await;
    let secret = &reset.json["secret"];
    assert!(reset.json["expireTime"].is_string() && secret != &earlier);
    assert_eq!(reason(&uses(&visitor, &earlier, NEW).await), (403, "RESET_REFUSED"));
    for weak in ["password", "short", MOZART] {
        let weak = uses(&visitor, secret, weak).await;
        assert_eq!(reason(&weak), (400, "INVALID_FIELDS"));
        assert_eq!(weak.json["fields"][0]["field"], "newPassword", "the link is still good");
    }
    let set = uses(&visitor, secret, NEW).await;
    assert_eq!((set.status, set.json.get("token")), (200, None), "{set:?}");
    assert_eq!(reason(&uses(&visitor, secret, NEW).await), (403, "RESET_REFUSED"));

    assert_eq!(reason(&signs_in(&visitor, MOZART, PASSWORD).await), (401, "INVALID_CREDENTIALS"));
    assert_eq!(signs_in(&visitor, MOZART, NEW).await.status, 200);
    let refreshed = json!({"refreshToken": refresh_token});
    let refreshed = visitor.rest().post("/api/users/login/refresh", &refreshed).await;
    assert_eq!(refreshed.status, 401, "a reset leaves no way back to who was in before");
}

#[tokio::test]
async fn a_reset_ends_every_session_and_keeps_a_disabled_account_disabled() {
    let platform = platform().await;
    let (admin, ada) = (platform.admin("Root").await, platform.player("Ada").await);
    let visitor = platform.visitor();

    let secret = does(&admin, &ada, "reset").await.json["secret"].clone();
    assert!(is_let_in(&ada).await, "an offer changes nothing");
    let over_grpc = UseResetRequest {
        secret: secret.as_str().expect("text").to_owned(),
        new_password: NEW.to_owned(),
    };
    visitor.administration().use_reset(over_grpc).await.expect("a good link");
    assert!(!is_let_in(&ada).await);

    does(&admin, &ada, "disable").await;
    let secret = does(&admin, &ada, "reset").await.json["secret"].clone();
    assert_eq!(uses(&visitor, &secret, PASSWORD).await.status, 200);
    assert_eq!(reason(&signs_in(&visitor, "Ada", PASSWORD).await), (401, "ACCOUNT_DISABLED"));
    does(&admin, &ada, "enable").await;
    let ada = visitor.signs_in("Ada").await;

    let secret = does(&admin, &ada, "reset").await.json["secret"].clone();
    let own = json!({"password": NEW});
    assert_eq!(ada.rest().put(&format!("/api/users/{}", ada.id), &own).await.status, 200);
    let late = uses(&visitor, &secret, PASSWORD).await;
    assert_eq!(reason(&late), (403, "RESET_REFUSED"), "who chose a password needs no link");
}

#[tokio::test]
async fn of_many_who_show_one_secret_one_sets_the_password() {
    let platform = platform().await;
    let (admin, ada) = (platform.admin("Root").await, platform.player("Ada").await);
    let secret = does(&admin, &ada, "reset").await.json["secret"].clone();

    let racers = (0..16).map(|racer| {
        let (visitor, secret) = (platform.visitor(), secret.clone());
        async move { uses(&visitor, &secret, &format!("{NEW} {racer}")).await }
    });
    let answers = futures::future::join_all(racers).await;

    let set = answers.iter().filter(|it| it.status == 200).count();
    let refused = answers.iter().filter(|it| it.json["reason"] == "RESET_REFUSED").count();
    assert_eq!((set, set + refused), (1, 16), "{answers:?}");
}

#[tokio::test]
async fn what_can_be_no_reset_is_refused_at_every_door() {
    let platform = platform().await;
    let visitor = platform.visitor();
    let over_grpc = async |secret: &str| {
        let request = UseResetRequest { secret: secret.to_owned(), new_password: NEW.to_owned() };
        let mut administration = visitor.administration();
        administration.use_reset(request).await.expect_err("no link was made").code()
    };

    for secret in ["5eed", "' OR 1=1 --", "\0", "\u{202e}"] {
        let refused = uses(&visitor, &json!(secret), NEW).await;
        assert_eq!(reason(&refused), (403, "RESET_REFUSED"), "{secret:?}");
        assert_eq!(over_grpc(secret).await, Code::PermissionDenied);
    }
    for secret in ["", &*"a".repeat(65), &*"a".repeat(500_000)] {
        let refused = uses(&visitor, &json!(secret), NEW).await;
        assert_eq!(reason(&refused), (400, "INVALID_FIELDS"));
        assert_eq!(over_grpc(secret).await, Code::InvalidArgument);
    }
    let both = uses(&visitor, &json!(""), "short").await;
    let named: Vec<_> = both.json["fields"].as_array().expect("fields").iter().collect();
    assert_eq!(named.len(), 2, "{both:?}");
}

#[tokio::test]
async fn an_administrator_gives_an_account_back_to_an_owner_who_lost_the_app() {
    let platform = platform().await;
    let root = platform.admin("Root").await;
    let ada = crate::guard::guards(platform.player("Ada").await).await.person;
    let path = format!("/api/admin/users/{}:reset", ada.id);

    for removes in [false, true] {
        let made = root.rest().post(&path, &json!({"removeFactors": removes})).await;
        assert_eq!(made.status, 201, "{made:?}");
        let reset = json!({"secret": made.json["secret"], "newPassword": NEW});
        let set = ada.rest().post("/api/users/resets:use", &reset).await;
        assert_eq!(set.status, 200, "{set:?}");

        let answer = signs_in(&platform.visitor(), "Ada", NEW).await;
        let expected = if removes { 200 } else { 401 };
        assert_eq!(answer.status, expected, "a reset alone goes past no factor: {answer:?}");
    }
}
