//! The address of the server in the OpenAPI document: what the operator says, or else what the caller used.

use http::Method;
use sir0_testkit::{Answer, Person, platform, process, process_with};

const DOCUMENT: &str = "/openapi.json";

async fn asked(person: &Person, headers: &[(&str, &str)]) -> Answer {
    let mut request = person.rest().request(Method::GET, DOCUMENT);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = Answer::to(request).await;
    assert_eq!(answer.status, 200, "{headers:?}: {answer:?}");
    answer
}

fn server(answer: &Answer) -> &str {
    let servers = answer.json["servers"].as_array().expect("servers");
    assert_eq!(servers.len(), 1);
    servers[0]["url"].as_str().expect("an address")
}

const NOTED: [(&str, &str); 3] = [
    ("x-forwarded-host", "games.example"),
    ("x-forwarded-proto", "https"),
    ("x-forwarded-prefix", "/sir0"),
];

#[tokio::test]
async fn a_caller_is_told_the_address_that_it_used_and_nobody_keeps_that_for_another() {
    let server_process = process().await;
    let visitor = server_process.visitor();
    let here = format!("http://{}", server_process.address());

    let plain = asked(&visitor, &[]).await;
    let named = asked(&visitor, &[("host", "localhost:4711")]).await;
    let lied = asked(&visitor, &NOTED).await;
    let odd = asked(&visitor, &[("host", "a'b;c")]).await;

    assert_eq!(server(&plain), here);
    assert_eq!(server(&named), "http://localhost:4711");
    assert_eq!(server(&lied), here, "no proxy is listed, so anyone may have written this");
    assert_eq!(server(&odd), "/", "HTTP allows such a host, and no address has it");
    for answer in [plain, named, lied, odd] {
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("vary"), Some("accept-encoding"));
    }
    let nobody = visitor.rest().request(Method::GET, DOCUMENT).header("host", "a b");
    assert_eq!(Answer::to(nobody).await.json["reason"], "BAD_HOST");
}

#[tokio::test]
async fn no_client_makes_an_address_up_whatever_stands_in_front() {
    let platform = platform().await;

    let lied = asked(&platform.visitor(), &NOTED).await;

    assert_eq!(server(&lied), format!("http://{}", platform.address()));
}

#[tokio::test]
async fn a_listed_proxy_is_believed_about_the_address_unless_it_is_none() {
    let behind = process_with(&[("SIR0_LIMITS_PROXIES", "127.0.0.0/8")]).await;
    let visitor = behind.visitor();
    let host = ("host", "storefront:8080");

    let noted = asked(&visitor, &[&[host], &NOTED[..]].concat()).await;
    assert_eq!(server(&noted), "https://games.example/sir0");
    assert_eq!(noted.header("cache-control"), Some("no-store"));
    let vary: Vec<_> = noted.headers.get_all("vary").iter().collect();
    let expected = ["x-forwarded-host", "x-forwarded-proto", "x-forwarded-prefix"];
    assert_eq!(vary, [&["accept-encoding"], &expected[..]].concat());

    for (name, value) in [
        ("x-forwarded-prefix", "/../admin"),
        ("x-forwarded-prefix", "//evil.example"),
        ("x-forwarded-host", "a.example, b.example"),
        ("x-forwarded-host", "a.example/b"),
        ("x-forwarded-proto", "gopher"),
    ] {
        let passed_over = asked(&visitor, &[host, (name, value)]).await;
        assert_eq!(server(&passed_over), "http://storefront:8080", "{name}: {value}");
    }
}

#[tokio::test]
async fn what_the_operator_says_counts_and_may_be_kept() {
    let settings = [
        ("SIR0_PUBLIC_URL", "https://games.example/sir0/"),
        ("SIR0_LIMITS_PROXIES", "127.0.0.0/8"),
    ];
    let stated = process_with(&settings).await;
    let visitor = stated.visitor();

    for headers in [&[][..], &[("host", "localhost")], &NOTED[..2]] {
        let answer = asked(&visitor, headers).await;
        assert_eq!(server(&answer), "https://games.example/sir0");
        assert_eq!(answer.header("cache-control"), Some("no-cache"));
        let vary: Vec<_> = answer.headers.get_all("vary").iter().collect();
        assert_eq!(vary, ["accept-encoding"]);
    }
}

#[tokio::test]
async fn a_postman_collection_and_its_environment_ask_where_the_document_says_the_server_is() {
    let behind = process_with(&[("SIR0_LIMITS_PROXIES", "127.0.0.0/8")]).await;
    let visitor = behind.visitor();

    for (headers, expected) in [
        (&NOTED[..], "https://games.example/sir0"),
        (&[("host", "localhost:4711")], "http://localhost:4711"),
        // No address has it, so it is where a server listens that nobody told otherwise.
        (&[("host", "a'b;c")], "http://127.0.0.1:8080"),
    ] {
        let [collection, environment] =
            ["/postman.json", "/postman-environment.json"].map(|path| {
                let request = visitor.rest().request(Method::GET, path);
                headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
            });
        let (collection, environment) =
            (Answer::to(collection).await, Answer::to(environment).await);

        assert_eq!(collection.json["variable"][0]["value"], expected);
        assert_eq!(environment.json["values"][0]["value"], expected);
        assert_eq!(collection.header("cache-control"), Some("no-store"));
    }
}

#[tokio::test]
async fn callers_who_used_different_names_each_get_theirs_in_every_coding() {
    let server_process = process().await;
    let visitor = server_process.visitor();

    for turn in 0..3 {
        for coding in ["br", "zstd", "gzip", "identity"] {
            let host = format!("name{turn}.example");
            let request = visitor.rest().request(Method::GET, DOCUMENT);
            let request = request.header("host", &host).header("accept-encoding", coding);
            let response = request.send().await.expect("an answer");
            let named = response.headers().get("content-encoding").cloned();
            let bytes = response.bytes().await.expect("a whole body");
            let text = decoded(coding, &bytes);

            let expected = (coding != "identity").then_some(coding);
            assert_eq!(named.as_ref().and_then(|it| it.to_str().ok()), expected);
            assert!(text.contains(&format!("[{{\"url\":\"http://{host}\"}}]")), "{coding}");
        }
    }
}

fn decoded(coding: &str, bytes: &[u8]) -> String {
    use std::io::Read;
    let mut text = String::new();
    match coding {
        "br" => brotli::Decompressor::new(bytes, 4096).read_to_string(&mut text),
        "zstd" => zstd::Decoder::new(bytes).expect("a frame").read_to_string(&mut text),
        "gzip" => flate2::read::GzDecoder::new(bytes).read_to_string(&mut text),
        _ => (&mut &*bytes).read_to_string(&mut text),
    }
    .expect("what it says it is");
    text
}
