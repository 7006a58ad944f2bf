//! Paths and queries that try to mean something else. Sent byte by byte: a client would tidy them up.

use sir0_testkit::process;

use crate::{
    http1::{asks, request, sends},
    stage::{BESIDE_OTHERS_MIB, Unshaken, adds},
};

/// No parameter is named for a query that cannot even be read as text.
const NO_FIELD: &str = "-";

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_can_be_none_is_refused_by_every_call() {
    let mut server = Unshaken::new(process().await);
    let admin = server.process.admin("Root").await;
    let (address, token) = (admin.address(), admin.token());
    adds(&admin, "Lanterns").await;

    for id in [
        "abc",
        "0",
        "-1",
        "-0",
        "2147483648",
        "-2147483649",
        "99999999999999999999",
        "1.5",
        "1.0",
        "1e3",
        "0x10",
        "1_000",
        "%201",
        "1%20",
        "%D9%A1",
        "%EF%BC%91",
        "NaN",
        "null",
        "true",
        "[]",
        "%7B%7D",
        "1,2",
        "1;2",
        "1'",
        "1%27--",
        "-",
        "1%00",
        "%00",
        "%0a1",
        "*",
        "~",
    ] {
        for (method, path, body) in [
            ("GET", "/api/games", ""),
            ("PUT", "/api/games", r#"{"title":"x"}"#),
            ("DELETE", "/api/games", ""),
            ("GET", "/api/users", ""),
            ("PUT", "/api/users", r#"{"username":"x"}"#),
        ] {
            let target = format!("{path}/{id}");
            let answer = asks(address, method, &target, token, body.as_bytes()).await;

            answer.is_refused(400, &format!("{method} {target}"));
        }
    }

    let game = asks(address, "GET", "/api/games/1", "", b"").await;
    assert_eq!(game.status, 200, "and the game is still there");
    server.is_unshaken(BESIDE_OTHERS_MIB).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_leads_elsewhere_by_a_trick_leads_nowhere() {
    let mut server = Unshaken::new(process().await);
    let admin = server.process.admin("Root").await;
    let (address, token) = (admin.address(), admin.token());
    adds(&admin, "Lanterns").await;

    for target in [
        "/api/games/..",
        "/api/games/../users/1",
        "/api/games/%2e%2e/users/1",
        "/api/games/%2E%2E%2Fusers%2F1",
        "/api/games/1/../1",
        "/api/games/./1",
        "/api/./games",
        "/api/games/1/.",
        "/api/games/%2F1",
        "/api%2Fgames",
        "/api/games%2F1",
        "/api/games//1",
        "/api//games",
        "//api/games",
        "/api/games/",
        "/api/games/1/",
        "/api/games/1/2",
        "/API/GAMES",
        "/api/Games",
        "/api/games/1%2F..%2F2",
        "/api/games:watch/..",
        "/api/games%3Awatch%3Awatch",
        "/api/games:",
        "/api/games:watch:watch",
        "/api/games/1:watch",
        "/api/games/%",
        "/api/games/%zz",
        "/api/games/%ff",
        "/api/games/%2",
        "/api/games/%u0031",
        "/docs/../../../etc/passwd",
        "/docs/%2e%2e/%2e%2e/etc/passwd",
        "/docs/..%2f..%2fetc%2fpasswd",
        "/docs/%00",
        "/.well-known/../metrics",
        "/.well-known/jwks.json/..",
        "/.git/config",
        "/data/accounts.db",
        "/signing-key.pem",
        "/..",
        "/%2e%2e",
        "/openapi.json/",
        "/metrics/",
        "/ws/",
        "/api",
        "/api/",
        "/api/status/1",
        "/api/users",
        "/api/users/",
        "/api/users/login/",
        "/api/users/register/x",
        "/;/api/games",
        "/api/games;x=1",
        "/api/games/1;x=1",
        "/%",
        "/%00",
        "/\u{7f}",
    ] {
        let answer = asks(address, "GET", target, token, b"").await;

        if answer.body.is_empty() && answer.status == 400 {
            // This is not even HTTP, so it is refused before the platform could answer in its words.
            assert!(
                !target.is_ascii() || target.bytes().any(|byte| byte.is_ascii_control()),
                "{target}"
            );
            continue;
        }
        assert!(matches!(answer.status, 400 | 404 | 405), "{target}: {}", answer.status);
        answer.is_refused(answer.status, target);
    }
    server.is_unshaken(BESIDE_OTHERS_MIB).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_means_nothing_is_refused_by_the_name_of_its_parameter() {
    let mut server = Unshaken::new(process().await);
    let studio = server.process.publisher("Northlight").await;
    adds(&studio, "Lanterns").await;
    let address = studio.address();
    let long = "x".repeat(8_000);
    let many_words = "a%20".repeat(17);
    let many_ids = "gameIds=0&".repeat(1_000);

    for (query, field) in [
        ("pageSize=-1", "pageSize"),
        ("pageSize=abc", "pageSize"),
        ("pageSize=1.5", "pageSize"),
        ("pageSize=99999999999", "pageSize"),
        ("pageSize=", "pageSize"),
        ("page_size=1&pageSize=1", "pageSize"),
        ("sort=cheapest", "sort"),
        ("sort=price%20DESC", "sort"),
        ("sort=Price", "sort"),
        ("sort=%00", "sort"),
        ("genre=%00", "genre"),
        ("genre=%E2%80%AE", "genre"),
        (&format!("genre={long}"), "genre"),
        ("genre=%20", "genre"),
        ("genre=a&genre=b", "genre"),
        ("genre=%ff", NO_FIELD),
        ("genre=%ed%a0%80", NO_FIELD),
        ("genre=%c0%af", NO_FIELD),
        ("q=!!!", "q"),
        (&format!("q={long}"), "q"),
        (&format!("q={many_words}"), "q"),
        ("q=%ff", NO_FIELD),
        ("colour=red", "colour"),
        ("pageToken=x", "pageToken"),
        ("=1", ""),
        ("Genre=a", "Genre"),
    ] {
        let what = &query[..query.len().min(80)];
        let answer = asks(address, "GET", &format!("/api/games?{query}"), "", b"").await;

        answer.is_refused(400, what);
        assert!(field == NO_FIELD || answer.json()["fields"][0]["field"] == field, "{what}");
    }
    for (query, field) in [
        ("gameIds=0", "gameIds"),
        ("gameIds=x", "gameIds"),
        ("gameIds=1&gameIds=-1", "gameIds"),
        (&many_ids, NO_FIELD),
        ("sendPresent=yes", "sendPresent"),
        ("sendPresent=1", "sendPresent"),
        ("resumeToken=x", "resumeToken"),
        ("genre=%00", "genre"),
        ("topic=x", "topic"),
    ] {
        let what = &query[..query.len().min(80)];
        let answer = asks(address, "GET", &format!("/api/games:watch?{query}"), "", b"").await;

        answer.is_refused(400, what);
        assert!(
            field == NO_FIELD || answer.json()["fields"][0]["field"] == field,
            "{what}: {:?}",
            answer.json()
        );
    }
    server.is_unshaken(BESIDE_OTHERS_MIB).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_a_path_does_not_take_is_refused_with_those_it_takes() {
    let server = process().await;

    for (method, path, allowed) in [
        ("DELETE", "/api/games", "GET"),
        ("PATCH", "/api/games/1", "PUT"),
        ("GET", "/api/users/login", "POST"),
        ("POST", "/api/status", "GET"),
        ("TRACE", "/api/games", "GET"),
        ("BREW", "/api/games", "POST"),
        ("POST", "/metrics", "GET"),
        ("DELETE", "/docs", "GET"),
        ("POST", "/openapi.json", "GET"),
        ("PUT", "/postman.json", "GET"),
    ] {
        let answer = asks(server.address(), method, path, "", b"").await;

        answer.is_refused(405, &format!("{method} {path}"));
        assert!(
            answer.header("allow").is_some_and(|allow| allow.contains(allowed)),
            "{method} {path}: {}",
            answer.head
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_http_is_refused_without_a_word_of_ours() {
    let mut server = Unshaken::new(process().await);
    let address = server.process.address();
    let both = b"POST /api/users/login HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /api/games HTTP/1.1\r\nHost: x\r\n\r\n";
    let two_lengths = b"POST /api/users/login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 44\r\n\r\n{}";

    for (what, bytes) in [
        ("a line of nonsense", &b"hello there\r\n\r\n"[..]),
        ("a path with spaces", b"GET /api games HTTP/1.1\r\nHost: x\r\n\r\n"),
        ("HTTP/9", b"GET /api/games HTTP/9.9\r\nHost: x\r\n\r\n"),
        ("a header without a colon", b"GET /api/games HTTP/1.1\r\nHost x\r\n\r\n"),
        ("a NUL in a header", b"GET /api/games HTTP/1.1\r\nHost: a\0b\r\n\r\n"),
        ("a space before the colon", b"GET /api/games HTTP/1.1\r\nHost : x\r\n\r\n"),
        ("a folded header", b"GET /api/games HTTP/1.1\r\nHost: x\r\n y\r\n\r\n"),
        ("a negative length", b"POST /api/games HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"),
        (
            "a length that is no number",
            b"POST /api/games HTTP/1.1\r\nHost: x\r\nContent-Length: 0x10\r\n\r\n",
        ),
        ("two lengths", two_lengths),
        (
            "an unknown transfer encoding",
            b"POST /api/users/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: cow\r\n\r\n",
        ),
        ("a TLS greeting", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
        ("HTTP/2 of another kind", b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n\0\0\0\0"),
    ] {
        let answer = sends(address, bytes).await;

        assert!(
            answer.status == 0 || (400..500).contains(&answer.status),
            "{what}: {}",
            answer.head
        );
        assert!(answer.took < std::time::Duration::from_secs(20), "{what}");
    }
    // A length and chunks together can smuggle a request past a proxy: the server must never believe both.
    let smuggled = sends(address, both).await;
    assert!(smuggled.status == 0 || (400..500).contains(&smuggled.status), "{}", smuggled.head);
    server.is_unshaken(BESIDE_OTHERS_MIB).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_id_that_would_forge_a_log_line_is_replaced() {
    let server = process().await;

    for given in ["a b", "x\ty", "\u{e9}", &"x".repeat(65), "a=b", "<script>"] {
        let bytes = request("GET", "/api/games/0", &[("X-Request-Id", given)], b"");
        let answer = sends(server.address(), &bytes).await;

        let id = answer.header("x-request-id").expect("every answer carries one");
        assert_ne!(id, given);
    }
}
