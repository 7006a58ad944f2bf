//! Tells who holds a token. The signature proves it, so no other service is asked.

use std::{str::FromStr, sync::Arc};

use jsonwebtoken::{Algorithm, TokenData, Validation, decode, decode_header, errors::ErrorKind};
use serde::Deserialize;
use sir0_kernel::{Grant, Role, Scopes, SessionId, StudioId, Timestamp, UserId};

use crate::{
    KeySet, Methods, TOKEN_TYPE, audience_of_machines, key_set::Keys, recognised::Recognised,
};

/// Verifies the access tokens of one issuer for one audience. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Verifier(Arc<Rules>);

#[derive(Debug)]
struct Rules {
    keys: Keys,
    validation: Validation,
    /// Whom the tokens of machines are for.
    of_machines: String,
    recognised: Recognised,
}

/// What a good token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Who holds it.
    pub user: UserId,
    /// What they could do when it was made.
    pub role: Role,
    /// The sign-in it belongs to.
    pub session: SessionId,
    /// Before this moment it is refused (RFC 7519, 4.1.5). Ours do not say it, so it is 1970 for them.
    pub not_before: Timestamp,
    /// From this moment on it is refused.
    pub expires: Timestamp,
    /// When its holder proved who they are. For the token of a machine, whose holder proved nothing, 1970.
    pub signed_in: Timestamp,
    /// How its holder proved it.
    pub methods: Methods,
    /// What it is good for, if it is the token of a machine. `None`: for all that its holder may do.
    pub grant: Option<Grant>,
}

/// Why a token is refused. For logs and metrics only: a client that forges tokens learns nothing
/// from us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum InvalidToken {
    /// No keys are known yet, so no token can be checked.
    #[error("the keys to verify tokens with are not known yet")]
    KeysUnknown,
    /// Longer than [`Verifier::MAX_BYTES`]. It is refused unread.
    #[error("the token is longer than any of ours")]
    TooLong,
    /// Not three parts of base64url with JSON inside, or an unknown algorithm.
    #[error("the token is not a signed JWT")]
    Malformed,
    /// A known algorithm, and not ours.
    #[error("the token is not signed with EdDSA")]
    WrongAlgorithm,
    /// Another kind of JWT.
    #[error("the token is not an access token")]
    WrongType,
    /// RFC 7515: a critical extension that is not understood must be refused. None is understood here.
    #[error("the token demands an extension")]
    Critical,
    /// No key of ours has this name.
    #[error("the token names a key that is not ours")]
    UnknownKey,
    /// Changed on its way, or signed by someone else.
    #[error("the signature of the token is wrong")]
    Forged,
    /// From another platform.
    #[error("the token is from another issuer")]
    WrongIssuer,
    /// For another platform.
    #[error("the token is for another audience")]
    WrongAudience,
    /// A claim is missing or malformed.
    #[error("a claim of the token is missing or malformed")]
    BadClaims,
    /// The token will be good later.
    #[error("the token is not good yet")]
    NotYet,
    /// The token was good before.
    #[error("the token has expired")]
    Expired,
}

impl Verifier {
    /// Several times the length of ours, far below what could cost anything.
    pub const MAX_BYTES: usize = 4096;

    /// Trusts these keys, this issuer and this audience, and nothing else. A [`KeySet`](crate::KeySet) is for good;
    /// [`Keys`] may arrive later and change.
    #[must_use]
    pub fn new(keys: impl Into<Keys>, issuer: &str, audience: &str) -> Self {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[issuer]);
        let of_machines = audience_of_machines(audience);
        validation.set_audience(&[audience, &of_machines]);
        validation.set_required_spec_claims(&["exp", "iss", "sub", "aud"]);
        // The library would ask the machine's clock; `verify` is told the time.
        validation.validate_exp = false;
        let (keys, recognised) = (keys.into(), Recognised::new());
        Self(Arc::new(Rules { keys, validation, of_machines, recognised }))
    }

    /// Tells who holds this token at this moment. Knows nothing of sessions that ended early.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, InvalidToken> {
        let claims = self.recognise(token)?;
        if claims.not_before > now {
            return Err(InvalidToken::NotYet);
        }
        if claims.expires <= now { Err(InvalidToken::Expired) } else { Ok(claims) }
    }

    /// Tells whose token this is or was, also after it expired: a repeated logout has to succeed. It is never enough to
    /// let a caller in.
    pub fn recognise(&self, token: &str) -> Result<Claims, InvalidToken> {
        let keys = self.0.keys.get().ok_or(InvalidToken::KeysUnknown)?;
        if token.len() > Self::MAX_BYTES {
            return Err(InvalidToken::TooLong);
        }
        self.0.recognised.or_read(token, keys, |keys| self.read(token, keys))
    }

    fn read(&self, token: &str, keys: &KeySet) -> Result<Claims, InvalidToken> {
        let header = decode_header(token).map_err(|_malformed| InvalidToken::Malformed)?;
        if header.alg != Algorithm::EdDSA {
            return Err(InvalidToken::WrongAlgorithm);
        }
        if header.typ.as_deref() != Some(TOKEN_TYPE) {
            return Err(InvalidToken::WrongType);
        }
        if header.crit.is_some() {
            return Err(InvalidToken::Critical);
        }
        let kid = header.kid.ok_or(InvalidToken::UnknownKey)?;
        let key = keys.find(&kid).ok_or(InvalidToken::UnknownKey)?;

        let TokenData { claims, .. } =
            decode::<Payload>(token, key, &self.0.validation).map_err(refusal)?;
        claims.read(&self.0.of_machines).ok_or(InvalidToken::BadClaims)
    }
}

/// The claims as they are written. Those with an underscore have to be there, and are for other readers.
#[derive(Deserialize)]
struct Payload {
    sub: String,
    exp: i64,
    nbf: Option<i64>,
    sid: String,
    role: String,
    // The library compares `iss` and `aud`, in a list as well; ours are single strings.
    #[serde(rename = "iss")]
    _iss: String,
    aud: String,
    iat: i64,
    #[serde(rename = "jti")]
    _jti: String,
    // A token of an older version lacks these two. It was made at a sign-in by password.
    auth_time: Option<i64>,
    amr: Option<Vec<String>>,
    // The token of a machine has the first of these, and may have the other.
    scope: Option<String>,
    studio: Option<String>,
}

impl Payload {
    fn read(&self, of_machines: &str) -> Option<Claims> {
        let user = UserId::parse(self.sub.parse().ok()?).ok()?;
        // Only one spelling is good: `+7` and `007` are numbers too, but the mint never writes them.
        if user.to_string() != self.sub {
            return None;
        }
        let methods = self.amr.as_ref();
        let grant = self.grant(of_machines).ok()?;
        Some(Claims {
            user,
            role: Role::from_str(&self.role).ok()?,
            session: SessionId::parse(&self.sid).ok()?,
            not_before: moment(self.nbf.unwrap_or_default())?,
            expires: moment(self.exp)?,
            // A machine never signs in, whatever its token says: nothing that needs a recent sign-in is for it.
            signed_in: match grant {
                Some(_) => Timestamp::from_micros(0),
                None => moment(self.auth_time.unwrap_or(self.iat))?,
            },
            methods: match (grant, methods) {
                (Some(_), _) => Methods::default(),
                (None, None) => Methods::PASSWORD,
                (None, Some(amr)) => Methods::of(amr.iter().map(String::as_str)),
            },
            grant,
        })
    }

    /// What the token is good for; `None` is everything. Its audience has to say so too: where the two differ it is
    /// no token of ours.
    fn grant(&self, of_machines: &str) -> Result<Option<Grant>, InvalidToken> {
        match (self.aud == of_machines, &self.scope, &self.studio) {
            (false, None, None) => Ok(None),
            (true, Some(scope), studio) => {
                let studio = studio.as_ref().map(|studio| StudioId::parse(studio)).transpose();
                let studio = studio.map_err(|_malformed| InvalidToken::BadClaims)?;
                Ok(Some(Grant { scopes: Scopes::known(scope), studio }))
            }
            _ => Err(InvalidToken::BadClaims),
        }
    }
}

fn moment(seconds: i64) -> Option<Timestamp> {
    seconds.checked_mul(1_000_000).map(Timestamp::from_micros)
}

/// The refusal of a token whose header was read already. A JSON error now comes from the claims.
fn refusal(error: jsonwebtoken::errors::Error) -> InvalidToken {
    match error.into_kind() {
        ErrorKind::InvalidSignature => InvalidToken::Forged,
        ErrorKind::InvalidIssuer => InvalidToken::WrongIssuer,
        ErrorKind::InvalidAudience => InvalidToken::WrongAudience,
        ErrorKind::MissingRequiredClaim(_) | ErrorKind::Json(_) => InvalidToken::BadClaims,
        _ => InvalidToken::Malformed,
    }
}
