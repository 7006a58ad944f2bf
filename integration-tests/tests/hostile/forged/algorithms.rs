//! Tokens without a signature, with a MAC that anyone can make, or with another signature than ours.

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        EcdsaSigningAlgorithm, RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding,
        RsaKeyPair,
    },
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Value, json};

use super::forger::{Catalogue, Forger, part, with, with_mac, without};

/// How `none` is written, also by those who hope for a comparison that is not exact.
const NONE: [&str; 12] =
    ["none", "None", "NONE", "nOnE", "nonE", "none ", " none", "none\0", "", "null", "no", "plain"];

pub(super) fn forge(forger: &Forger, into: &mut Catalogue) {
    without_signature(forger, into);
    with_public_secret(forger, into);
    with_other_signatures(forger, into);
}

fn without_signature(forger: &Forger, into: &mut Catalogue) {
    let good = &forger.good;
    let mut headers: Vec<_> = NONE
        .iter()
        .map(|none| (format!("{none:?}"), with(&forger.header(), "alg", *none)))
        .collect();
    headers.push(("missing".to_owned(), without(&forger.header(), "alg")));
    for value in [Value::Null, json!(0), json!(["none"]), json!(["EdDSA"]), json!({"alg": "none"})]
    {
        headers.push((value.to_string(), with(&forger.header(), "alg", value)));
    }
    for (what, header) in headers {
        let head = part(&header);
        into.add(
            "alg none",
            format!("{what}, an empty signature"),
            format!("{head}.{}.", good.claims),
        );
        into.add("alg none, two parts", &what, format!("{head}.{}", good.claims));
        into.add("alg none, signed", &what, good.with_header(&header));
        let well_signed = forger.server.signs(&header, &forger.claims());
        into.add("alg none, signed well", &what, well_signed);
    }
}

fn with_public_secret(forger: &Forger, into: &mut Catalogue) {
    let key = &forger.server;
    let (public, pem) = (key.public(), key.public_pem());
    let text = BASE64URL.encode(public);
    let jwk = key.jwk(&forger.kid).to_string();
    let secrets: [(&str, Vec<u8>); 10] = [
        ("the bytes of the key", public.to_vec()),
        ("its base64url", text.into_bytes()),
        ("its JWK", jwk.into_bytes()),
        ("the published set", forger.jwks.clone().into_bytes()),
        ("its DER", key.public_der()),
        ("its PEM", pem.clone().into_bytes()),
        ("its PEM without the last line break", pem.trim_end().into()),
        ("its name", forger.kid.clone().into_bytes()),
        ("nothing", Vec::new()),
        ("zeros", vec![0; 32]),
    ];
    let macs =
        [("HS256", hmac::HMAC_SHA256), ("HS384", hmac::HMAC_SHA384), ("HS512", hmac::HMAC_SHA512)];
    for (alg, algorithm) in macs {
        for (what, secret) in &secrets {
            let header = with(&forger.header(), "alg", alg);
            let token = with_mac(algorithm, secret, &header, &forger.good.claims);
            into.add("the public key as a secret", format!("{alg} with {what}"), token);
        }
    }
    let token = with_mac(hmac::HMAC_SHA256, &public, &forger.header(), &forger.good.claims);
    into.add("a MAC in place of a signature", "HS256 that is called EdDSA", token);
}

/// What of another kind of key signs.
type Signs = Box<dyn Fn(&[u8]) -> Vec<u8>>;

fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm) -> Signs {
    let key = EcdsaKeyPair::generate(algorithm).expect("random numbers");
    Box::new(move |message| {
        key.sign(&SystemRandom::new(), message).expect("a signature").as_ref().to_vec()
    })
}

fn rsa(encoding: &'static dyn RsaEncoding) -> Signs {
    let key = RsaKeyPair::generate(KeySize::Rsa2048).expect("random numbers");
    Box::new(move |message| {
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(encoding, &SystemRandom::new(), message, &mut signature).expect("a signature");
        signature
    })
}

fn with_other_signatures(forger: &Forger, into: &mut Catalogue) {
    let kinds: [(&str, Signs); 5] = [
        ("ES256", ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING)),
        ("ES384", ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING)),
        ("RS256", rsa(&RSA_PKCS1_SHA256)),
        ("RS512", rsa(&RSA_PKCS1_SHA512)),
        ("PS256", rsa(&RSA_PSS_SHA256)),
    ];
    for (alg, signs) in &kinds {
        let named = with(&forger.header(), "alg", *alg);
        let headers = [
            ("our kid", named.clone()),
            ("an unknown kid", with(&named, "kid", "nobody")),
            ("no kid", without(&named, "kid")),
            ("our kid, called EdDSA", forger.header()),
        ];
        for (what, header) in headers {
            let message = format!("{}.{}", part(&header), forger.good.claims);
            let signature = BASE64URL.encode(signs(message.as_bytes()));
            let token = format!("{message}.{signature}");
            into.add("a key of another kind", format!("{alg} under {what}"), token);
        }
    }
    // The server's own signature under a name that it does not go by.
    let names = [
        "ES256", "ES512", "RS256", "PS512", "HS256", "eddsa", "EDDSA", "EdDSA ", "EdDSA\0",
        "Ed25519", "Ed448", "ES256K", "RS1", "dir",
    ];
    for alg in names {
        let header = with(&forger.header(), "alg", alg);
        let what = format!("{alg:?}");
        into.add(
            "another algorithm, signed well",
            what,
            forger.server.signs(&header, &forger.claims()),
        );
    }
}
