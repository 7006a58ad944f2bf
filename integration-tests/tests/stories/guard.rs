//! A second factor, as its owner, a thief with the password and an old client meet it.

use std::time::Duration;

use serde_json::{Value, json};
use sir0_contract::accounts::LoginRequest;
use sir0_kernel::{Clock, SystemClock};
use sir0_testkit::{Answer, PASSWORD, Person, Running, email_of, platform};
use tonic::Code;
use tonic_types::StatusExt;
use totp_rs::{Builder, Secret, Totp};

use crate::administration::does;

/// An app that shows codes.
pub(crate) struct App(Totp);

impl App {
    pub(crate) fn with(secret: &Value) -> Self {
        let secret = Secret::try_from_base32(secret.as_str().expect("a secret")).expect("base 32");
        Self(Builder::new().with_secret(secret).build().expect("160 bits"))
    }

    /// The code that it shows so many steps from now.
    pub(crate) fn shows(&self, steps: i64) -> String {
        let now = SystemClock.now().seconds() + 30 * steps;
        self.0.generate(now.unsigned_abs()).to_string()
    }

    /// A code that is not good around now.
    fn does_not_show(&self) -> String {
        let good: Vec<_> = (-2..=2).map(|step| self.shows(step)).collect();
        let wrong = (0..10).map(|number| format!("{number:06}")).find(|code| !good.contains(code));
        wrong.expect("more than are good")
    }
}

/// Someone with a second factor.
pub(crate) struct Guarded {
    pub(crate) person: Person,
    app: App,
    factor: String,
    pub(crate) recovery_codes: Vec<String>,
}

impl Guarded {
    fn path(&self, rest: &str) -> String {
        format!("/api/users/{}/{rest}", self.person.id)
    }

    /// Signs in with the password and nothing else, and answers with the challenge.
    pub(crate) async fn challenged(&self, name: &str) -> Value {
        let refused = signs_in(&self.person, name, json!({})).await;
        asks_for_code(&refused).clone()
    }

    /// Proves once more who this is, for this action.
    pub(crate) async fn confirms(&self, action: &str, subject: &str, code: &str) -> Answer {
        let confirm =
            json!({"action": action, "subject": subject, "password": PASSWORD, "code": code});
        self.person.rest().post("/api/users/confirmations", &confirm).await
    }
}

/// Adds an app to the account, and shows its first code.
pub(crate) async fn guards(person: Person) -> Guarded {
    let path = format!("/api/users/{}/factors", person.id);
    let added = person.rest().post(&path, &json!({"name": "Phone"})).await;
    assert_eq!(added.status, 201, "{added:?}");
    let app = App::with(&added.json["sharedSecret"]);
    let factor = added.json["factorId"].as_str().expect("an id").to_owned();
    let first = json!({"code": app.shows(-1)});
    let confirmed = person.rest().post(&format!("{path}/{factor}:confirm"), &first).await;
    assert_eq!(confirmed.status, 200, "{confirmed:?}");
    let codes = confirmed.json["recoveryCodes"].as_array().expect("codes").iter();
    let recovery_codes = codes.map(|code| code.as_str().expect("text").to_owned()).collect();
    Guarded { person, app, factor, recovery_codes }
}

/// Signs in with the right password, and these beside it.
async fn signs_in(person: &Person, name: &str, beside: Value) -> Answer {
    let mut login = json!({"email": email_of(name), "password": PASSWORD});
    let members = beside.as_object().expect("an object").clone();
    login.as_object_mut().expect("an object").extend(members);
    person.rest().post("/api/users/login", &login).await
}

async fn continues(person: &Person, challenge: &Value, code: &str) -> Answer {
    let go_on = json!({"challengeId": challenge["challengeId"], "code": code});
    person.rest().post("/api/users/login/continue", &go_on).await
}

/// The challenge of a sign-in that has to go on with a code.
fn asks_for_code(answer: &Answer) -> &Value {
    assert_eq!((answer.status, &answer.json["reason"]), (401, &json!("GUARD_REQUIRED")));
    assert_eq!(answer.json["error"], "Invalid credentials");
    assert!(answer.json.get("token").is_none());
    let guard = &answer.json["guard"];
    assert!(guard["challengeId"].is_string() && guard["expireTime"].is_string(), "{guard}");
    guard
}

fn is_refused(answer: &Answer, status: u16, reason: &str) {
    assert_eq!((answer.status, &answer.json["reason"]), (status, &json!(reason)), "{answer:?}");
}

async fn is_let_in(person: &Person) -> bool {
    person.rest().get(&format!("/api/users/{}", person.id)).await.status == 200
}

async fn ada_is_guarded() -> (Running, Guarded) {
    let platform = platform().await;
    let ada = guards(platform.player("Ada").await).await;
    (platform, ada)
}

#[tokio::test]
async fn a_password_alone_opens_no_account_that_a_factor_guards() {
    let (_platform, ada) = ada_is_guarded().await;

    let challenge = ada.challenged("Ada").await;
    assert_eq!(challenge["confirmations"], json!(["totp", "recovery_code"]));
    let wrong = continues(&ada.person, &challenge, &ada.app.does_not_show()).await;
    is_refused(&wrong, 401, "CODE_REFUSED");
    assert_eq!(wrong.json["error"], "Invalid credentials");
    let signed_in = continues(&ada.person, &challenge, &ada.app.shows(0)).await;

    assert_eq!(signed_in.status, 200, "{signed_in:?}");
    let fresh = ada.person.with_token(signed_in.json["token"].as_str().expect("a token"));
    assert!(is_let_in(&fresh).await);
    let sessions = fresh.rest().get(&ada.path("sessions")).await;
    assert_eq!(sessions.json["sessions"][0]["methods"], json!(["pwd", "otp"]));
    let again = continues(&ada.person, &challenge, &ada.recovery_codes[0]).await;
    is_refused(&again, 401, "CHALLENGE_REFUSED");
}

#[tokio::test]
async fn the_challenge_is_told_over_grpc_too_and_an_old_client_needs_one_more_field() {
    let (_platform, ada) = ada_is_guarded().await;
    let login = LoginRequest {
        email: email_of("Ada"),
        password: PASSWORD.to_owned(),
        ..LoginRequest::default()
    };

    let refused = ada.person.accounts().login(login.clone()).await.expect_err("no code");
    let details = refused.get_error_details();
    let info = details.error_info().expect("a reason");
    assert_eq!((refused.code(), &*info.reason), (Code::Unauthenticated, "GUARD_REQUIRED"));
    assert_eq!(info.metadata["confirmations"], "totp recovery_code");
    assert!(info.metadata.contains_key("challengeId") && info.metadata.contains_key("expireTime"));
    let with_code = LoginRequest { code: Some(ada.app.shows(0)), ..login };
    let signed_in = ada.person.accounts().login(with_code).await.expect("both are right");

    assert_eq!(signed_in.into_inner().user_id, ada.person.id);
}

#[tokio::test]
async fn who_has_no_factor_signs_in_as_ever_while_others_have_one() {
    let (platform, ada) = ada_is_guarded().await;
    let eve = platform.player("Eve").await;

    let signed_in = signs_in(&eve, "Eve", json!({})).await;
    let wrong = json!({"email": email_of("Ada"), "password": "seven cranes at dawn"});
    let wrong = ada.person.rest().post("/api/users/login", &wrong).await;
    let unknown = json!({"email": email_of("Nobody"), "password": "seven cranes at dawn"});
    let unknown = ada.person.rest().post("/api/users/login", &unknown).await;

    assert_eq!((signed_in.status, &signed_in.json["message"]), (200, &json!("Login successful")));
    assert!(signed_in.json.get("deviceToken").is_none());
    // Who lacks the password is not told that a code would be asked for.
    assert_eq!((wrong.status, &wrong.json), (unknown.status, &unknown.json));
    is_refused(&wrong, 401, "INVALID_CREDENTIALS");
}

#[tokio::test]
async fn a_code_is_good_once_and_so_are_those_before_it() {
    let (_platform, ada) = ada_is_guarded().await;

    let now = ada.app.shows(0);
    let first = signs_in(&ada.person, "Ada", json!({"code": now})).await;
    let again = signs_in(&ada.person, "Ada", json!({"code": now})).await;
    let before = signs_in(&ada.person, "Ada", json!({"code": ada.app.shows(-1)})).await;

    assert_eq!(first.status, 200, "{first:?}");
    is_refused(&again, 401, "CODE_REFUSED");
    is_refused(&before, 401, "CODE_REFUSED");
}

#[tokio::test]
async fn wrong_codes_stay_counted_whatever_the_password_alone_opens() {
    let (platform, ada) = ada_is_guarded().await;
    let root = platform.admin("Root").await;
    let beside = json!({"code": ada.app.shows(0), "trustDevice": true});
    let trusted = signs_in(&ada.person, "Ada", beside).await;
    let device = json!({"deviceToken": trusted.json["deviceToken"]});
    let account = format!("/api/users/{}", ada.person.id);
    let guesses = async |number| {
        for _ in 0..number {
            let wrong = json!({"code": ada.app.does_not_show()});
            is_refused(&signs_in(&ada.person, "Ada", wrong).await, 401, "CODE_REFUSED");
        }
    };

    guesses(6).await;
    let proved = json!({"username": "Countess", "currentPassword": PASSWORD});
    let proved = ada.person.rest().put(&account, &proved).await;
    assert_eq!(proved.status, 200, "{proved:?}");
    guesses(6).await;
    assert_eq!(signs_in(&ada.person, "Ada", device).await.status, 200);
    guesses(6).await;
    does(&root, &ada.person, "disable").await;
    is_refused(&signs_in(&ada.person, "Ada", json!({})).await, 401, "ACCOUNT_DISABLED");
    does(&root, &ada.person, "enable").await;

    // Twenty delay nothing, and each one after that delays the next.
    let mut refused = None;
    for _ in 18..26 {
        let answer = signs_in(&ada.person, "Ada", json!({"code": ada.app.does_not_show()})).await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
        is_refused(&answer, 401, "CODE_REFUSED");
    }
    is_refused(&refused.expect("they were counted from the first on"), 429, "TOO_MANY_ATTEMPTS");
}

#[tokio::test]
async fn a_recovery_code_opens_the_account_once_however_it_is_typed() {
    let (_platform, ada) = ada_is_guarded().await;
    assert_eq!(ada.recovery_codes.len(), 10);

    let typed = ada.recovery_codes[0].to_lowercase().replace('-', " ");
    let first = signs_in(&ada.person, "Ada", json!({"code": typed})).await;
    let again = signs_in(&ada.person, "Ada", json!({"code": ada.recovery_codes[0]})).await;

    assert_eq!(first.status, 200, "{first:?}");
    is_refused(&again, 401, "CODE_REFUSED");
    let listed = ada.person.rest().get(&ada.path("factors")).await;
    assert_eq!(listed.json["recoveryCodesLeft"], 9);
    assert_eq!(listed.json["factors"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_code_of_another_account_and_what_can_be_no_code_are_wrong_and_lock_nobody_out() {
    let (platform, ada) = ada_is_guarded().await;
    let eve = guards(platform.player("Eve").await).await;
    let challenge = ada.challenged("Ada").await;

    for code in ["12345", "1234567", "", "１２３４５６", &eve.app.shows(0)] {
        is_refused(&continues(&ada.person, &challenge, code).await, 401, "CODE_REFUSED");
    }
    // Five were tried.
    let late = continues(&ada.person, &challenge, &ada.app.shows(0)).await;
    is_refused(&late, 401, "CHALLENGE_REFUSED");
    let of_eve = continues(&eve.person, &ada.challenged("Ada").await, &eve.recovery_codes[0]).await;
    is_refused(&of_eve, 401, "CODE_REFUSED");
    let long = "7".repeat(1 << 18);
    let of_eve = ada.challenged("Ada").await;
    is_refused(&continues(&ada.person, &of_eve, &long).await, 401, "CODE_REFUSED");
    let forged = json!({"challengeId": "challenge_of-another"});
    is_refused(&continues(&ada.person, &forged, "123456").await, 401, "CHALLENGE_REFUSED");

    let signed_in = signs_in(&ada.person, "Ada", json!({"code": ada.app.shows(0)})).await;
    assert_eq!(signed_in.status, 200, "{signed_in:?}");
}

#[tokio::test]
async fn a_trusted_device_is_not_asked_until_it_is_forgotten() {
    let (_platform, ada) = ada_is_guarded().await;
    let beside = json!({"code": ada.app.shows(0), "trustDevice": true, "deviceName": "Ada's desk"});
    let first = signs_in(&ada.person, "Ada", beside).await;
    let token = &first.json["deviceToken"];
    assert!(token.is_string(), "{first:?}");

    let again = signs_in(&ada.person, "Ada", json!({"deviceToken": token})).await;
    assert_eq!(again.status, 200, "{again:?}");
    let stranger = json!({"deviceToken": "trusted_00000000000000000000000000000000"});
    asks_for_code(&signs_in(&ada.person, "Ada", stranger).await);
    let listed = ada.person.rest().get(&ada.path("devices")).await;
    let device = &listed.json["devices"][0];
    assert_eq!(device["name"], "Ada's desk");
    assert!(!listed.text.contains(token.as_str().expect("text")));
    let forget = json!({"deviceIds": [device["deviceId"]]});
    let forgotten = ada.person.rest().post(&ada.path("devices:forget"), &forget).await;
    assert_eq!(forgotten.json["forgotten"], 1, "{forgotten:?}");

    asks_for_code(&signs_in(&ada.person, "Ada", json!({"deviceToken": token})).await);
}

#[tokio::test]
async fn the_device_of_one_account_is_a_stranger_to_another() {
    let (platform, ada) = ada_is_guarded().await;
    let eve = platform.player("Eve").await;

    let trusted = signs_in(&eve, "Eve", json!({"trustDevice": true})).await;
    assert_eq!(trusted.status, 200, "a device is known without a factor, too");
    let token = &trusted.json["deviceToken"];

    assert!(token.is_string());
    asks_for_code(&signs_in(&ada.person, "Ada", json!({"deviceToken": token})).await);
}

#[tokio::test]
async fn a_new_factor_ends_the_other_sessions_and_the_trust_in_devices() {
    let platform = platform().await;
    let ada = platform.player("Ada").await;
    let trusted = signs_in(&ada, "Ada", json!({"trustDevice": true})).await;
    let elsewhere = ada.with_token(trusted.json["token"].as_str().expect("a token"));

    let guarded = guards(ada).await;

    assert!(is_let_in(&guarded.person).await, "the session that added it stays");
    assert!(!is_let_in(&elsewhere).await);
    let known = json!({"deviceToken": trusted.json["deviceToken"]});
    asks_for_code(&signs_in(&guarded.person, "Ada", known).await);
}

#[tokio::test]
async fn who_only_holds_a_session_removes_no_factor() {
    let (_platform, ada) = ada_is_guarded().await;
    let remove = ada.path(&format!("factors/{}:remove", ada.factor));

    // The session was begun a moment ago, by a password alone.
    let refused = ada.person.rest().post(&remove, &json!({})).await;
    is_refused(&refused, 403, "STEP_UP_REQUIRED");
    let codes = ada.path("recovery-codes");
    is_refused(&ada.person.rest().post(&codes, &json!({})).await, 403, "STEP_UP_REQUIRED");
    let action = "ACTION_REMOVE_FACTOR";
    for code in ["", &*ada.app.does_not_show()] {
        is_refused(&ada.confirms(action, &ada.factor, code).await, 403, "WRONG_CODE");
    }
    let other = "factor_01arz3ndektsv4rrffq69g5fav";
    let for_another = ada.confirms(action, other, &ada.recovery_codes[0]).await;
    let body = json!({"confirmationToken": for_another.json["confirmationToken"]});
    is_refused(&ada.person.rest().post(&remove, &body).await, 403, "STEP_UP_REQUIRED");

    let confirmed = ada.confirms(action, &ada.factor, &ada.app.shows(0)).await;
    assert_eq!(confirmed.status, 200, "{confirmed:?}");
    let body = json!({"confirmationToken": confirmed.json["confirmationToken"]});
    let removed = ada.person.rest().post(&remove, &body).await;

    assert_eq!(removed.status, 200, "{removed:?}");
    let listed = ada.person.rest().get(&ada.path("factors")).await;
    assert_eq!(listed.json, json!({"factors": [], "recoveryCodesLeft": 0}));
    assert_eq!(signs_in(&ada.person, "Ada", json!({})).await.status, 200);
}

#[tokio::test]
async fn new_recovery_codes_take_the_place_of_those_before() {
    let (_platform, ada) = ada_is_guarded().await;
    let signed_in = signs_in(&ada.person, "Ada", json!({"code": ada.app.shows(0)})).await;
    let fresh = ada.person.with_token(signed_in.json["token"].as_str().expect("a token"));

    let renewed = fresh.rest().post(&ada.path("recovery-codes"), &json!({})).await;
    assert_eq!(renewed.status, 201, "{renewed:?}");
    let old = signs_in(&ada.person, "Ada", json!({"code": ada.recovery_codes[1]})).await;
    let new = signs_in(&ada.person, "Ada", json!({"code": renewed.json["recoveryCodes"][1]})).await;

    is_refused(&old, 401, "CODE_REFUSED");
    assert_eq!(new.status, 200, "{new:?}");
}

#[tokio::test]
async fn an_administrator_sees_factors_and_adds_none() {
    let (platform, ada) = ada_is_guarded().await;
    let root = platform.admin("Root").await;

    let listed = root.rest().get(&ada.path("factors")).await;
    let added = root.rest().post(&ada.path("factors"), &json!({"name": "Mine"})).await;
    let renewed = root.rest().post(&ada.path("recovery-codes"), &json!({})).await;
    let eve = platform.player("Eve").await;
    let by_eve = eve.rest().get(&ada.path("factors")).await;

    assert_eq!(listed.json["factors"][0]["isConfirmed"], true, "{listed:?}");
    is_refused(&added, 403, "OWNER_ONLY");
    is_refused(&renewed, 403, "OWNER_ONLY");
    is_refused(&by_eve, 403, "NOT_YOUR_ACCOUNT");
}

#[tokio::test]
async fn a_factor_guards_nothing_before_its_first_code() {
    let platform = platform().await;
    let ada = platform.player("Ada").await;
    let path = format!("/api/users/{}/factors", ada.id);
    let added = ada.rest().post(&path, &json!({"name": "Phone"})).await;
    let app = App::with(&added.json["sharedSecret"]);
    let factor = added.json["factorId"].as_str().expect("an id");
    let uri = added.json["uri"].as_str().expect("an address");
    assert!(uri.starts_with("otpauth://totp/") && added.json["qrCode"].as_str().is_some());

    let wrong = json!({"code": app.does_not_show()});
    let wrong = ada.rest().post(&format!("{path}/{factor}:confirm"), &wrong).await;
    is_refused(&wrong, 403, "WRONG_CODE");
    assert_eq!(signs_in(&ada, "Ada", json!({})).await.status, 200);
    let nowhere = format!("{path}/factor_01arz3ndektsv4rrffq69g5fav:confirm");
    let nowhere = ada.rest().post(&nowhere, &json!({"code": app.shows(0)})).await;
    is_refused(&nowhere, 404, "FACTOR_NOT_FOUND");
    let good = json!({"code": app.shows(0)});
    let confirm = format!("{path}/{factor}:confirm");
    let confirmed = ada.rest().post(&confirm, &good).await;
    assert_eq!(confirmed.status, 200, "{confirmed:?}");
    let again = ada.rest().post(&confirm, &json!({"code": app.shows(1)})).await;
    is_refused(&again, 404, "FACTOR_NOT_FOUND");
    for number in 1..10 {
        let added = ada.rest().post(&path, &json!({"name": format!("Phone {number}")})).await;
        // It was begun by a password alone.
        is_refused(&added, 403, "STEP_UP_REQUIRED");
    }
}

#[tokio::test]
async fn an_old_session_of_a_guarded_account_changes_its_password_only_with_the_one_before() {
    let (platform, ada) = ada_is_guarded().await;
    let older = SystemClock.now().before(Duration::from_mins(11));
    let old = crate::sessions::minted_for(&platform, &ada.person, older);
    let old = ada.person.with_token(&old);
    let path = format!("/api/users/{}", ada.person.id);
    let new = "eleven quiet lanterns over 58 harbours";

    let refused = old.rest().put(&path, &json!({"password": new})).await;
    let renamed = old.rest().put(&path, &json!({"username": "Countess"})).await;
    let wrong = json!({"email": "ada@elsewhere.example", "currentPassword": "seven cranes"});
    let wrong = old.rest().put(&path, &wrong).await;
    let proved = json!({"password": new, "currentPassword": PASSWORD});
    let changed = old.rest().put(&path, &proved).await;

    is_refused(&refused, 403, "STEP_UP_REQUIRED");
    assert_eq!(renamed.status, 200, "{renamed:?}");
    is_refused(&wrong, 403, "WRONG_PASSWORD");
    assert_eq!(changed.status, 200, "{changed:?}");
    asks_for_code(&{
        let login = json!({"email": email_of("Ada"), "password": new});
        ada.person.rest().post("/api/users/login", &login).await
    });
}

#[tokio::test]
async fn a_challenge_of_before_a_new_password_is_worth_nothing() {
    let (_platform, ada) = ada_is_guarded().await;
    let challenge = ada.challenged("Ada").await;
    let path = format!("/api/users/{}", ada.person.id);
    let new = json!({"password": "eleven quiet lanterns over 58 harbours"});
    assert_eq!(ada.person.rest().put(&path, &new).await.status, 200);

    let late = continues(&ada.person, &challenge, &ada.app.shows(0)).await;

    is_refused(&late, 401, "CHALLENGE_REFUSED");
}

#[tokio::test]
async fn a_factor_outlives_a_restart() {
    let (platform, ada) = ada_is_guarded().await;

    let _platform = platform.restart().await;

    let refused = signs_in(&ada.person, "Ada", json!({})).await;
    asks_for_code(&refused);
    let signed_in = signs_in(&ada.person, "Ada", json!({"code": ada.app.shows(0)})).await;
    assert_eq!(signed_in.status, 200, "{signed_in:?}");
}
