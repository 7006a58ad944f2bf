//! How a caller meets each reason for which a call refuses.

mod factors;

use http::{Method, header};
use serde_json::{Value, json};
use sir0_testkit::{Answer, PASSWORD, Person, Running, platform, png};

use super::{Promised, Real, made, made_as_it_stands, made_with, text, with_parameter};
use crate::{
    api_tokens,
    guard::{Guarded, guards},
};

/// Calls that the scope `games:read` opens.
const READS: [&str; 7] = [
    "listMyGames",
    "getMyGame",
    "watchMyGames",
    "listGameChanges",
    "listMyPictures",
    "getMyGamePage",
    "exportGames",
];

/// A call as it succeeds, to be changed so that it does not.
#[derive(Clone)]
struct Asked<'s> {
    by: &'s Person,
    method: &'s Method,
    path: String,
    body: Option<Value>,
}

impl Asked<'_> {
    /// The body with something else in it, if there is one.
    fn with(&self, name: &str, value: Value) -> Option<Value> {
        let mut body = self.body.clone()?;
        body[name] = value;
        Some(body)
    }

    /// The path of something that is not there.
    fn nowhere(&self) -> String {
        self.path.replace("/1", "/2000000")
    }
}

/// Who and what the refusals are about.
pub(super) struct Stage {
    pub(super) platform: Running,
    visitor: Person,
    /// The person whom the example is about.
    ada: Person,
    eve: Person,
    admin: Person,
    /// Someone whom an administrator may do anything to.
    grace: Person,
    studio: Person,
    /// What the examples of studios stand for: the studio of the one above, and a member who may only look.
    real: Real,
    viewer: Person,
    /// A publisher with another studio.
    other: Person,
    others: Real,
    /// Someone with a second factor.
    guarded: Guarded,
    /// Machines that may list games, and write them.
    reader: Person,
    writer: Person,
}

impl Stage {
    pub(super) async fn set() -> Self {
        let platform = platform().await;
        let visitor = platform.visitor();
        made_as_it_stands(&visitor, "register").await;
        let signed_in = made_as_it_stands(&visitor, "login").await;
        let ada = visitor.with_token(signed_in.json["token"].as_str().expect("a token"));
        let (eve, admin) = (platform.player("Eve").await, platform.admin("Root").await);
        let grace = platform.player("Grace Hopper").await;
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
        let guarded = guards(platform.player("Marie").await).await;
        let real = real.making(&ada).await.changing(&studio).await.showing(&studio).await;
        let [for_reader, for_writer] = [
            api_tokens::makes(&studio, &["games:read"], "").await,
            api_tokens::makes(&studio, &["games:write"], "").await,
        ];
        let reader = api_tokens::machine_with(&studio, &for_reader.0).await;
        let writer = api_tokens::machine_with(&studio, &for_writer.0).await;
        Self {
            platform,
            visitor,
            ada,
            eve,
            admin,
            grace,
            studio,
            real,
            viewer,
            other,
            others,
            guarded,
            reader,
            writer,
        }
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
            "useReset" => &self.visitor,
            _ if call.operation["tags"][0] == "Administration" => &self.admin,
            "getUser" | "updateUser" | "listSessions" | "endSessions" | "confirmAction"
            | "listActivity" | "createApiToken" | "listApiTokens" | "revokeApiToken" => &self.ada,
            "listSecurityEvents" | "watchSecurityEvents" | "getPicks" | "updatePicks" => {
                &self.admin
            }
            _ if call.operation["tags"][0] == "Guard" => &self.ada,
            "createGame" | "updateGame" | "deleteGame" => &self.studio,
            "acceptInvitation" => &self.other,
            _ if ["Studios", "Games", "History", "Media", "Pages", "Bulk"]
                .iter()
                .any(|tag| call.operation["tags"][0] == *tag)
                && call.is_signed() =>
            {
                &self.studio
            }
            _ if call.is_signed() => panic!("say here who may make {}", call.name()),
            _ => &self.visitor,
        }
    }

    /// Where administrators find the account of someone who does nothing else.
    fn of_grace(&self) -> String {
        format!("/api/admin/users/{}", self.grace.id)
    }

    /// The call as it succeeds.
    fn asked<'s>(&'s self, call: &'s Promised) -> Asked<'s> {
        let path = self.real.put_into(&call.path());
        let path = path.replace("/api/admin/users/1", &self.of_grace());
        let body = self.real.put_into_body(call.body().as_ref());
        Asked { by: self.good(call), method: &call.method, path, body }
    }

    /// Has the call refused for this reason.
    pub(super) async fn refused(&self, call: &Promised, reason: &str) -> Answer {
        let asked = self.asked(call);
        let Asked { by: good, method, path, body } = asked.clone();
        match reason {
            "INVALID_FIELDS" => {
                made(good, method, &with_parameter(&path, "colour=red"), body.as_ref()).await
            }
            "PRECONDITION_FAILED" => {
                let request = good.rest().request(method.clone(), &path);
                let request = request.header(header::IF_MATCH, "\"another\"");
                let body = body.clone().unwrap_or(Value::Null);
                let request = if body.is_null() { request } else { request.json(&body) };
                Answer::to(request).await
            }
            "SIGN_IN_REQUIRED" => made(&self.visitor, method, &path, body.as_ref()).await,
            "SCOPE_MISSING" => {
                let by = if READS.contains(&call.name()) { &self.writer } else { &self.reader };
                made(by, method, &path, body.as_ref()).await
            }
            "API_TOKEN_REFUSED" => {
                made(good, method, &path, asked.with("apiToken", json!("sir0_none")).as_ref()).await
            }
            "API_TOKEN_LIMIT_REACHED" => loop {
                let path = format!("/api/users/{}/api-tokens", self.eve.id);
                let answer = made(&self.eve, method, &path, body.as_ref()).await;
                if answer.status != 201 {
                    return answer;
                }
            },
            "PUBLISHER_ROLE_REQUIRED" | "NOT_YOUR_ACCOUNT" | "ADMINISTRATOR_ROLE_REQUIRED" => {
                made(&self.eve, method, &path, body.as_ref()).await
            }
            "SESSION_NOT_FOUND" => {
                let none = json!(["session_01arz3ndektsv4rrffq69g5fav"]);
                made(good, method, &path, asked.with("sessionIds", none).as_ref()).await
            }
            "STEP_UP_REQUIRED" if call.name() == "updateUser" => {
                self.refused_for_an_old_sign_in(call).await
            }
            "STEP_UP_REQUIRED" => {
                let body = asked.with("confirmationToken", json!("confirmation_of-another"));
                made(good, method, &path, body.as_ref()).await
            }
            "WRONG_PASSWORD" => {
                let field =
                    if call.name() == "updateUser" { "currentPassword" } else { "password" };
                made(good, method, &path, asked.with(field, json!(PASSWORD)).as_ref()).await
            }
            "GAME_NOT_FOUND" if call.name() == "updatePicks" => {
                made(good, method, &path, asked.with("gameIds", json!([2_000_000])).as_ref()).await
            }
            "GAME_NOT_FOUND" | "USER_NOT_FOUND" => {
                let nowhere = asked.nowhere().replace(&self.of_grace(), "/api/admin/users/2000000");
                made(&self.admin, method, &nowhere, body.as_ref()).await
            }
            "STALE_REVISION" => {
                made(good, method, &path, asked.with("revision", json!(2_000)).as_ref()).await
            }
            "USERNAME_TAKEN" => {
                made(good, method, &path, asked.with("username", json!("eve")).as_ref()).await
            }
            "EMAIL_TAKEN" => {
                let mut body = asked.with("email", json!("EVE@example.com"));
                let own = body.as_mut().map(|body| &mut body["username"]);
                *own.expect("a body") = json!("Grace");
                made(good, method, &path, body.as_ref()).await
            }
            "INVALID_CREDENTIALS" => {
                made(good, method, &path, asked.with("password", json!(PASSWORD)).as_ref()).await
            }
            "SETUP_TOKEN_REFUSED" => {
                let mut body = asked.with("setupToken", json!("5eed"));
                let body = body.as_mut().expect("a body");
                (body["username"], body["email"]) = (json!("Grace"), json!("grace@example.com"));
                made(good, method, &path, Some(body)).await
            }
            "UNKNOWN_TOKEN" | "REFRESH_TOKEN_REFUSED" => {
                made(good, method, &path, body.as_ref()).await
            }
            "GUARD_REQUIRED"
            | "CODE_REFUSED"
            | "CHALLENGE_REFUSED"
            | "WRONG_CODE"
            | "FACTOR_NOT_FOUND"
            | "FACTOR_LIMIT_REACHED"
            | "FACTOR_REQUIRED"
            | "OWNER_ONLY" => Box::pin(self.refused_for_a_factor(call, reason)).await,
            "ACCOUNT_DISABLED"
            | "NEW_PASSWORD_REQUIRED"
            | "USE_RESET"
            | "RESET_REFUSED"
            | "LAST_ADMINISTRATOR" => Box::pin(self.refused_for_locks(call, reason)).await,
            "TOO_MANY_ATTEMPTS" => self.refused_for_guesses(call).await,
            "KEY_REUSED" | "ALREADY_DONE" if call.operation["tags"][0] == "Guard" => {
                Box::pin(self.with_a_used_key_of_guard(call, reason)).await
            }
            "KEY_REUSED" => self.with_a_used_key(call).await,
            _ => Box::pin(self.refused_among_studios(call, reason)).await,
        }
    }

    /// Has the call refused for a reason that is about accounts in the hands of administrators.
    async fn refused_for_locks(&self, call: &Promised, reason: &str) -> Answer {
        let Asked { by: good, method, path, body } = self.asked(call);
        match reason {
            "ACCOUNT_DISABLED" | "NEW_PASSWORD_REQUIRED" => {
                let name = if reason == "ACCOUNT_DISABLED" { "Alan" } else { "Barbara" };
                let person = self.platform.player(name).await;
                let what = if name == "Alan" { "disable" } else { "requireNewPassword" };
                let locked = format!("/api/admin/users/{}:{what}", person.id);
                let answer = self.admin.rest().post(&locked, &json!({})).await;
                assert_eq!(answer.status, 200, "{answer:?}");
                let login = json!({"email": sir0_testkit::email_of(name), "password": PASSWORD});
                made(good, method, &path, Some(&login)).await
            }
            "USE_RESET" => {
                let body = json!({"password": "eight herons leave the delta"});
                made(&self.admin, method, &path, Some(&body)).await
            }
            "RESET_REFUSED" => {
                let body = json!({"secret": "5eed", "newPassword": PASSWORD});
                made(good, method, &path, Some(&body)).await
            }
            _ => {
                let own = format!("/api/admin/users/{}", self.admin.id);
                let path = path.replace(&self.of_grace(), &own);
                made(good, method, &path, body.as_ref()).await
            }
        }
    }

    /// Has the call refused for a reason that is about studios.
    async fn refused_among_studios(&self, call: &Promised, reason: &str) -> Answer {
        let asked = self.asked(call);
        let Asked { by: good, method, path, body } = asked.clone();
        if ["exportGames", "importGames"].contains(&call.name()) {
            let studio =
                if reason == "STUDIO_NOT_FOUND" { Real::STUDIO } else { &self.others.studio };
            let path = format!("{path}?format=csv&studioId={studio}");
            return made(good, method, &path, None).await;
        }
        match reason {
            "NOT_YOUR_STUDIO" | "STUDIO_FOUNDERS_ONLY" => {
                made(&self.eve, method, &path, body.as_ref()).await
            }
            "STUDIO_NOT_FOUND" => {
                // As it stands in the example, or beside it.
                let (by, body) = match call.name() {
                    "createApiToken" => (good, asked.with("studioId", json!(Real::STUDIO))),
                    "createGame" | "handOverGame" => {
                        (&self.admin, asked.with("studioId", json!(Real::STUDIO)))
                    }
                    _ => (&self.admin, body),
                };
                made(by, method, &call.path(), body.as_ref()).await
            }
            "NOT_YOUR_GAME" => {
                let body = self.others.put_into_body(call.body().as_ref());
                made(&self.other, method, &path, body.as_ref()).await
            }
            "NOT_PUBLISHABLE" => {
                made(good, method, &path, asked.with("state", json!("announced")).as_ref()).await
            }
            "PICTURE_NOT_FOUND" => {
                let none = path.replace(&self.real.picture, Real::PICTURE);
                made(good, method, &none, body.as_ref()).await
            }
            // A file without a byte.
            "PICTURE_REFUSED" => made(good, method, &path, None).await,
            "PICTURE_LIMIT_REACHED" => {
                for tint in 0..12 {
                    good.uploads(1, "screenshot", png(16, 9, tint)).await;
                }
                good.uploads(1, "screenshot", png(16, 9, 99)).await
            }
            "MEDIA_BUSY" => while_uploads_come(good, &path).await,
            "CHANGE_NOT_FOUND" => made(good, method, &call.path(), body.as_ref()).await,
            "NOT_UNDOABLE" => {
                // The change by which the game came to be.
                let changes = good.rest().get("/api/games/1/changes").await;
                let changes = changes.json["changes"].as_array().cloned().unwrap_or_default();
                let first =
                    changes.last().map(|first| text(&first["changeId"])).unwrap_or_default();
                let path = path.replace(&format!("/{}:", self.real.change), &format!("/{first}:"));
                made(good, method, &path, body.as_ref()).await
            }
            "STUDIO_ROLE_REQUIRED" => {
                let (by, body) = match call.name() {
                    "createGame" => (&self.other, asked.with("studioId", json!(self.real.studio))),
                    "handOverGame" | "createApiToken" => {
                        (good, asked.with("studioId", json!(self.others.studio)))
                    }
                    _ => (&self.viewer, body),
                };
                made(by, method, &path, body.as_ref()).await
            }
            "MEMBER_NOT_FOUND" => made(good, method, &asked.nowhere(), body.as_ref()).await,
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
                made(good, method, &path, asked.with("secret", json!("5eed")).as_ref()).await
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
        if call.name() == "continueLogin" {
            return self.refused_for_codes(call).await;
        }
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
        let asked = self.asked(call);
        let Asked { by: good, method, path, body } = asked.clone();
        let (mut first, mut body, mut other) = (path.clone(), body.clone(), body.clone());
        match call.name() {
            "createStudio" | "updateStudio" => other = asked.with("name", json!("Torches")),
            "createInvitation" => other = asked.with("role", json!("viewer")),
            "acceptInvitation" => {
                let real = self.real.inviting(&self.studio).await;
                body = real.put_into_body(call.body().as_ref());
                other = asked.with("secret", json!("5eed"));
            }
            // Whom the example is about stays a member for the other reasons.
            "removeMember" => first = asked.nowhere(),
            "deletePicture" => {
                let other = good.uploads(1, "screenshot", png(16, 9, 7)).await;
                let other = text(&other.json["picture"]["pictureId"]);
                first = first.replace(&self.real.picture, &other);
            }
            "revokeInvitation" => {
                first = first.replace(&self.real.invitation, Real::INVITATION);
            }
            // What the change of the example changed was changed again since.
            "undoGameChange" => {
                good.rest().put("/api/games/1", &json!({"price": 7.25})).await;
                let changes = good.rest().get("/api/games/1/changes").await;
                let latest = text(&changes.json["changes"][0]["changeId"]);
                first = first.replace(&format!("/{}:", self.real.change), &format!("/{latest}:"));
            }
            "createGame" => other = asked.with("title", json!("Torches")),
            "updatePicks" => other = asked.with("gameIds", json!([])),
            "confirmAction" => other = asked.with("subject", json!("2")),
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
            _ if path.starts_with(&self.of_grace()) => {
                path.replace(&self.of_grace(), &format!("/api/admin/users/{}", self.eve.id))
            }
            _ if first == path => asked.nowhere(),
            _ => path,
        };
        keyed(&elsewhere, other.as_ref()).await
    }
}

/// Uploads while as many uploads of the same person come as may, which do not go on.
async fn while_uploads_come(by: &Person, path: &str) -> Answer {
    let stuck = || {
        let never = futures::stream::pending::<Result<Vec<u8>, std::io::Error>>();
        let request = by.rest().request(Method::POST, path);
        tokio::spawn(request.body(reqwest::Body::wrap_stream(never)).send())
    };
    let coming = [stuck(), stuck()];
    let answer = loop {
        let answer = by.uploads(1, "cover", png(2, 3, 5)).await;
        if answer.status != 201 {
            break answer;
        }
    };
    coming.iter().for_each(tokio::task::JoinHandle::abort);
    answer
}
