//! What the document says of a call beside its shape: examples, and the reasons for which it refuses.

use std::{fs, path::Path};

use serde_json::{Value, json};
use sir0_contract_build::{Contract, Info, SERVERS};

const PROTO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto");

/// A contract whose service has these options, whose call promises this, and whose messages hold this.
fn read(
    of_service: &str,
    promises: &str,
    of_request: &str,
    more: &str,
) -> Result<Contract, String> {
    let file = format!(
        r#"syntax = "proto3";
        package a.v1;
        import "buf/validate/validate.proto";
        import "google/api/annotations.proto";
        import "google/protobuf/timestamp.proto";
        import "sir0/options/v1/options.proto";
        message MakeRequest {{ {of_request} }}
        message MakeResponse {{ string text = 1 [(sir0.options.v1.field).example = "made"]; }}
        {more}
        // Makes things.
        service ThingsService {{
          {of_service}
          rpc Make(MakeRequest) returns (MakeResponse) {{
            option (google.api.http) = {{put: "/a/{{id}}" body: "*"}};
            option (sir0.options.v1.call) = {{{promises}}};
          }}
        }}"#
    );
    read_file(&file)
}

fn read_file(file: &str) -> Result<Contract, String> {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.proto"), file).expect("it is ours");
    let folders: [&Path; 2] = [folder.path(), PROTO.as_ref()];
    Contract::read(&folders, &["a.proto"]).map_err(|error| error.to_string())
}

fn document(contract: &Contract) -> Value {
    let info = Info { title: "A", version: "1", summary: "", description: "", license: "MIT" };
    serde_json::from_str(&contract.openapi(&info)).expect("JSON")
}

/// The call in the document of a contract whose request holds this.
fn made_of(of_request: &str, more: &str) -> Value {
    let contract = read("", "access: ACCESS_ANYONE", of_request, more).expect("a good contract");
    document(&contract)["paths"]["/a/{id}"]["put"].clone()
}

const ID: &str = "int32 id = 1 [(sir0.options.v1.field).example = \"7\"];";

fn body_of(call: &Value) -> &Value {
    &call["requestBody"]["content"]["application/json"]["example"]
}

#[test]
fn an_example_of_a_body_has_the_fields_that_have_one_and_none_of_the_path() {
    let call = made_of(
        &format!(
            r#"{ID}
            string name = 2 [(sir0.options.v1.field).example = "007"];
            string note = 3;
            int64 big = 4 [(sir0.options.v1.field).example = "5"];
            repeated int32 few = 5 [(sir0.options.v1.field).example = "[1, 2]"];
            google.protobuf.Timestamp at = 6 [(sir0.options.v1.field).example = "2027-01-01T00:00:00Z"];
            Inner inner = 7;
            Inner other = 8;"#
        ),
        r#"message Inner { bool is_old = 1 [(sir0.options.v1.field).example = "true"]; }"#,
    );

    let inner = json!({"isOld": true});
    let expected = json!({
        "name": "007", "big": "5", "few": [1, 2], "at": "2027-01-01T00:00:00Z",
        "inner": inner, "other": inner,
    });
    assert_eq!(*body_of(&call), expected);
    assert_eq!(call["parameters"][0]["example"], 7);
    let answer = &call["responses"]["200"]["content"]["application/json"];
    assert_eq!(answer["example"], json!({"text": "made"}));
}

#[test]
fn there_is_no_example_without_what_is_required() {
    let needed = r#"string name = 2 [(sir0.options.v1.field) = {needed: true}];
        string note = 3 [(sir0.options.v1.field).example = "a"];"#;
    let call = made_of(&format!("{ID} {needed}"), "");

    assert!(body_of(&call).is_null());
    let contract = read("", "access: ACCESS_ANYONE", &format!("{ID} {needed}"), "");
    let request = &document(&contract.expect("good"))["components"]["schemas"]["MakeRequest"];
    assert_eq!(request["required"], json!(["name"]));
    assert_eq!(request["properties"]["name"]["type"], "string", "`null` would leave it out");
    let nothing = made_of(&format!("{ID} string note = 2;"), "");
    assert!(body_of(&nothing).is_null());
}

#[test]
fn an_example_of_another_type_stops_the_build() {
    for (field, why) in [
        ("int32 id = 1 [(sir0.options.v1.field).example = \"seven\"];", "the example is no JSON"),
        ("int32 id = 1 [(sir0.options.v1.field).example = \"true\"];", "the example `true` is of"),
        (
            "repeated int32 id = 1 [(sir0.options.v1.field).example = \"7\"];",
            "the example `7` is of",
        ),
    ] {
        let error = read("", "", field, "").map(drop).expect_err(field);
        assert!(error.starts_with(&format!("a.v1.MakeRequest.id: {why}")), "{error}");
    }
}

const GONE: &str = r#"option (sir0.options.v1.refusal) = {
    reason: "THING_GONE" rest_status: 410 details: "thing 7 is gone" field: "id" fault: "is gone"
};"#;

#[test]
fn each_answer_that_refuses_lists_its_reasons_and_shows_each() {
    let busy = r#"option (sir0.options.v1.refusal) = {
        reason: "BUSY" rest_status: 429 details: "later" tells_wait: true
    };"#;
    let promises = r#"access: ACCESS_PUBLISHER refusals: ["THING_GONE", "BUSY"]"#;
    let contract = read(&[GONE, busy].concat(), promises, ID, "").expect("a good contract");
    let document = document(&contract);
    let responses = &document["paths"]["/a/{id}"]["put"]["responses"];

    let reasons = |status: &str| {
        let schema = &responses[status]["content"]["application/json"]["schema"];
        schema["allOf"][1]["properties"]["reason"]["enum"].clone()
    };
    assert_eq!(reasons("410"), json!(["THING_GONE"]));
    assert_eq!(reasons("401"), json!(["SIGN_IN_REQUIRED"]));
    assert_eq!(reasons("403"), json!(["PUBLISHER_ROLE_REQUIRED", "SCOPE_MISSING"]));
    assert_eq!(
        reasons("429"),
        json!(["BUSY", "TOO_MANY_REQUESTS", "TOO_MUCH_WAITING"]),
        "any call can meet the others"
    );
    let faulty = reasons("400");
    assert_eq!(
        [&faulty[0], &faulty[1]],
        ["KEY_REUSED", "INVALID_FIELDS"],
        "any call can meet the second"
    );
    assert_eq!(reasons("409"), json!(["STILL_RUNNING"]));
    let others = reasons("default");
    let others = others.as_array().expect("a list");
    assert!(others.contains(&json!("UNAVAILABLE")) && !others.contains(&json!("TOO_MUCH_WAITING")));
    assert!(responses["429"]["headers"]["Retry-After"].is_object());
    assert!(responses["410"]["headers"].is_null());
    assert_eq!(
        document["components"]["examples"]["THING_GONE"]["value"],
        json!({
            "error": "Thing gone", "reason": "THING_GONE", "details": "thing 7 is gone",
            "fields": [{"field": "id", "description": "is gone"}],
        })
    );
}

#[test]
fn a_reason_that_its_service_does_not_describe_stops_the_build() {
    let promises = r#"access: ACCESS_ANYONE refusals: ["THING_LOST"]"#;
    assert_eq!(
        read(GONE, promises, ID, "").map(drop),
        Err("a.v1.ThingsService.Make: refuses with `THING_LOST`, which ThingsService does not describe"
            .to_owned())
    );
    let blank = "option (sir0.options.v1.refusal) = {reason: \"THING_LOST\"};";
    assert_eq!(
        read(blank, promises, ID, "").map(drop),
        Err("a.v1.ThingsService: `THING_LOST` lacks a status or a message".to_owned())
    );
    for request in ["[]", "7", "thing"] {
        let wrong = format!(
            "option (sir0.options.v1.refusal) = {{reason: \"THING_LOST\" example_request: \"{request}\"}};"
        );
        assert_eq!(
            read(&wrong, promises, ID, "").map(drop),
            Err("a.v1.ThingsService: `THING_LOST` has a request that is no object".to_owned())
        );
    }
}

#[test]
fn two_messages_of_one_name_stop_the_build() {
    let nested = "message A { message BC {} BC bc = 1; } message AB { message C {} C c = 1; }";
    let error = read("", "", &format!("{ID} A a = 2; AB ab = 3;"), nested).map(drop);
    assert_eq!(error, Err("a.v1.AB.C: `a.v1.A.BC` has the schema `ABC` too".to_owned()));
    let error = read("", "", &format!("{ID} Error error = 2;"), "message Error {}").map(drop);
    assert_eq!(error, Err("a.v1.Error: `a refusal` has the schema `Error` too".to_owned()));
}

#[test]
fn names_have_no_dots_and_the_servers_stand_alone() {
    let contract = read("", "access: ACCESS_ANYONE", ID, "").expect("a good contract");
    let info = Info { title: "A", version: "1", summary: "", description: "", license: "MIT" };
    let text = contract.openapi(&info);
    let document = document(&contract);

    assert_eq!(text.matches(SERVERS).count(), 1);
    assert_eq!(document["tags"], json!([{"name": "Things", "description": "Makes things."}]));
    let call = &document["paths"]["/a/{id}"]["put"];
    assert_eq!((&call["operationId"], &call["tags"]), (&json!("make"), &json!(["Things"])));
    let schemas = document["components"]["schemas"].as_object().expect("an object");
    let names: Vec<_> = schemas.keys().collect();
    assert_eq!(names, ["Error", "FieldFault", "MakeRequest", "MakeResponse"]);
}

#[test]
fn a_change_whose_answer_holds_a_secret_anywhere_is_not_answered_twice() {
    let file = r#"syntax = "proto3";
        package a.v1;
        import "google/api/annotations.proto";
        import "sir0/options/v1/options.proto";
        message MakeRequest { string text = 1; }
        message MakeResponse { Made made = 1; }
        message Made { repeated Key keys = 1; }
        message Key { string secret = 1 [debug_redact = true]; }
        // Makes things.
        service ThingsService {
          rpc Make(MakeRequest) returns (MakeResponse) {
            option (google.api.http) = {post: "/a" body: "*"};
            option (sir0.options.v1.call) = {access: ACCESS_PUBLISHER};
          }
        }"#;
    let contract = read_file(file).expect("a good contract");

    let rust = contract.package("a.v1").expect("Rust");
    let refused = &document(&contract)["paths"]["/a"]["post"]["responses"]["409"];
    let schema = &refused["content"]["application/json"]["schema"];

    assert!(rust.contains("keying: Keying::Refused"));
    let reasons = &schema["allOf"][1]["properties"]["reason"]["enum"];
    assert_eq!(*reasons, json!(["STILL_RUNNING", "ALREADY_DONE"]));
}

#[test]
fn an_answer_that_another_page_may_follow_has_a_link_to_it() {
    let links = |answers: &str, rule: &str, promises: &str| {
        let file = format!(
            r#"syntax = "proto3";
            package a.v1;
            import "google/api/annotations.proto";
            import "sir0/options/v1/options.proto";
            message ListRequest {{ string page_token = 1; int32 id = 2; }}
            message ListResponse {{ repeated int32 ids = 1; optional string next_page_token = 2; }}
            message WholeResponse {{ repeated int32 ids = 1; }}
            // Lists things.
            service ThingsService {{
              rpc List(ListRequest) returns ({answers}) {{
                option (google.api.http) = {{{rule}}};
                option (sir0.options.v1.call) = {{access: ACCESS_ANYONE {promises}}};
              }}
            }}"#
        );
        let contract = read_file(&file).expect("a good contract");
        let is_in_table = contract.package("a.v1").expect("Rust").contains("paging: Some(Paging");
        let document = document(&contract);
        let paths = document["paths"].as_object().expect("paths");
        let calls = paths.values().flat_map(|path| path.as_object().expect("calls").values());
        let responses: Vec<_> = calls.map(|call| call["responses"].clone()).collect();
        let linked = |status: &str| {
            let header = |it: &Value| it[status]["headers"]["Link"].is_object();
            responses.iter().any(header)
        };
        assert_eq!(is_in_table, linked("200"));
        (linked("200"), linked("304"))
    };
    let (get, page) = ("get: \"/a\"", "ListResponse");

    assert_eq!(links(page, get, ""), (true, false));
    assert_eq!(links(page, get, "rest_tagged: true"), (true, true));
    assert_eq!(links(page, "get: \"/a/{id}\" response_body: \"ids\"", ""), (true, false));
    assert_eq!(links("WholeResponse", get, "rest_tagged: true"), (false, false));
    assert_eq!(links("stream ListResponse", get, ""), (false, false));
    assert_eq!(links(page, "get: \"/a/{page_token}\"", ""), (false, false));
    assert_eq!(links(page, "post: \"/a\" body: \"*\"", ""), (false, false));
}
