//! Tags of answers: a reader asks whether what it has is still right, and a writer changes only what it has read.

use http::{HeaderName, Method, header};
use serde_json::{Value, json};
use sir0_contract::{calls, storefront::GetGameRequest};
use sir0_testkit::{Answer, Person, Rest, Running, a_game, platform};

const IF_MATCH: HeaderName = header::IF_MATCH;
const IF_NONE_MATCH: HeaderName = header::IF_NONE_MATCH;

async fn a_store() -> (Running, Person, String) {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await;
    let path = adds(&studio.rest()).await;
    (platform, studio, path)
}

/// Adds a game, and tells its path.
async fn adds(studio: &Rest) -> String {
    let added = studio.post("/api/games", &a_game("Lanterns")).await;
    assert_eq!(added.status, 201, "{added:?}");
    format!("/api/games/{}", added.json["gameId"])
}

/// Asks with these lines of a header.
async fn asks(rest: &Rest, path: &str, name: &HeaderName, lines: &[&str]) -> Answer {
    sends(rest, Method::GET, path, name, lines, None).await
}

async fn sends(
    rest: &Rest,
    method: Method,
    path: &str,
    name: &HeaderName,
    lines: &[&str],
    body: Option<Value>,
) -> Answer {
    let reads = matches!(method, Method::GET | Method::HEAD);
    let mut request = rest.request(method, path);
    for line in lines {
        request = request.header(name, *line);
    }
    if let Some(body) = body {
        request = request.json(&body);
    }
    if reads { Answer::to(request).await } else { rest.changes(request).await }
}

fn header_of<'a>(answer: &'a Answer, name: &HeaderName) -> Option<&'a str> {
    answer.headers.get(name).map(|value| value.to_str().expect("plain text"))
}

fn tag_of(answer: &Answer) -> String {
    header_of(answer, &header::ETAG).unwrap_or_else(|| panic!("no tag: {answer:?}")).to_owned()
}

#[tokio::test]
async fn who_has_an_answer_hears_that_it_is_still_right_until_it_is_not() {
    let (_platform, studio, path) = a_store().await;
    let rest = studio.rest();

    for path in [&*path, "/api/games", "/api/games?pageSize=1&sort=title"] {
        let first = rest.get(path).await;
        let again = rest.get(path).await;
        let tag = tag_of(&first);
        assert_eq!((first.status, &first.text, tag_of(&again)), (200, &again.text, tag.clone()));
        assert_eq!(header_of(&first, &header::CACHE_CONTROL), Some("no-cache"));
        assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag} is strong");

        for method in [Method::GET, Method::HEAD] {
            let same = sends(&rest, method, path, &IF_NONE_MATCH, &[&tag], None).await;
            assert_eq!((same.status, same.text.as_str(), tag_of(&same)), (304, "", tag.clone()));
            assert_eq!(header_of(&same, &header::CACHE_CONTROL), Some("no-cache"));
            assert_eq!(header_of(&same, &header::CONTENT_TYPE), None);
            assert!(same.headers.contains_key("x-request-id"));
        }
        let head = sends(&rest, Method::HEAD, path, &IF_MATCH, &[&tag], None).await;
        assert_eq!((head.status, tag_of(&head)), (200, tag));
    }

    let tags = [tag_of(&rest.get(&path).await), tag_of(&rest.get("/api/games").await)];
    assert_eq!(rest.put(&path, &json!({"price": 5})).await.status, 200);
    for (path, tag) in [&*path, "/api/games"].into_iter().zip(&tags) {
        let changed = asks(&rest, path, &IF_NONE_MATCH, &[tag]).await;
        assert_eq!(changed.status, 200, "who wrote reads what they wrote");
        assert!(changed.text.contains("\"price\":5"), "{}", changed.text);
        assert_ne!(&tag_of(&changed), tag);
    }
    assert_eq!(rest.delete(&path).await.status, 200);
    assert_eq!(asks(&rest, &path, &IF_NONE_MATCH, &["*"]).await.status, 404);
}

#[tokio::test]
async fn a_reader_names_tags_in_every_form_that_http_has() {
    let (_platform, studio, path) = a_store().await;
    let rest = studio.rest();
    let tag = tag_of(&rest.get(&path).await);
    let (weak, bare) = (format!("W/{tag}"), tag.trim_matches('"').to_owned());
    let (list, unclosed) = (format!("\"a,b\", {tag},,\"c\""), format!("\"{bare}"));

    for lines in [
        &[&*tag][..],
        &["*"],
        &[&weak],
        &[&list],
        &["\"x\"", &tag],
        &[&tag, "\"x\""],
        &["nonsense", &tag],
    ] {
        assert_eq!(asks(&rest, &path, &IF_NONE_MATCH, lines).await.status, 304, "{lines:?}");
    }
    for lines in [&["\"x\""][..], &[&bare], &[&unclosed], &["*, \"x\""], &["\"*\""], &["W/"], &[""]]
    {
        assert_eq!(asks(&rest, &path, &IF_NONE_MATCH, lines).await.status, 200, "{lines:?}");
    }
    let other = asks(&rest, &path, &IF_MATCH, &["\"x\""]).await;
    assert_eq!((other.status, &other.json["reason"]), (412, &json!("PRECONDITION_FAILED")));
    assert_eq!(asks(&rest, &path, &IF_MATCH, &[&weak]).await.status, 412);
    assert_eq!(asks(&rest, &path, &IF_MATCH, &["*"]).await.status, 200);
}

#[tokio::test]
async fn a_tag_is_the_same_on_every_instance_and_after_a_restart() {
    let (platform, studio, path) = a_store().await;
    adds(&studio.rest()).await;
    let paths = [&*path, "/api/games", "/api/games?pageSize=1", "/api/games?pageSize=1&sort=title"];
    let mut tags = Vec::new();
    for path in paths {
        tags.push(tag_of(&studio.rest().get(path).await));
    }

    // Behind the proxy each of these may be answered by another instance.
    for _ in 0..6 {
        for (path, tag) in paths.into_iter().zip(&tags) {
            assert_eq!(&tag_of(&platform.visitor().rest().get(path).await), tag, "{path}");
        }
    }
    let platform = platform.restart().await;
    for (path, tag) in paths.into_iter().zip(&tags) {
        let same = asks(&platform.visitor().rest(), path, &IF_NONE_MATCH, &[tag]).await;
        assert_eq!(same.status, 304, "{path}");
    }
}

#[tokio::test]
async fn a_change_that_names_the_game_as_it_was_read_is_made_to_no_other() {
    let (_platform, studio, path) = a_store().await;
    let rest = studio.rest();
    let stale = tag_of(&rest.get(&path).await);
    assert_eq!(rest.put(&path, &json!({"price": 5})).await.status, 200);
    let tag = tag_of(&rest.get(&path).await);
    let other = tag_of(&rest.get(&adds(&rest).await).await);
    let weak = format!("W/{tag}");
    let broken = [&stale, tag.trim_matches('"'), &weak, &other, "\"\"", "\"2\"", "", "*, \"x\""];

    for method in [Method::PUT, Method::DELETE] {
        for wrong in broken {
            let body = (method == Method::PUT).then(|| json!({"price": 6}));
            let refused = sends(&rest, method.clone(), &path, &IF_MATCH, &[wrong], body).await;
            assert_eq!(refused.status, 412, "{method} {wrong}: {refused:?}");
            assert_eq!(refused.json["reason"], "PRECONDITION_FAILED");
            assert_eq!(refused.json["error"], "Precondition failed");
            assert!(refused.json["details"].is_string());
        }
        let body = (method == Method::PUT).then(|| json!({"price": 6}));
        let refused = sends(&rest, method, &path, &IF_NONE_MATCH, &["*"], body).await;
        assert_eq!(refused.status, 412, "there is one: {refused:?}");
    }
    assert_eq!(tag_of(&rest.get(&path).await), tag, "nothing was changed");

    let body = json!({"price": 7, "revision": 1});
    let by_revision = sends(&rest, Method::PUT, &path, &IF_MATCH, &[&tag], Some(body)).await;
    assert_eq!((by_revision.status, &by_revision.json["reason"]), (409, &json!("STALE_REVISION")));
    for (price, form) in [(7, "list"), (8, "any"), (9, "lines")] {
        let now = tag_of(&rest.get(&path).await);
        let list = format!("{stale}, {now}");
        let lines = match form {
            "list" => &[&*list][..],
            "any" => &["*"],
            _ => &[&*stale, &now],
        };
        let body = Some(json!({"price": price}));
        let changed = sends(&rest, Method::PUT, &path, &IF_MATCH, lines, body).await;
        assert_eq!(changed.status, 200, "{form}: {changed:?}");
        // RFC 9110, 9.3.4: only a body that is kept as it came may be answered with its tag.
        assert_eq!(header_of(&changed, &header::ETAG), None);
    }
    let now = tag_of(&rest.get(&path).await);
    let removed = sends(&rest, Method::DELETE, &path, &IF_MATCH, &[&now], None).await;
    assert_eq!(removed.status, 200, "{removed:?}");
    for method in [Method::PUT, Method::DELETE] {
        for lines in [&["*"][..], &[&now]] {
            let body = (method == Method::PUT).then(|| json!({"price": 6}));
            let gone = sends(&rest, method.clone(), &path, &IF_MATCH, lines, body).await;
            assert_eq!((gone.status, &gone.json["reason"]), (404, &json!("GAME_NOT_FOUND")));
        }
    }
}

#[tokio::test]
async fn of_many_who_change_what_they_have_read_one_does() {
    let (_platform, studio, path) = a_store().await;
    let tag = tag_of(&studio.rest().get(&path).await);

    let racers: Vec<_> = (1..=12)
        .map(|price| {
            let (rest, path, tag) = (studio.rest(), path.clone(), tag.clone());
            let body = Some(json!({"price": price}));
            tokio::spawn(
                async move { sends(&rest, Method::PUT, &path, &IF_MATCH, &[&tag], body).await },
            )
        })
        .collect();
    let mut statuses = Vec::new();
    for racer in racers {
        statuses.push(racer.await.expect("no racer panics").status);
    }

    statuses.sort_unstable();
    assert_eq!(statuses, [&[200][..], &[412; 11]].concat());
    assert_eq!(studio.rest().get(&path).await.json["revision"], 2);
}

#[tokio::test]
async fn a_call_that_knows_no_tags_is_not_made_when_a_tag_is_named() {
    let (platform, studio, _) = a_store().await;
    let (visitor, rest) = (platform.visitor().rest(), studio.rest());
    let profile = format!("/api/users/{}", studio.id);
    let calls = [
        (Method::POST, "/api/games", a_game("Harbours")),
        (Method::PUT, &profile, json!({"username": "Southlight"})),
    ];

    for (method, path, body) in calls {
        let asked = |rest, tag| {
            let (method, body) = (method.clone(), Some(body.clone()));
            async move { sends(rest, method, path, &IF_MATCH, &[tag], body).await }
        };
        let named = asked(&rest, "\"1.1.1\"").await;
        assert_eq!((named.status, &named.json["reason"]), (412, &json!("PRECONDITION_FAILED")));
        assert_eq!(asked(&rest, "no tag").await.status, 412);
        assert_eq!(asked(&visitor, "\"1.1.1\"").await.status, 401, "who may not hears that first");
        assert!(asked(&rest, "*").await.status < 300, "{method} {path}");
    }
    let status = asks(&visitor, "/api/status", &IF_NONE_MATCH, &["*"]).await;
    assert_eq!((status.status, header_of(&status, &header::ETAG)), (200, None));
}

#[tokio::test]
async fn only_what_the_contract_calls_tagged_may_be_kept() {
    let (_platform, studio, path) = a_store().await;
    let rest = studio.rest();
    let tagged = |name: &str| {
        let call = calls().find(|call| call.name == name).expect("a call of the contract");
        call.rest.as_ref().expect("a REST form").is_tagged
    };

    for (name, path) in
        [("GetGame", &*path), ("ListGames", "/api/games"), ("GetStatus", "/api/status")]
    {
        let answer = rest.get(path).await;
        assert_eq!(answer.headers.contains_key(header::ETAG), tagged(name), "{name}");
    }
    let not_kept = [
        rest.get("/api/status").await,
        rest.get("/api/games/0").await,
        rest.get("/api/games/2000000").await,
        rest.get("/api/games?pageSize=-1").await,
        rest.put(&path, &json!({"price": 5})).await,
        asks(&rest, &path, &IF_MATCH, &["\"x\""]).await,
    ];
    for answer in not_kept {
        assert_eq!(header_of(&answer, &header::CACHE_CONTROL), Some("no-store"), "{answer:?}");
        assert_eq!(header_of(&answer, &header::ETAG), None);
    }
    let game_id = path.rsplit_once('/').and_then(|(_, id)| id.parse().ok()).expect("an id");
    let answer = studio.games().get_game(GetGameRequest { game_id }).await.expect("a game");
    assert!(answer.metadata().get("etag").is_none(), "gRPC has revisions");
}
