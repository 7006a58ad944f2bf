//! A key that signs access tokens.

use std::{fmt, path::Path};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    error::Unspecified,
    hmac,
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::EncodingKey;
use zeroize::Zeroizing;

use crate::{
    KeyError, Readers,
    key_file::{self, Holds},
    key_set::{KeySet, thumbprint},
};

/// Signs access tokens. As a file it is PKCS#8 in PEM, as `openssl genpkey -algorithm ed25519` writes it.
pub struct SigningKey {
    private: EncodingKey,
    public: [u8; KeySet::KEY_BYTES],
    kid: String,
    der: Zeroizing<Vec<u8>>,
}

impl SigningKey {
    const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
    const END: &str = "-----END PRIVATE KEY-----";

    /// A new key, which no one else has.
    pub fn generate() -> Result<Self, KeyError> {
        let der = generate_der().map_err(KeyError::NoRandomness)?;
        Ok(Self::from_der(der).expect("what was just made can be read"))
    }

    /// The key in PKCS#8, as [`Self::to_der`] gives it.
    #[must_use]
    pub fn from_der(der: Zeroizing<Vec<u8>>) -> Option<Self> {
        let pair = Ed25519KeyPair::from_pkcs8(&der).ok()?;
        let public = pair.public_key().as_ref().try_into().ok()?;
        Some(Self {
            private: EncodingKey::from_ed_der(&der),
            public,
            kid: thumbprint(&public),
            der,
        })
    }

    /// The private key in PKCS#8. It lets its holder sign in as anyone: seal it before it is kept.
    #[must_use]
    pub fn to_der(&self) -> &[u8] {
        &self.der
    }

    /// Reads the key in this file, or makes one if there is no such file.
    ///
    /// Any number of processes may do this at the same moment: they all end with the same key.
    pub fn open_or_create(path: &Path) -> Result<Self, KeyError> {
        Self::open_or_create_for(Readers::Owner, path)
    }

    /// As [`Self::open_or_create`], for a file that these readers may read.
    pub fn open_or_create_for(readers: Readers, path: &Path) -> Result<Self, KeyError> {
        key_file::read_or_make(Holds::SigningKey, readers, path, Self::from_pem, generate_pem)
    }

    /// Reads the key in the file that an operator put there, and never makes one. Its group may read it too: a secret
    /// that is mounted into a container belongs to root and is lent to a group.
    pub fn open(path: &Path) -> Result<Self, KeyError> {
        Self::open_for(Readers::Group, path)
    }

    /// Reads the key in a file that these readers may read, and never makes one.
    pub fn open_for(readers: Readers, path: &Path) -> Result<Self, KeyError> {
        key_file::read(Holds::SigningKey, readers, path, Self::from_pem)
    }

    /// Names the key in the header of each token: its RFC 7638 thumbprint.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &[u8; KeySet::KEY_BYTES] {
        &self.public
    }

    /// The public half, for services that verify.
    #[must_use]
    pub fn key_set(&self) -> KeySet {
        KeySet::of([&self.public])
    }

    /// The public half as a JSON Web Key Set (RFC 7517, RFC 8037), for `/.well-known/jwks.json`.
    #[must_use]
    pub fn jwks(&self) -> String {
        self.key_set().to_json()
    }

    /// Derives a secret for a purpose from this key: the same on every instance that has the key. The secret does not reveal
    /// the key.
    #[must_use]
    pub fn secret_for(&self, purpose: &[u8]) -> Zeroizing<Vec<u8>> {
        let deriving = hmac::Key::new(hmac::HMAC_SHA256, &self.der);
        Zeroizing::new(hmac::sign(&deriving, purpose).as_ref().to_vec())
    }

    pub(crate) const fn private(&self) -> &EncodingKey {
        &self.private
    }

    fn from_pem(pem: &str) -> Option<Self> {
        let body = pem.trim().strip_prefix(Self::BEGIN)?.strip_suffix(Self::END)?;
        let body: Zeroizing<String> = Zeroizing::new(body.split_ascii_whitespace().collect());
        Self::from_der(Zeroizing::new(STANDARD.decode(body.as_bytes()).ok()?))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

fn generate_der() -> Result<Zeroizing<Vec<u8>>, Unspecified> {
    let pair = Ed25519KeyPair::generate()?;
    let der: Pkcs8V1Der<'_> = pair.as_der()?;
    Ok(Zeroizing::new(der.as_ref().to_vec()))
}

fn generate_pem() -> Result<Zeroizing<String>, Unspecified> {
    // The 48 bytes of such a key are exactly one line of 64 characters.
    let body = Zeroizing::new(STANDARD.encode(&*generate_der()?));
    Ok(Zeroizing::new(format!("{}\n{}\n{}\n", SigningKey::BEGIN, *body, SigningKey::END)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_the_standard_has_the_name_and_the_public_half_the_standard_says() {
        // RFC 8037, appendix A.1 to A.3, behind the 16 fixed bytes of PKCS#8.
        let pem = "-----BEGIN PRIVATE KEY-----\n\
            MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
            -----END PRIVATE KEY-----\n";

        let key = SigningKey::from_pem(pem).expect("a key");

        assert_eq!(key.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        let set: serde_json::Value = serde_json::from_str(&key.jwks()).expect("JSON");
        assert_eq!(
            set,
            serde_json::json!({"keys": [{
                "kty": "OKP",
                "crv": "Ed25519",
                "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
                "use": "sig",
                "alg": "EdDSA",
                "sir0_typ": "at+jwt",
            }]})
        );
    }

    #[test]
    fn a_key_never_shows_itself() {
        let pem = generate_pem().expect("random numbers");
        let key = SigningKey::from_pem(&pem).expect("a key");
        let secret = pem.lines().nth(1).expect("the middle line");

        let shown = format!("{key:?}");

        assert!(!shown.contains(secret) && shown.contains(key.kid()));
    }
}
