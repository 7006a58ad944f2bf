//! Tokens whose header says what a verifier must not follow: names of keys, keys, extensions and types.

use std::io::Write;

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64URL},
};
use flate2::{Compression, write::DeflateEncoder};
use serde_json::{Value, json};

use super::{
    certificate,
    forger::{Catalogue, Forger, part, with, without},
};

pub(super) fn forge(forger: &Forger, into: &mut Catalogue) {
    names_of_keys(forger, into);
    keys_brought_along(forger, into);
    extensions(forger, into);
    types(forger, into);
}

/// Names that are not that of the server's key.
fn other_names(forger: &Forger) -> Vec<Value> {
    let kid = forger.kid.as_str();
    let mut names: Vec<Value> = [
        "nobody",
        "",
        "0",
        "../../signing-key.pem",
        "signing-key.pem",
        "/dev/null",
        "/proc/self/environ",
        "' OR 1=1 --",
        "x' UNION SELECT 'AA' --",
        "| sleep 9",
        "${jndi:ldap://127.0.0.1/a}",
    ]
    .map(Value::from)
    .into();
    names.extend([
        json!(format!("{}/jwks.json", forger.site)),
        json!("A".repeat(2_000)),
        json!(format!("{kid}\0")),
        json!(format!(" {kid}")),
        json!(format!("{kid}=")),
        json!(kid[..kid.len() - 1]),
        json!(kid.to_uppercase()),
        json!(BASE64URL.encode(forger.server.public())),
        Value::Null,
        json!(1),
        json!(true),
        json!([kid]),
        json!({"kid": kid}),
    ]);
    names
}

fn names_of_keys(forger: &Forger, into: &mut Catalogue) {
    let (header, claims) = (forger.header(), forger.claims());
    let said = |name: &Value| {
        let said = name.to_string();
        if said.len() > 60 { format!("{} bytes", said.len()) } else { said }
    };
    into.add("a stranger's key", "our kid", forger.own.signs(&header, &claims));
    let nameless = without(&header, "kid");
    into.add("a stranger's key", "no kid", forger.own.signs(&nameless, &claims));
    into.add("our key under another name", "no kid", forger.server.signs(&nameless, &claims));
    for name in other_names(forger) {
        let header = with(&header, "kid", name.clone());
        into.add("a stranger's key", said(&name), forger.own.signs(&header, &claims));
        into.add("our key under another name", said(&name), forger.server.signs(&header, &claims));
        into.add("another kid, the old signature", said(&name), forger.good.with_header(&header));
    }
}

fn keys_brought_along(forger: &Forger, into: &mut Catalogue) {
    let own = &forger.own;
    let certificate = BASE64_STANDARD.encode(certificate::of(own));
    let (set, chain) = (format!("{}/jwks.json", forger.site), format!("{}/chain.pem", forger.site));
    let oct = json!({"kty": "oct", "k": BASE64URL.encode([7; 32]), "alg": "EdDSA"});
    let members: [(&str, Value); 8] = [
        ("jwk", json!({"jwk": own.jwk(&forger.kid)})),
        ("jwk of another name", json!({"jwk": own.jwk("own")})),
        ("jwk that is a secret", json!({"jwk": oct})),
        ("jku", json!({"jku": set})),
        ("x5u", json!({"x5u": chain})),
        ("x5c", json!({"x5c": [certificate]})),
        ("x5c and x5t", json!({"x5c": [certificate], "x5t": "AA", "x5t#S256": "AA"})),
        (
            "all of them",
            json!({"jwk": own.jwk(&forger.kid), "jku": set, "x5u": chain, "x5c": [certificate]}),
        ),
    ];
    for (what, brought) in members {
        let mut header = forger.header();
        let more = brought.as_object().expect("an object").clone();
        header.as_object_mut().expect("an object").extend(more);
        for (whose, header) in [
            ("our kid", header.clone()),
            ("its kid", with(&header, "kid", "own")),
            ("no kid", without(&header, "kid")),
        ] {
            let token = own.signs(&header, &forger.claims());
            into.add("a key brought along", format!("{what}, {whose}"), token);
        }
    }
}

fn extensions(forger: &Forger, into: &mut Catalogue) {
    let (header, claims) = (forger.header(), forger.claims());
    for (what, crit) in [
        ("an unknown one", json!(["http://example.com/nobody-knows"])),
        ("a claim", json!(["exp"])),
        ("a member of each header", json!(["alg", "typ"])),
        ("none", json!([])),
        ("a text", json!("exp")),
        ("a number", json!([1])),
        ("b64, which is not there", json!(["b64"])),
    ] {
        let header = with(&header, "crit", crit);
        into.add("a critical extension", what, forger.server.signs(&header, &claims));
    }
    // RFC 7797: the claims as they are, and the signature over them. A reader that knows `b64` would take it.
    let plain = claims.to_string();
    for (what, header) in [
        ("b64 in crit", with(&with(&header, "b64", false), "crit", json!(["b64"]))),
        ("b64 alone", with(&header, "b64", false)),
    ] {
        let message = format!("{}.{plain}", part(&header));
        let signature = BASE64URL.encode(forger.server.sign(message.as_bytes()));
        into.add("claims that are not encoded", what, format!("{message}.{signature}"));
        into.add("b64, a stranger's key", what, forger.own.signs(&header, &claims));
    }
    let header = with(&header, "zip", "DEF");
    let mut packed = DeflateEncoder::new(Vec::new(), Compression::best());
    packed.write_all(plain.as_bytes()).expect("into memory");
    let packed = packed.finish().expect("into memory");
    into.add(
        "claims that are packed",
        "signed well",
        forger.server.signs_text(&header.to_string(), &packed),
    );
    let bomb = vec![b' '; 200_000];
    let mut packed = DeflateEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&bomb).expect("into memory");
    let packed = packed.finish().expect("into memory");
    into.add(
        "claims that are packed",
        "200 KB",
        forger.server.signs_text(&header.to_string(), &packed),
    );
    into.add("claims that are packed", "a stranger's key", forger.own.signs(&header, &claims));
}

/// RFC 9068 writes `at+jwt`, and lets a reader also take `application/at+jwt`, in any case. The server writes and
/// takes one spelling alone.
fn types(forger: &Forger, into: &mut Catalogue) {
    let (header, claims) = (forger.header(), forger.claims());
    into.add("another type", "none", forger.server.signs(&without(&header, "typ"), &claims));
    let types = [
        "JWT",
        "jwt",
        "AT+JWT",
        "at+JWT",
        "application/at+jwt",
        "application/AT+JWT",
        "at+jwt ",
        " at+jwt",
        "at+jwt;v=1",
        "at+jws",
        "at jwt",
        "JOSE",
        "id+jwt",
        "logout+jwt",
        "dpop+jwt",
        "secevent+jwt",
        "entitlement+jwt",
        "",
    ];
    let odd = [Value::Null, json!(1), json!(["at+jwt"]), json!({"typ": "at+jwt"})];
    for typ in types.map(Value::from).into_iter().chain(odd) {
        let token = forger.server.signs(&with(&header, "typ", typ.clone()), &claims);
        into.add("another type", typ, token);
    }
}
