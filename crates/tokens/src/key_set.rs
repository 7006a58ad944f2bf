//! The public keys by name: what a service needs to verify tokens, and all it may know of the key.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    DecodingKey,
    jwk::{
        AlgorithmParameters, CommonParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm,
        OctetKeyPairParameters, OctetKeyPairType, PublicKeyUse, ThumbprintHash,
    },
};

/// Public keys that verify access tokens. Cheap to clone.
#[derive(Clone, Debug)]
pub struct KeySet(Arc<Published>);

#[derive(Debug)]
struct Published {
    by_kid: HashMap<String, DecodingKey>,
    json: String,
}

/// Why a text is no key set to verify with.
#[derive(Debug, thiserror::Error)]
pub enum InvalidKeySet {
    /// No key set of ours is so long.
    #[error("the key set has more than {max} bytes", max = KeySet::MAX_BYTES)]
    TooLong,
    /// Not a JSON Web Key Set.
    #[error("the key set is not a JSON Web Key Set")]
    Malformed(#[from] serde_json::Error),
    /// A set that could verify nothing.
    #[error("the key set holds no Ed25519 key named by its thumbprint")]
    Empty,
}

impl KeySet {
    /// The longest set that is read.
    pub const MAX_BYTES: usize = 64 * 1024;
    const KEY_BYTES: usize = 32;

    /// Reads a set as `/.well-known/jwks.json` carries it. Keys of other kinds are passed over.
    pub fn parse(json: &str) -> Result<Self, InvalidKeySet> {
        if json.len() > Self::MAX_BYTES {
            return Err(InvalidKeySet::TooLong);
        }
        let mut published: JwkSet = serde_json::from_str(json)?;
        let mut by_kid = HashMap::new();
        published.keys.retain(|jwk| match read(jwk) {
            Some((kid, key)) => by_kid.insert(kid, key).is_none(),
            None => false,
        });
        if by_kid.is_empty() {
            return Err(InvalidKeySet::Empty);
        }
        let json = serde_json::to_string(&published)?;
        Ok(Self(Arc::new(Published { by_kid, json })))
    }

    /// The set as a JSON Web Key Set.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.0.json.clone()
    }

    /// The set of this one public key, and the key's name.
    pub(crate) fn of(public_key: &[u8]) -> (String, Self) {
        let mut jwk = Jwk {
            common: CommonParameters {
                public_key_use: Some(PublicKeyUse::Signature),
                key_algorithm: Some(KeyAlgorithm::EdDSA),
                ..CommonParameters::default()
            },
            algorithm: AlgorithmParameters::OctetKeyPair(OctetKeyPairParameters {
                key_type: OctetKeyPairType::OctetKeyPair,
                curve: EllipticCurve::Ed25519,
                x: URL_SAFE_NO_PAD.encode(public_key),
            }),
        };
        let kid = jwk.thumbprint(ThumbprintHash::SHA256).expect("an Ed25519 key has a thumbprint");
        jwk.common.key_id = Some(kid.clone());

        let by_kid = HashMap::from([(kid.clone(), DecodingKey::from_ed_der(public_key))]);
        let json = serde_json::to_string(&JwkSet { keys: vec![jwk] }).expect("plain strings");
        (kid, Self(Arc::new(Published { by_kid, json })))
    }

    /// Whether both are clones of one.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) fn find(&self, kid: &str) -> Option<&DecodingKey> {
        self.0.by_kid.get(kid)
    }
}

/// The keys to verify with at this moment: unknown at first where another process signs, and replaced when they change
/// there. Clones share them.
// Asking holds the lock to count one reference, and only a new key set ever writes.
#[derive(Clone, Debug, Default)]
pub struct Keys(Arc<RwLock<Option<KeySet>>>);

impl Keys {
    /// None yet.
    #[must_use]
    pub fn unknown() -> Self {
        Self::default()
    }

    /// Verifies with this set from now on, and with no other.
    pub fn set(&self, keys: KeySet) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(keys);
    }

    /// The set of this moment.
    #[must_use]
    pub fn get(&self) -> Option<KeySet> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl From<KeySet> for Keys {
    fn from(keys: KeySet) -> Self {
        Self(Arc::new(RwLock::new(Some(keys))))
    }
}

/// An Ed25519 signing key under its own thumbprint: a name that fits no other key.
fn read(jwk: &Jwk) -> Option<(String, DecodingKey)> {
    let AlgorithmParameters::OctetKeyPair(pair) = &jwk.algorithm else { return None };
    let signs = jwk.common.public_key_use.as_ref().is_none_or(|it| *it == PublicKeyUse::Signature);
    let fits = jwk.common.key_algorithm.is_none_or(|it| it == KeyAlgorithm::EdDSA);
    if pair.curve != EllipticCurve::Ed25519 || !signs || !fits {
        return None;
    }
    let public_key = URL_SAFE_NO_PAD.decode(&pair.x).ok()?;
    let kid = jwk.thumbprint(ThumbprintHash::SHA256).ok()?;
    (public_key.len() == KeySet::KEY_BYTES && jwk.common.key_id.as_ref() == Some(&kid))
        .then(|| (kid, DecodingKey::from_ed_der(&public_key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_reads_back_what_it_wrote() {
        let (kid, set) = KeySet::of(&[7; 32]);

        let read = KeySet::parse(&set.to_json()).expect("our own set");

        assert!(read.find(&kid).is_some());
        assert_eq!(read.to_json(), set.to_json());
    }

    #[test]
    fn a_set_passes_over_keys_it_cannot_use_and_refuses_to_be_empty() {
        let (kid, set) = KeySet::of(&[7; 32]);
        let ours = set.to_json();
        let secret = r#"{"kty":"oct","k":"c2VjcmV0","kid":"hs","alg":"HS256"}"#;
        let mixed = ours.replacen('[', &format!("[{secret},"), 1);
        let misnamed = ours.replace(&kid, "other");

        assert!(KeySet::parse(&mixed).is_ok_and(|set| set.find("hs").is_none()));
        assert!(matches!(KeySet::parse(&misnamed), Err(InvalidKeySet::Empty)));
        assert!(matches!(KeySet::parse(r#"{"keys":[]}"#), Err(InvalidKeySet::Empty)));
        assert!(matches!(KeySet::parse("no set"), Err(InvalidKeySet::Malformed(_))));
        let long = " ".repeat(KeySet::MAX_BYTES + 1);
        assert!(matches!(KeySet::parse(&long), Err(InvalidKeySet::TooLong)));
    }
}
