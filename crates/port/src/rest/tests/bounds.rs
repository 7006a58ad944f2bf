//! Bounds of the contract, in the answer to a request that is refused anyway.

use super::*;

/// A body that keeps every bound.
fn good() -> Value {
    json!({
        "ofPath": 1, "needed": 0, "named": "a", "text": "12345", "long": "123", "code": "ab",
        "letters": "abc", "word": "up", "share": 99.5, "between": 2, "unsigned": 7, "fixed": 7,
        "signed": -7, "short": 1.25, "some": "AAAAAA==", "mood": "MOOD_LOUD", "known": "MOOD_CALM",
        "few": [1, 2, 3], "several": ["xa", "xb"], "entries": {"a": 9, "b": -1},
        "inner": {"name": "", "count": 1, "inners": [{"name": "b"}]},
    })
}

#[tokio::test]
async fn a_request_that_can_be_read_is_judged_by_its_service_alone() {
    let door = sample().await;

    let broken = json!({"text": "much too long", "share": -1, "few": [0, 0, 0, 0]});
    let (status, answer) = door.asks("POST", "/sample/bounded", broken.clone()).await;

    assert_eq!((status, &answer["text"]), (200, &broken["text"]), "the service took it");
    assert_eq!(door.asks("POST", "/sample/bounded", good()).await.0, 200);
    assert_eq!(door.asks("GET", "/sample/bounded/0", json!(null)).await.0, 200);
}

/// Fields, and values that keep their bounds, as JSON.
const KEPT: &[(&str, &[&str])] = &[
    ("named", &[r#""b""#, r#""bb""#]),
    ("text", &[r#""""#, r#"" 12345 ""#]),
    ("long", &[r#""äöü""#, "null"]),
    ("letters", &[r#""z""#, "null"]),
    ("word", &[r#""""#, r#""down""#]),
    ("share", &["0", "-0.0"]),
    ("between", &["-2", "0"]),
    ("signed", &["0", "7"]),
    ("some", &[r#""AA""#, "null"]),
    ("mood", &["0", "-2"]),
    ("few", &["[]", "null"]),
    ("entries", &["{}", "null"]),
    ("inner", &["null", r#"{"name": "a"}"#]),
];

/// Fields, values that break a bound of theirs, as JSON, and what is said of them.
const BROKEN: &[(&str, &str, &str)] = &[
    ("ofPath", "0", "ofPath must be 1 or more"),
    ("needed", "null", "needed is required"),
    ("named", "null", "named is required"),
    ("named", r#""""#, "named must not be empty"),
    ("text", r#""123456""#, "text must have at most 5 characters"),
    ("text", r#""äääö""#, "text must have at most 6 bytes"),
    ("long", r#""ä\u0301""#, "long must have at least 3 characters"),
    ("code", r#""a""#, "code must have at least 2 characters"),
    ("code", r#""abc""#, "code must have at most 2 characters"),
    ("letters", r#""aBc""#, "letters must match ^[a-z]+$"),
    ("word", r#""left""#, "word must be one of up, down"),
    ("share", "-0.5", "share must not be negative"),
    ("share", "99.6", "share must be at most 99.5"),
    ("between", "-3", "between must be more than -3"),
    ("between", "3", "between must be less than 3"),
    ("unsigned", "8", "unsigned must be at most 7"),
    ("fixed", "8", "fixed must be at most 7"),
    ("signed", "-8", "signed must be -7 or more"),
    ("short", "1.5", "short must be less than 1.5"),
    ("some", r#""""#, "some must not be empty"),
    ("some", r#""AAAAAAA=""#, "some must have at most 4 bytes"),
    ("mood", r#""MOOD_CALM""#, "mood must be one of MOOD_UNSPECIFIED, MOOD_LOUD"),
    ("known", "7", "known must be one of MOOD_UNSPECIFIED, MOOD_CALM, MOOD_LOUD"),
    ("few", "[1, 2, 3, 4]", "few must have at most 3 elements"),
    ("few", "[1, 0]", "few[1] must be 1 or more"),
    ("several", r#"["x"]"#, "several must have at least 2 elements"),
    ("several", r#"["xa", "ax"]"#, "several[1] must match ^x"),
    ("several", "null", "several is required"),
    ("entries", r#"{"a": 1, "b": 1, "c": 1}"#, "entries must have at most 2 elements"),
    ("entries", r#"{"a": 10}"#, "entries[\"a\"] must be at most 9"),
    ("inner", "{}", "inner.name is required"),
    ("inner", r#"{"name": "a", "count": 2}"#, "inner.count must be at most 1"),
    ("inner", r#"{"name": "a", "inners": [{}]}"#, "inner.inners[0].name is required"),
];

#[tokio::test]
async fn a_refused_body_hears_of_every_bound_that_it_breaks() {
    let door = sample().await;
    // Each beside a name that is none, which is why the door refuses.
    let faults = async |field: &str, value: &str| {
        let mut body = good();
        body[field] = serde_json::from_str(value).expect("JSON");
        body["titel"] = json!("x");
        let mut faults = door.faults("POST", "/sample/bounded", body).await;
        assert_eq!(faults.remove(0), "titel is not a field of this request", "{field}");
        faults
    };

    for (field, values) in KEPT {
        for value in *values {
            assert_eq!(faults(field, value).await, [""; 0], "{field}: {value}");
        }
    }
    for (field, value, fault) in BROKEN {
        assert_eq!(faults(field, value).await, [*fault], "{field}: {value}");
    }
}

#[tokio::test]
async fn a_field_has_one_fault_and_an_answer_has_twenty() {
    let door = sample().await;
    let faults = async |body: Value| door.faults("POST", "/sample/bounded", body).await;

    let mut mistyped = good();
    mistyped["named"] = json!(7);
    mistyped["few"] = json!([0, "a", 2, 3]);
    mistyped["several"] = json!({"a": "b"});
    mistyped["entries"] = json!([10]);
    mistyped["inner"] = json!([{}]);
    assert_eq!(
        faults(mistyped).await,
        [
            "entries must be a JSON object",
            "few[1] must be a whole number of at most 32 bits",
            "inner must be a JSON object",
            "named must be a text",
            "several must be a list",
            "few[0] must be 1 or more",
            "few must have at most 3 elements",
        ]
    );
    let mut many = good();
    many["titel"] = json!("x");
    many["inner"]["inners"] = json!(vec![json!({}); 50]);
    assert_eq!(faults(many).await.len(), 20);
}

#[tokio::test]
async fn a_refused_query_and_path_hear_of_every_bound_that_they_break() {
    let door = sample().await;
    let faults = async |target: &str| door.faults("GET", target, json!(null)).await;
    let good = "needed=0&named=a&several=xa&several=xb";

    assert_eq!(
        faults(&format!(
            "/sample/bounded/0?titel=x&{good}&share=-1&few=0&few=1&few=2&few=3&text=123456"
        ))
        .await,
        [
            "titel is not a parameter of this call",
            "ofPath must be 1 or more",
            "share must not be negative",
            "few must be 1 or more",
            "text must have at most 5 characters",
        ]
    );
    assert_eq!(
        faults("/sample/bounded/1?titel=x&several=xa&inner.count=2&few=1&few=2&few=3&few=4").await,
        [
            "titel is not a parameter of this call",
            "inner.count must be at most 1",
            "several must have at least 2 elements",
            "few must have at most 3 elements",
            "needed is required",
            "named is required",
        ]
    );
}

#[tokio::test]
async fn what_is_required_may_come_from_the_path_the_query_or_the_body() {
    let door = sample().await;
    let faults = async |body: Value| {
        door.faults("PUT", "/sample/bounded?named=a&several=xa&several=xb&titel=x", body).await
    };

    let unknown = "titel is not a parameter of this call";
    assert_eq!(
        faults(json!({"count": 2})).await,
        [unknown, "inner.count must be at most 1", "inner.name is required", "needed is required"]
    );
    assert_eq!(
        faults(json!(null)).await,
        ["body must be JSON: EOF while parsing a value at line 1 column 0"]
    );
    assert_eq!(faults(json!({"name": "a"})).await, [unknown, "needed is required"]);
}
