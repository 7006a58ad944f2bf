//! What is no compact JWS of three parts, although a good token is in it somewhere.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use serde_json::json;

use super::forger::{Catalogue, Forger, Parts, part, with};

pub(super) fn forge(forger: &Forger, into: &mut Catalogue) {
    other_forms(forger, into);
    other_numbers_of_parts(forger, into);
    encrypted(forger, into);
    nested(forger, into);
    written_otherwise(forger, into);
    parts_of_two(forger, into);
}

fn whole(Parts { header, claims, signature }: &Parts) -> String {
    format!("{header}.{claims}.{signature}")
}

/// The JSON serialisations of RFC 7515.
fn other_forms(forger: &Forger, into: &mut Catalogue) {
    let Parts { header, claims, signature } = &forger.good;
    let signed = json!({"protected": header, "signature": signature});
    let unprotected = json!({"header": {"alg": "none"}, "payload": claims, "signature": ""});
    let forms = [
        ("flattened", json!({"payload": claims, "protected": header, "signature": signature})),
        ("general", json!({"payload": claims, "signatures": [signed]})),
        ("general, nothing signed", json!({"payload": claims, "signatures": []})),
        ("flattened, not protected", unprotected),
        ("the claims alone", forger.claims()),
        ("a list of parts", json!([header, claims, signature])),
    ];
    for (what, form) in forms {
        into.add("a JSON serialisation", what, form.to_string());
        into.add("a JSON serialisation, encoded", what, part(&form));
    }
}

fn other_numbers_of_parts(forger: &Forger, into: &mut Catalogue) {
    let Parts { header, claims, signature } = &forger.good;
    let good = whole(&forger.good);
    for (what, token) in [
        ("one, the header", header.clone()),
        ("one, the claims", claims.clone()),
        ("one, the signature", signature.clone()),
        ("two, no signature", format!("{header}.{claims}")),
        ("two, no claims", format!("{header}.{signature}")),
        ("two, no header", format!("{claims}.{signature}")),
        ("three, no claims", format!("{header}..{signature}")),
        ("three, no header", format!(".{claims}.{signature}")),
        ("three, empty", "..".to_owned()),
        ("four, the signature twice", format!("{good}.{signature}")),
        ("four, the header twice", format!("{header}.{good}")),
        ("four, an empty one in front", format!(".{good}")),
        ("four, an empty one between", format!("{header}..{claims}.{signature}")),
        ("five", format!("{good}.{claims}.{signature}")),
        ("six, the token twice", format!("{good}.{good}")),
        ("a hundred", ".".repeat(99)),
        ("three, the order changed", format!("{claims}.{header}.{signature}")),
    ] {
        into.add("another number of parts", what, token);
    }
}

/// The form of a JWE (RFC 7516), which nobody can read here.
fn encrypted(forger: &Forger, into: &mut Catalogue) {
    let claims = &forger.good.claims;
    let (iv, tag) = (BASE64URL.encode([1; 12]), BASE64URL.encode([2; 16]));
    for alg in ["dir", "RSA-OAEP", "A256KW", "ECDH-ES", "PBES2-HS256+A128KW"] {
        let header = json!({"alg": alg, "enc": "A256GCM", "typ": "at+jwt", "kid": forger.kid, "p2c": 1_000_000_000});
        let head = part(&header);
        into.add("a JWE", alg, format!("{head}.{}.{iv}.{claims}.{tag}", BASE64URL.encode([3; 32])));
        into.add("a JWE", format!("{alg} without a key"), format!("{head}..{iv}.{claims}.{tag}"));
    }
}

/// A good token within another one.
fn nested(forger: &Forger, into: &mut Catalogue) {
    let good = whole(&forger.good);
    let header = with(&forger.header(), "cty", "JWT");
    let text = header.to_string();
    for (whose, key) in [("a stranger's key", &forger.own), ("our key", &forger.server)] {
        into.add("a token in a token", whose, key.signs_text(&text, &good));
        let quoted = json!(good).to_string();
        into.add("a token in a token", format!("{whose}, as JSON"), key.signs_text(&text, quoted));
        let member = json!({"jwt": good, "access_token": good});
        into.add("a token in a token", format!("{whose}, in a claim"), key.signs(&header, &member));
    }
}

fn written_otherwise(forger: &Forger, into: &mut Catalogue) {
    let Parts { header, claims, signature } = &forger.good;
    let good = whole(&forger.good);
    let percent = |text: &str| text.replace('.', "%2E");
    let backwards: String = good.chars().rev().collect();
    for (what, token) in [
        ("quoted", format!("\"{good}\"")),
        ("in angles", format!("<{good}>")),
        ("percent encoding", percent(&good)),
        ("base64url once more", BASE64URL.encode(&good)),
        ("lower case", good.to_lowercase()),
        ("upper case", good.to_uppercase()),
        ("backwards", backwards),
        ("the scheme twice", format!("Bearer {good}")),
        ("two with a comma", format!("{good}, {good}")),
        ("two with a blank", format!("{good} {good}")),
        ("a comma behind", format!("{good},")),
        ("a semicolon behind", format!("{good};")),
        ("a parameter behind", format!("{good}; realm=\"sir0\"")),
        ("a name in front", format!("token={good}")),
        ("a blank behind the first dot", format!("{header}. {claims}.{signature}")),
        ("a tab before the first dot", format!("{header}\t.{claims}.{signature}")),
        ("full-width dots", format!("{header}\u{ff0e}{claims}\u{ff0e}{signature}")),
        ("a letter that looks the same", good.replacen('e', "\u{435}", 1)),
        ("a byte order mark in front", format!("\u{feff}{good}")),
        ("a direction mark behind", format!("{good}\u{200e}")),
        ("a line break behind", format!("{good}\n")),
        ("a header behind", format!("{good}\r\nx-role: admin")),
        ("a zero byte behind", format!("{good}\0")),
        ("a zero byte and more behind", format!("{good}\0.{signature}")),
        ("a backspace within", format!("{header}A\u{8}.{claims}.{signature}")),
        ("padded parts", format!("{header}=.{claims}=.{signature}==")),
    ] {
        into.add("written otherwise", what, token);
    }
    for (what, token) in [
        ("a word", "letmein"),
        ("null", "null"),
        ("undefined", "undefined"),
        ("true", "true"),
        ("a star", "*"),
        ("an id", "1"),
        ("a path", "../../../etc/passwd"),
        ("SQL", "' OR '1'='1"),
        ("a format", "%s%s%n"),
    ] {
        into.add("no token at all", what, token);
    }
    // The same JSON with blanks in it: what is signed are bytes.
    let spaced = |part: &serde_json::Value| {
        BASE64URL.encode(serde_json::to_string_pretty(part).expect("JSON"))
    };
    let (head, body) = (spaced(&forger.header()), spaced(&forger.claims()));
    into.add("JSON with blanks", "the header", format!("{head}.{claims}.{signature}"));
    into.add("JSON with blanks", "the claims", format!("{header}.{body}.{signature}"));
}

/// Parts of two tokens that are both good.
fn parts_of_two(forger: &Forger, into: &mut Catalogue) {
    let (one, other) = (&forger.good, &forger.other);
    let kind = "parts of two good tokens";
    into.add(kind, "the signature", one.with_signature(&other.signature()));
    into.add(kind, "the claims", one.with_claims(&other.claims()));
    into.add(kind, "the claims, the other way", other.with_claims(&one.claims()));
    let (mine, theirs) = (one.signature(), other.signature());
    let halves = [&mine[..32], &theirs[32..]].concat();
    into.add(kind, "half a signature", one.with_signature(&halves));
    let halves = [&theirs[..32], &mine[32..]].concat();
    into.add(kind, "the other half", one.with_signature(&halves));
}
