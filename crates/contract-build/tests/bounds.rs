//! Bounds that `buf.validate` states: what becomes of them, and which stop the build.

use std::{fs, path::Path};

use serde_json::{Value, json};
use sir0_contract_build::{Contract, Info};

const PROTO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto");

/// A contract whose request holds this, and is a body and a query.
fn file(of_request: &str) -> String {
    format!(
        r#"syntax = "proto3";
        package a.v1;
        import "buf/validate/validate.proto";
        import "google/api/annotations.proto";
        import "google/protobuf/timestamp.proto";
        enum Mood {{ MOOD_UNSPECIFIED = 0; MOOD_CALM = 1; MOOD_LOUD = 2; }}
        message Inner {{ string name = 1; }}
        message Response {{}}
        message Request {{ {of_request} }}
        service S {{ rpc M(Request) returns (Response) {{
          option (google.api.http) = {{
            post: "/a" body: "*" additional_bindings {{get: "/a"}}
          }};
        }} }}"#
    )
}

fn read_file(file: &str) -> Result<Contract, String> {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.proto"), file).expect("it is ours");
    let folders: [&Path; 2] = [folder.path(), PROTO.as_ref()];
    Contract::read(&folders, &["a.proto"]).map_err(|error| error.to_string())
}

/// Reads a contract whose request has one field, `f`, with this rule.
fn read(field: &str, rule: &str) -> Result<Contract, String> {
    read_file(&file(&format!("{field} f = 1 [(buf.validate.field){rule}];")))
}

fn document(contract: &Contract) -> Value {
    let info = Info { title: "A", version: "1", summary: "", description: "", license: "MIT" };
    serde_json::from_str(&contract.openapi(&info)).expect("JSON")
}

/// The table of the contract.
fn table(contract: &Contract) -> String {
    contract.package("a.v1").expect("Rust has words for it")
}

/// A field, its rule, and what the table and the schema say of it.
const CARRIED: &[(&str, &str, &str, &str)] = &[
    ("int32", ".int32.gte = -1", "Bound::AtLeast(-1.0)", r#"{"minimum": -1}"#),
    ("sint32", ".sint32.lt = 5", "Bound::LessThan(5.0)", r#"{"exclusiveMaximum": 5}"#),
    ("fixed32", ".fixed32.lte = 5", "Bound::AtMost(5.0)", r#"{"minimum": 0, "maximum": 5}"#),
    ("float", ".float.gt = -1.5", "Bound::MoreThan(-1.5)", r#"{"exclusiveMinimum": -1.5}"#),
    ("double", ".double.lte = 999999.99", "Bound::AtMost(999999.99)", r#"{"maximum": 999999.99}"#),
    ("optional string", ".string.min_len = 1", "Bound::MinChars(1)", r#"{"minLength": 1}"#),
    ("string", ".string.max_len = 9", "Bound::MaxChars(9)", r#"{"maxLength": 9}"#),
    ("string", ".string = {max_len: 9 max_bytes: 7}", "Bound::MaxBytes(7)", r#"{"maxLength": 7}"#),
    ("string", ".string = {max_len: 5 max_bytes: 7}", "Bound::MaxBytes(7)", r#"{"maxLength": 5}"#),
    (
        "optional string",
        ".string.len = 2",
        "Bound::MaxChars(2)",
        r#"{"minLength": 2, "maxLength": 2}"#,
    ),
    (
        "string",
        ".string.pattern = \"^[a-z]*$\"",
        "Bound::Pattern(&A_V1_REQUEST_F_PATTERN)",
        r#"{"pattern": "^[a-z]*$"}"#,
    ),
    (
        "string",
        ".string = {in: [\"\", \"a\"]}",
        "Bound::OneOf(&[\"\", \"a\"])",
        r#"{"enum": ["", "a"]}"#,
    ),
    ("bytes", ".bytes.max_len = 4", "Bound::MaxBytes(4)", r#"{"maxLength": 8}"#),
    ("optional bytes", ".bytes.min_len = 1", "Bound::MinBytes(1)", r#"{"minLength": 2}"#),
    (
        "Mood",
        ".enum = {in: [0, 2]}",
        "Bound::Values(&[(\"MOOD_UNSPECIFIED\", 0), (\"MOOD_LOUD\", 2)])",
        r#"{"enum": ["MOOD_UNSPECIFIED", "MOOD_LOUD"]}"#,
    ),
    (
        "Mood",
        ".enum.defined_only = true",
        "Bound::Values(",
        r#"{"enum": ["MOOD_UNSPECIFIED", "MOOD_CALM", "MOOD_LOUD"]}"#,
    ),
    ("repeated int32", ".repeated.max_items = 3", "Bound::MaxItems(3)", r#"{"maxItems": 3}"#),
    (
        "repeated int32",
        ".repeated.items.int32.gte = 1",
        "Bound::Each(&[Bound::AtLeast(1.0),])",
        r#"{"items": {"type": "integer", "format": "int32", "minimum": 1}}"#,
    ),
    ("map<string, string>", ".map.max_pairs = 3", "Bound::MaxItems(3)", r#"{"maxProperties": 3}"#),
    (
        "map<string, string>",
        ".map.values.string.max_len = 3",
        "Bound::Each(&[Bound::MaxChars(3),])",
        r#"{"additionalProperties": {"type": "string", "maxLength": 3}}"#,
    ),
];

#[test]
fn a_bound_is_in_the_table_and_in_the_document() {
    let (mut fields, mut expected) = (Vec::new(), Vec::new());
    for (field, rule, in_table, in_schema) in CARRIED {
        let at = format!("f{}", fields.len());
        let number = fields.len() + 1;
        fields.push(format!("{field} {at} = {number} [(buf.validate.field){rule}];"));
        let in_schema: Value = serde_json::from_str(in_schema).expect("JSON");
        expected.push((at, in_table.replace("_F_", &format!("_F{}_", number - 1)), in_schema));
    }
    let contract = read_file(&file(&fields.concat())).expect("a good contract");
    let (table, document) = (table(&contract), document(&contract));
    let body = &document["components"]["schemas"]["Request"]["properties"];
    let query = document["paths"]["/a"]["get"]["parameters"].as_array().expect("a list");

    for (at, in_table, in_schema) in expected {
        let line = table.split("Field {").find(|line| line.contains(&format!("name: \"{at}\"")));
        let line = line.expect("a field of the table");
        assert!(line.contains(&in_table), "{in_table} in {line}");
        let query = query.iter().find(|parameter| parameter["name"] == *at);
        for (name, expected) in in_schema.as_object().expect("an object") {
            let mut of_body = body[&at][name].clone();
            if let ("enum", Value::Array(values)) = (&**name, &mut of_body) {
                assert_eq!(values.pop(), Some(Value::Null), "{at}: `null` leaves a field out");
            }
            assert_eq!(of_body, *expected, "{name} of {}", body[&at]);
            // A map fits no query.
            let in_query = query.map(|query| &query["schema"][name]);
            assert!(in_query.is_none_or(|it| it == expected), "{name} of {query:?}");
        }
    }
    assert_eq!(query.len(), fields.len() - 2, "all but the maps");
}

#[test]
fn what_is_required_is_asked_for_in_a_body_and_in_a_query() {
    let required = "= {required: true}";
    for (field, rule, least) in [
        ("optional int32", required, None),
        ("Mood", "= {required: true enum: {in: [1]}}", None),
        ("int32", "= {required: true int32: {gte: 1}}", None),
        ("string", required, Some("minLength")),
        ("bytes", required, Some("minLength")),
        ("repeated int32", required, Some("minItems")),
    ] {
        let contract = read(field, rule).unwrap_or_else(|error| panic!("{field}: {error}"));

        assert!(table(&contract).contains("Bound::Required"), "{field}");
        let document = document(&contract);
        let request = &document["components"]["schemas"]["Request"];
        assert_eq!(request["required"], json!(["f"]), "{field}");
        let query = &document["paths"]["/a"]["get"]["parameters"][0];
        assert_eq!(query["required"], true, "{field}");
        for schema in [&request["properties"]["f"], &query["schema"]] {
            assert!(least.is_none_or(|least| schema[least].is_number()), "{field}: {schema}");
        }
    }
    let named = document(&read("string", required).expect("a good contract"));
    let request = &named["components"]["schemas"]["Request"];
    assert_eq!(request["properties"]["f"]["type"], "string", "`null` would leave it out");
    let optional = document(&read("string", ".string.max_len = 3").expect("a good contract"));
    let request = &optional["components"]["schemas"]["Request"];
    assert_eq!(request["properties"]["f"]["type"], json!(["string", "null"]));
    assert!(optional["components"]["schemas"]["Request"]["required"].is_null());
    assert_eq!(optional["paths"]["/a"]["get"]["parameters"][0]["required"], false);
}

const CEL: &str = r#"{id: "a" message: "b" expression: "true"}"#;

/// A field, a rule that stops the build, and why.
const REFUSED: &[(&str, &str, &str)] = &[
    (
        "string",
        r#".cel = {id: "a" message: "b" expression: "true"}"#,
        "`cel` cannot be carried here",
    ),
    ("string", ".string.email = true", "`string.email` cannot be carried here"),
    ("string", ".string.prefix = \"a\"", "`string.prefix` cannot be carried here"),
    ("string", ".ignore = IGNORE_ALWAYS", "`ignore` cannot be carried here"),
    ("int32", ".int32.const = 1", "`int32.const` cannot be carried here"),
    ("double", ".double.finite = true", "`double.finite` cannot be carried here"),
    ("Mood", ".enum.not_in = 0", "`enum.not_in` cannot be carried here"),
    ("Mood", ".enum.in = 7", "`enum.in` has 7, which has no name"),
    ("bool", ".bool.const = true", "`bool.const` cannot be carried here"),
    ("repeated int32", ".repeated.unique = true", "`repeated.unique` cannot be carried here"),
    (
        "repeated int32",
        ".repeated.items.cel_expression = \"true\"",
        "`repeated.items.cel_expression` cannot be carried here",
    ),
    ("repeated int32", ".repeated.items.int32.in = 1", "`int32.in` cannot be carried here"),
    ("map<string, int32>", ".map.keys.string.min_len = 1", "`map.keys` cannot be carried here"),
    ("string", ".int32.gte = 1", "`int32` cannot bound a field of type string"),
    ("repeated int32", ".int32.gte = 1", "`int32` cannot be carried here"),
    ("int64", ".int64.gte = 0", "JSON writes 64 bits as a text, for which OpenAPI has no bounds"),
    ("float", ".float.lte = 0.1", "32 bits do not hold 0.1 exactly: make it a `double`"),
    ("double", ".double = {lte: inf}", "inf bounds nothing"),
    ("int32", ".int32 = {gte: 5 lt: 2}", "nothing is above 5 and below 2"),
    ("string", ".string.pattern = \"[\"", "`[` is no pattern"),
    (
        "string",
        ".string.pattern = \"^\\\\w*$\"",
        "`\\w` means other things elsewhere: spell it out",
    ),
    ("string", ".string.pattern = \"(?i)a*\"", "`(?` means other things elsewhere"),
    (
        "string",
        ".string.min_len = 1",
        "is refused when it is left out: mark it `required` or `optional`",
    ),
    ("int32", ".int32.gte = 1", "is refused when it is left out: mark it `required` or `optional`"),
    (
        "repeated int32",
        ".repeated.min_items = 1",
        "is refused when it is left out: mark it `required` or `optional`",
    ),
    ("int32", ".required = true", "is required, and takes what is left out: mark it `optional`"),
    (
        "google.protobuf.Timestamp",
        ".timestamp.lt_now = true",
        "`timestamp` cannot be carried here, and a Timestamp takes `required` alone",
    ),
];

#[test]
fn a_bound_that_cannot_be_carried_stops_the_build_and_names_its_field() {
    for (field, rule, why) in REFUSED {
        let error = read(field, rule).err().unwrap_or_else(|| panic!("{rule} is taken"));
        assert!(error.starts_with(&format!("a.v1.Request.f: {why}")), "{rule}: {error}");
    }
    for (of_request, expected) in [
        (
            format!("option (buf.validate.message).cel = {CEL};"),
            "a.v1.Request: `buf.validate.message` cannot be carried",
        ),
        (
            "oneof one { option (buf.validate.oneof).required = true; int32 f = 1; }".to_owned(),
            "a.v1.Request.one: `buf.validate.oneof` cannot be carried",
        ),
        (
            format!(
                "Deep deep = 1; message Deep {{ string g = 1 [(buf.validate.field).cel = {CEL}]; }}"
            ),
            "a.v1.Request.Deep.g: `cel` cannot be carried here",
        ),
    ] {
        let error = read_file(&file(&of_request)).map(drop);
        assert_eq!(error, Err(expected.to_owned()));
    }
}

#[test]
fn a_bound_within_a_message_is_told_where_the_message_is_described() {
    let deep = "Deep deep = 1; message Deep { optional int32 g = 1 [(buf.validate.field).required = true]; }";
    let document = document(&read_file(&file(deep)).expect("a good contract"));

    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["RequestDeep"]["required"], json!(["g"]));
    assert!(schemas["Request"]["required"].is_null());
    let query = &document["paths"]["/a"]["get"]["parameters"][0];
    assert_eq!((&query["name"], &query["required"]), (&json!("deep.g"), &json!(false)));
}

#[test]
fn clients_are_told_the_bounds_without_a_word_about_what_bounds_are() {
    let contract = read("string", ".string.max_len = 3").expect("a good contract");

    let text = String::from_utf8_lossy(contract.descriptors());
    assert!(!text.contains("Protovalidate"), "a comment of validate.proto");
    let pool = prost_reflect::DescriptorPool::decode(contract.descriptors()).expect("descriptors");
    let request = pool.get_message_by_name("a.v1.Request").expect("it is in the file");
    let bounds = pool.get_extension_by_name("buf.validate.field").expect("it is imported");
    let options = request.get_field_by_name("f").expect("its field").options();
    assert!(options.has_extension(&bounds));
}
