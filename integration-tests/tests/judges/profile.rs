//! Authlib, which takes access tokens as RFC 9068 says that a service has to.

use std::{fs, path::Path};

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64URL},
};
use serde_json::{Value, json};
use sir0_kernel::{Clock, SystemClock};
use sir0_testkit::{PASSWORD, Person, email_of, platform};
use totp_rs::{Builder, Secret};

use crate::keys::Verifier;

const SCRIPT: &str = "tests/judges/keys/profile.py";
/// Whom tokens are for: those of people, and those of machines.
const PEOPLE: &str = "sir0";
const MACHINES: &str = "sir0:scoped";
/// The claims that RFC 9068 (2.2) asks of every access token.
const REQUIRED: [&str; 7] = ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"];

/// Authlib, in a service that knows the address of the keys and nothing else.
struct Authlib(Verifier);

impl Authlib {
    async fn says(&mut self, audience: &str, scope: &str, token: &str) -> Value {
        let verdict = self.0.judges(&format!("{audience} {scope} {token}")).await;
        serde_json::from_str(&verdict).expect("the judge answers in JSON")
    }

    /// What a token says that it takes.
    async fn takes(&mut self, audience: &str, scope: &str, token: &str) -> Value {
        let mut verdict = self.says(audience, scope, token).await;
        assert_eq!(verdict["refused"], Value::Null, "{verdict}");
        let claims = verdict["claims"].take();
        let missing: Vec<_> = REQUIRED.iter().filter(|claim| claims[**claim].is_null()).collect();
        assert!(missing.is_empty(), "{missing:?} in {claims}");
        claims
    }

    /// Why it refuses a token.
    async fn refuses(&mut self, audience: &str, scope: &str, token: &str) -> String {
        let verdict = self.says(audience, scope, token).await;
        assert_eq!(verdict["claims"], Value::Null, "{verdict}");
        let text = |name: &str| verdict[name].as_str().expect("a text").to_owned();
        format!("{} {}", text("refused"), text("about"))
    }
}

async fn posts(person: &Person, path: &str, body: Value) -> Value {
    let answer = person.rest().post(path, &body).await;
    assert!(answer.status < 300, "{path}: {answer:?}");
    answer.json
}

fn text(json: &Value) -> String {
    json.as_str().expect("a text").to_owned()
}

/// Signs in with the code of an app that was just added, and answers with the token.
async fn with_a_second_factor(person: &Person, name: &str) -> String {
    let path = format!("/api/users/{}/factors", person.id);
    let added = posts(person, &path, json!({"name": "Phone"})).await;
    let secret = Secret::try_from_base32(text(&added["sharedSecret"])).expect("base 32");
    let app = Builder::new().with_secret(secret).build().expect("160 bits");
    let shows = |seconds: i64| {
        app.generate((SystemClock.now().seconds() + seconds).unsigned_abs()).to_string()
    };
    let confirm = format!("{path}/{}:confirm", text(&added["factorId"]));
    posts(person, &confirm, json!({"code": shows(-30)})).await;
    let login = json!({"email": email_of(name), "password": PASSWORD, "code": shows(0)});
    text(&posts(person, "/api/users/login", login).await["token"])
}

/// A token with this header and these claims, signed with the key in this file.
fn signed(file: &Path, header: &str, claims: &Value) -> String {
    let pem = fs::read_to_string(file).expect("the key of the server");
    let der: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = BASE64_STANDARD.decode(der).expect("base64");
    let key = Ed25519KeyPair::from_pkcs8(&der).expect("an Ed25519 key");
    let message = format!("{header}.{}", BASE64URL.encode(claims.to_string()));
    format!("{message}.{}", BASE64URL.encode(key.sign(message.as_bytes())))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_of_others_takes_every_kind_of_access_token_and_no_wrong_one() {
    let platform = platform().await;
    let (ada, studio) = (platform.player("Ada").await, platform.publisher("Northlight").await);
    let url = format!("http://{}/.well-known/jwks.json", platform.address());
    let mut authlib = Authlib(Verifier::starts("python", SCRIPT, &url));

    let by_password = authlib.takes(PEOPLE, "-", ada.token()).await;
    assert_eq!((&by_password["amr"], &by_password["client_id"]), (&json!(["pwd"]), &json!("sir0")));
    assert_eq!(by_password["auth_time"], by_password["iat"]);

    let login = json!({
        "email": email_of("Ada"), "password": PASSWORD, "withRefreshToken": true, "clientId": "launcher",
    });
    let begun = posts(&ada, "/api/users/login", login).await;
    let first = authlib.takes(PEOPLE, "-", &text(&begun["token"])).await;
    // Claims are in whole seconds.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let refresh = json!({"refreshToken": begun["refreshToken"], "clientId": "launcher"});
    let refreshed = posts(&ada, "/api/users/login/refresh", refresh).await;
    let second = authlib.takes(PEOPLE, "-", &text(&refreshed["token"])).await;
    for same in ["auth_time", "amr", "sub", "sid", "client_id"] {
        assert_eq!(first[same], second[same], "{same}");
    }
    assert_eq!(second["client_id"], "launcher");
    assert!(second["iat"].as_i64() > second["auth_time"].as_i64(), "{second}");
    assert_ne!(first["jti"], second["jti"]);

    let guarded = authlib.takes(PEOPLE, "-", &with_a_second_factor(&ada, "Ada").await).await;
    assert_eq!(guarded["amr"], json!(["pwd", "otp"]));
    assert_eq!(guarded["auth_time"], guarded["iat"]);

    let path = format!("/api/users/{}/api-tokens", studio.id);
    let asked = json!({"name": "Nightly", "scopes": ["games:write"]});
    let made = posts(&studio, &path, asked).await;
    let exchange = json!({"apiToken": made["apiToken"]});
    let exchanged = posts(&studio, "/api/tokens:exchange", exchange).await;
    let of_machine = text(&exchanged["accessToken"]);
    let machine = authlib.takes(MACHINES, "games:write", &of_machine).await;
    assert_eq!(
        (&machine["scope"], &machine["client_id"]),
        (&json!("games:write"), &made["tokenId"])
    );
    assert_eq!([&machine["auth_time"], &machine["amr"]], [&Value::Null; 2]);
    assert_eq!(
        authlib.refuses(MACHINES, "games:read", &of_machine).await.split(' ').next(),
        Some("InsufficientScopeError")
    );
    let elsewhere = authlib.refuses(PEOPLE, "-", &of_machine).await;
    assert!(
        elsewhere.starts_with("InvalidClaimError") && elsewhere.contains("'aud'"),
        "{elsewhere}"
    );
    let elsewhere = authlib.refuses(MACHINES, "-", ada.token()).await;
    assert!(
        elsewhere.starts_with("InvalidClaimError") && elsewhere.contains("'aud'"),
        "{elsewhere}"
    );

    it_judges(&mut authlib, &platform.signing_key(), ada.token()).await;
}

/// It refuses what differs from a good token in one thing alone.
async fn it_judges(authlib: &mut Authlib, key: &Path, good: &str) {
    let [header, claims, signature] =
        good.split('.').collect::<Vec<_>>().try_into().expect("a JWT");
    let claims: Value =
        serde_json::from_slice(&BASE64URL.decode(claims).expect("base64url")).expect("JSON");
    authlib.takes(PEOPLE, "-", &signed(key, header, &claims)).await;
    let with = |claim: &str, value: Value| {
        let mut claims = claims.clone();
        claims[claim] = value;
        claims
    };

    let hour_ago = SystemClock.now().seconds() - 3_600;
    for (claim, value, refusal) in [
        ("exp", json!(hour_ago), "ExpiredTokenError"),
        ("aud", json!("elsewhere"), "InvalidClaimError"),
        ("iss", json!("elsewhere"), "InvalidClaimError"),
    ] {
        let told = authlib.refuses(PEOPLE, "-", &signed(key, header, &with(claim, value))).await;
        assert!(told.starts_with(refusal), "{claim}: {told}");
    }
    for claim in REQUIRED {
        let mut less = claims.clone();
        less.as_object_mut().expect("an object").remove(claim).expect("the claim");
        let told = authlib.refuses(PEOPLE, "-", &signed(key, header, &less)).await;
        assert!(told.starts_with("MissingClaimError") && told.contains(claim), "{claim}: {told}");
    }
    let changed = BASE64URL.encode(with("role", json!("admin")).to_string());
    let told = authlib.refuses(PEOPLE, "-", &format!("{header}.{changed}.{signature}")).await;
    assert!(told.starts_with("BadSignatureError"), "{told}");
    let of_another_kind = json!({"alg": "EdDSA", "typ": "JWT", "kid": kid_of(header)}).to_string();
    let token = signed(key, &BASE64URL.encode(of_another_kind), &claims);
    let told = authlib.refuses(PEOPLE, "-", &token).await;
    assert!(told.starts_with("InvalidClaimError") && told.contains("'typ'"), "{told}");
}

fn kid_of(header: &str) -> Value {
    let header = BASE64URL.decode(header).expect("base64url");
    serde_json::from_slice::<Value>(&header).expect("JSON")["kid"].take()
}
