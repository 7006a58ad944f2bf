//! Makes tokens: with a key that the server does not know, and with the very key of the server for those that are
//! wrong in one thing alone.

use std::{collections::HashSet, fmt::Display, fs, path::Path};

use aws_lc_rs::{
    encoding::AsDer,
    hmac,
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64URL},
};
use serde_json::{Value, json};
use sir0_tokens::SigningKey;

/// A token that has to be refused.
#[derive(Clone, Debug)]
pub(super) struct Forgery {
    /// What is wrong with it.
    pub(super) kind: &'static str,
    /// How exactly.
    pub(super) what: String,
    pub(super) token: String,
    /// A logout takes it on purpose: it was good before, or it is a refresh token.
    pub(super) is_good_for_a_logout: bool,
}

impl Forgery {
    /// Whether a header can hold it. The others fit into a body alone.
    pub(super) fn fits_into_a_header(&self) -> bool {
        http::HeaderValue::from_bytes(self.token.as_bytes()).is_ok()
    }
}

/// All forgeries, in the order in which they were made. No two have the same token.
#[derive(Default)]
pub(super) struct Catalogue {
    forgeries: Vec<Forgery>,
    tokens: HashSet<String>,
}

impl Catalogue {
    /// Adds a token, unless it is there.
    pub(super) fn add(&mut self, kind: &'static str, what: impl Display, token: impl Into<String>) {
        let (what, token) = (what.to_string(), token.into());
        if self.tokens.insert(token.clone()) {
            self.forgeries.push(Forgery { kind, what, token, is_good_for_a_logout: false });
        }
    }

    /// As [`Self::add`], for what a logout takes.
    pub(super) fn add_for_all_but_logout(
        &mut self,
        kind: &'static str,
        what: impl Display,
        token: impl Into<String>,
    ) {
        let before = self.forgeries.len();
        self.add(kind, what, token);
        for added in &mut self.forgeries[before..] {
            added.is_good_for_a_logout = true;
        }
    }

    pub(super) fn all(&self) -> &[Forgery] {
        &self.forgeries
    }

    /// The first of each kind.
    pub(super) fn of_each_kind(&self) -> Vec<&Forgery> {
        let mut kinds = HashSet::new();
        self.forgeries.iter().filter(|forgery| kinds.insert(forgery.kind)).collect()
    }

    pub(super) fn has(&self, token: &str) -> bool {
        self.tokens.contains(token)
    }
}

/// The three parts of a token.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    pub(super) header: String,
    pub(super) claims: String,
    pub(super) signature: String,
}

impl Parts {
    pub(super) fn of(token: &str) -> Self {
        let parts: Vec<_> = token.split('.').map(str::to_owned).collect();
        let [header, claims, signature] = parts.try_into().expect("three parts");
        Self { header, claims, signature }
    }

    pub(super) fn header(&self) -> Value {
        json_of(&self.header)
    }

    pub(super) fn claims(&self) -> Value {
        json_of(&self.claims)
    }

    pub(super) fn signature(&self) -> [u8; 64] {
        let bytes = BASE64URL.decode(&self.signature).expect("base64url");
        bytes.try_into().expect("an Ed25519 signature")
    }

    /// The token with these bytes as its signature.
    pub(super) fn with_signature(&self, signature: &[u8]) -> String {
        format!("{}.{}.{}", self.header, self.claims, BASE64URL.encode(signature))
    }

    /// The token with another header, under the signature that it has.
    pub(super) fn with_header(&self, header: &Value) -> String {
        format!("{}.{}.{}", part(header), self.claims, self.signature)
    }

    /// The token with other claims, under the signature that it has.
    pub(super) fn with_claims(&self, claims: &Value) -> String {
        format!("{}.{}.{}", self.header, part(claims), self.signature)
    }
}

fn json_of(part: &str) -> Value {
    serde_json::from_slice(&BASE64URL.decode(part).expect("base64url")).expect("JSON")
}

/// A part of a token.
pub(super) fn part(json: &Value) -> String {
    BASE64URL.encode(json.to_string())
}

/// The object with another value in this member.
pub(super) fn with(object: &Value, member: &str, value: impl Into<Value>) -> Value {
    let mut object = object.clone();
    object[member] = value.into();
    object
}

/// The object without this member.
pub(super) fn without(object: &Value, member: &str) -> Value {
    let mut object = object.clone();
    object.as_object_mut().expect("an object").remove(member).expect("the member");
    object
}

/// An Ed25519 key that signs tokens.
pub(super) struct Key(Ed25519KeyPair);

impl Key {
    pub(super) fn fresh() -> Self {
        Self(Ed25519KeyPair::generate().expect("random numbers"))
    }

    /// The key in a file as a version from before left it.
    pub(super) fn in_file(path: &Path) -> Self {
        let pem = fs::read_to_string(path).expect("the key of the server");
        let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let der = BASE64_STANDARD.decode(text).expect("base64");
        Self(Ed25519KeyPair::from_pkcs8(&der).expect("an Ed25519 key"))
    }

    pub(super) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).as_ref().try_into().expect("an Ed25519 signature")
    }

    pub(super) fn public(&self) -> [u8; 32] {
        self.0.public_key().as_ref().try_into().expect("an Ed25519 key")
    }

    /// `SubjectPublicKeyInfo`.
    pub(super) fn public_der(&self) -> Vec<u8> {
        self.0.public_key().as_der().expect("a public key").as_ref().to_vec()
    }

    pub(super) fn public_pem(&self) -> String {
        let text = BASE64_STANDARD.encode(self.public_der());
        format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n")
    }

    pub(super) fn jwk(&self, kid: &str) -> Value {
        let x = BASE64URL.encode(self.public());
        json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": kid, "x": x})
    }

    /// A token of this header and these claims.
    pub(super) fn signs(&self, header: &Value, claims: &Value) -> String {
        self.signs_text(&header.to_string(), claims.to_string())
    }

    /// As [`Self::signs`], of any bytes.
    pub(super) fn signs_text(&self, header: &str, claims: impl AsRef<[u8]>) -> String {
        let message = format!("{}.{}", BASE64URL.encode(header), BASE64URL.encode(claims));
        format!("{message}.{}", BASE64URL.encode(self.sign(message.as_bytes())))
    }
}

/// A token of this header and these claims with a MAC.
pub(super) fn with_mac(
    algorithm: hmac::Algorithm,
    secret: &[u8],
    header: &Value,
    claims: &str,
) -> String {
    let message = format!("{}.{claims}", part(header));
    let mac = hmac::sign(&hmac::Key::new(algorithm, secret), message.as_bytes());
    format!("{message}.{}", BASE64URL.encode(mac))
}

/// Someone who knows everything about the platform, and two of its good tokens.
pub(super) struct Forger {
    /// A key that the server does not know.
    pub(super) own: Key,
    /// The key of the server. What is signed with it is wrong in the one thing that is said.
    pub(super) server: Key,
    /// The published name of the server's key.
    pub(super) kid: String,
    /// The published set.
    pub(super) jwks: String,
    /// A good token of an administrator, who may do everything.
    pub(super) good: Parts,
    /// A good token of somebody else.
    pub(super) other: Parts,
    /// Where the forger publishes the key that the server does not know.
    pub(super) site: String,
}

impl Forger {
    pub(super) fn new(key: &Path, good: &str, other: &str, site: String) -> Self {
        let published = SigningKey::open_or_create(key).expect("the key of the server");
        Self {
            own: Key::fresh(),
            server: Key::in_file(key),
            kid: published.kid().to_owned(),
            jwks: published.jwks(),
            good: Parts::of(good),
            other: Parts::of(other),
            site,
        }
    }

    pub(super) fn header(&self) -> Value {
        self.good.header()
    }

    pub(super) fn claims(&self) -> Value {
        self.good.claims()
    }
}
