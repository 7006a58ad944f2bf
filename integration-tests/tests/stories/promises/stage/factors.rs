//! How a caller meets the reasons that are about second factors.

use std::time::Duration;

use serde_json::{Value, json};
use sir0_kernel::{Clock, SystemClock};
use sir0_testkit::{Answer, PASSWORD, email_of};

use super::{Asked, Promised, Real, Stage, made, made_as_it_stands, text};
use crate::{
    guard::{App, guards},
    sessions::minted_for,
};

impl Stage {
    /// Has the call refused for a reason that is about second factors.
    pub(super) async fn refused_for_a_factor(&self, call: &Promised, reason: &str) -> Answer {
        let Asked { by: good, method, path, body } = self.asked(call);
        let of_marie = |path: &str| path.replace("/1", &format!("/{}", self.guarded.person.id));
        let email = json!(email_of("Marie"));
        match (reason, call.name()) {
            ("GUARD_REQUIRED", _) => {
                let body = json!({"email": email, "password": PASSWORD});
                made(&self.visitor, method, &path, Some(&body)).await
            }
            ("CODE_REFUSED", "continueLogin") => {
                let challenge = self.guarded.challenged("Marie").await;
                let body = json!({"challengeId": challenge["challengeId"], "code": "none"});
                made(&self.visitor, method, &path, Some(&body)).await
            }
            ("CODE_REFUSED", _) => {
                let body = json!({"email": email, "password": PASSWORD, "code": "none"});
                made(&self.visitor, method, &path, Some(&body)).await
            }
            ("WRONG_CODE", "confirmAction") => {
                let subject = self.guarded.person.id.to_string();
                let body = json!({
                    "action": "ACTION_END_SESSIONS", "subject": subject, "password": PASSWORD,
                });
                made(&self.guarded.person, method, &path, Some(&body)).await
            }
            ("WRONG_CODE", _) => {
                let added = made_as_it_stands(good, "addFactor").await;
                let path = path.replace(Real::FACTOR, &text(&added.json["factorId"]));
                made(good, method, &path, Some(&json!({"code": "none"}))).await
            }
            ("FACTOR_LIMIT_REACHED", _) => loop {
                let answer = made(&self.eve, method, &self.of_eve(&path), body.as_ref()).await;
                if answer.status != 201 {
                    return answer;
                }
            },
            ("OWNER_ONLY", _) => made(&self.admin, method, &of_marie(&path), body.as_ref()).await,
            _ => made(good, method, &path, body.as_ref()).await,
        }
    }

    /// Has a call of factors made with a key, and then again with the same or with another request.
    pub(super) async fn with_a_used_key_of_guard(&self, call: &Promised, reason: &str) -> Answer {
        let Asked { by: good, method, path, body } = self.asked(call);
        let mut body = body.unwrap_or_else(|| json!({}));
        let mut by = good.clone();
        let mut path = path;
        match call.name() {
            "removeFactor" => {
                let added = made_as_it_stands(good, "addFactor").await;
                path = path.replace(Real::FACTOR, &text(&added.json["factorId"]));
            }
            "confirmFactor" => {
                by = self.platform.player(&format!("Hedy {reason}")).await;
                path = path.replace("/1/", &format!("/{}/", by.id));
                let factors = format!("/api/users/{}/factors", by.id);
                let added = by.rest().post(&factors, &json!({"name": "Phone"})).await;
                path = path.replace(Real::FACTOR, &text(&added.json["factorId"]));
                body["code"] = json!(App::with(&added.json["sharedSecret"]).shows(0));
            }
            "renewRecoveryCodes" => {
                let guarded = guards(self.platform.player(&format!("Mary {reason}")).await).await;
                let id = guarded.person.id.to_string();
                let code = &guarded.recovery_codes[0];
                let proved = guarded.confirms("ACTION_RENEW_RECOVERY_CODES", &id, code).await;
                body["confirmationToken"] = proved.json["confirmationToken"].clone();
                path = path.replace("/1/", &format!("/{id}/"));
                by = guarded.person;
            }
            _ => {}
        }
        let keyed = async |body: &Value| {
            let request = by.rest().request(method.clone(), &path);
            by.rest()
                .changes(request.header("idempotency-key", format!("9a4d-{reason}")).json(body))
                .await
        };
        let made = keyed(&body).await;
        assert!(made.status < 300, "{}: {made:?}", call.name());
        if reason == "KEY_REUSED" {
            let member = if call.name() == "addFactor" { "name" } else { "confirmationToken" };
            match call.name() {
                "forgetDevices" => body["deviceIds"] = json!(["device_01arz3ndektsv4rrffq69g5fav"]),
                "confirmFactor" => body["code"] = json!("none"),
                _ => body[member] = json!("another"),
            }
        }
        keyed(&body).await
    }

    fn of_eve(&self, path: &str) -> String {
        path.replace("/1", &format!("/{}", self.eve.id))
    }

    /// Has a change refused because the sign-in is old and a factor guards the account.
    pub(super) async fn refused_for_an_old_sign_in(&self, call: &Promised) -> Answer {
        let Asked { method, path, .. } = self.asked(call);
        let older = SystemClock.now().before(Duration::from_mins(11));
        let person = &self.guarded.person;
        let old = minted_for(&self.platform, person, older);
        let body = json!({"email": "marie@elsewhere.example"});
        let path = path.replace("/1", &format!("/{}", person.id));
        made(&person.with_token(&old), method, &path, Some(&body)).await
    }

    /// Has a sign-in refused because too many codes were wrong.
    pub(super) async fn refused_for_codes(&self, call: &Promised) -> Answer {
        let mut body = call.body().expect("a body");
        let joan = guards(self.platform.player("Joan").await).await;
        for _ in 0..5 {
            body["challengeId"] = joan.challenged("Joan").await["challengeId"].clone();
            for _ in 0..5 {
                body["code"] = json!("none");
                let answer = made(&self.visitor, &call.method, &call.path(), Some(&body)).await;
                if answer.status == 429 {
                    return answer;
                }
            }
        }
        panic!("25 wrong codes are not too many");
    }
}
