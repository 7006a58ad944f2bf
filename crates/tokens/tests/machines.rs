//! The access tokens of API tokens: what they say, who takes them, and who never does.

use std::{fs, time::Duration};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode, errors::ErrorKind,
};
use serde_json::{Value, json};
use sir0_kernel::{Grant, Role, Scope, Scopes, SessionId, StudioId, Timestamp, UserId};
use sir0_tokens::{InvalidToken, Machine, Methods, Mint, SignIn, SigningKey, Verifier};

const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_250_000);
const SOON: Timestamp = Timestamp::from_micros(1_800_000_600_000_000);

/// A platform, and its very key.
struct Platform {
    mint: Mint,
    verifier: Verifier,
    kid: String,
    private: EncodingKey,
    public: DecodingKey,
}

impl Platform {
    fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key.pem");
        let key = SigningKey::open_or_create(&path).expect("a key");
        let pem = fs::read_to_string(&path).expect("the file");
        let der = STANDARD.decode(pem.lines().nth(1).expect("the middle")).expect("base64");
        let jwks: Value = serde_json::from_str(&key.jwks()).expect("JSON");
        let x = jwks["keys"][0]["x"].as_str().expect("the public half");
        Self {
            verifier: Verifier::new(key.key_set(), "sir0", "sir0"),
            kid: key.kid().to_owned(),
            private: EncodingKey::from_ed_der(&der),
            public: DecodingKey::from_ed_components(x).expect("a key"),
            mint: Mint::new(key, "sir0".to_owned(), "sir0".to_owned()),
        }
    }

    fn gives(&self, grant: Grant) -> String {
        let machine = Machine {
            user: UserId::parse(7).expect("an id"),
            role: Role::Publisher,
            session: SessionId::fresh(NOW),
            client: "apitoken_01kb2m3n4p5q6r7s8t9v0w1x2y",
            grant,
        };
        self.mint.mint_for_machine(&machine, NOW, SOON).token
    }

    fn signs(&self, claims: &Value) -> String {
        let header = Header {
            typ: Some("at+jwt".to_owned()),
            kid: Some(self.kid.clone()),
            ..Header::new(Algorithm::EdDSA)
        };
        encode(&header, claims, &self.private).expect("a signature")
    }
}

fn claims_of(token: &str) -> Value {
    let claims = token.split('.').nth(1).expect("a JWT");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).expect("base64url")).expect("JSON")
}

fn to_write(studio: Option<StudioId>) -> Grant {
    Grant { scopes: Scopes::from_iter([Scope::GamesWrite]), studio }
}

#[test]
fn the_token_of_a_machine_says_what_it_opens_and_that_nobody_signed_in() {
    let platform = Platform::open();
    let studio = StudioId::fresh(NOW);

    let token = platform.gives(to_write(Some(studio)));

    let claims = claims_of(&token);
    assert_eq!((&claims["scope"], &claims["aud"]), (&json!("games:write"), &json!("sir0:scoped")));
    assert_eq!(claims["studio"], json!(studio.to_string()));
    assert_eq!(claims["client_id"], "apitoken_01kb2m3n4p5q6r7s8t9v0w1x2y");
    for of_people in ["auth_time", "amr"] {
        assert!(claims.get(of_people).is_none(), "{claims}");
    }
    let read = platform.verifier.verify(&token, NOW).expect("a good token");
    assert_eq!(read.grant, Some(to_write(Some(studio))));
    assert_eq!((read.expires, read.methods), (SOON, Methods::default()));
    assert!(read.signed_in < NOW.before(Duration::from_hours(24 * 365)), "no sign-in is recent");
    let late = platform.verifier.verify(&token, SOON);
    assert_eq!(late, Err(InvalidToken::Expired));
}

#[test]
fn a_version_that_knows_no_scopes_never_takes_the_token_of_a_machine() {
    let platform = Platform::open();
    let machine = platform.gives(to_write(None));
    let sign_in = SignIn::by_password(
        UserId::parse(7).expect("an id"),
        Role::Publisher,
        SessionId::fresh(NOW),
        NOW,
    );
    let person = platform.mint.mint(&sign_in, NOW, SOON).token;
    // As it verified tokens, and as services of others do it by the guide.
    let mut before = Validation::new(Algorithm::EdDSA);
    before.set_issuer(&["sir0"]);
    before.set_audience(&["sir0"]);
    before.set_required_spec_claims(&["exp", "iss", "sub", "aud"]);
    before.validate_exp = false;

    let taken = decode::<Value>(&person, &platform.public, &before);
    let refused = decode::<Value>(&machine, &platform.public, &before);

    assert!(taken.is_ok(), "that of a person is as it was: {taken:?}");
    let refused = refused.expect_err("it would be unrestricted there").into_kind();
    assert!(matches!(refused, ErrorKind::InvalidAudience), "{refused:?}");
    assert_eq!(platform.verifier.verify(&person, NOW).expect("a good token").grant, None);
}

#[test]
fn a_token_whose_audience_and_scope_disagree_is_refused() {
    let platform = Platform::open();
    let good = claims_of(&platform.gives(to_write(Some(StudioId::fresh(NOW)))));
    assert!(platform.verifier.verify(&platform.signs(&good), NOW).is_ok());
    let with = |field: &str, value: Value| {
        let mut claims = good.clone();
        claims[field] = value;
        claims
    };
    let without = |fields: &[&str], aud: &str| {
        let mut claims = with("aud", json!(aud));
        for field in fields {
            claims.as_object_mut().unwrap().remove(*field);
        }
        claims
    };

    for bad in [
        with("aud", json!("sir0")),
        without(&["scope"], "sir0"),
        without(&["studio"], "sir0"),
        without(&["scope"], "sir0:scoped"),
        without(&["scope", "studio"], "sir0:scoped"),
        with("studio", json!("studio_of_another")),
        with("studio", json!(7)),
        with("scope", json!(["games:write"])),
        with("aud", json!(["sir0", "sir0:scoped"])),
    ] {
        let refused = platform.verifier.verify(&platform.signs(&bad), NOW);
        assert_eq!(refused, Err(InvalidToken::BadClaims), "{bad}");
    }
    let elsewhere =
        platform.verifier.verify(&platform.signs(&with("aud", json!("sir1:scoped"))), NOW);
    assert_eq!(elsewhere, Err(InvalidToken::WrongAudience));
}

#[test]
fn what_only_a_later_version_knows_opens_nothing_and_an_old_sign_in_is_none() {
    let platform = Platform::open();
    let mut claims = claims_of(&platform.gives(to_write(None)));
    claims["scope"] = json!("builds:upload games:* GAMES:WRITE");
    (claims["auth_time"], claims["amr"]) = (json!(NOW.seconds()), json!(["pwd"]));

    let read = platform.verifier.verify(&platform.signs(&claims), NOW).expect("a good token");

    assert_eq!(read.grant, Some(Grant { scopes: Scopes::default(), studio: None }));
    assert_eq!((read.signed_in, read.methods), (Timestamp::from_micros(0), Methods::default()));
}
