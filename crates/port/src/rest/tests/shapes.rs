//! Paths, queries and bodies of every shape.

use super::*;

#[tokio::test]
async fn a_path_holds_several_fields_of_several_kinds() {
    let door = sample().await;

    let (status, answer) =
        door.asks("GET", "/sample/7/of/top%20left/MOOD_LOUD?tags=a&tags=b,c", json!(null)).await;

    let shelf = json!({"name": "top left", "width": 0.0});
    let expected =
        json!({"id": 7, "shelf": shelf, "mood": "MOOD_LOUD", "big": "0", "tags": ["a", "b,c"]});
    assert_eq!((status, &answer), (200, &expected));
    let (_, by_number) =
        door.asks("GET", "/sample/7/of/top%20left/-2?tags=a&tags=b,c", json!(null)).await;
    assert_eq!(by_number, expected);
    let (_, moved) = door
        .asks("PUT", "/sample/7/of/top%20left/MOOD_LOUD:move", json!({"tags": ["a", "b,c"]}))
        .await;
    assert_eq!(moved, expected);
}

#[tokio::test]
async fn a_call_is_made_in_each_of_its_ways() {
    let door = sample().await;

    let (_, big) = door.asks("GET", "/sample/big/18446744073709551615", json!(null)).await;
    let body = json!({"width": 1.5, "name": "rooms/1/shelves/a/b"});
    let (_, shelf) = door.asks("PATCH", "/sample/shelves/rooms/1/shelves/a/b?tags=x", body).await;

    assert_eq!(big["big"], "18446744073709551615");
    assert_eq!(shelf["shelf"], json!({"width": 1.5, "name": "rooms/1/shelves/a/b"}));
    assert_eq!(shelf["tags"], json!(["x"]));
    let other = json!({"name": "rooms/1/shelves/c"});
    assert_eq!(
        door.faults("PATCH", "/sample/shelves/rooms/1/shelves/a", other).await,
        ["shelf.name must be what the path says"]
    );
}

#[tokio::test]
async fn a_part_of_the_request_is_the_body_and_a_part_of_the_answer_is_sent() {
    let door = sample().await;
    let lines = json!([{"product": "a", "unitQuantity": 2}, {"product": "b", "unitQuantity": 0}]);

    let (status, answer) =
        door.asks("POST", "/sample/orders/9/lines?mask=lines", lines.clone()).await;

    assert_eq!((status, answer), (200, lines));
    let (_, none) = door.asks("POST", "/sample/orders/9/lines", json!([])).await;
    assert_eq!(none, json!([]));
}

#[tokio::test]
async fn a_query_sets_nested_and_repeated_fields_of_every_kind() {
    let door = sample().await;
    let query = "aBool=True&an_int32=-7&anInt64=-9&aUint64=18446744073709551615&aFloat=1.5\
        &aString=a%20b+c&someBytes=_-8&aMood=MOOD_CALM&moods=1&moods=MOOD_LOUD&inner.inner.aDouble=2.5\
        &inner.strings=x&inner.strings=y&perhaps=0&word=&at=2026-11-25T22:16:35Z&lasts=1.5s\
        &mask=aBool,inner.anInt32&wrappedNumber=5&wrappedTruth=false";

    let (status, answer) =
        door.asks("GET", &format!("/sample/everything?{query}"), json!(null)).await;

    assert_eq!(status, 200, "{answer}");
    for (field, expected) in [
        ("aBool", json!(true)),
        ("anInt32", json!(-7)),
        ("anInt64", json!("-9")),
        ("aUint64", json!("18446744073709551615")),
        ("aFloat", json!(1.5)),
        ("aString", json!("a b c")),
        ("someBytes", json!("/+8=")),
        ("aMood", json!("MOOD_CALM")),
        ("moods", json!(["MOOD_CALM", "MOOD_LOUD"])),
        ("perhaps", json!(0)),
        ("word", json!("")),
        ("at", json!("2026-11-25T22:16:35Z")),
        ("lasts", json!("1.500s")),
        ("mask", json!("aBool,inner.anInt32")),
        ("wrappedNumber", json!("5")),
        ("wrappedTruth", json!(false)),
    ] {
        assert_eq!(answer[field], expected, "{field}");
    }
    assert_eq!(answer["inner"]["inner"]["aDouble"], 2.5);
    assert_eq!(answer["inner"]["strings"], json!(["x", "y"]));
    let absent = answer.as_object().expect("an object");
    for field in ["number", "message", "perhapsText", "wrappedText", "inner2"] {
        assert!(!absent.contains_key(field), "{field}");
    }
}

#[tokio::test]
async fn one_answer_names_what_is_wrong_in_path_query_and_body() {
    let door = sample().await;

    let body = json!({"tags": "x", "colour": 1, "shelf": {"width": "wide", "name": "b"}, "id": 8});
    assert_eq!(
        door.faults("PUT", "/sample/seven/of/a/MOOD_MAD:move?tags=a&x=%ff", body).await,
        [
            "id must be a whole number of at most 32 bits",
            "mood must be one of MOOD_UNSPECIFIED, MOOD_CALM, MOOD_LOUD",
            "tags is not a parameter of this call",
            "x is not a parameter of this call",
            "colour is not a field of this request",
            "shelf.name must be what the path says",
            "shelf.width must be a number",
            "tags must be a list",
        ]
    );
    let lines = json!([{"product": "a"}, {"unit_quantity": -1}, 3]);
    assert_eq!(
        door.faults("POST", "/sample/orders/9/lines?order_id=9&lines=x", lines).await,
        [
            "order_id is not a parameter of this call",
            "lines is not a parameter of this call",
            "lines[1].unitQuantity must be a whole number of at most 32 bits, and not negative",
            "lines[2] must be a JSON object",
        ]
    );
}

#[tokio::test]
async fn a_query_names_each_field_once_and_one_of_a_oneof() {
    let door = sample().await;
    let faults = async |query: &str| {
        door.faults("GET", &format!("/sample/everything?{query}"), json!(null)).await
    };

    assert_eq!(
        faults("aBool=1&an_int32=+7&anInt32=07").await,
        [
            "aBool must be `true` or `false`",
            "anInt32 must be a whole number of at most 32 bits",
            "anInt32 must be a whole number of at most 32 bits",
        ]
    );
    assert_eq!(faults("aString=a&a_string=b").await, ["aString must be given once"]);
    assert_eq!(faults("word=a&number=1").await, ["number must not be given with word"]);
    assert_eq!(
        faults("word=a&message.aBool=true").await,
        ["message.aBool must not be given with word"]
    );
    assert_eq!(
        faults("inner.word=a&word=b&inner.number=1").await,
        ["inner.number must not be given with word"]
    );
    for unknown in
        ["inner=x", "byName=x", "inners.aBool=true", "inner.", ".aBool", "aBool.x", "at.seconds"]
    {
        let name = unknown.split('=').next().unwrap_or_default();
        assert_eq!(faults(unknown).await, [format!("{name} is not a parameter of this call")]);
    }
    assert_eq!(faults("aString=%ff").await, ["aString must be percent-encoded UTF-8"]);
    assert_eq!(faults("%f%66=1").await, ["%f%66 must be percent-encoded UTF-8"]);
    assert_eq!(faults(&"ints=1&".repeat(1_024)).await, [""; 0]);
    assert_eq!(faults(&"ints=1&".repeat(1_025)).await, ["query must have at most 1024 parameters"]);
    assert_eq!(
        faults(&format!("aString={}", "a".repeat(16 * 1024))).await,
        ["query must have at most 16384 bytes"]
    );
}

#[tokio::test]
async fn a_query_and_a_body_give_one_of_a_oneof_together() {
    let door = sample().await;
    let faults = async |target: &str| door.faults("PUT", target, json!({"aBool": true})).await;

    assert_eq!(faults("/sample/message?aString=a").await, [""; 0]);
    assert_eq!(faults("/sample/message?word=a").await, ["message must not be given with word"]);
    let (_, answer) = door.asks("PUT", "/sample/message?word=a", json!(null)).await;
    assert_eq!(answer["reason"], "INVALID_FIELDS", "no body is no JSON");
}

#[tokio::test]
async fn a_known_path_tells_its_methods() {
    let door = sample().await;

    let wrong = door.request("PATCH", "/sample/everything").send().await.expect("an answer");
    assert_eq!(wrong.status(), 405);
    assert_eq!(wrong.headers()["allow"], "POST, GET, DELETE, HEAD, OPTIONS");
    let options = door.request("OPTIONS", "/sample/everything").send().await.expect("an answer");
    assert_eq!(
        (options.status().as_u16(), &options.headers()["allow"]),
        (204, &wrong.headers()["allow"])
    );
    let head =
        door.request("HEAD", "/sample/everything?aBool=true").send().await.expect("an answer");
    assert_eq!(head.status(), 200);
    assert_eq!(door.asks("DELETE", "/sample/everything", json!(null)).await, (200, json!({})));
    for nowhere in ["/sample", "/sample/", "/sample/everything/", "/sample/7/of/a", "/other"] {
        assert_eq!(door.asks("GET", nowhere, json!(null)).await.0, 404, "{nowhere}");
    }
}
