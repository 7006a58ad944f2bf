//! Makes access tokens: JWTs in the profile of RFC 9068.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use jsonwebtoken::{Algorithm, Header};
use serde::Serialize;
use sir0_kernel::{Grant, Role, SessionId, Timestamp, UserId};
use ulid::Ulid;

use crate::{SignIn, Signers, SigningKey, TOKEN_TYPE, audience_of_machines};

/// Makes the tokens of one issuer for one audience.
#[derive(Debug)]
pub struct Mint {
    signers: Signers,
    issuer: String,
    audience: String,
    /// Whom the tokens of machines are for.
    of_machines: String,
}

/// What the access token of an API token tells.
#[derive(Clone, Copy, Debug)]
pub struct Machine<'a> {
    /// Whose API token it is: `sub`.
    pub user: UserId,
    /// What they may do: `role`.
    pub role: Role,
    /// The session whose end ends the token: `sid`.
    pub session: SessionId,
    /// The API token: `client_id` (RFC 9068).
    pub client: &'a str,
    /// What the token is good for: `scope` (RFC 9068) and `studio`.
    pub grant: Grant,
}

/// The token that a sign-in gives. It has no `Debug`, so that no log can show it.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// For `Authorization: Bearer`.
    pub token: String,
    /// From this moment on it is refused.
    pub expires: Timestamp,
}

#[derive(Serialize)]
struct Payload<'a> {
    iss: &'a str,
    sub: String,
    aud: &'a str,
    exp: i64,
    iat: i64,
    jti: String,
    client_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amr: Option<Vec<&'static str>>,
    sid: String,
    role: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    studio: Option<String>,
}

impl Mint {
    /// Signs with the one of these keys whose time it is, in the name of `issuer`, for `audience`.
    #[must_use]
    pub fn new(signers: impl Into<Signers>, issuer: String, audience: String) -> Self {
        let of_machines = audience_of_machines(&audience);
        Self { signers: signers.into(), issuer, audience, of_machines }
    }

    /// The key it signs with at this moment.
    #[must_use]
    pub fn key(&self, now: Timestamp) -> Arc<SigningKey> {
        self.signers.at(now)
    }

    /// A token that says who signed in, how, and what they may do. It is good until `expires`, to the whole second. No two
    /// are alike.
    #[must_use]
    pub fn mint(&self, sign_in: &SignIn<'_>, now: Timestamp, expires: Timestamp) -> AccessToken {
        self.signed(
            &Payload {
                iss: &self.issuer,
                sub: sign_in.user.to_string(),
                aud: &self.audience,
                exp: expires.seconds(),
                iat: now.seconds(),
                jti: fresh_token_id(now),
                client_id: sign_in.client,
                auth_time: Some(sign_in.at.seconds()),
                amr: Some(sign_in.methods.names().collect()),
                sid: sign_in.session.to_string(),
                role: sign_in.role.as_str(),
                scope: None,
                studio: None,
            },
            now,
        )
    }

    /// A token for a machine: it opens what its scopes name. It is for an audience that verifiers who know no scopes
    /// refuse. Nobody signed in for it, so it has neither `auth_time` nor `amr`.
    #[must_use]
    pub fn mint_for_machine(
        &self,
        machine: &Machine<'_>,
        now: Timestamp,
        expires: Timestamp,
    ) -> AccessToken {
        self.signed(
            &Payload {
                iss: &self.issuer,
                sub: machine.user.to_string(),
                aud: &self.of_machines,
                exp: expires.seconds(),
                iat: now.seconds(),
                jti: fresh_token_id(now),
                client_id: machine.client,
                auth_time: None,
                amr: None,
                sid: machine.session.to_string(),
                role: machine.role.as_str(),
                scope: Some(machine.grant.scopes.to_string()),
                studio: machine.grant.studio.map(|studio| studio.to_string()),
            },
            now,
        )
    }

    fn signed(&self, payload: &Payload<'_>, now: Timestamp) -> AccessToken {
        let key = self.signers.at(now);
        let header = Header {
            typ: Some(TOKEN_TYPE.to_owned()),
            kid: Some(key.kid().to_owned()),
            ..Header::new(Algorithm::EdDSA)
        };
        let expires = Timestamp::from_micros(payload.exp.saturating_mul(1_000_000));
        AccessToken { token: sign(&key, &header, payload), expires }
    }
}

fn sign(key: &SigningKey, header: &Header, payload: &Payload<'_>) -> String {
    jsonwebtoken::encode(header, payload, key.private())
        .expect("a key that was read can sign, and the claims are plain strings and numbers")
}

fn fresh_token_id(now: Timestamp) -> String {
    let at = SystemTime::UNIX_EPOCH + Duration::from_micros(now.micros().unsigned_abs());
    format!("token_{}", Ulid::from_datetime(at).to_string().to_lowercase())
}
