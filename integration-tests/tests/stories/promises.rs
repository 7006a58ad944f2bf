//! What the OpenAPI document promises of each call: an example that works as it stands, and every reason for which the
//! call refuses.

use http::{Method, header};
use serde_json::{Value, json};
use sir0_testkit::{Answer, PASSWORD, Person, Running, openapi, platform, platform_with, reasons};

/// A call of the document.
struct Promised {
    method: Method,
    path: &'static str,
    operation: &'static Value,
}

impl Promised {
    fn name(&self) -> &'static str {
        self.operation["operationId"].as_str().expect("a name")
    }

    /// The example of its body.
    fn body(&self) -> Option<Value> {
        let body = self.operation.get("requestBody")?;
        let content = &body["content"]["application/json"];
        Some(
            content
                .get("example")
                .unwrap_or_else(|| panic!("{} has no example", self.name()))
                .clone(),
        )
    }

    /// Its path with the examples of its variables.
    fn path(&self) -> String {
        let parameters = self.operation["parameters"].as_array().into_iter().flatten();
        let in_path = parameters.filter(|parameter| parameter["in"] == "path");
        in_path.fold(self.path.to_owned(), |path, parameter| {
            let name = parameter["name"].as_str().expect("a name");
            let example = match &parameter["example"] {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => panic!("{name} has no example"),
            };
            path.replace(&format!("{{{name}}}"), &example)
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
}

impl Real {
    const STUDIO: &str = "studio_01kb2m3n4p5q6r7s8t9v0w1x2y";
    const INVITATION: &str = "invitation_01kb2m3n4p5q6r7s8t9v0w1x2z";
    const SECRET: &str = "5eed5eed5eed5eed5eed5eed5eed5eed";

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
        Self { studio: self.studio.clone(), invitation, secret }
    }

    fn put_into(&self, example: &str) -> String {
        let example = example.replace(Self::STUDIO, &self.studio);
        example.replace(Self::INVITATION, &self.invitation).replace(Self::SECRET, &self.secret)
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

#[tokio::test]
async fn each_example_of_a_body_works_as_it_stands() {
    let platform = platform().await;
    let visitor = platform.visitor();

    let registered = made_as_it_stands(&visitor, "register").await;
    let signed_in = made_as_it_stands(&visitor, "login").await;
    let ada = visitor.with_token(signed_in.json["token"].as_str().expect("a token"));
    for name in ["getUser", "updateUser", "listSessions", "confirmAction"] {
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
    let logout = named("logout");
    let mut body = logout.body().expect("a body");
    body["token"] = signed_in.json["token"].clone();
    let left = made(&ada, &logout.method, logout.path, Some(&body)).await;

    assert_eq!((&registered.json["userId"], &added.json["gameId"]), (&json!(1), &json!(1)));
    for answer in [refreshed, left] {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let known = ["register", "login", "getUser", "updateUser", "createGame", "listGames"];
    let sessions = ["listSessions", "confirmAction", "refreshSession", "endSessions", "logout"];
    let games = ["getGame", "updateGame", "deleteGame", "getStatus", "getSetup"];
    let of_studios =
        ["createStudio", "listStudios", "getStudio", "updateStudio", "createInvitation"];
    let of_members = ["acceptInvitation", "updateMember", "removeMember", "revokeInvitation"];
    let of_owners = ["listInvitations", "listMyGames", "handOverGame"];
    let known = [&known[..], &sessions, &games, &of_studios, &of_members, &of_owners].concat();
    // A stream has neither a body nor a variable.
    let left_out = promised().into_iter().map(|call| call.name());
    let left_out: Vec<_> = left_out.filter(|name| !known.contains(name)).collect();
    assert_eq!(left_out, ["watchGames"], "say here how the example of a call is tried");
}

/// Who and what the refusals are about.
struct Stage {
    platform: Running,
    visitor: Person,
    /// The person whom the example is about.
    ada: Person,
    eve: Person,
    admin: Person,
    studio: Person,
    /// What the examples of studios stand for: the studio of the one above, and a member who may only look.
    real: Real,
    viewer: Person,
    /// A publisher with another studio.
    other: Person,
    others: Real,
}

impl Stage {
    async fn set() -> Self {
        let platform = platform().await;
        let visitor = platform.visitor();
        made_as_it_stands(&visitor, "register").await;
        let signed_in = made_as_it_stands(&visitor, "login").await;
        let ada = visitor.with_token(signed_in.json["token"].as_str().expect("a token"));
        let (eve, admin) = (platform.player("Eve").await, platform.admin("Root").await);
        let studio = platform.publisher("Northlight").await;
        made_as_it_stands(&studio, "createGame").await;
        let real = Real::of(&studio).await;
        let viewer = platform.player("Violet").await;
        made_with(&viewer, "acceptInvitation", &real.inviting(&studio).await).await;
        made_with(&ada, "acceptInvitation", &real.inviting(&studio).await).await;
        let real = real.inviting(&studio).await;
        let other = platform.publisher("Southlight").await;
        made_as_it_stands(&other, "createGame").await;
        let others = Real::of(&other).await;
        Self { platform, visitor, ada, eve, admin, studio, real, viewer, other, others }
    }

    /// Founds so many studios for this person, as the owner.
    async fn founds(&self, owner: &Person, count: usize) -> Vec<Real> {
        let mut founded = Vec::new();
        for _ in 0..count {
            let answer = owner.rest().post("/api/studios", &json!({"name": "Northlight"})).await;
            founded.push(Real { studio: text(&answer.json["studioId"]), ..Real::default() });
        }
        founded
    }

    /// Has the call refused because there would be too many of something.
    async fn beyond_a_limit(&self, call: &Promised) -> Answer {
        let path = self.real.put_into(&call.path());
        match call.name() {
            "createStudio" => {
                let founder = self.platform.publisher("Founder").await;
                self.founds(&founder, 50).await;
                made(&founder, &call.method, &path, call.body().as_ref()).await
            }
            "createInvitation" => loop {
                let path = self.others.put_into(&call.path());
                let answer = made(&self.other, &call.method, &path, call.body().as_ref()).await;
                if answer.status != 201 {
                    return answer;
                }
            },
            "acceptInvitation" => {
                let joiner = self.platform.player("Joiner").await;
                let mut studios = self.founds(&self.admin, 100).await;
                studios.extend(self.founds(&self.other, 1).await);
                let mut answers = Vec::new();
                for studio in studios {
                    let real = studio.inviting(&self.admin).await;
                    let body = real.put_into_body(call.body().as_ref());
                    answers.push(made(&joiner, &call.method, &path, body.as_ref()).await);
                }
                answers.pop().expect("many")
            }
            other => panic!("{other} has a limit: say here how a caller meets it"),
        }
    }

    /// Someone who may make the call as its example has it.
    fn good(&self, call: &Promised) -> &Person {
        match call.name() {
            "getUser" | "updateUser" | "listSessions" | "endSessions" | "confirmAction" => {
                &self.ada
            }
            "createGame" | "updateGame" | "deleteGame" => &self.studio,
            "acceptInvitation" => &self.other,
            _ if ["Studios", "Games"].iter().any(|tag| call.operation["tags"][0] == *tag)
                && call.is_signed() =>
            {
                &self.studio
            }
            _ if call.is_signed() => panic!("say here who may make {}", call.name()),
            _ => &self.visitor,
        }
    }

    /// Has the call refused for this reason.
    async fn refused(&self, call: &Promised, reason: &str) -> Answer {
        let (path, good) = (self.real.put_into(&call.path()), self.good(call));
        let body = self.real.put_into_body(call.body().as_ref());
        let with = |name: &str, value: Value| {
            let mut body = body.clone().expect("a body");
            body[name] = value;
            Some(body)
        };
        let nowhere = || path.replace("/1", "/2000000");
        let method = &call.method;
        match reason {
            "INVALID_FIELDS" => {
                made(good, method, &format!("{path}?colour=red"), body.as_ref()).await
            }
            "PRECONDITION_FAILED" => {
                let request = good.rest().request(method.clone(), &path);
                let request = request.header(header::IF_MATCH, "\"another\"");
                let body = body.clone().unwrap_or(Value::Null);
                let request = if body.is_null() { request } else { request.json(&body) };
                Answer::to(request).await
            }
            "SIGN_IN_REQUIRED" => made(&self.visitor, method, &path, body.as_ref()).await,
            "PUBLISHER_ROLE_REQUIRED" | "NOT_YOUR_ACCOUNT" => {
                made(&self.eve, method, &path, body.as_ref()).await
            }
            "SESSION_NOT_FOUND" => {
                let none = json!(["session_01arz3ndektsv4rrffq69g5fav"]);
                made(good, method, &path, with("sessionIds", none).as_ref()).await
            }
            "STEP_UP_REQUIRED" => {
                let body = with("confirmationToken", json!("confirmation_of-another"));
                made(good, method, &path, body.as_ref()).await
            }
            "WRONG_PASSWORD" => {
                let field =
                    if call.name() == "updateUser" { "currentPassword" } else { "password" };
                made(good, method, &path, with(field, json!(PASSWORD)).as_ref()).await
            }
            "GAME_NOT_FOUND" | "USER_NOT_FOUND" => {
                made(&self.admin, method, &nowhere(), body.as_ref()).await
            }
            "STALE_REVISION" => {
                made(good, method, &path, with("revision", json!(2_000)).as_ref()).await
            }
            "USERNAME_TAKEN" => {
                made(good, method, &path, with("username", json!("eve")).as_ref()).await
            }
            "EMAIL_TAKEN" => {
                let mut body = with("email", json!("EVE@example.com"));
                let own = body.as_mut().map(|body| &mut body["username"]);
                *own.expect("a body") = json!("Grace");
                made(good, method, &path, body.as_ref()).await
            }
            "INVALID_CREDENTIALS" => {
                made(good, method, &path, with("password", json!(PASSWORD)).as_ref()).await
            }
            "SETUP_TOKEN_REFUSED" => {
                let mut body = with("setupToken", json!("5eed"));
                let body = body.as_mut().expect("a body");
                (body["username"], body["email"]) = (json!("Grace"), json!("grace@example.com"));
                made(good, method, &path, Some(body)).await
            }
            "UNKNOWN_TOKEN" | "REFRESH_TOKEN_REFUSED" => {
                made(good, method, &path, body.as_ref()).await
            }
            "TOO_MANY_ATTEMPTS" => self.refused_for_guesses(call).await,
            "KEY_REUSED" => self.with_a_used_key(call).await,
            _ => Box::pin(self.refused_among_studios(call, reason)).await,
        }
    }

    /// Has the call refused for a reason that is about studios.
    async fn refused_among_studios(&self, call: &Promised, reason: &str) -> Answer {
        let (path, good) = (self.real.put_into(&call.path()), self.good(call));
        let body = self.real.put_into_body(call.body().as_ref());
        let with = |name: &str, value: Value| {
            let mut body = body.clone().expect("a body");
            body[name] = value;
            Some(body)
        };
        let nowhere = || path.replace("/1", "/2000000");
        let method = &call.method;
        match reason {
            "NOT_YOUR_STUDIO" | "STUDIO_FOUNDERS_ONLY" => {
                made(&self.eve, method, &path, body.as_ref()).await
            }
            "STUDIO_NOT_FOUND" => {
                // As it stands in the example, or beside it.
                let body = match call.name() {
                    "createGame" | "handOverGame" => with("studioId", json!(Real::STUDIO)),
                    _ => body,
                };
                made(&self.admin, method, &call.path(), body.as_ref()).await
            }
            "NOT_YOUR_GAME" => {
                let body = self.others.put_into_body(call.body().as_ref());
                made(&self.other, method, &path, body.as_ref()).await
            }
            "STUDIO_ROLE_REQUIRED" => {
                let (by, body) = match call.name() {
                    "createGame" => (&self.other, with("studioId", json!(self.real.studio))),
                    "handOverGame" => (good, with("studioId", json!(self.others.studio))),
                    _ => (&self.viewer, body),
                };
                made(by, method, &path, body.as_ref()).await
            }
            "MEMBER_NOT_FOUND" => made(good, method, &nowhere(), body.as_ref()).await,
            "LAST_OWNER" => {
                let path = path.replace("/1", &format!("/{}", self.studio.id));
                made(good, method, &path, body.as_ref()).await
            }
            "ALREADY_MEMBER" => {
                let real = self.real.inviting(&self.studio).await;
                let body = real.put_into_body(call.body().as_ref());
                made(&self.studio, method, &path, body.as_ref()).await
            }
            "INVITATION_REFUSED" => {
                made(good, method, &path, with("secret", json!("5eed")).as_ref()).await
            }
            "STUDIO_LIMIT_REACHED" => self.beyond_a_limit(call).await,
            "ALREADY_DONE" => {
                let mut last = None;
                for _ in 0..2 {
                    let request = good.rest().request(method.clone(), &path);
                    let request = request.header("idempotency-key", "a11d");
                    let request = request.json(body.as_ref().expect("a body"));
                    last = Some(good.rest().changes(request).await);
                }
                last.expect("two")
            }
            other => panic!("{} documents {other}: say here how a caller meets it", call.name()),
        }
    }

    /// Has the call refused because too many passwords were wrong.
    async fn refused_for_guesses(&self, call: &Promised) -> Answer {
        let mut body = call.body().expect("a body");
        // A person who guesses their own password must not stand in the way of the others here.
        let (by, path, field) = match call.name() {
            "login" => (&self.visitor, call.path(), "email"),
            "updateUser" => (&self.eve, format!("/api/users/{}", self.eve.id), "currentPassword"),
            _ => (&self.eve, call.path(), "password"),
        };
        body[field] = json!(if field == "email" { "nobody@example.com" } else { "seven cranes" });
        for _ in 0..20 {
            let answer = made(by, &call.method, &path, Some(&body)).await;
            if answer.status == 429 {
                return answer;
            }
        }
        panic!("20 wrong passwords are not too many");
    }

    /// Has the call refused because its key came with another request.
    async fn with_a_used_key(&self, call: &Promised) -> Answer {
        let (path, good) = (self.real.put_into(&call.path()), self.good(call));
        let body = self.real.put_into_body(call.body().as_ref());
        let with = |name: &str, value: Value| {
            let mut body = body.clone().expect("a body");
            body[name] = value;
            Some(body)
        };
        let nowhere = || path.replace("/1", "/2000000");
        let method = &call.method;
        let (mut first, mut body, mut other) = (path.clone(), body.clone(), body.clone());
        match call.name() {
            "createStudio" | "updateStudio" => other = with("name", json!("Torches")),
            "createInvitation" => other = with("role", json!("viewer")),
            "acceptInvitation" => {
                let real = self.real.inviting(&self.studio).await;
                body = real.put_into_body(call.body().as_ref());
                other = with("secret", json!("5eed"));
            }
            // Whom the example is about stays a member for the other reasons.
            "removeMember" => first = nowhere(),
            "revokeInvitation" => {
                first = first.replace(&self.real.invitation, Real::INVITATION);
            }
            "createGame" => other = with("title", json!("Torches")),
            "confirmAction" => other = with("subject", json!("2")),
            "deleteGame" => {
                let added = made_as_it_stands(good, "createGame").await;
                first = format!("/api/games/{}", added.json["gameId"]);
            }
            _ => {}
        }
        let keyed = async |path: &str, body: Option<&Value>| {
            let request = good.rest().request(method.clone(), path);
            let request = request.header("idempotency-key", "5f0c");
            let request = match body {
                Some(body) => request.json(body),
                None => request,
            };
            good.rest().changes(request).await
        };
        let made = keyed(&first, body.as_ref()).await;
        assert!(made.status < 300, "{}: {made:?}", call.name());
        let elsewhere = match call.name() {
            "confirmAction" => path,
            _ if first == path => nowhere(),
            _ => path,
        };
        keyed(&elsewhere, other.as_ref()).await
    }
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
            if call.name() == "confirmAction" {
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

    assert_eq!(seen, ["confirmAction", "login", "register", "updateUser"]);
}
