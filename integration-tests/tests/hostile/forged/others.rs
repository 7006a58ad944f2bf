//! What else the platform signs, seals and hands out, and tokens of another platform: none is an access token here.

use serde_json::{Value, json};
use sir0_kernel::{Clock, SystemClock};
use sir0_testkit::{PASSWORD, Person, Process, email_of};
use totp_rs::{Builder, Secret, Totp};

use super::forger::{Catalogue, Forger, Key, Parts, with};

/// The text at this place of an answer.
fn text(json: &Value, name: &str) -> String {
    json[name].as_str().unwrap_or_else(|| panic!("no {name} in {json}")).to_owned()
}

async fn posts(person: &Person, path: &str, body: Value) -> Value {
    let answer = person.rest().post(path, &body).await;
    assert!(answer.status < 300, "{path}: {answer:?}");
    answer.json
}

async fn gets(person: &Person, path: &str) -> Value {
    let answer = person.rest().get(path).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.json
}

/// Adds what the platform hands out through its doors to these people.
pub(super) async fn handed_out(root: &Person, studio: &Person, into: &mut Catalogue) {
    let kind = "a refresh token";
    into.add_for_all_but_logout(kind, "good", root.begins_to_refresh("Root").await);
    of_machines(studio, into).await;
    of_lists_and_streams(root, into).await;
    of_links(root, studio, into).await;
    of_a_second_factor(root, into).await;
    names(root, studio, into).await;
}

async fn of_machines(studio: &Person, into: &mut Catalogue) {
    let path = format!("/api/users/{}/api-tokens", studio.id);
    let asked = json!({"name": "Nightly", "scopes": ["games:read", "games:write"]});
    let made = posts(studio, &path, asked).await;
    into.add("an API token", "good", text(&made, "apiToken"));
    into.add("a name", "of an API token", text(&made, "tokenId"));
}

async fn of_lists_and_streams(root: &Person, into: &mut Catalogue) {
    for (what, path) in [
        ("games", "/api/games?pageSize=1"),
        ("sorted games", "/api/games?pageSize=1&sort=price"),
        ("events", "/api/security-events?pageSize=1"),
        ("accounts", "/api/admin/users?pageSize=1"),
    ] {
        into.add("a page token", what, text(&gets(root, path).await, "nextPageToken"));
    }
    let mut socket = root.socket().await;
    socket.says(json!({"action": "subscribe", "topic": "game_updates"})).await;
    into.add("a resume token", "games", text(&socket.hears().await, "resumeToken"));
}

async fn of_links(root: &Person, studio: &Person, into: &mut Catalogue) {
    let studios = gets(studio, "/api/studios").await;
    let id = text(&studios["studios"][0], "studioId");
    let path = format!("/api/studios/{id}/invitations");
    let invitation = posts(studio, &path, json!({"role": "viewer"})).await;
    into.add("a secret of a link", "an invitation", text(&invitation, "secret"));
    into.add("a name", "of an invitation", text(&invitation, "invitationId"));
    into.add("a name", "of a studio", id);
    let path = format!("/api/admin/users/{}:reset", studio.id);
    let reset = posts(root, &path, json!({})).await;
    into.add("a secret of a link", "a reset", text(&reset, "secret"));
    let confirm = json!({
        "action": "ACTION_END_SESSIONS", "subject": root.id.to_string(), "password": PASSWORD,
    });
    let confirmed = posts(root, "/api/users/confirmations", confirm).await;
    into.add("a confirmation", "to end sessions", text(&confirmed, "confirmationToken"));
}

/// Eve's account gets a factor, a device and a sign-in that has to go on.
async fn of_a_second_factor(root: &Person, into: &mut Catalogue) {
    root.registers("Eve").await;
    let eve = root.signs_in("Eve").await;
    let path = format!("/api/users/{}/factors", eve.id);
    let added = posts(&eve, &path, json!({"name": "Phone"})).await;
    let secret = text(&added, "sharedSecret");
    let app = Builder::new().with_secret(Secret::try_from_base32(&secret).expect("base 32"));
    let app: Totp = app.build().expect("160 bits");
    let shows = |seconds: i64| {
        app.generate((SystemClock.now().seconds() + seconds).unsigned_abs()).to_string()
    };
    let factor = text(&added, "factorId");
    let confirmed =
        posts(&eve, &format!("{path}/{factor}:confirm"), json!({"code": shows(-30)})).await;
    into.add("of a second factor", "the secret of the app", secret);
    into.add(
        "of a second factor",
        "a recovery code",
        confirmed["recoveryCodes"][0].as_str().expect("a code"),
    );
    into.add("a name", "of a factor", factor);
    let login = json!({"email": email_of("Eve"), "password": PASSWORD});
    let challenged = root.rest().post("/api/users/login", &login).await;
    let challenge = text(&challenged.json["guard"], "challengeId");
    into.add("of a second factor", "a challenge", challenge);
    let trusting = with(&with(&login, "code", shows(0)), "trustDevice", true);
    let trusted = posts(root, "/api/users/login", trusting).await;
    into.add("of a second factor", "a trusted device", text(&trusted, "deviceToken"));
}

/// What names something, and is known to many.
async fn names(root: &Person, studio: &Person, into: &mut Catalogue) {
    let claims = Parts::of(root.token()).claims();
    for claim in ["sid", "jti", "sub", "role", "iss"] {
        into.add("a name", format!("the claim {claim}"), text(&claims, claim));
    }
    let sessions = gets(studio, &format!("/api/users/{}/sessions", studio.id)).await;
    into.add("a name", "of a session", text(&sessions["sessions"][0], "sessionId"));
    let games = root.rest().get("/api/games").await;
    into.add("a name", "a tag", games.header("etag").expect("a tag"));
    into.add("a name", "of a request", games.header("x-request-id").expect("an id"));
    into.add("no token at all", "the password", PASSWORD);
    into.add("no token at all", "the e-mail", email_of("Root"));
}

/// Adds what another platform signs, whose administrator has the same name, id and role.
pub(super) async fn of_another_platform(
    elsewhere: &Process,
    key: &Key,
    forger: &Forger,
    into: &mut Catalogue,
) {
    let kind = "a token of another platform";
    let stranger = elsewhere.admin("Root").await;
    let theirs = Parts::of(stranger.token());
    into.add(kind, "as it is", stranger.token());
    into.add(kind, "with our kid", theirs.with_header(&forger.header()));
    into.add(
        kind,
        "with our kid, signed well there",
        key.signs(&forger.header(), &theirs.claims()),
    );
    into.add(kind, "our claims, signed there", key.signs(&theirs.header(), &forger.claims()));
    into.add(
        kind,
        "our claims and kid, signed there",
        key.signs(&forger.header(), &forger.claims()),
    );
    into.add(kind, "our claims, its signature", theirs.with_claims(&forger.claims()));
    into.add(kind, "its signature", forger.good.with_signature(&theirs.signature()));
    let nearly = with(&theirs.header(), "kid", format!("{}/", forger.kid));
    into.add(kind, "nearly our kid", key.signs(&nearly, &forger.claims()));
    let refresh = stranger.begins_to_refresh("Root").await;
    // A logout passes over a refresh token that it does not know: that of a session long forgotten looks the same.
    into.add_for_all_but_logout("another platform's refresh token", "good there", refresh);
}
