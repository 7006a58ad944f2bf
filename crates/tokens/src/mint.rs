//! Makes access tokens: JWTs in the profile of RFC 9068.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use jsonwebtoken::{Algorithm, Header};
use serde::Serialize;
use sir0_kernel::Timestamp;
use ulid::Ulid;

use crate::{SignIn, Signers, SigningKey, TOKEN_TYPE};

/// Makes the tokens of one issuer for one audience.
#[derive(Debug)]
pub struct Mint {
    signers: Signers,
    issuer: String,
    audience: String,
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
    auth_time: i64,
    amr: Vec<&'static str>,
    sid: String,
    role: &'a str,
}

impl Mint {
    /// Signs with the one of these keys whose time it is, in the name of `issuer`, for `audience`.
    #[must_use]
    pub fn new(signers: impl Into<Signers>, issuer: String, audience: String) -> Self {
        Self { signers: signers.into(), issuer, audience }
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
        let key = self.signers.at(now);
        let header = Header {
            typ: Some(TOKEN_TYPE.to_owned()),
            kid: Some(key.kid().to_owned()),
            ..Header::new(Algorithm::EdDSA)
        };
        let expires = expires.seconds();
        let payload = Payload {
            iss: &self.issuer,
            sub: sign_in.user.to_string(),
            aud: &self.audience,
            exp: expires,
            iat: now.seconds(),
            jti: fresh_token_id(now),
            client_id: sign_in.client,
            auth_time: sign_in.at.seconds(),
            amr: sign_in.methods.names().collect(),
            sid: sign_in.session.to_string(),
            role: sign_in.role.as_str(),
        };
        let token = sign(&key, &header, &payload);
        AccessToken { token, expires: Timestamp::from_micros(expires.saturating_mul(1_000_000)) }
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
