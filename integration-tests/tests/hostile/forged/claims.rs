//! Tokens that say something else than what was signed, and tokens that are signed well and say what no token of ours
//! says.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Value, json};
use sir0_kernel::{Clock, SystemClock};

use super::forger::{Catalogue, Forger, with, without};

pub(super) fn forge(forger: &Forger, into: &mut Catalogue) {
    changed(forger, into);
    signed_and_wrong(forger, into);
    over_or_elsewhere(forger, into);
    said_twice(forger, into);
}

/// Other claims under the old signature, from the token of someone who may less.
fn changed(forger: &Forger, into: &mut Catalogue) {
    let (own, admin) = (&forger.other, &forger.good);
    let (claims, wanted) = (own.claims(), admin.claims());
    let far = 9_999_999_999_i64;
    for (claim, value) in [
        ("role", json!("admin")),
        ("role", json!("owner")),
        ("sub", wanted["sub"].clone()),
        ("sub", json!("1")),
        ("sub", json!("2147483647")),
        ("sid", wanted["sid"].clone()),
        ("sid", json!("session_01kb2m3n4p5q6r7s8t9v0w1x2y")),
        ("exp", json!(far)),
        ("exp", json!(claims["exp"].as_i64().expect("seconds") + 1)),
        ("iat", json!(far)),
        ("iss", json!("elsewhere")),
        ("aud", json!("sir0:scoped")),
        ("aud", json!(["sir0", "sir0:scoped"])),
        ("scope", json!("games:read games:write")),
        ("studio", json!("studio_01kb2m3n4p5q6r7s8t9v0w1x2y")),
        ("client_id", json!("launcher")),
        ("auth_time", json!(far)),
        ("amr", json!(["pwd", "otp"])),
        ("jti", json!("token_01kb2m3n4p5q6r7s8t9v0w1x2y")),
        ("nbf", json!(0)),
        ("admin", json!(true)),
        ("roles", json!(["admin"])),
    ] {
        let what = format!("{claim} {value}");
        into.add("a changed claim", what, own.with_claims(&with(&claims, claim, value)));
    }
    for claim in claims.as_object().expect("an object").keys() {
        into.add("a claim taken out", claim, own.with_claims(&without(&claims, claim)));
    }
    let mut all = claims.clone();
    for claim in ["sub", "role", "sid", "jti"] {
        all[claim] = wanted[claim].clone();
    }
    into.add("a changed claim", "all that matter", own.with_claims(&all));
}

/// Signed with the server's key.
fn signed_and_wrong(forger: &Forger, into: &mut Catalogue) {
    let (header, claims) = (forger.header(), forger.claims());
    for claim in ["iss", "sub", "aud", "exp", "iat", "jti", "sid", "role"] {
        let token = forger.server.signs(&header, &without(&claims, claim));
        into.add("a missing claim, signed well", claim, token);
    }
    let wrong: [(&str, Vec<Value>); 8] = [
        (
            "sub",
            vec![
                json!(""),
                json!("0"),
                json!("-1"),
                json!("+1"),
                json!("01"),
                json!(" 1"),
                json!("1.0"),
                json!("1e0"),
                json!("admin"),
                json!(1),
                json!(["1"]),
                json!(null),
                json!("4294967297"),
                json!("\u{661}"),
            ],
        ),
        (
            "role",
            vec![
                json!(""),
                json!("Admin"),
                json!("ADMIN"),
                json!("root"),
                json!("admin "),
                json!(["admin"]),
                json!(null),
                json!(3),
            ],
        ),
        (
            "sid",
            vec![
                json!(""),
                json!("session_"),
                json!("session_1"),
                json!("user_01kb2m3n4p5q6r7s8t9v0w1x2y"),
                json!(1),
                json!(null),
            ],
        ),
        (
            "exp",
            vec![
                json!(null),
                json!("9999999999"),
                json!(1e18),
                json!(9_999_999_999.5),
                json!(i64::MAX),
                json!(u64::MAX),
                json!([9_999_999_999_i64]),
                json!(true),
            ],
        ),
        ("iat", vec![json!(null), json!("0"), json!(1.5)]),
        ("jti", vec![json!(null), json!(1)]),
        ("scope", vec![json!("games:write"), json!(""), json!(["games:write"])]),
        ("studio", vec![json!("studio_01kb2m3n4p5q6r7s8t9v0w1x2y")]),
    ];
    for (claim, values) in wrong {
        for value in values {
            let what = format!("{claim} {value}");
            let token = forger.server.signs(&header, &with(&claims, claim, value));
            into.add("a claim of another form, signed well", what, token);
        }
    }
}

fn over_or_elsewhere(forger: &Forger, into: &mut Catalogue) {
    let (header, claims) = (forger.header(), forger.claims());
    for value in [
        "other",
        "SIR0",
        "sir0 ",
        "",
        "https://sir0.example.com",
        "sir0/",
        "sir0:scoped",
        "sir0:Scoped",
    ] {
        if value != "sir0:scoped" {
            let token = forger.server.signs(&header, &with(&claims, "iss", value));
            into.add("another issuer, signed well", format!("{value:?}"), token);
        }
        let token = forger.server.signs(&header, &with(&claims, "aud", value));
        into.add("another audience, signed well", format!("{value:?}"), token);
    }
    let odd =
        [json!(["sir0"]), json!(["sir0", "other"]), json!([]), json!({}), json!(null), json!(0)];
    for value in odd {
        let token = forger.server.signs(&header, &with(&claims, "iss", value.clone()));
        into.add("another issuer, signed well", &value, token);
        let token = forger.server.signs(&header, &with(&claims, "aud", value.clone()));
        into.add("another audience, signed well", &value, token);
    }
    let now = SystemClock.now().seconds();
    // A logout takes what expired: it may be repeated later. It is of a session that is there no more.
    let claims = with(&claims, "sid", "session_01kb2m3n4p5q6r7s8t9v0w1x2y");
    for (what, exp) in [
        ("a second ago", now - 1),
        ("an hour ago", now - 3_600),
        ("in 1970", 0),
        ("before 1970", -1),
        ("long before", -9_000_000_000),
    ] {
        let token = forger.server.signs(&header, &with(&claims, "exp", exp));
        into.add_for_all_but_logout("expired, signed well", what, token);
    }
}

/// JSON in which a member is said twice, or that is not quite JSON. Signed with the server's key.
fn said_twice(forger: &Forger, into: &mut Catalogue) {
    let (header, claims) = (forger.header().to_string(), forger.claims().to_string());
    let front = |json: &str, member: &str| json.replacen('{', &format!("{{{member},"), 1);
    let behind = |json: &str, member: &str| {
        format!("{},{member}}}", json.strip_suffix('}').expect("an object"))
    };
    for member in [
        r#""role":"admin""#,
        r#""sub":"1""#,
        r#""exp":9999999999"#,
        r#""iss":"sir0""#,
        r#""aud":"sir0""#,
        r#""sid":"session_01kb2m3n4p5q6r7s8t9v0w1x2y""#,
        r#""\u0072ole":"admin""#,
    ] {
        let token = forger.server.signs_text(&header, front(&claims, member));
        into.add("a claim said twice", format!("{member} first"), token);
        let token = forger.server.signs_text(&header, behind(&claims, member));
        into.add("a claim said twice", format!("{member} last"), token);
    }
    let kid = format!(r#""kid":"{}""#, forger.kid);
    for member in
        [r#""alg":"none""#, r#""alg":"EdDSA""#, r#""alg":"HS256""#, r#""typ":"at+jwt""#, &kid]
    {
        let token = forger.server.signs_text(&front(&header, member), &claims);
        into.add("a header said twice", format!("{member} first"), token);
        let token = forger.server.signs_text(&behind(&header, member), &claims);
        into.add("a header said twice", format!("{member} last"), token);
    }
    for (what, text) in [
        ("more behind it", format!("{claims}x")),
        ("two objects", format!("{claims}{claims}")),
        ("a byte order mark", format!("\u{feff}{claims}")),
        ("a comment", claims.replacen('{', "{/* */", 1)),
        ("a comma too many", claims.replacen('}', ",}", 1)),
        ("single quotes", claims.replace('"', "'")),
        ("a list", format!("[{claims}]")),
        ("a text", json!(claims).to_string()),
        ("null", "null".to_owned()),
        ("nothing", String::new()),
        ("deep", "[".repeat(1_000)),
        ("not finite", claims.replacen(r#""exp":"#, r#""exp":NaN,"x":"#, 1)),
        ("half", claims[..claims.len() / 2].to_owned()),
    ] {
        into.add("claims that are no object", what, forger.server.signs_text(&header, text));
    }
    let mut latin = claims.clone().into_bytes();
    let jti = claims.find("token_").expect("each token has an id");
    latin[jti] = 0xe9;
    into.add("claims that are no object", "not UTF-8", forger.server.signs_text(&header, latin));
    for (what, text) in [
        ("a list", format!("[{header}]")),
        ("half", header[..20].to_owned()),
        ("nothing", String::new()),
    ] {
        into.add("a header that is no object", what, forger.server.signs_text(&text, &claims));
    }
    let head = BASE64URL.encode("[".repeat(1_500));
    let Forger { good, .. } = forger;
    into.add(
        "a header that is no object",
        "deep",
        format!("{head}.{}.{}", good.claims, good.signature),
    );
}
