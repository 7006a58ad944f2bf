//! The same thing in other words: what protobuf's JSON and RFC 3986 hold to be equal is answered alike.

use http::Method;
use serde_json::{Value, json};
use sir0_testkit::{Answer, Rest, Running, a_game, platform};

async fn a_game_in_a_store() -> (Running, Rest, String) {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await.rest();
    let added = studio.post("/api/games", &a_game("Lanterns")).await;
    let path = format!("/api/games/{}", added.json["gameId"]);
    (platform, studio, path)
}

/// The fields that a refusal names.
fn faulty(answer: &Answer) -> Vec<&str> {
    assert_eq!(answer.status, 400, "{}", answer.text);
    let fields = answer.json["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
    fields.iter().filter_map(|fault| fault["field"].as_str()).collect()
}

#[tokio::test]
async fn null_leaves_a_field_out_and_then_its_own_rule_holds() {
    let (_platform, studio, path) = a_game_in_a_store().await;
    let mut plain = a_game("Harbours");
    plain["description"] = Value::Null;
    plain["requestId"] = Value::Null;

    let added = studio.post("/api/games", &plain).await;
    let nothing = json!({"title": null, "genre": null, "price": null, "description": null});
    let refused = studio.post("/api/games", &nothing).await;
    let untitled =
        studio.post("/api/games", &json!({"title": null, "genre": "x", "price": 1})).await;
    let unchanged = studio.put(&path, &json!({"title": null, "revision": null})).await;
    let kept = studio.put(&path, &json!({"title": null, "price": 5, "gameId": null})).await;
    let logout = studio.post("/api/users/logout", &json!({"token": null})).await;
    let login = studio.post("/api/users/login", &json!({"email": null, "password": "x"})).await;

    assert_eq!(added.status, 201, "{}", added.text);
    assert_eq!(faulty(&refused), ["title", "genre", "price"]);
    assert_eq!(faulty(&untitled), ["title"]);
    assert_eq!(faulty(&unchanged), ["request"]);
    assert_eq!(kept.status, 200, "{}", kept.text);
    assert_eq!(studio.get(&path).await.json["title"], "Lanterns");
    assert_eq!(logout.status, 400);
    assert_eq!(login.status, 401, "as one that is left out: {}", login.text);
}

#[tokio::test]
async fn a_whole_number_is_the_same_however_it_is_written() {
    let (_platform, studio, path) = a_game_in_a_store().await;
    let id = path.rsplit_once('/').expect("a path").1;

    for (revision, spelled) in ["1.0", "2e0", "30e-1", "4.000"].into_iter().enumerate() {
        let body =
            format!(r#"{{"price":{}, "revision":{spelled}, "gameId":{id}.0}}"#, revision + 2);
        let answer = studio.sends(Method::PUT, &path, body).await;
        assert_eq!(answer.status, 200, "{spelled}: {}", answer.text);
    }
    for wrong in ["1.5", "\"5\"", "2147483648", "1e400", "-1e400", "true", "[5]", "{}"] {
        let body = format!(r#"{{"price":1,"revision":{wrong}}}"#);
        let answer = studio.sends(Method::PUT, &path, body).await;
        assert_eq!(faulty(&answer), ["revision"], "{wrong}");
    }
    for wrong in ["1e400", "\"12\"", "\"NaN\"", "true"] {
        let body = format!(r#"{{"price":{wrong}}}"#);
        let answer = studio.sends(Method::PUT, &path, body).await;
        assert_eq!(faulty(&answer), ["price"], "{wrong}");
    }
    let free = studio.sends(Method::PUT, &path, r#"{"price":-0}"#).await;
    assert_eq!(free.status, 200, "{}", free.text);
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_by_the_name_of_its_field_if_it_has_one() {
    let (_platform, studio, path) = a_game_in_a_store().await;

    for (body, field) in [
        (&br#"{"title":"\ud800"}"#[..], "title"),
        (br#"{"title":"x","title":null}"#, "title"),
        (br#"{"description":["x"]}"#, "description"),
        (b"\xef\xbb\xbf{\"title\":\"x\"}", "body"),
        (b"{\"title\":\"\xff\"}", "body"),
        (b"[{\"title\":\"x\"}]", "body"),
    ] {
        let answer = studio.sends(Method::PUT, &path, body).await;
        assert_eq!(faulty(&answer), [field], "{}", String::from_utf8_lossy(body));
        assert!(!answer.text.contains("expected"), "no parser speaks: {}", answer.text);
    }
}

#[tokio::test]
async fn a_body_is_json_in_utf_8_whatever_its_content_type_says() {
    let (_platform, studio, path) = a_game_in_a_store().await;

    for content_type in [
        "application/json; charset=utf-8",
        "application/json; charset=iso-8859-1",
        "application/x-www-form-urlencoded",
        "text/plain",
        "nonsense",
    ] {
        let request = studio.request(Method::PUT, &path).header("content-type", content_type);
        let answer = Answer::to(request.body(r#"{"title":"L\u00e4nterns"}"#)).await;
        assert_eq!(answer.status, 200, "{content_type}: {}", answer.text);
    }
    assert_eq!(studio.get(&path).await.json["title"], "L\u{e4}nterns");
}

#[tokio::test]
async fn a_path_is_the_same_with_escapes_that_it_does_not_need() {
    let (_platform, studio, path) = a_game_in_a_store().await;
    let id = path.rsplit_once('/').expect("a path").1;
    let escaped = format!("/%61pi/g%61m%65s/%3{id}");

    assert_eq!(studio.get(&escaped).await.json["title"], "Lanterns");
    assert_eq!(studio.put(&escaped, &json!({"price": 3})).await.status, 200);
    let watched = "/api/games%3Awatch?sendPresent=True";
    let mut events = studio.stream(watched, "text/event-stream", &[]).await;
    let (_, event) = events.next_event().await.expect("an open stream");
    assert_eq!(event["present"]["price"], 3.0);
    assert_eq!(studio.get("/api/games/%2F1").await.status, 400, "a slash stays what it is");
    assert_eq!(studio.get("/api%2Fgames").await.status, 404);
}

#[tokio::test]
async fn what_libraries_and_sites_add_to_an_address_changes_nothing() {
    let (_platform, studio, path) = a_game_in_a_store().await;

    for noise in ["_=1795644995", "utm_source=x&utm_campaign=%ff", "fbclid=y&gclid=z&msclkid"] {
        assert_eq!(studio.get(&format!("{path}?{noise}")).await.status, 200, "{noise}");
        let list = studio.get(&format!("/api/games?pageSize=1&{noise}&genre=Puzzle")).await;
        assert_eq!(list.status, 200, "{noise}: {}", list.text);
        let changed = studio.put(&format!("{path}?{noise}"), &json!({"price": 2})).await;
        assert_eq!(changed.status, 200, "{noise}: {}", changed.text);
    }
    for (query, field) in [("cb=1", "cb"), ("lastEventId=x", "lastEventId"), ("__=1", "__")] {
        assert_eq!(faulty(&studio.get(&format!("/api/games?{query}")).await), [field]);
    }
}

#[tokio::test]
async fn a_time_is_told_as_protobuf_writes_it() {
    let platform = platform().await;

    let status = platform.visitor().rest().get("/api/status").await;

    let time = status.json["timestamp"].as_str().expect("a text");
    let (seconds, fraction) = time.strip_suffix('Z').expect("in UTC").split_at(19);
    assert_eq!(seconds.as_bytes()[10], b'T', "{time}");
    let digits = fraction.strip_prefix('.').unwrap_or_default();
    assert!(matches!(digits.len(), 0 | 3 | 6), "{time}");
}
