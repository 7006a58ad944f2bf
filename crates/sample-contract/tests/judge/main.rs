//! Google's JSON mapping as prost-reflect has it: what it writes is read by our tables, what they write is read there, and
//! both write the same.

mod dice;

use prost::{
    Message,
    encoding::{DecodeContext, decode_key, encode_varint, skip_field},
};
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, SerializeOptions};
use serde_json::Value;
use sir0_sample_contract::{CALLS, FILE_DESCRIPTOR_SET, shapes::SAMPLE_V1_EVERYTHING};
use sir0_transcoding::{Call, Fault, Other, Request, Routes, write};

use dice::Dice;

/// Enough to meet every kind of value in every kind of field.
const MESSAGES: u64 = 300;

fn everything() -> MessageDescriptor {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).expect("our own descriptors");
    pool.get_message_by_name("sample.v1.Everything").expect("it is in the file")
}

/// Reads a body as the call `Echo` does.
fn read(json: &str) -> Result<Vec<u8>, Vec<Fault>> {
    let call: &'static Call = CALLS.iter().find(|call| call.name == "Echo").expect("a call");
    let binding = &call.rest.as_ref().expect("a call of REST").bindings[0];
    let mut routes = Routes::default();
    routes.add(binding, 0).expect("the only one");
    let found = &routes.find("/sample/everything").expect("a path");
    let body = json.as_bytes();
    Request { call, binding, found, query: None, body, depth: 32 }.read(|_, _| Other::Unknown)
}

/// Whether two values are the same, but for the digits of a number.
fn are_same(ours: &Value, theirs: &Value) -> bool {
    use Value::{Array, Number, Object};
    match (ours, theirs) {
        (Number(a), Number(b)) => {
            let (a, b) = (a.as_f64().expect("a number"), b.as_f64().expect("a number"));
            (a - b).abs() <= f64::from(f32::EPSILON) * b.abs()
        }
        (Array(a), Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| are_same(a, b)),
        (Object(a), Object(b)) => {
            let is_in = |(key, a)| b.get(key).is_some_and(|b| are_same(a, b));
            a.len() == b.len() && a.iter().all(is_in)
        }
        (a, b) => a == b,
    }
}

/// Compares what two messages write: their own equality tells a default that was set from one that was not, which the
/// wire does not.
fn must_be(back: &DynamicMessage, message: &DynamicMessage, seed: u64, json: &str) {
    let value = |message| serde_json::to_value(message).expect("JSON");
    assert_eq!(value(back), value(message), "seed {seed}: {json}");
}

#[test]
fn both_write_the_same_and_each_reads_the_other() {
    let everything = everything();
    let all = SerializeOptions::new().skip_default_fields(false).stringify_64_bit_integers(true);
    for seed in 1..=MESSAGES {
        let wire = Dice::new(seed).message(&everything, 2).encode_to_vec();
        let message = DynamicMessage::decode(everything.clone(), &*wire).expect("their own bytes");

        let mut ours = Vec::new();
        write(&SAMPLE_V1_EVERYTHING, &wire, &mut ours).expect("good bytes");
        let ours = String::from_utf8(ours).expect("JSON is UTF-8");
        let parsed: Value = serde_json::from_str(&ours).expect(&ours);
        let theirs =
            message.serialize_with_options(serde_json::value::Serializer, &all).expect("JSON");
        assert!(are_same(&parsed, &theirs), "seed {seed}\n ours {parsed}\n theirs {theirs}");

        let back = DynamicMessage::deserialize(everything.clone(), parsed).expect("they read it");
        must_be(&back, &message, seed, &ours);

        let short = serde_json::to_string(&message).expect("JSON");
        for json in [ours, theirs.to_string(), short] {
            let read = read(&json).unwrap_or_else(|faults| panic!("{seed}: {faults:?} in {json}"));
            let back = DynamicMessage::decode(everything.clone(), &*read).expect("good bytes");
            must_be(&back, &message, seed, &json);
        }
    }
}

/// The fields of a message on the wire, each with its key.
fn fields(mut wire: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    while !wire.is_empty() {
        let before = wire;
        let (tag, wire_type) = decode_key(&mut wire).expect("a key");
        skip_field(wire_type, tag, &mut wire, DecodeContext::default()).expect("a field");
        found.push(before[..before.len() - wire.len()].to_vec());
    }
    found
}

fn written(wire: &[u8]) -> String {
    let mut json = Vec::new();
    write(&SAMPLE_V1_EVERYTHING, wire, &mut json).expect("good bytes");
    String::from_utf8(json).expect("JSON is UTF-8")
}

#[test]
fn the_order_of_fields_and_those_of_a_newer_version_change_nothing() {
    // A field of number 1000, a varint.
    const NEWER: [u8; 3] = [0xc0, 0x3e, 0x01];
    for seed in 1..=MESSAGES {
        let wire = Dice::new(seed).message(&everything(), 2).encode_to_vec();
        let fields = fields(&wire);
        // Stable, so that what is repeated keeps its order. The field that stood first of all comes last.
        let mut turned: Vec<_> = fields.iter().collect();
        turned
            .sort_by_key(|field| std::cmp::Reverse(decode_key(&mut &field[..]).expect("a key").0));
        let turned: Vec<u8> = turned.into_iter().flatten().copied().collect();

        assert_eq!(written(&turned), written(&wire), "seed {seed}");
        assert_eq!(written(&[&wire, &NEWER[..]].concat()), written(&wire), "seed {seed}");
        assert_eq!(written(&[&NEWER[..], &wire].concat()), written(&wire), "seed {seed}");
    }
}

#[test]
fn a_deep_message_with_its_fields_in_another_order_is_written_in_time() {
    // The field `message` with itself within, and behind it one that the shape does not have.
    let deep = (0..60).fold(Vec::new(), |within: Vec<u8>, _| {
        let mut wire = vec![0xea, 0x01];
        encode_varint(within.len() as u64, &mut wire);
        [&wire[..], &within, &[0xc0, 0x3e, 0x01]].concat()
    });

    // One more try at each level would be 2^60 of them.
    assert_eq!(written(&deep).matches("\"message\":{").count(), 60);
}

/// What is wrong with a body, a line each.
fn faults(json: &str) -> Vec<String> {
    let faults = read(json).err().unwrap_or_default();
    faults.iter().map(|fault| format!("{} {}", fault.field, fault.description)).collect()
}

#[test]
fn every_fault_is_named_by_its_path_in_one_answer() {
    let json = r#"{"aBool":1,"inners":[{"anInt32":1.5},{"titel":"x","strings":["a",2,null]}],
        "by_name":{"a":"b"},"byNumber":{"x":{},"1":{"aMood":"MOOD_MAD"}},"aBool":true,"word":"a",
        "number":"1","inner":[],"ints":{},"at":"yesterday","lasts":"1","mask":"a b",
        "wrappedNumber":"x","bigger":1,"anInt64":"9223372036854775808","someBytes":"*"}"#;

    assert_eq!(
        faults(json),
        [
            "aBool must be `true` or `false`",
            "inners[0].anInt32 must be a whole number of at most 32 bits",
            "inners[1].titel is not a field of this request",
            "inners[1].strings[1] must be a text",
            "inners[1].strings[2] must not be null",
            "byName[\"a\"] must be a whole number of at most 32 bits",
            "byNumber[\"x\"] its key must be a whole number of at most 64 bits",
            "byNumber[\"1\"].aMood must be one of MOOD_UNSPECIFIED, MOOD_CALM, MOOD_LOUD",
            "aBool must be given once",
            "number must not be given with word",
            "inner must be a JSON object",
            "ints must be a list",
            "at must be a time of RFC 3339, such as 2026-11-25T22:16:35Z",
            "lasts must be a duration in seconds, such as 1.5s",
            "mask must be names of fields with commas between them",
            "wrappedNumber must be a whole number of at most 64 bits",
            "bigger is not a field of this request",
            "anInt64 must be a whole number of at most 64 bits",
            "someBytes must be a text in base64",
        ]
    );
    let many = format!("{{{}}}", vec![r#""x":1"#; 50].join(","));
    assert_eq!(faults(&many).len(), 20, "an answer has room for so many");
}

#[test]
fn a_number_may_be_written_in_any_way_that_json_has() {
    for (field, good) in [
        (
            "anInt32",
            &["7", "-2147483648", "7.0", "7e0", "70E-1", "-0", "-0.0", "2.147483647e9"][..],
        ),
        ("anInt64", &["7", "\"7\"", "\"-9223372036854775808\"", "9007199254740992.0", "1e3"]),
        ("aUint64", &["\"18446744073709551615\"", "18446744073709551615"]),
        ("aDouble", &["0", "-0", "19.99", "1e2", "1e-400", "1e308"]),
        ("aFloat", &["0", "1e38", "-1.5"]),
        ("aMood", &["\"MOOD_CALM\"", "1", "-2", "77"]),
    ] {
        for value in good {
            assert_eq!(faults(&format!("{{\"{field}\":{value}}}")), [""; 0], "{field} {value}");
        }
    }
    for (field, bad) in [
        ("anInt32", &["1.5", "2147483648", "-2147483649", "1e10", "1e400", "1e-1", "\"7\""][..]),
        ("aUint32", &["-1", "4294967296", "\"7\"", "true"]),
        ("anInt64", &["9223372036854775808", "\"+7\"", "\"07\"", "\" 7\"", "\"7.0\"", "1e19"]),
        ("aUint64", &["-1", "\"-1\"", "18446744073709551616"]),
        ("aDouble", &["1e400", "-1e309", "\"19.99\"", "\"NaN\"", "\"Infinity\"", "false", "[]"]),
        ("aFloat", &["1e39", "\"1\""]),
        ("aMood", &["\"mood_calm\"", "\"1\"", "1.5", "2147483648"]),
        ("aString", &["1", r#""\ud800""#, r#""\udc00\ud800""#, r#""\ud800x""#]),
    ] {
        for value in bad {
            assert_eq!(faults(&format!("{{\"{field}\":{value}}}")).len(), 1, "{field} {value}");
        }
    }
}

#[test]
fn null_leaves_a_field_of_any_kind_out() {
    for field in SAMPLE_V1_EVERYTHING.fields {
        let json = format!("{{\"{}\":null}}", field.json);
        assert_eq!(read(&json), Ok(Vec::new()), "{json}");
    }
    let both = r#"{"word":null,"number":"1"}"#;
    assert_eq!(faults(both), [""; 0], "one that is left out excludes no other");
}

#[test]
fn what_is_no_json_object_is_no_body() {
    for body in
        ["", "[]", "5", "null", "\"x\"", "{", "{]", "{\"a\":}", "{}{}", "nonsense", "\u{feff}{}"]
    {
        let found = faults(body);
        assert!(found.len() == 1 && found[0].starts_with("body "), "{body}: {found:?}");
    }
    let deep = format!("{{\"ints\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(faults(&deep), ["body must be nested at most 32 deep"]);
    let quoted = format!("{{\"aString\":\"{}\\\"{}\"}}", "[".repeat(99), "{".repeat(99));
    assert_eq!(faults(&quoted), [""; 0], "brackets in a text are text");
}
