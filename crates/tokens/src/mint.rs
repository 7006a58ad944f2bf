//! Makes access tokens: JWTs in the profile of RFC 9068.

use std::time::{Duration, SystemTime};

use jsonwebtoken::{Algorithm, Header};
use serde::Serialize;
use sir0_kernel::Timestamp;
use ulid::Ulid;

use crate::{SignIn, TOKEN_TYPE, keys::SigningKey};

/// Makes the tokens of one issuer for one audience.
#[derive(Debug)]
pub struct Mint {
    key: SigningKey,
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
    /// Signs with this key, in the name of `issuer`, for `audience`.
    #[must_use]
    pub const fn new(key: SigningKey, issuer: String, audience: String) -> Self {
        Self { key, issuer, audience }
    }

    /// The key it signs with.
    #[must_use]
    pub const fn key(&self) -> &SigningKey {
        &self.key
    }

    /// A token that says who signed in, how, and what they may do. It is good until `expires`, to the whole second. No two
    /// are alike.
    #[must_use]
    pub fn mint(&self, sign_in: &SignIn<'_>, now: Timestamp, expires: Timestamp) -> AccessToken {
        let header = Header {
            typ: Some(TOKEN_TYPE.to_owned()),
            kid: Some(self.key.kid().to_owned()),
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
        let token = self.sign(&header, &payload);
        AccessToken { token, expires: Timestamp::from_micros(expires.saturating_mul(1_000_000)) }
    }

    fn sign(&self, header: &Header, payload: &Payload<'_>) -> String {
        jsonwebtoken::encode(header, payload, self.key.private())
            .expect("a key that was read can sign, and the claims are plain strings and numbers")
    }
}

fn fresh_token_id(now: Timestamp) -> String {
    let at = SystemTime::UNIX_EPOCH + Duration::from_micros(now.micros().unsigned_abs());
    format!("token_{}", Ulid::from_datetime(at).to_string().to_lowercase())
}
