//! Bodies that are no JSON, too much of it, or JSON of something else.

use serde_json::{Value, json};
use sir0_testkit::process;

use crate::{
    http1::asks,
    stage::{Unshaken, adds},
};

const MIB: usize = 1024 * 1024;

/// Bodies that no call takes, and what they get.
fn never_good() -> Vec<(&'static str, Vec<u8>, u16)> {
    let nested = |open: &str, close: &str, depth: usize| {
        format!("{{\"title\":{}{}}}", open.repeat(depth), close.repeat(depth)).into_bytes()
    };
    let keys = |count: usize| {
        let keys: Vec<_> = (0..count).map(|key| format!("\"k{key}\":1")).collect();
        format!("{{{}}}", keys.join(",")).into_bytes()
    };
    vec![
        ("nothing", b"".to_vec(), 400),
        ("white space", b" \r\n\t ".to_vec(), 400),
        ("null", b"null".to_vec(), 400),
        ("a number", b"7".to_vec(), 400),
        ("a text", b"\"title\"".to_vec(), 400),
        ("a list", b"[]".to_vec(), 400),
        ("an empty object", b"{}".to_vec(), 400),
        ("half an object", b"{\"title\":".to_vec(), 400),
        ("two objects", b"{} {}".to_vec(), 400),
        ("a comma too many", b"{\"title\":\"x\",}".to_vec(), 400),
        ("single quotes", b"{'title':'x'}".to_vec(), 400),
        ("a comment", b"{/* */\"title\":\"x\"}".to_vec(), 400),
        ("XML", b"<game><title>x</title></game>".to_vec(), 400),
        ("a form", b"title=x&price=1".to_vec(), 400),
        ("a byte order mark", b"\xef\xbb\xbf{\"title\":\"x\"}".to_vec(), 400),
        ("UTF-16", b"\xff\xfe{\0\"\0t\0\"\0:\x001\0}\0".to_vec(), 400),
        ("broken UTF-8", b"{\"title\":\"\xff\xfe\"}".to_vec(), 400),
        ("half a character", b"{\"title\":\"\xe2\x82\"}".to_vec(), 400),
        ("an overlong character", b"{\"title\":\"\xc0\xaf\"}".to_vec(), 400),
        ("a surrogate in UTF-8", b"{\"title\":\"\xed\xa0\x80\"}".to_vec(), 400),
        ("a lone surrogate", br#"{"title":"\ud800"}"#.to_vec(), 400),
        ("surrogates in the wrong order", br#"{"title":"\udc00\ud800"}"#.to_vec(), 400),
        ("a bare control character", b"{\"title\":\"\x01\"}".to_vec(), 400),
        ("a bare NUL", b"{\"title\":\"a\0b\"}".to_vec(), 400),
        ("NUL bytes", vec![0; 1000], 400),
        ("an unknown escape", br#"{"title":"\x41"}"#.to_vec(), 400),
        ("33 lists deep", nested("[", "]", 33), 400),
        ("100,000 lists deep", nested("[", "]", 100_000), 400),
        ("100,000 lists deep and never closed", nested("[", "", 100_000), 400),
        ("100,000 objects deep", nested("{\"a\":", "}", 100_000), 400),
        ("deep in an unknown field", format!("{{\"x\":{}", "[".repeat(500_000)).into_bytes(), 400),
        ("50,000 unknown fields", keys(50_000), 400),
        ("a million fields", keys(1_000_000), 413),
        (
            "the same field 50,000 times",
            format!("{{{}\"title\":1}}", "\"title\":1,".repeat(50_000)).into_bytes(),
            400,
        ),
        (
            "a number of a million digits",
            format!("{{\"price\":{}}}", "9".repeat(1_000_000)).into_bytes(),
            400,
        ),
        (
            "a number of ten million digits",
            format!("{{\"price\":{}}}", "9".repeat(10 * MIB)).into_bytes(),
            413,
        ),
        ("a number with a vast exponent", b"{\"price\":1e999999999999}".to_vec(), 400),
        (
            "a text of ten million characters",
            format!("{{\"title\":\"{}\"}}", "x".repeat(10 * MIB)).into_bytes(),
            413,
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_no_call_takes_is_refused_by_every_call() {
    let mut server = Unshaken::new(process().await);
    let studio = server.process.publisher("Northlight").await;
    let id = adds(&studio, "Lanterns").await;
    let (address, token) = (studio.address(), studio.token());
    let (game, user) = (format!("/api/games/{id}"), format!("/api/users/{}", studio.id));

    for (what, body, status) in never_good() {
        for (method, path) in [
            ("POST", "/api/games"),
            ("PUT", &game),
            ("PUT", &user),
            ("POST", "/api/users/register"),
            ("POST", "/api/users/logout"),
        ] {
            let answer = asks(address, method, path, token, &body).await;

            answer.is_refused(status, &format!("{what} to {method} {path}"));
        }
    }

    // The documented login refuses with 401 what could be a login, and with 400 what could not.
    for (what, body, status) in never_good() {
        let answer = asks(address, "POST", "/api/users/login", "", &body).await;
        let status = if what == "an empty object" { 401 } else { status };
        assert_eq!(answer.status, status, "{what} to login: {:?}", answer.json());
    }
    server.is_unshaken(64).await;
}

/// A good game with one field replaced.
fn with(field: &str, value: Value) -> Value {
    let mut game = sir0_testkit::a_game("Lanterns");
    game[field] = value;
    game
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_value_of_a_game_is_refused_by_the_name_of_its_field() {
    let mut server = Unshaken::new(process().await);
    let studio = server.process.publisher("Northlight").await;
    let id = adds(&studio, "Lanterns").await;
    let (address, token, game) = (studio.address(), studio.token(), format!("/api/games/{id}"));
    let long = "x".repeat(10_000);
    let texts = |field: &'static str, least: &[&'static str], longest: usize| {
        let hostile = [
            "a\0b",
            "\u{202e}evil",
            "\u{202d}evil",
            "a\u{fff9}b",
            "a\u{ffff}",
            "a\u{7f}",
            "a\u{1b}[31m",
        ];
        let mut cases: Vec<_> =
            least.iter().chain(&hostile).map(|text| (field, json!(text))).collect();
        cases.push((field, json!("x".repeat(longest + 1))));
        cases.push((field, json!(long)));
        cases.push((field, json!("\u{fdfa}".repeat(longest + 1))));
        cases.extend(
            [json!(7), json!(true), json!([]), json!({}), json!(["x"])].map(|value| (field, value)),
        );
        cases
    };
    let unseen = ["a\u{200b}b", "\u{feff}", "\u{2066}x", "\u{3164}", "\u{ad}"];
    let title = [&["", "   ", "\u{3000}", "two\nlines"], &unseen[..]].concat();
    let mut cases = texts("title", &title, 120);
    cases.extend(texts("genre", &[&["", "\t", "two\nlines"], &unseen[..]].concat(), 40));
    cases.extend(texts("description", &[], 4_000));
    cases.extend(
        [
            json!(-0.01),
            json!(-1),
            json!(0.001),
            json!(19.999),
            json!(1e308),
            json!(1_000_000.0),
            json!(i64::MAX),
            json!(i64::MIN),
            json!(u64::MAX),
            json!("19.99"),
            json!("Infinity"),
            json!("NaN"),
            json!("-Infinity"),
            json!(""),
            json!(true),
            json!([]),
            json!({}),
            json!([19.99]),
        ]
        .map(|value| ("price", value)),
    );

    for (field, value) in cases {
        let body = with(field, value).to_string();
        for (method, path) in [("POST", "/api/games"), ("PUT", game.as_str())] {
            let what =
                format!("{method} with {field} in {}", body.chars().take(200).collect::<String>());
            let answer = asks(address, method, path, token, body.as_bytes()).await;

            answer.is_refused(400, &what);
            assert_eq!(answer.json()["fields"][0]["field"], field, "{what}");
        }
    }
    server.is_unshaken(64).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prices_that_json_cannot_write_are_refused() {
    let server = process().await;
    let studio = server.publisher("Northlight").await;

    for price in [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "-1e999",
        "0x10",
        "1_000",
        ".5",
        "1.",
        "01",
        "+1",
        "1e",
        "--1",
    ] {
        let body = format!(r#"{{"title":"x","genre":"y","price":{price},"description":""}}"#);
        let answer =
            asks(studio.address(), "POST", "/api/games", studio.token(), body.as_bytes()).await;

        answer.is_refused(400, price);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_that_are_unknown_doubled_or_forbidden_are_refused_by_name() {
    let server = process().await;
    let studio = server.publisher("Northlight").await;
    let id = adds(&studio, "Lanterns").await;
    let path = format!("/api/games/{id}");

    for (body, field) in [
        (r#"{"title":"x","titel":"y"}"#.to_owned(), "titel"),
        (r#"{"title":"x","title":"y"}"#.to_owned(), "title"),
        (r#"{"title":"x","__proto__":{}}"#.to_owned(), "__proto__"),
        (r#"{"title":"x","":1}"#.to_owned(), ""),
        (r#"{"title":"x","TITLE":"y"}"#.to_owned(), "TITLE"),
        (r#"{"title":"x","ti\u0074le":"y"}"#.to_owned(), "title"),
        (format!(r#"{{"title":"x","gameId":{id},"game_id":{id}}}"#), "gameId"),
        (format!(r#"{{"title":"x","gameId":{}}}"#, id + 1), "gameId"),
        (r#"{"title":"x","revision":2147483648}"#.to_owned(), "revision"),
        (r#"{"title":"x","revision":1.5}"#.to_owned(), "revision"),
    ] {
        let answer = asks(studio.address(), "PUT", &path, studio.token(), body.as_bytes()).await;

        answer.is_refused(400, &body);
        assert_eq!(answer.json()["fields"][0]["field"], field, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_that_nobody_could_have_are_refused_by_the_names_of_their_fields() {
    let mut server = Unshaken::new(process().await);
    let address = server.process.address();
    let good = json!({"username": "Ada", "email": "ada@example.com", "password": "nine quiet lanterns over 58 harbours"});
    let long = "x".repeat(10_000);

    for (field, value) in [
        ("username", json!("")),
        ("username", json!(" ")),
        ("username", json!("a\0b")),
        ("username", json!(long)),
        ("username", json!("a@b")),
        ("username", json!("\u{202e}ada")),
        ("username", json!("x".repeat(65))),
        ("email", json!("")),
        ("email", json!("ada")),
        ("email", json!("a@b@c")),
        ("email", json!("a@b\r\nBcc: c@d")),
        ("email", json!(format!("{long}@example.com"))),
        ("email", json!("a\0@b")),
        ("email", json!("@".repeat(900_000))),
        ("password", json!("")),
        ("password", json!("short")),
        ("password", json!("password123")),
        ("password", json!(long)),
        ("password", json!("\u{1F3EE}".repeat(129))),
        ("password", json!("aaaaaaaaaaaa")),
        ("password", json!("x".repeat(900_000))),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let body = body.to_string();
        let what = format!("{field} in {}", &body.chars().take(200).collect::<String>());

        let answer = asks(address, "POST", "/api/users/register", "", body.as_bytes()).await;

        answer.is_refused(400, &what);
        assert_eq!(answer.json()["fields"][0]["field"], field, "{what}");
    }
    server.is_unshaken(64).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_made_to_be_slow_to_judge_is_judged_quickly() {
    let server = process().await;
    let words = "correcthorsebatterystaple".repeat(6);
    let dates = "19991231".repeat(16);
    let walks = "qwertyuiop[]asdfghjkl;'zxcvbnm,./".repeat(4);
    let leet = "p4$$w0rd@dm1n".repeat(10);

    for password in [&words, &dates, &walks, &leet, &"\u{e9}1".repeat(64), &"aB3$".repeat(32)] {
        let password: String = password.chars().take(128).collect();
        let body = json!({"username": "Ada", "email": "ada@example.com", "password": password})
            .to_string();
        let answer =
            asks(server.address(), "POST", "/api/users/register", "", body.as_bytes()).await;

        assert!(answer.status == 400 || answer.status == 200, "{password}: {}", answer.status);
        // A password that is good enough is hashed too, which is meant to take its time.
        let patience =
            if answer.status == 200 { 5 * crate::stage::QUICK } else { crate::stage::QUICK };
        assert!(answer.took < patience, "{password} took {:?}", answer.took);
    }
}
