//! What the OpenAPI document promises of each call: an example that works as it stands, and every reason for which the
//! call refuses.

mod stage;

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};
use sir0_testkit::{Answer, PASSWORD, Person, openapi, platform, platform_with, png, reasons};

use self::stage::Stage;
use crate::api_tokens;

/// A call of the document.
struct Promised {
    method: Method,
    path: &'static str,
    operation: &'static Value,
}

fn with_parameter(path: &str, parameter: &str) -> String {
    let separator = if path.contains('?') { '&' } else { '?' };
    format!("{path}{separator}{parameter}")
}

impl Promised {
    fn name(&self) -> &'static str {
        self.operation["operationId"].as_str().expect("a name")
    }

    /// The example of its body. A file has none.
    fn body(&self) -> Option<Value> {
        let body = self.operation.get("requestBody")?;
        // A file has no example.
        let content = body["content"].get("application/json")?;
        Some(
            content
                .get("example")
                .unwrap_or_else(|| panic!("{} has no example", self.name()))
                .clone(),
        )
    }

    /// Its path with the examples of its variables, and of the parameters that it must have.
    fn path(&self) -> String {
        let parameters = self.operation["parameters"].as_array().into_iter().flatten();
        let needed = parameters.filter(|it| it["in"] == "path" || it["in"] == "query");
        let needed = needed.filter(|parameter| parameter["required"] == true);
        needed.fold(self.path.to_owned(), |path, parameter| {
            let name = parameter["name"].as_str().expect("a name");
            let example = match &parameter["example"] {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => panic!("{name} has no example"),
            };
            match parameter["in"].as_str() {
                Some("query") => with_parameter(&path, &format!("{name}={example}")),
                _ => path.replace(&format!("{{{name}}}"), &example),
            }
        })
    }

    /// Whether it is made by someone who is signed in.
    fn is_signed(&self) -> bool {
        self.operation["security"].as_array().is_some_and(|ways| !ways.is_empty())
    }

    /// Each refusal that it documents: the key of the answer, and the reason.
    fn refusals(&self) -> Vec<(&'static str, &'static str)> {
        let responses = self.operation["responses"].as_object().expect("answers");
        let all =
            responses.iter().flat_map(|(status, it)| reasons(it).map(move |it| (&**status, it)));
        all.collect()
    }
}

fn promised() -> Vec<Promised> {
    let paths = openapi()["paths"].as_object().expect("paths");
    let calls = paths.iter().flat_map(|(path, verbs)| {
        verbs.as_object().expect("verbs").iter().map(move |(verb, operation)| Promised {
            method: verb.to_uppercase().parse().expect("a method"),
            path,
            operation,
        })
    });
    calls.collect()
}

fn named(name: &str) -> Promised {
    let found = promised().into_iter().find(|call| call.name() == name);
    found.unwrap_or_else(|| panic!("there is no {name}"))
}

/// Makes a call with these.
async fn made(by: &Person, method: &Method, path: &str, body: Option<&Value>) -> Answer {
    let request = by.rest().request(method.clone(), path);
    let request = match body {
        Some(body) => request.json(body),
        None => request,
    };
    by.rest().changes(request).await
}

/// What there is where the examples name something that is not a number.
#[derive(Clone, Default)]
struct Real {
    studio: String,
    invitation: String,
    secret: String,
    api_token: String,
    token: String,
    change: String,
    picture: String,
}

impl Real {
    const STUDIO: &str = "studio_01kb2m3n4p5q6r7s8t9v0w1x2y";
    const INVITATION: &str = "invitation_01kb2m3n4p5q6r7s8t9v0w1x2z";
    const CHANGE: &str = "2000000000";
    const PICTURE: &str = "picture_01kb2m3n4p5q6r7s8t9v0w1x2y";
    const FACTOR: &str = "factor_01k3v4zq9w6m8x2c5b7n1d0fgh";
    const SECRET: &str = "5eed5eed5eed5eed5eed5eed5eed5eed";
    const TOKEN: &str = "apitoken_01kb2m3n4p5q6r7s8t9v0w1x2y";
    const API_TOKEN: &str =
        "sir0_00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff0a1b2c3d";

    /// The first studio that this person is in.
    async fn of(person: &Person) -> Self {
        let studios = person.rest().get("/api/studios").await;
        Self { studio: text(&studios.json["studios"][0]["studioId"]), ..Self::default() }
    }

    /// With an invitation that is open.
    async fn inviting(&self, by: &Person) -> Self {
        let path = format!("/api/studios/{}/invitations", self.studio);
        let answer = by.rest().post(&path, &json!({"role": "viewer"})).await;
        let (invitation, secret) =
            (text(&answer.json["invitationId"]), text(&answer.json["secret"]));
        Self { invitation, secret, ..self.clone() }
    }

    /// With a change of the game of the examples, which this person makes.
    async fn changing(&self, by: &Person) -> Self {
        by.rest().put("/api/games/1", &json!({"price": 3.5})).await;
        let changes = by.rest().get("/api/games/1/changes").await;
        Self { change: text(&changes.json["changes"][0]["changeId"]), ..self.clone() }
    }

    /// With a picture of the game of the examples, which this person uploads.
    async fn showing(&self, by: &Person) -> Self {
        let added = by.uploads(1, "cover", png(2, 3, 1)).await;
        Self { picture: text(&added.json["picture"]["pictureId"]), ..self.clone() }
    }

    /// With an API token of this person, whom the examples are about.
    async fn making(&self, by: &Person) -> Self {
        let mut owner = by.clone();
        owner.id = 1;
        let (api_token, token) = api_tokens::makes(&owner, &["games:read"], "").await;
        Self { api_token, token, ..self.clone() }
    }

    fn put_into(&self, example: &str) -> String {
        let example = example.replace(Self::STUDIO, &self.studio);
        let example = example.replace(Self::INVITATION, &self.invitation);
        let example = example.replace(Self::SECRET, &self.secret);
        let example = example.replace(Self::CHANGE, &self.change);
        let example = example.replace(Self::PICTURE, &self.picture);
        example.replace(Self::TOKEN, &self.token).replace(Self::API_TOKEN, &self.api_token)
    }

    fn put_into_body(&self, example: Option<&Value>) -> Option<Value> {
        let body = self.put_into(&example?.to_string());
        Some(serde_json::from_str(&body).expect("as it was"))
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// Makes the call of this name as its example has it.
async fn made_as_it_stands(by: &Person, name: &str) -> Answer {
    made_with(by, name, &Real::default()).await
}

/// Makes the call of this name as its example has it, with what there is.
async fn made_with(by: &Person, name: &str, real: &Real) -> Answer {
    let call = named(name);
    let body = real.put_into_body(call.body().as_ref());
    let answer = made(by, &call.method, &real.put_into(&call.path()), body.as_ref()).await;
    assert!(matches!(answer.status, 200 | 201), "{name}: {answer:?}");
    answer
}

/// The calls whose examples are tried as they stand.
const KNOWN: &[&str] = &[
    "register",
    "login",
    "getUser",
    "updateUser",
    "createGame",
    "listGames",
    "listSessions",
    "confirmAction",
    "refreshSession",
    "endSessions",
    "logout",
    "getGame",
    "updateGame",
    "deleteGame",
    "getStatus",
    "getSetup",
    "createStudio",
    "listStudios",
    "getStudio",
    "updateStudio",
    "createInvitation",
    "acceptInvitation",
    "updateMember",
    "removeMember",
    "revokeInvitation",
    "listActivity",
    "listSecurityEvents",
    "listInvitations",
    "listMyGames",
    "getMyGame",
    "publishGame",
    "unscheduleGame",
    "listGameChanges",
    "undoGameChange",
    "uploadPicture",
    "listPictures",
    "listMyPictures",
    "deletePicture",
    "getGamePage",
    "getMyGamePage",
    "updateGamePage",
    "getStore",
    "getFrontPage",
    "getPicks",
    "updatePicks",
    "handOverGame",
    "addFactor",
    "listFactors",
    "listTrustedDevices",
    "forgetDevices",
    "findUsers",
    "showUser",
    "disableUser",
    "enableUser",
    "signOutUser",
    "requireNewPassword",
    "createReset",
    "useReset",
    "setUserRole",
    "createApiToken",
    "listApiTokens",
    "exchangeApiToken",
    "revokeApiToken",
];

#[tokio::test]
async fn each_example_of_a_body_works_as_it_stands() {
    let platform = platform().await;
    let visitor = platform.visitor();

    let registered = made_as_it_stands(&visitor, "register").await;
    let signed_in = made_as_it_stands(&visitor, "login").await;
    let ada = visitor.with_token(signed_in.json["token"].as_str().expect("a token"));
    for name in [
        "getUser",
        "updateUser",
        "listSessions",
        "confirmAction",
        "listActivity",
        "addFactor",
        "listFactors",
        "listTrustedDevices",
        "forgetDevices",
        "createApiToken",
        "listApiTokens",
    ] {
        made_as_it_stands(&ada, name).await;
    }
    // The tokens and the session of the examples would have to be of this platform.
    let mut body = named("refreshSession").body().expect("a body");
    body["refreshToken"] = signed_in.json["refreshToken"].clone();
    let refresh = named("refreshSession");
    let refreshed = made(&visitor, &refresh.method, refresh.path, Some(&body)).await;
    made_as_it_stands(&ada, "endSessions").await;
    let studio = platform.publisher("Northlight").await;
    let added = made_as_it_stands(&studio, "createGame").await;
    for name in ["listGames", "getGame", "updateGame", "listMyGames", "getStatus", "getSetup"] {
        made_as_it_stands(&studio, name).await;
    }
    for name in ["getMyGame", "publishGame", "unscheduleGame", "listGameChanges"] {
        made_as_it_stands(&studio, name).await;
    }
    for name in ["updateGamePage", "getGamePage", "getMyGamePage"] {
        made_as_it_stands(&studio, name).await;
    }
    for name in ["getStore", "getFrontPage"] {
        made_as_it_stands(&visitor, name).await;
    }
    let root = platform.admin("Root").await;
    for name in ["updatePicks", "getPicks"] {
        made_as_it_stands(&root, name).await;
    }
    let real = Real::default().showing(&studio).await;
    for name in ["listPictures", "listMyPictures", "deletePicture"] {
        made_with(&studio, name, &real).await;
    }
    let upload = named("uploadPicture");
    let request = studio.rest().request(upload.method.clone(), &upload.path());
    let uploaded = studio.rest().changes(request.body(png(2, 3, 1))).await;
    assert_eq!(uploaded.status, 201, "{uploaded:?}");
    made_with(&studio, "undoGameChange", &Real::default().changing(&studio).await).await;
    let founded = made_as_it_stands(&studio, "createStudio").await;
    let real = Real { studio: text(&founded.json["studioId"]), ..Real::default() };
    for name in ["listStudios", "getStudio", "updateStudio", "handOverGame"] {
        made_with(&studio, name, &real).await;
    }
    made_as_it_stands(&studio, "deleteGame").await;
    let invited = made_with(&studio, "createInvitation", &real).await;
    let (invitation, secret) = (text(&invited.json["invitationId"]), text(&invited.json["secret"]));
    let real = Real { invitation, secret, ..real };
    made_with(&studio, "listInvitations", &real).await;
    made_with(&ada, "acceptInvitation", &real).await;
    for name in ["updateMember", "removeMember", "revokeInvitation"] {
        made_with(&studio, name, &real).await;
    }
    made_as_it_stands(&root, "listSecurityEvents").await;
    let of_machines = Real::default().making(&ada).await;
    for name in ["exchangeApiToken", "revokeApiToken"] {
        made_with(&ada, name, &of_machines).await;
    }
    let logout = named("logout");
    let mut body = logout.body().expect("a body");
    body["token"] = signed_in.json["token"].clone();
    let left = made(&ada, &logout.method, logout.path, Some(&body)).await;
    let admin = root;
    for name in ["findUsers", "showUser", "disableUser", "enableUser", "signOutUser"] {
        made_as_it_stands(&admin, name).await;
    }
    for name in ["requireNewPassword", "setUserRole"] {
        made_as_it_stands(&admin, name).await;
    }
    let reset = made_as_it_stands(&admin, "createReset").await;
    let real = Real { secret: text(&reset.json["secret"]), ..Real::default() };
    made_with(&visitor, "useReset", &real).await;

    assert_eq!((&registered.json["userId"], &added.json["gameId"]), (&json!(1), &json!(1)));
    for answer in [refreshed, left] {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    // A stream has neither a body nor a variable.
    let left_out = promised().into_iter().map(|call| call.name());
    let left_out: Vec<_> = left_out.filter(|name| !KNOWN.contains(name)).collect();
    // The codes, the challenge and the factor of the examples are nobody's: `guard` tries these.
    let of_guard = ["continueLogin", "renewRecoveryCodes", "confirmFactor", "removeFactor"];
    // `bulk` tries the files.
    let streams =
        ["watchGames", "watchMyGames", "watchSecurityEvents", "exportGames", "importGames"];
    let left_out: BTreeSet<_> = left_out.into_iter().collect();
    assert_eq!(
        left_out,
        of_guard.into_iter().chain(streams).collect(),
        "say here how the example of a call is tried"
    );
}

/// Others than these any call can meet. The port has a test that holds those against what its doors say.
fn is_of_the_call(reason: &str) -> bool {
    let everywhere = |call: &Promised| call.refusals().iter().any(|(_, it)| *it == reason);
    ["INVALID_FIELDS", "PRECONDITION_FAILED"].contains(&reason)
        || !promised().iter().all(everywhere)
}

/// Whether a refusal is the one that the document tells, and reads as its example does.
fn is_as_documented(call: &Promised, status: &str, reason: &str, answer: &Answer) {
    let name = call.name();
    assert_eq!(answer.json["reason"], reason, "{name}: {answer:?}");
    let has_status = call.operation["responses"].get(answer.status.to_string()).is_some();
    let told = if has_status { answer.status.to_string() } else { "default".to_owned() };
    assert_eq!(told, status, "{name} {reason}");
    let example = &openapi()["components"]["examples"][reason]["value"];
    assert_eq!(answer.json["error"], example["error"], "{name}");
    let members = |body: &Value| body.as_object().expect("an object").keys().cloned().collect();
    let (said, exemplary): (Vec<_>, Vec<_>) = (members(&answer.json), members(example));
    assert_eq!(said, exemplary, "{name} {reason}");
    let waits = call.operation["responses"][status]["headers"]["Retry-After"].is_object();
    assert!(waits || answer.header("retry-after").is_none(), "{name} {reason}");
}

#[tokio::test]
async fn each_reason_of_the_document_is_one_for_which_its_call_refuses() {
    let stage = Stage::set().await;

    let mut met = 0;
    for call in promised() {
        for (status, reason) in call.refusals() {
            // These need another platform, or a race; see below, `resuming` and `repeating`.
            let elsewhere = ["TOO_BUSY", "RESUME_TOKEN_AHEAD", "STILL_RUNNING"];
            if !is_of_the_call(reason) || elsewhere.contains(&reason) {
                continue;
            }
            let answer = stage.refused(&call, reason).await;
            is_as_documented(&call, status, reason, &answer);
            met += 1;
        }
    }
    assert!(met > 40, "{met}");
    drop(stage.platform);
}

#[tokio::test]
async fn each_call_that_hashes_says_so_when_there_are_too_many_passwords_at_once() {
    let platform = platform_with(|config| {
        let accounts: &mut sir0_accounts::Config = config.services.get_mut();
        let hashing = &mut accounts.hashing;
        (hashing.memory_mib, hashing.queue) = (1, 0);
    })
    .await;
    let ada = platform.player("Ada").await;
    let (grace, admin) = (platform.player("Grace").await, platform.admin("Root").await);
    let make_link = format!("/api/admin/users/{}:reset", grace.id);
    let rest = ada.rest();
    let knocking = tokio::spawn(async move {
        for number in 0.. {
            let email = format!("knocks{number}@example.com");
            rest.post("/api/users/login", &json!({"email": email, "password": PASSWORD})).await;
        }
    });

    let mut seen = Vec::new();
    for call in promised() {
        let busy = call.refusals().into_iter().find(|(_, reason)| *reason == "TOO_BUSY");
        let Some((status, reason)) = busy else { continue };
        let path = call.path.replace("{user_id}", &ada.id.to_string());
        let mut body = call.body().expect("a body");
        let mut number = 0;
        let answer = loop {
            number += 1;
            if call.name() == "useReset" {
                let made = admin.rest().post(&make_link, &json!({})).await;
                body = json!({"secret": made.json["secret"], "newPassword": format!("{PASSWORD} {number}")});
            } else if call.name() == "confirmAction" {
                body["password"] = json!(PASSWORD);
            } else {
                body["password"] = json!(format!("{PASSWORD} {number}"));
                body["email"] = json!(format!("ada{number}@example.com"));
            }
            if call.name() == "register" {
                body["username"] = json!(format!("Ada {number}"));
            }
            let answer = made(&ada, &call.method, &path, Some(&body)).await;
            if answer.status == 429 {
                break answer;
            }
        };
        is_as_documented(&call, status, reason, &answer);
        assert!(answer.header("retry-after").is_some());
        seen.push(call.name());
    }
    knocking.abort();

    assert_eq!(seen, ["confirmAction", "login", "register", "useReset", "updateUser"]);
}
