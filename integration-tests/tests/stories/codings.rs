//! Answers and requests in codings: the same words in fewer bytes, where nothing in them is a secret.

use std::io::Read;

use futures::future::join_all;
use http::{HeaderMap, Method};
use prost::Message;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use sir0_coding::{Coding, Effort};
use sir0_contract::{
    calls,
    storefront::{GetGameRequest, ListGamesRequest, ListGamesResponse},
};
use sir0_testkit::{LONG, PASSWORD, Person, Running, a_game, email_of, platform};
use tokio::time::timeout;
use tonic::codec::CompressionEncoding;

const LIST: &str = "/api/games?sort=title";

/// An answer as it travelled.
struct Coded {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Coded {
    async fn to(request: RequestBuilder) -> Self {
        let answer = timeout(LONG, request.send()).await.expect("in time").expect("an answer");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Self { status, headers, body: answer.bytes().await.expect("a whole body").into() }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("plain text"))
    }

    fn tag(&self) -> &str {
        self.header("etag").expect("a tag")
    }

    /// The text, read by the libraries and not by our own reader.
    fn text(&self) -> String {
        let (mut text, mut body) = (String::new(), &self.body[..]);
        let read = match self.header("content-encoding") {
            Some("br") => brotli::Decompressor::new(body, 4096).read_to_string(&mut text),
            Some("gzip") => flate2::read::GzDecoder::new(body).read_to_string(&mut text),
            Some("zstd") => zstd::Decoder::new(body).expect("memory").read_to_string(&mut text),
            Some(other) => panic!("nobody asked for {other}"),
            None => body.read_to_string(&mut text),
        };
        read.expect("what the header says");
        text
    }
}

async fn asks(person: &Person, path: &str, headers: &[(&str, &str)]) -> Coded {
    let request = person.rest().request(Method::GET, path);
    Coded::to(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)))
        .await
}

/// Forty games, so that a list is worth a coding, and the path of the last one.
async fn a_store() -> (Running, Person, String) {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await;
    let mut path = String::new();
    for number in 0..40 {
        let added = studio.rest().post("/api/games", &a_game(&format!("Lanterns {number}"))).await;
        assert_eq!(added.status, 201, "{added:?}");
        path = format!("/api/games/{}", added.json["gameId"]);
    }
    (platform, studio, path)
}

#[tokio::test]
async fn a_list_has_the_same_words_in_every_coding_and_fewer_bytes() {
    let (_platform, studio, _) = a_store().await;
    let plain = asks(&studio, LIST, &[]).await;
    assert_eq!(plain.header("content-encoding"), None);
    assert_eq!(plain.header("vary"), Some("accept-encoding"));
    assert!(plain.body.len() > 4_000);

    for (accept, coding) in [
        ("gzip", Some("gzip")),
        ("br", Some("br")),
        ("zstd", Some("zstd")),
        ("gzip, deflate, br, zstd", Some("br")),
        ("gzip;q=1.0, br;q=0.2", Some("gzip")),
        ("gzip;q=0, zstd;q=0.001", Some("zstd")),
        ("br;q=0, *", Some("zstd")),
        ("*;q=0", None),
        ("identity;q=0", None),
        ("deflate, compress", None),
    ] {
        for time in 1..=3 {
            let coded = asks(&studio, LIST, &[("accept-encoding", accept)]).await;

            assert_eq!(coded.status, 200);
            assert_eq!(coded.header("content-encoding"), coding, "{accept}, time {time}");
            assert_eq!(coded.header("vary"), Some("accept-encoding"), "{accept}");
            assert_eq!(coded.header("cache-control"), Some("no-cache"), "{accept}");
            assert_eq!(coded.header("content-length"), Some(&*coded.body.len().to_string()));
            assert_eq!(coded.text(), plain.text(), "{accept}");
            let is_smaller = 4 * coded.body.len() < plain.body.len();
            assert_eq!(is_smaller, coding.is_some(), "{accept}: {} bytes", coded.body.len());
        }
    }
}

#[tokio::test]
async fn each_coding_has_a_tag_and_who_has_one_hears_that_it_is_still_right() {
    let (_platform, studio, _) = a_store().await;
    let mut tags = Vec::new();
    for coding in ["identity", "gzip", "br", "zstd"] {
        let accept = [("accept-encoding", coding)];
        tags.push((coding, asks(&studio, LIST, &accept).await.tag().to_owned()));
    }

    for (coding, tag) in &tags {
        assert!(tag.starts_with('"'), "{tag} is strong");
        for (accepted, other) in &tags {
            let (is_same, is_plain) = (coding == accepted, *accepted == "identity");
            assert_eq!(tag == other, is_same);
            let headers = [("accept-encoding", *coding), ("if-none-match", other)];
            let answer = asks(&studio, LIST, &headers).await;

            // Whoever accepts a coding accepts plain bytes, too.
            let is_known = is_same || is_plain;
            assert_eq!(answer.status, if is_known { 304 } else { 200 }, "{coding} has {other}");
            assert_eq!(answer.tag(), if is_known { other } else { tag });
            assert_eq!(answer.header("vary"), Some("accept-encoding"));
            assert_eq!(answer.body.is_empty(), is_known);
        }
    }
    let all = tags.iter().map(|(_, tag)| &**tag).collect::<Vec<_>>().join(", ");
    let headers = [("accept-encoding", "gzip, br"), ("if-none-match", &*all)];
    assert_eq!(asks(&studio, LIST, &headers).await.tag(), tags[2].1, "the one to be sent");
}

#[tokio::test]
async fn a_writer_may_name_the_game_by_the_tag_of_any_coding() {
    let (_platform, studio, path) = a_store().await;
    let rest = studio.rest();
    let long = json!({"description": "Light finds a way. ".repeat(100)});
    assert_eq!(rest.put(&path, &long).await.status, 200);

    let change = async |tag: &str, price: i32| {
        let change = rest.request(Method::PUT, &path).header("if-match", tag);
        rest.changes(change.json(&json!({"price": price}))).await.status
    };

    for (price, coding) in (1..).zip(["gzip", "br", "zstd", "identity"]) {
        let game = asks(&studio, &path, &[("accept-encoding", coding)]).await;
        assert_eq!(game.header("content-encoding"), Some(coding).filter(|it| *it != "identity"));
        let tag = game.tag();
        let of_no_coding = format!("{}-lzma\"", tag.trim_end_matches('"'));

        assert_eq!(change(&of_no_coding, price).await, 412, "{of_no_coding}");
        assert_eq!(change(&format!("W/{tag}"), price).await, 412, "a weak {tag}");
        assert_eq!(change(tag, price).await, 200, "{tag}");
        assert_eq!(change(tag, 20).await, 412, "{tag} is of before");
    }
}

#[tokio::test]
async fn a_question_for_the_head_is_answered_like_one_for_the_whole() {
    let (_platform, studio, _) = a_store().await;
    let ask = async |method| {
        let request = studio.rest().request(method, LIST).header("accept-encoding", "br");
        Coded::to(request).await
    };

    let (head, whole) = (ask(Method::HEAD).await, ask(Method::GET).await);

    assert!(head.body.is_empty());
    for name in ["content-encoding", "content-length", "etag", "vary", "content-type"] {
        assert!(head.header(name).is_some(), "{name}");
        assert_eq!(head.header(name), whole.header(name), "{name}");
    }
}

#[tokio::test]
async fn what_is_short_or_private_or_flows_or_refuses_is_sent_as_it_is() {
    let (_platform, studio, path) = a_store().await;
    let rest = studio.rest();
    let all = |request: RequestBuilder| request.header("accept-encoding", "gzip, br, zstd");
    let login = json!({"email": email_of("Northlight"), "password": PASSWORD});
    let long = json!({"username": "x".repeat(3_000), "email": "", "password": ""});

    let short = Coded::to(all(rest.request(Method::GET, &path))).await;
    assert_eq!((short.status, short.header("vary")), (200, None), "it has one form");
    let signed_in = Coded::to(all(rest.request(Method::POST, "/api/users/login").json(&login)));
    let refused = Coded::to(all(rest.request(Method::POST, "/api/users/register").json(&long)));
    let wrong = Coded::to(all(rest.request(Method::GET, "/api/games?pageSize=x")));
    let nowhere = Coded::to(all(rest.request(Method::GET, "/nowhere")));
    for (answer, status) in [
        (short, 200),
        (signed_in.await, 200),
        (refused.await, 400),
        (wrong.await, 400),
        (nowhere.await, 404),
    ] {
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("content-encoding"), None, "{status}");
        assert!(!answer.text().is_empty());
    }
    // A proxy in front may hide this page. Where it is shown, it is written anew for each question.
    let metrics = Coded::to(all(rest.request(Method::GET, "/metrics"))).await;
    assert_eq!(metrics.header("content-encoding"), None);
    for accept in ["application/x-ndjson", "text/event-stream", "application/json"] {
        let request = rest.request(Method::GET, "/api/games:watch?sendPresent=true");
        let request = all(request.header("accept", accept));
        let mut stream = timeout(LONG, request.send()).await.expect("in time").expect("a stream");

        let first = stream.chunk().await.expect("it flows").expect("the present");
        assert!(stream.headers().get("content-encoding").is_none(), "{accept}");
        assert!(first.windows(8).any(|text| text == b"Lanterns"), "{accept}: {first:?}");
    }
}

#[tokio::test]
async fn a_body_in_gzip_is_read_like_any_other() {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await;
    let body = a_game("Lanterns").to_string();
    let adds = |coding: &'static str, body: Vec<u8>| {
        let request = studio.rest().request(Method::POST, "/api/games");
        let rest = studio.rest();
        async move { rest.changes(request.header("content-encoding", coding).body(body)).await }
    };

    for coding in ["gzip", "x-gzip", "GZIP"] {
        let added = adds(coding, Coding::Gzip.encode(body.as_bytes(), Effort::Quick)).await;
        assert_eq!(added.status, 201, "{added:?}");
    }
    for coding in ["identity", "Identity", ""] {
        assert_eq!(adds(coding, body.clone().into()).await.status, 201, "{coding}");
    }
    let listed = studio.rest().get("/api/games").await;
    assert_eq!(listed.json["games"].as_array().map(Vec::len), Some(6));
}

#[tokio::test]
async fn a_client_of_grpc_in_gzip_adds_and_reads_games() {
    let (_platform, studio, _) = a_store().await;
    let gzip = CompressionEncoding::Gzip;
    let mut games = studio.games().send_compressed(gzip).accept_compressed(gzip);
    let mut plain = studio.games();
    let asked = || ListGamesRequest::default();
    let coding = |metadata: &tonic::metadata::MetadataMap| {
        metadata.get("grpc-encoding").map(|coding| coding.to_str().unwrap().to_owned())
    };

    let request = sir0_contract::storefront::CreateGameRequest {
        title: "Lanterns II".to_owned(),
        genre: "Puzzle".to_owned(),
        price: Some(19.99),
        description: "Light finds a way. ".repeat(100),
        request_id: None,
        ..Default::default()
    };
    let added = games.create_game(request).await.expect("a good game");
    assert_eq!(coding(added.metadata()), None, "only what is the same to everyone");
    let game_id = added.into_inner().game_id;
    let game = games.get_game(GetGameRequest { game_id }).await.expect("a game");
    let listed = games.list_games(asked()).await.expect("games");
    let same = plain.list_games(asked()).await.expect("games");

    assert_eq!(coding(game.metadata()).as_deref(), Some("gzip"));
    assert_eq!(coding(listed.metadata()).as_deref(), Some("gzip"));
    assert_eq!(coding(same.metadata()), None);
    assert_eq!(listed.get_ref(), same.get_ref());
    assert_eq!(listed.get_ref().games.len(), 41);
    let refused = games.get_game(GetGameRequest { game_id: 0 }).await.expect_err("no game");
    assert_eq!(coding(refused.metadata()), None);
    let login = sir0_contract::accounts::LoginRequest {
        email: email_of("Northlight"),
        password: PASSWORD.to_owned(),
        ..Default::default()
    };
    let mut accounts = studio.accounts().send_compressed(gzip).accept_compressed(gzip);
    let signed_in = accounts.login(login).await.expect("a good password");
    assert_eq!(coding(signed_in.metadata()), None, "a token is a secret");
    let watch =
        sir0_contract::storefront::WatchGamesRequest { send_present: true, ..Default::default() };
    let watched = games.watch_games(watch).await.expect("a stream");
    assert_eq!(coding(watched.metadata()), None, "a stream flows");
    let first = watched.into_inner().message().await.expect("it flows");
    assert!(first.is_some());
}

/// Asks for the list in gRPC-Web, with a request in a coding, and answers with how the answer is coded and its games.
async fn over_the_web(studio: &Person, content_type: &str, coding: Coding) -> (String, usize) {
    let call = calls().find(|call| call.name == "ListGames").expect("a call");
    let asked = ListGamesRequest { page_size: 30, ..ListGamesRequest::default() };
    let message = coding.encode(&asked.encode_to_vec(), Effort::Quick);
    let length = u32::try_from(message.len()).expect("short").to_be_bytes();
    let frame = [&[1], &length[..], &message].concat();
    let is_text = content_type.contains("text");
    let text = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, &frame);
    let request = studio
        .rest()
        .request(Method::POST, call.path)
        .header("content-type", content_type)
        .header("grpc-encoding", coding.name())
        .header("grpc-accept-encoding", coding.name())
        .body(if is_text { text.into_bytes() } else { frame });
    let answer = Coded::to(request).await;
    assert_eq!((answer.status, answer.header("grpc-status")), (200, None));
    let mut body = answer.body.clone();
    if is_text {
        // A piece of base64 ends where the server ended a piece.
        let text = String::from_utf8(body).expect("text");
        body = text
            .as_bytes()
            .chunk_by(|a, b| *a != b'=' || *b == b'=')
            .flat_map(|piece| {
                base64::Engine::decode(&base64::prelude::BASE64_STANDARD, piece).expect("base64")
            })
            .collect();
    }
    let (header, rest) = body.split_first_chunk::<5>().expect("a frame");
    let [flag, length @ ..] = *header;
    let message = &rest[..u32::from_be_bytes(length) as usize];
    let message = match (flag, coding) {
        (0, _) => message.to_vec(),
        (_, Coding::Zstd) => zstd::decode_all(message).expect("zstd"),
        _ => {
            let mut plain = Vec::new();
            flate2::read::GzDecoder::new(message).read_to_end(&mut plain).expect("gzip");
            plain
        }
    };
    let named = answer.header("grpc-encoding").unwrap_or("identity").to_owned();
    assert_eq!(flag == 1, named != "identity");
    (named, ListGamesResponse::decode(&*message).expect("a list").games.len())
}

#[tokio::test]
async fn a_browser_reads_and_writes_messages_in_codings_but_not_as_text() {
    let (_platform, studio, _) = a_store().await;

    for coding in [Coding::Gzip, Coding::Zstd] {
        let binary = over_the_web(&studio, "application/grpc-web+proto", coding).await;
        let text = over_the_web(&studio, "application/grpc-web-text", coding).await;

        assert_eq!(binary, (coding.name().to_owned(), 30));
        assert_eq!(text, ("identity".to_owned(), 30));
    }
}

#[tokio::test]
async fn the_docs_page_and_its_document_come_in_a_coding() {
    let platform = platform().await;
    let visitor = platform.visitor();

    let documents = ["/openapi.json", "/postman.json"];
    let files = ["/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js"];
    for path in documents.into_iter().chain(files) {
        let plain = asks(&visitor, path, &[]).await;
        assert_eq!(plain.header("content-encoding"), None);
        for coding in ["br", "zstd", "gzip"] {
            let coded = asks(&visitor, path, &[("accept-encoding", coding)]).await;

            assert_eq!(coded.header("content-encoding"), Some(coding), "{path}");
            // Behind a proxy the document depends on what that says of its address, too.
            let vary = coded.header("vary").unwrap_or_default();
            assert!(vary.split(',').any(|name| name == "accept-encoding"), "{path}: {vary}");
            assert_eq!(coded.header("content-type"), plain.header("content-type"));
            assert!(coded.text() == plain.text(), "{path} in {coding}");
            assert!(3 * coded.body.len() < plain.body.len(), "{path} in {coding}");
        }
    }
    let head = visitor.rest().request(Method::HEAD, "/openapi.json");
    let head = Coded::to(head.header("accept-encoding", "br")).await;
    assert_eq!((head.header("content-encoding"), head.body.len()), (Some("br"), 0));
}

#[tokio::test]
async fn who_changed_a_game_reads_the_change_in_every_coding() {
    let (_platform, studio, path) = a_store().await;

    for price in 1..=5 {
        assert_eq!(studio.rest().put(&path, &json!({"price": price})).await.status, 200);
        for coding in ["gzip", "br", "zstd"] {
            let listed = asks(&studio, LIST, &[("accept-encoding", coding)]).await;
            let listed: Value = serde_json::from_str(&listed.text()).expect("JSON");

            let games = listed["games"].as_array().expect("games");
            let prices: Vec<_> = games.iter().map(|game| game["price"].as_f64()).collect();
            assert!(prices.contains(&Some(f64::from(price))), "{coding}: {prices:?}");
        }
    }
}

#[tokio::test]
async fn whoever_asks_while_a_form_is_made_gets_the_same_words() {
    let (_platform, studio, path) = a_store().await;

    for price in 1..=3 {
        assert_eq!(studio.rest().put(&path, &json!({"price": price})).await.status, 200);
        let ask = |coding| {
            let studio = studio.clone();
            async move { asks(&studio, LIST, &[("accept-encoding", coding)]).await }
        };
        let answers = join_all(["br", "gzip", "zstd", "identity"].repeat(20).into_iter().map(ask));
        let answers = answers.await;

        for answer in &answers {
            assert!(answer.text() == answers[3].text(), "{:?}", answer.headers);
        }
        for coding in ["br", "gzip", "zstd"] {
            let made = ask(coding).await;
            assert_eq!(made.header("content-encoding"), Some(coding), "it is there by now");
        }
    }
}
