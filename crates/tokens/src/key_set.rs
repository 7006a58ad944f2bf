//! The public keys by name: what a service needs to verify tokens, and all it may know of the key.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    DecodingKey,
    jwk::{
        AlgorithmParameters, CommonParameters, EllipticCurve, Jwk, KeyAlgorithm,
        OctetKeyPairParameters, OctetKeyPairType, PublicKeyUse, ThumbprintHash,
    },
};
use serde::{Deserialize, Serialize};

use crate::TOKEN_TYPE;

/// Public keys that verify access tokens. Cheap to clone.
#[derive(Clone, Debug)]
pub struct KeySet(Arc<Published>);

#[derive(Debug)]
struct Published {
    by_kid: HashMap<String, DecodingKey>,
    json: String,
}

/// A set as it is written.
#[derive(Debug, Deserialize, Serialize)]
struct Written {
    keys: Vec<Member>,
}

/// A key as it is written.
#[derive(Debug, Deserialize, Serialize)]
struct Member {
    #[serde(flatten)]
    jwk: Jwk,
    /// The header `typ` of what the key signs. Others pass over it (RFC 7517, section 4). A key without it is from a
    /// version that marked none, and signs access tokens.
    #[serde(rename = "sir0_typ", default, skip_serializing_if = "Option::is_none")]
    signs: Option<String>,
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
    /// How long a public key is.
    pub const KEY_BYTES: usize = 32;

    /// Reads a set as `/.well-known/jwks.json` carries it. Keys of other kinds, and keys that are marked as those of
    /// something else than access tokens, are passed over.
    pub fn parse(json: &str) -> Result<Self, InvalidKeySet> {
        if json.len() > Self::MAX_BYTES {
            return Err(InvalidKeySet::TooLong);
        }
        let mut written: Written = serde_json::from_str(json)?;
        let mut by_kid = HashMap::new();
        written.keys.retain(|member| match read(member) {
            Some((kid, key)) => by_kid.insert(kid, key).is_none(),
            None => false,
        });
        if by_kid.is_empty() {
            return Err(InvalidKeySet::Empty);
        }
        let json = serde_json::to_string(&written)?;
        Ok(Self(Arc::new(Published { by_kid, json })))
    }

    /// The set as a JSON Web Key Set.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.0.json.clone()
    }

    /// The set of these public keys. All of them sign access tokens.
    #[must_use]
    pub fn of<'a>(public_keys: impl IntoIterator<Item = &'a [u8; Self::KEY_BYTES]>) -> Self {
        let (mut by_kid, mut keys) = (HashMap::new(), Vec::new());
        for public_key in public_keys {
            let jwk = named(public_key);
            let kid = jwk.common.key_id.clone().expect("it was just named");
            by_kid.insert(kid, DecodingKey::from_ed_der(public_key));
            keys.push(Member { jwk, signs: Some(TOKEN_TYPE.to_owned()) });
        }
        let json = serde_json::to_string(&Written { keys }).expect("plain strings");
        Self(Arc::new(Published { by_kid, json }))
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

    /// Verifies with this set from now on, and with no other. The same set again changes nothing, so that what was
    /// verified with it stays known.
    pub fn set(&self, keys: KeySet) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.as_ref().is_none_or(|known| known.0.json != keys.0.json) {
            *known = Some(keys);
        }
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

/// The name of a public key: its RFC 7638 thumbprint.
pub(crate) fn thumbprint(public_key: &[u8; KeySet::KEY_BYTES]) -> String {
    named(public_key).common.key_id.expect("it was just named")
}

/// A public key under its own thumbprint: a name that fits no other key.
fn named(public_key: &[u8; KeySet::KEY_BYTES]) -> Jwk {
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
    jwk.common.key_id = Some(kid);
    jwk
}

/// An Ed25519 key that signs access tokens, under its own thumbprint.
fn read(Member { jwk, signs }: &Member) -> Option<(String, DecodingKey)> {
    let AlgorithmParameters::OctetKeyPair(pair) = &jwk.algorithm else { return None };
    let is_to_sign =
        jwk.common.public_key_use.as_ref().is_none_or(|it| *it == PublicKeyUse::Signature);
    let fits = jwk.common.key_algorithm.is_none_or(|it| it == KeyAlgorithm::EdDSA);
    let is_of_tokens = signs.as_ref().is_none_or(|it| it == TOKEN_TYPE);
    if pair.curve != EllipticCurve::Ed25519 || !is_to_sign || !fits || !is_of_tokens {
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
        let (kid, set) = (thumbprint(&[7; 32]), KeySet::of([&[7; 32]]));

        let read = KeySet::parse(&set.to_json()).expect("our own set");

        assert!(read.find(&kid).is_some());
        assert_eq!(read.to_json(), set.to_json());
    }

    #[test]
    fn a_set_passes_over_keys_it_cannot_use_and_refuses_to_be_empty() {
        let (kid, set) = (thumbprint(&[7; 32]), KeySet::of([&[7; 32]]));
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

    #[test]
    fn a_key_that_is_marked_for_something_else_verifies_no_access_token() {
        let kids = [[7; 32], [8; 32]].map(|key| thumbprint(&key));
        let both = KeySet::of([&[7; 32], &[8; 32]]).to_json();
        let marked = both.replacen("at+jwt", "entitlement+jwt", 1);
        let unmarked = both.replace(r#","sir0_typ":"at+jwt""#, "");
        assert!(marked != both && unmarked != both);

        let knows = |json: &str| {
            let set = KeySet::parse(json).expect("one key is left");
            kids.each_ref().map(|kid| set.find(kid).is_some())
        };

        assert_eq!(knows(&both), [true, true]);
        assert_eq!(knows(&marked), [false, true]);
        assert_eq!(knows(&unmarked), [true, true], "versions before marked none");
    }

    #[test]
    fn the_same_set_again_is_the_set_that_was_known() {
        let (keys, first) = (Keys::unknown(), KeySet::of([&[7; 32]]));

        keys.set(first.clone());
        keys.set(KeySet::of([&[7; 32]]));
        assert!(keys.get().expect("known").is_same(&first));

        keys.set(KeySet::of([&[7; 32], &[8; 32]]));
        assert!(!keys.get().expect("known").is_same(&first));
    }
}
