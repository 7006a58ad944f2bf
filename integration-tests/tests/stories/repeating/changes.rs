//! The changes over REST that take an idempotency key, each on things of its own.

use http::Method;
use serde_json::{Value, json};
use sir0_testkit::{Answer, Person, Running, a_game, email_of, png};

use super::KEY;
use crate::api_tokens;

/// A change over REST, which can be sent again.
#[derive(Clone)]
pub(super) struct Change {
    /// The call that it makes.
    pub(super) call: &'static str,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: Value,
    /// The same with something else in it.
    pub(super) other: Value,
    /// Who makes it, if that is someone else than who makes the others.
    pub(super) by: Option<Person>,
}

impl Change {
    pub(super) async fn sent(&self, by: &Person, key: &str) -> Answer {
        self.sends(by, &self.body, &[key]).await
    }

    pub(super) async fn sends(&self, by: &Person, body: &Value, keys: &[&str]) -> Answer {
        let rest = self.by.as_ref().unwrap_or(by).rest();
        let mut request = rest.request(self.method.clone(), &self.path);
        for key in keys {
            request = request.header(KEY, *key);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        rest.changes(request).await
    }
}

/// Every change that takes a key, on things of its own.
pub(super) async fn every_change(platform: &Running) -> (Person, Vec<Change>) {
    let studio = platform.publisher("Northlight").await;
    let mut games = Vec::new();
    for title in ["Lanterns", "Torches"] {
        let added = studio.rest().post("/api/games", &a_game(title)).await;
        games.push(format!("/api/games/{}", added.json["gameId"]));
    }
    let email = email_of("Northlight");
    let login = json!({"email": email, "password": sir0_testkit::PASSWORD});
    let user = studio.rest().post("/api/users/login", &login).await.json["userId"].clone();
    let of = |call, method, path: &str, body, other| {
        let path = path.to_owned();
        Change { call, method, path, body, other, by: None }
    };
    let account = format!("/api/users/{user}");
    let own = studio.rest().get("/api/studios").await.json["studios"][0]["studioId"].clone();
    let of_own = |title| {
        let mut game = a_game(title);
        game["studioId"] = own.clone();
        game
    };
    let mut changes = vec![
        of("CreateGame", Method::POST, "/api/games", of_own("Sparks"), of_own("Embers")),
        of("UpdateGame", Method::PUT, &games[0], json!({"price": 2.5}), json!({"price": 3.5})),
        of("DeleteGame", Method::DELETE, &games[1], Value::Null, Value::Null),
        of(
            "UpdateUser",
            Method::PUT,
            &account,
            json!({"username": "Southlight", "password": "nine lanterns at dusk"}),
            json!({"username": "Southlight", "password": "ten lanterns at dusk"}),
        ),
    ];
    let mut draft = of_own("Secrets");
    draft["state"] = json!("draft");
    let draft = studio.rest().post("/api/games", &draft).await.json["gameId"].clone();
    changes.push(of(
        "PublishGame",
        Method::POST,
        &format!("/api/games/{draft}:publish"),
        json!({"state": "announced"}),
        json!({"state": "released"}),
    ));
    changes.push(of(
        "UnscheduleGame",
        Method::POST,
        &format!("/api/games/{draft}:unschedule"),
        json!({}),
        Value::Null,
    ));
    studio.rest().put(&format!("/api/games/{draft}"), &json!({"price": 7.5})).await;
    let listed = studio.rest().get(&format!("/api/games/{draft}/changes?pageSize=1")).await;
    let change = listed.json["changes"][0]["changeId"].as_str().expect("a number").to_owned();
    changes.push(of(
        "UndoGameChange",
        Method::POST,
        &format!("/api/games/{draft}/changes/{change}:undo"),
        json!({}),
        Value::Null,
    ));
    changes.push(of(
        "UpdateGamePage",
        Method::PUT,
        &format!("/api/games/{draft}/page"),
        json!({"page": {"tags": ["cosy"]}}),
        json!({"page": {"tags": ["dark"]}}),
    ));
    let id = draft.as_i64().expect("an id");
    let added = studio.uploads(id, "cover", png(2, 3, 1)).await;
    let picture = added.json["picture"]["pictureId"].as_str().expect("an id").to_owned();
    changes.push(of(
        "DeletePicture",
        Method::DELETE,
        &format!("/api/games/{draft}/pictures/{picture}"),
        Value::Null,
        Value::Null,
    ));
    changes.extend(changes_of_guard(&studio, &account).await);
    let made = api_tokens::makes(&studio, &["games:read"], "").await.1;
    changes.push(of(
        "RevokeApiToken",
        Method::DELETE,
        &format!("{account}/api-tokens/{made}"),
        Value::Null,
        Value::Null,
    ));
    changes.extend(changes_of_studios(platform, &studio, &own, &games[0]).await);
    changes.extend(changes_by_an_administrator(platform, &draft).await);
    // This one comes last: the session of the token ends with the other one.
    changes.push(of(
        "EndSessions",
        Method::POST,
        &format!("{account}/sessions:end"),
        json!({"keepCurrent": true}),
        json!({"keepCurrent": false}),
    ));
    (studio, changes)
}

/// The changes of factors and devices that take a key.
async fn changes_of_guard(studio: &Person, account: &str) -> Vec<Change> {
    let factors = format!("{account}/factors");
    let added = studio.rest().post(&factors, &json!({"name": "Phone"})).await;
    let factor = added.json["factorId"].as_str().expect("an id");
    let of = |call, path, body, other| Change {
        call,
        method: Method::POST,
        path,
        body,
        other,
        by: None,
    };
    let devices = json!({"deviceIds": ["device_01arz3ndektsv4rrffq69g5fav"]});
    vec![
        of(
            "RemoveFactor",
            format!("{factors}/{factor}:remove"),
            // A factor goes once, whatever stands beside it.
            json!({}),
            Value::Null,
        ),
        of("ForgetDevices", format!("{account}/devices:forget"), json!({}), devices),
    ]
}

/// The changes of studios that take a key, on things of this person.
async fn changes_of_studios(
    platform: &Running,
    studio: &Person,
    own: &Value,
    game: &str,
) -> Vec<Change> {
    let other = platform.publisher("Eastlight").await;
    let found = async |by: &Person| {
        let answer = by.rest().post("/api/studios", &json!({"name": "Eastlight"})).await;
        answer.json["studioId"].clone()
    };
    let path_of = |id: &Value| format!("/api/studios/{}", id.as_str().expect("an id"));
    let invite = async |by: &Person, id: &Value| {
        let path = format!("{}/invitations", path_of(id));
        by.rest().post(&path, &json!({"role": "viewer"})).await.json
    };
    let [one, two] = [found(&other).await, found(&other).await];
    let second = found(studio).await;
    let let_in = invite(studio, own).await["secret"].clone();
    let joined = other.rest().post("/api/invitations:accept", &json!({"secret": let_in})).await;
    assert_eq!(joined.status, 200, "{joined:?}");
    let open = invite(studio, own).await["invitationId"].clone();
    let secrets = [invite(&other, &one).await, invite(&other, &two).await];
    let [secret, another] = secrets.map(|it| json!({"secret": it["secret"]}));
    let (path, open) = (path_of(own), open.as_str().expect("an id").to_owned());
    let of = |call, method, path: String, body, other| Change {
        call,
        method,
        path,
        body,
        other,
        by: None,
    };
    let member = format!("{path}/members/{}", other.id);
    let (viewer, editor) = (json!({"role": "viewer"}), json!({"role": "editor"}));
    vec![
        of(
            "HandOverGame",
            Method::POST,
            format!("{game}:handOver"),
            json!({"studioId": second}),
            json!({"studioId": own}),
        ),
        of(
            "UpdateStudio",
            Method::PUT,
            path.clone(),
            json!({"name": "Sparks"}),
            json!({"name": "Embers"}),
        ),
        of("AcceptInvitation", Method::POST, "/api/invitations:accept".into(), secret, another),
        of("UpdateMember", Method::PUT, member.clone(), editor, viewer.clone()),
        of("RemoveMember", Method::DELETE, member, Value::Null, Value::Null),
        of(
            "RevokeInvitation",
            Method::DELETE,
            format!("{path}/invitations/{open}"),
            Value::Null,
            Value::Null,
        ),
        of(
            "CreateStudio",
            Method::POST,
            "/api/studios".into(),
            json!({"name": "Sparks"}),
            json!({"name": "Embers"}),
        ),
    ]
}

/// What an administrator does to an account of someone who does nothing else.
async fn changes_by_an_administrator(platform: &Running, game: &Value) -> Vec<Change> {
    let (admin, grace) = (platform.admin("Root").await, platform.player("Grace").await);
    let account = format!("/api/admin/users/{}", grace.id);
    let of = |call, method, path: &str, body, other| {
        let (path, by) = (format!("{account}{path}"), Some(admin.clone()));
        Change { call, method, path, body, other, by }
    };
    let post = |call, path| of(call, Method::POST, path, json!({}), Value::Null);
    let (picks, none) = (json!({"gameIds": [game]}), json!({"gameIds": []}));
    let roles = (json!({"role": "publisher"}), json!({"role": "player"}));
    vec![
        post("DisableUser", ":disable"),
        post("EnableUser", ":enable"),
        post("SignOutUser", ":signOut"),
        post("RequireNewPassword", ":requireNewPassword"),
        of("SetUserRole", Method::PUT, "/role", roles.0, roles.1),
        Change {
            path: "/api/store/picks".to_owned(),
            ..of("UpdatePicks", Method::PUT, "", picks, none)
        },
    ]
}
