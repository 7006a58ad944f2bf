//! Accounts in the hands of administrators: locked, signed out, given another role, and reset by their owners.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use sir0_contract::accounts::{
    DisableUserRequest, EnableUserRequest, FindUsersRequest, LoginRequest,
};
use sir0_kernel::{Clock, Role, SystemClock};
use sir0_testkit::{Answer, PASSWORD, Person, Running, a_game, email_of, platform, process};
use tonic::Code;
use tonic_types::StatusExt;

pub(crate) const NEW: &str = "eight herons leave the delta at noon";

pub(crate) fn account(person: &Person) -> String {
    format!("/api/admin/users/{}", person.id)
}

pub(crate) async fn does(admin: &Person, person: &Person, what: &str) -> Answer {
    let done = admin.rest().post(&format!("{}:{what}", account(person)), &json!({})).await;
    assert!(matches!(done.status, 200 | 201), "{what}: {done:?}");
    done
}

pub(crate) fn reason(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.json["reason"].as_str().unwrap_or_default())
}

pub(crate) async fn signs_in(visitor: &Person, name: &str, password: &str) -> Answer {
    let login = json!({"email": email_of(name), "password": password});
    visitor.rest().post("/api/users/login", &login).await
}

pub(crate) async fn uses(visitor: &Person, secret: &Value, password: &str) -> Answer {
    let body = json!({"secret": secret, "newPassword": password});
    visitor.rest().post("/api/users/resets:use", &body).await
}

/// Whether accounts and the storefront let this person in, which have to agree.
pub(crate) async fn is_let_in(person: &Person) -> bool {
    let own = person.rest().get(&format!("/api/users/{}", person.id)).await.status;
    let store = person.rest().delete("/api/games/2000000000").await.status;
    match (own, store) {
        (200, 403 | 404) => true,
        (401, 401) => false,
        other => panic!("they disagree: {other:?}"),
    }
}

#[tokio::test]
async fn a_disabled_account_is_shut_everywhere_and_opened_again_as_it_was() {
    let platform = platform().await;
    let (admin, studio) = (platform.admin("Root").await, platform.publisher("Northlight").await);
    let game = studio.rest().post("/api/games", &a_game("Lanterns")).await.json["gameId"].clone();
    let refresh_token = studio.begins_to_refresh("Northlight").await;
    let visitor = platform.visitor();

    let disabled = does(&admin, &studio, "disable").await;
    let again = does(&admin, &studio, "disable").await;

    assert!(disabled.json["account"]["disableTime"].is_string(), "{disabled:?}");
    assert_eq!(disabled.json, again.json, "repeating it is harmless");
    assert!(!is_let_in(&studio).await);
    let refreshed = json!({"refreshToken": refresh_token});
    let refreshed = visitor.rest().post("/api/users/login/refresh", &refreshed).await;
    assert_eq!(reason(&refreshed), (401, "REFRESH_TOKEN_REFUSED"));
    let shut = signs_in(&visitor, "Northlight", PASSWORD).await;
    assert_eq!(reason(&shut), (401, "ACCOUNT_DISABLED"));
    assert_eq!(shut.json["error"], "Invalid credentials", "what old clients know");
    let kept = visitor.rest().get(&format!("/api/games/{game}")).await;
    assert_eq!(kept.status, 200, "what it has stays");

    let enabled = does(&admin, &studio, "enable").await;
    assert!(enabled.json["account"].get("disableTime").is_none(), "{enabled:?}");
    assert!(!is_let_in(&studio).await, "a session that ended has ended");
    assert!(is_let_in(&visitor.signs_in("Northlight").await).await);
}

#[tokio::test]
async fn who_does_not_know_the_password_learns_of_no_lock() {
    let platform = platform().await;
    let (admin, visitor) = (platform.admin("Root").await, platform.visitor());
    for (name, what) in [("Ada", "disable"), ("Eve", "requireNewPassword"), ("Alan", "signOut")] {
        let person = platform.player(name).await;
        does(&admin, &person, what).await;
    }

    let unknown = signs_in(&visitor, "Nobody", "seven wrong cranes").await;
    for name in ["Ada", "Eve", "Alan"] {
        let wrong = signs_in(&visitor, name, "seven wrong cranes").await;
        assert_eq!((wrong.status, &wrong.json), (unknown.status, &unknown.json), "{name}");
    }
    let email = email_of("Ada");
    let login = LoginRequest { email, password: PASSWORD.to_owned(), ..Default::default() };
    let status = visitor.accounts().login(login).await.expect_err("it is disabled");
    let info = status.get_details_error_info().expect("a reason");
    assert_eq!((status.code(), &*info.reason), (Code::Unauthenticated, "ACCOUNT_DISABLED"));
    assert_eq!(info.metadata["kind"], "INVALID_CREDENTIALS");
    for _ in 0..8 {
        let shut = signs_in(&visitor, "Ada", PASSWORD).await;
        assert_eq!(reason(&shut), (401, "ACCOUNT_DISABLED"), "the right password delays nobody");
    }
}

#[tokio::test]
async fn no_administrator_chooses_the_password_of_another_person() {
    let platform = platform().await;
    let (admin, ada) = (platform.admin("Root").await, platform.player("Ada").await);
    let path = format!("/api/users/{}", ada.id);

    let change = json!({"username": "Eve", "email": "eve@example.com", "password": NEW});
    let refused = admin.rest().put(&path, &change).await;

    assert_eq!(reason(&refused), (403, "USE_RESET"));
    let seen = ada.rest().get(&path).await;
    let (name, email) = (&seen.json["username"], &seen.json["email"]);
    assert_eq!((name, email), (&json!("Ada"), &json!("ada@example.com")), "nothing was changed");
    assert!(is_let_in(&ada).await);
    assert_eq!(signs_in(&admin, "Ada", PASSWORD).await.status, 200);
    let renamed = admin.rest().put(&path, &json!({"username": "Countess"})).await;
    assert_eq!(renamed.status, 200, "what else an administrator may write they may still");
    let own = format!("/api/users/{}", admin.id);
    assert_eq!(admin.rest().put(&own, &json!({"password": NEW})).await.status, 200);
}

#[tokio::test]
async fn the_last_administrator_cannot_be_lost() {
    let platform = platform().await;
    let (root, ada) = (platform.admin("Root").await, platform.player("Ada").await);
    let tries = async |by: &Person, path: &str, body: Value| {
        let method = if path.ends_with("/role") { Method::PUT } else { Method::POST };
        let request = by.rest().request(method, path).json(&body);
        by.rest().changes(request).await
    };
    let role = |person: &Person| format!("{}/role", account(person));
    let disable = |person: &Person| format!("{}:disable", account(person));
    let require = format!("{}:requireNewPassword", account(&root));
    let nothing = || json!({});

    for (path, body) in [
        (disable(&root), nothing()),
        (require.clone(), nothing()),
        (role(&root), json!({"role": "player"})),
    ] {
        let refused = tries(&root, &path, body).await;
        assert_eq!(reason(&refused), (400, "LAST_ADMINISTRATOR"), "{path}");
    }
    assert!(is_let_in(&root).await, "and is still signed in");
    let same = tries(&root, &role(&root), json!({"role": "admin"})).await;
    assert_eq!(same.status, 200);
    assert!(is_let_in(&root).await, "who has the role keeps the sessions");

    let promoted = tries(&root, &role(&ada), json!({"role": "admin"})).await;
    assert_eq!(promoted.json["account"]["user"]["role"], "admin");
    assert!(!is_let_in(&ada).await, "a token says the role");
    let ada = platform.visitor().signs_in("Ada").await;
    assert_eq!(tries(&ada, &disable(&root), nothing()).await.status, 200);
    assert!(!is_let_in(&root).await);
    assert_eq!(reason(&tries(&ada, &disable(&ada), nothing()).await), (400, "LAST_ADMINISTRATOR"));
    assert_eq!(reason(&tries(&root, &disable(&ada), nothing()).await).0, 401);
}

#[tokio::test]
async fn an_old_sign_in_needs_an_approval_of_exactly_what_is_done() {
    let platform = platform().await;
    let (root, ada) = (platform.admin("Root").await, platform.player("Ada").await);
    let older = SystemClock.now().before(Duration::from_mins(11));
    let root = root.with_token(&crate::sessions::minted_as(Role::Admin, &platform, &root, older));
    let approval = async |action: &str, subject: i32| {
        let asked = json!({"action": action, "subject": subject.to_string(), "password": PASSWORD});
        let answer = root.rest().post("/api/users/confirmations", &asked).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json["confirmationToken"].clone()
    };
    let step_up = (403, "STEP_UP_REQUIRED");

    for (what, action) in [
        ("disable", "ACTION_DISABLE_USER"),
        ("enable", "ACTION_ENABLE_USER"),
        ("signOut", "ACTION_SIGN_OUT_USER"),
        ("requireNewPassword", "ACTION_REQUIRE_NEW_PASSWORD"),
        ("reset", "ACTION_CREATE_RESET"),
    ] {
        let path = format!("{}:{what}", account(&ada));
        let does = async |token: Option<&Value>| {
            let body = token.map_or_else(|| json!({}), |it| json!({"confirmationToken": it}));
            root.rest().post(&path, &body).await
        };
        assert_eq!(reason(&does(None).await), step_up, "{what}");
        let of_another = approval(action, root.id).await;
        assert_eq!(reason(&does(Some(&of_another)).await), step_up, "{what}");
        let of_else = approval("ACTION_END_SESSIONS", ada.id).await;
        assert_eq!(reason(&does(Some(&of_else)).await), step_up, "{what}");
        let approved = approval(action, ada.id).await;
        assert!(matches!(does(Some(&approved)).await.status, 200 | 201), "{what}");
        assert_eq!(reason(&does(Some(&approved)).await), step_up, "used up: {what}");
    }
    let approved = approval("ACTION_SET_USER_ROLE", ada.id).await;
    let path = format!("{}/role", account(&ada));
    let body = json!({"role": "publisher", "confirmationToken": approved});
    assert_eq!(root.rest().put(&path, &body).await.status, 200);
    assert_eq!(reason(&root.rest().put(&path, &json!({"role": "player"})).await), step_up);
    let found = root.rest().get("/api/admin/users").await;
    assert_eq!(found.status, 200, "to look needs no approval");
}

#[tokio::test]
async fn accounts_are_found_a_page_at_a_time_by_what_is_known_of_them() {
    let platform = platform().await;
    let root = platform.admin("Root").await;
    for name in ["Ada", "Adam", "Eve"] {
        platform.visitor().registers(name).await;
    }
    let eve = platform.visitor().signs_in("Eve").await;
    does(&root, &eve, "disable").await;
    let finds = async |query: &str| {
        let found = root.rest().get(&format!("/api/admin/users?{query}")).await;
        assert_eq!(found.status, 200, "{query}: {found:?}");
        let accounts = found.json["accounts"].as_array().expect("accounts").clone();
        let name = |it: &Value| it["user"]["username"].as_str().expect("a name").to_owned();
        (accounts.iter().map(name).collect::<Vec<_>>(), found)
    };

    assert_eq!(finds("").await.0, ["Root", "Ada", "Adam", "Eve"]);
    assert_eq!(finds("username=ADA").await.0, ["Ada", "Adam"]);
    assert_eq!(finds("username=%EF%BC%A1d").await.0, ["Ada", "Adam"], "a wide letter is a letter");
    assert_eq!(finds("email=EVE@example.com").await.0, ["Eve"]);
    assert_eq!(finds("disabled=true").await.0, ["Eve"]);
    assert_eq!(finds("role=player&disabled=false").await.0, ["Ada", "Adam"]);
    assert_eq!(finds("email=&username=&role=admin").await.0, ["Root"]);
    assert_eq!(finds("username=%25").await.0, Vec::<String>::new());

    let (names, first) = finds("pageSize=3").await;
    assert_eq!(names, ["Root", "Ada", "Adam"]);
    let token = first.json["nextPageToken"].as_str().expect("there are more");
    let (names, second) = finds(&format!("pageSize=3&pageToken={token}")).await;
    assert_eq!((names, second.json.get("nextPageToken")), (vec!["Eve".to_owned()], None));
    for bad in [
        format!("username=Ada&pageToken={token}"),
        "pageToken=forged".to_owned(),
        "username=a%00b".to_owned(),
        format!("username={}", "x".repeat(65)),
        "email=no".to_owned(),
        "role=god".to_owned(),
        "disabled=perhaps".to_owned(),
        "pageSize=-1".to_owned(),
    ] {
        let refused = root.rest().get(&format!("/api/admin/users?{bad}")).await;
        assert_eq!(reason(&refused), (400, "INVALID_FIELDS"), "{bad}");
    }
    let request = FindUsersRequest { disabled: Some(true), ..FindUsersRequest::default() };
    let found = root.administration().find_users(request).await.expect("an administrator");
    let found = &found.get_ref().accounts[0];
    assert!(
        found.disable_time.is_some() && found.user.as_ref().is_some_and(|it| it.user_id == eve.id)
    );
}

#[tokio::test]
async fn an_account_is_shown_with_its_sessions_and_studios_to_administrators_alone() {
    let platform = platform().await;
    let (root, studio) = (platform.admin("Root").await, platform.publisher("Northlight").await);
    studio.rest().post("/api/games", &a_game("Lanterns")).await;
    studio.signs_in("Northlight").await;

    let shown = root.rest().get(&account(&studio)).await;

    assert_eq!((shown.status, &shown.json["sessions"]), (200, &json!(2)), "{shown:?}");
    assert_eq!(shown.json["account"]["user"]["role"], "publisher");
    assert_eq!(shown.json["studios"][0]["role"], "owner");
    assert!(!shown.text.contains("password") && !shown.text.contains("scrypt"), "{shown:?}");
    let own = studio.rest().get(&account(&studio)).await;
    assert_eq!(reason(&own), (403, "ADMINISTRATOR_ROLE_REQUIRED"));
    let nobody = root.rest().get("/api/admin/users/2000000").await;
    assert_eq!(reason(&nobody), (404, "USER_NOT_FOUND"));
    let ended = does(&root, &studio, "signOut").await;
    assert_eq!(ended.json["ended"], 2);
    assert_eq!(root.rest().get(&account(&studio)).await.json["sessions"], 0);
    let request = DisableUserRequest { user_id: 2_000_000, ..DisableUserRequest::default() };
    let refused = root.administration().disable_user(request).await.expect_err("nobody");
    assert_eq!(refused.code(), Code::NotFound);
    let request = EnableUserRequest { user_id: studio.id, ..EnableUserRequest::default() };
    root.administration().enable_user(request).await.expect("an administrator");
}

/// The owner of a studio is disabled, who invited someone before.
async fn a_studio_whose_owner_is_disabled(platform: &Running) -> (Person, Person, String, Value) {
    let (root, owner) = (platform.admin("Root").await, platform.publisher("Northlight").await);
    let founded = owner.rest().post("/api/studios", &json!({"name": "Northlight"})).await;
    let studio = format!("/api/studios/{}", founded.json["studioId"].as_str().expect("an id"));
    let path = format!("{studio}/invitations");
    let invited = owner.rest().post(&path, &json!({"role": "owner"})).await;
    let secret = invited.json["secret"].clone();
    does(&root, &owner, "disable").await;
    (root, owner, studio, secret)
}

#[tokio::test]
async fn a_studio_whose_only_owner_is_disabled_goes_to_another_person() {
    let platform = platform().await;
    let (root, owner, studio, secret) = a_studio_whose_owner_is_disabled(&platform).await;
    let heir = platform.player("Heir").await;
    let accepts = async |secret: &Value| {
        heir.rest().post("/api/invitations:accept", &json!({"secret": secret})).await
    };

    let of_the_disabled = accepts(&secret).await;
    assert_eq!(reason(&of_the_disabled), (403, "INVITATION_REFUSED"), "a thief made it, perhaps");
    let invited =
        root.rest().post(&format!("{studio}/invitations"), &json!({"role": "owner"})).await;
    assert_eq!(accepts(&invited.json["secret"]).await.status, 200);
    let removed = root.rest().delete(&format!("{studio}/members/{}", owner.id)).await;

    assert_eq!(removed.status, 200, "{removed:?}");
    let seen = heir.rest().get(&studio).await;
    let members = seen.json["members"].as_array().expect("members");
    assert_eq!((members.len(), &members[0]["username"]), (1, &json!("Heir")));
}

#[tokio::test]
async fn who_is_no_administrator_any_more_lets_nobody_into_the_studios_of_others() {
    let platform = platform().await;
    let (root, other) = (platform.admin("Root").await, platform.admin("Other").await);
    let owner = platform.publisher("Northlight").await;
    let found = async |by: &Person| {
        let founded = by.rest().post("/api/studios", &json!({"name": "Northlight"})).await;
        format!("/api/studios/{}", founded.json["studioId"].as_str().expect("an id"))
    };
    let (foreign, own) = (found(&owner).await, found(&other).await);
    let invites = async |studio: &str| {
        let path = format!("{studio}/invitations");
        other.rest().post(&path, &json!({"role": "owner"})).await.json["secret"].clone()
    };
    let (into_foreign, into_own) = (invites(&foreign).await, invites(&own).await);

    let role = json!({"role": "publisher"});
    let demoted = root.rest().put(&format!("{}/role", account(&other)), &role).await;
    assert_eq!(demoted.status, 200, "{demoted:?}");

    let eve = platform.player("Eve").await;
    let accepts = async |secret: &Value| {
        eve.rest().post("/api/invitations:accept", &json!({"secret": secret})).await.status
    };
    assert_eq!((accepts(&into_foreign).await, accepts(&into_own).await), (403, 200));
}

#[tokio::test]
async fn an_operator_does_all_of_it_at_the_command_line_beside_the_server() {
    let server = process().await;
    let (root, ada) = (server.admin("Root").await, server.player("Ada").await);
    let visitor = server.visitor();
    let email = email_of("Ada");
    let does =
        async |words: &[&str]| server.operator(&[words, &["--email", &email]].concat(), "").await;

    let listed = server.operator(&["list"], "").await;
    let line = listed.lines().find(|line| line.contains(&email)).expect("a line for Ada");
    let words: Vec<_> = line.split_whitespace().collect();
    assert_eq!(words, [&*ada.id.to_string(), "player", "enabled", &*email, "Ada"]);
    let said = does(&["disable"]).await;
    assert!(said.contains("is disabled; 1 session has ended."), "{said}");
    assert!(does(&["disable"]).await.contains("is disabled already"));
    assert!(server.operator(&["list", "--disabled"], "").await.contains(&email));
    assert_eq!(reason(&signs_in(&visitor, "Ada", PASSWORD).await), (401, "ACCOUNT_DISABLED"));
    let mut asked = 0;
    let own = format!("/api/users/{}", ada.id);
    while ada.rest().get(&own).await.status == 200 {
        asked += 1;
        assert!(asked < 200, "the server never hears of it");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(!is_let_in(&ada).await);
    let shown = does(&["show"]).await;
    assert!(shown.contains("state     disabled") && shown.contains("sessions  0"), "{shown}");
    assert!(shown.contains("second factors: 0, trusted devices: 0"), "{shown}");
    assert!(shown.contains("API tokens: 0"), "{shown}");
    assert!(does(&["enable"]).await.contains("is enabled."));
    visitor.signs_in("Ada").await;
    assert!(does(&["sign-out"]).await.contains("1 session has ended"));

    let said = does(&["reset", "--require-new-password"]).await;
    let secret = said.split("\"secret\":\"").nth(1).and_then(|rest| rest.split('"').next());
    let secret = json!(secret.expect("a secret"));
    assert_eq!(reason(&signs_in(&visitor, "Ada", PASSWORD).await), (401, "NEW_PASSWORD_REQUIRED"));
    assert_eq!(uses(&visitor, &secret, NEW).await.status, 200);
    assert_eq!(signs_in(&visitor, "Ada", NEW).await.status, 200);
    let log = server.log();
    assert!(!log.contains(secret.as_str().expect("text")), "no log has the secret: {log}");

    let own = email_of("Root");
    let reset = server.operator(&["reset", "--email", &own, "--require-new-password"], "").await;
    assert!(reset.contains("The old password is worthless"), "the only one is shut out: {reset}");
    assert!(root.id > 0);
}
