//! What stops the build of a contract, and with which words.

use std::fs;

use sir0_contract_build::{Contract, Info};

const PROTO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto");

const HEAD: &str = r#"
    syntax = "proto3";
    package a.v1;
    import "google/api/annotations.proto";
    import "google/api/httpbody.proto";
    import "google/protobuf/any.proto";
    message Inner { string name = 1; repeated int32 list = 2; }
    message Request {
      int32 id = 1;
      Inner inner = 2;
      repeated int32 list = 3;
      map<string, int32> map = 4;
      google.api.HttpBody file = 5;
    }
    message Response { string text = 1; }
"#;

/// Reads a contract with these services and messages.
fn read(rest: &str) -> Result<Contract, String> {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.proto"), [HEAD, rest].concat()).expect("it is ours");
    let folders = [folder.path(), PROTO.as_ref()];
    Contract::read(&folders, &["a.proto"]).map_err(|error| error.to_string())
}

/// A service of one call that is made like this.
fn call(takes: &str, answers: &str, rule: &str) -> String {
    format!(
        "service S {{ rpc M({takes}) returns ({answers}) {{ option (google.api.http) = {{{rule}}}; }} }}"
    )
}

fn refused(rest: &str) -> String {
    read(rest).err().unwrap_or_else(|| panic!("{rest} is taken"))
}

#[test]
fn a_rule_that_rest_cannot_serve_names_its_call() {
    for (rule, why) in [
        ("get: \"/a/{other}\"", "`other` is no field of the request"),
        ("get: \"/a/{id.x}\"", "`id.x` is no field of the request"),
        ("get: \"/a/{inner}\"", "`inner` is a message"),
        ("get: \"/a/{list}\"", "`list` holds several values, a path holds one"),
        ("get: \"/a/{inner.list}\"", "`inner.list` holds several values, a path holds one"),
        ("get: \"/a/{id}/{id}\"", "`id` is there twice"),
        ("get: \"/a/{id\"", "`{` is never closed"),
        ("get: \"/a\" body: \"*\"", "`get` has no body"),
        ("delete: \"/a\" body: \"inner\"", "`delete` has no body"),
        ("post: \"/a\" body: \"x\"", "`body` names no field: `x`"),
        ("post: \"/a\" response_body: \"x\"", "`response_body` names no field: `x`"),
        ("put: \"/a/{id}\" body: \"id\"", "`id` is in the path and in the body"),
        ("custom: {kind: \"LOCK\" path: \"/a\"}", "has no method of HTTP that is served"),
    ] {
        let error = refused(&call("Request", "Response", rule));
        assert_eq!(error, format!("a.v1.S.M: {why}"), "{rule}");
    }
    let stream = call("stream Request", "Response", "post: \"/a\" body: \"*\"");
    assert_eq!(
        refused(&stream),
        "a.v1.S.M: takes a stream: its body must be a google.api.HttpBody"
    );
    let file = call("stream Request", "Response", "post: \"/a\" body: \"file\"");
    assert_eq!(read(&file).map(drop), Ok(()));
}

#[test]
fn only_a_read_that_is_the_same_to_everyone_is_tagged() {
    let with = |answers: &str, rule: &str, options: &str| {
        let call = call("Request", answers, rule).replace("}; } }", "}; OPTIONS } }");
        let options = format!("option (sir0.options.v1.call) = {{{options}}};");
        let import = "import \"sir0/options/v1/options.proto\";";
        read(&[import, &call.replace("OPTIONS", &options)].concat()).map(drop)
    };
    let (get, put) = ("get: \"/a\"", "put: \"/a\" body: \"*\"");

    for (answers, rule, options, why) in [
        (
            "Response",
            get,
            "access: ACCESS_OWNER rest_tagged: true",
            "is tagged, and not the same to everyone: let `ACCESS_ANYONE` make it",
        ),
        (
            "Response",
            put,
            "access: ACCESS_ANYONE rest_tagged: true",
            "is tagged, and is not a `get` of one message",
        ),
        (
            "stream Response",
            get,
            "access: ACCESS_ANYONE rest_tagged: true",
            "is tagged, and is not a `get` of one message",
        ),
        (
            "Response",
            get,
            "access: ACCESS_ANYONE rest_if_match: true",
            "takes `If-Match`, and changes nothing",
        ),
    ] {
        assert_eq!(with(answers, rule, options), Err(format!("a.v1.S.M: {why}")), "{options}");
    }
    assert_eq!(with("Response", get, "access: ACCESS_ANYONE rest_tagged: true"), Ok(()));
    assert_eq!(with("Response", put, "access: ACCESS_OWNER rest_if_match: true"), Ok(()));
}

#[test]
fn a_message_without_a_json_form_stops_the_build_only_over_rest() {
    let any = "message Holds { google.protobuf.Any any = 1; }";
    let over_rest = [any, &call("Holds", "Response", "post: \"/a\" body: \"*\"")].concat();
    assert_eq!(
        refused(&over_rest),
        "google.protobuf.Any: has no JSON form here: use a message of the contract"
    );
    let over_grpc = [any, "service S { rpc M(Holds) returns (Response); }"].concat();
    assert_eq!(read(&over_grpc).map(drop), Ok(()));
}

#[test]
fn two_calls_share_neither_a_path_nor_an_operation() {
    let two = |first: &str, second: &str| {
        let call = |name: &str, rule: &str| {
            format!(
                "rpc {name}(Request) returns (Response) {{ option (google.api.http) = {{{rule}}}; }}"
            )
        };
        format!("service S {{ {} {} }}", call("M", first), call("N", second))
    };
    for (first, second) in [
        ("get: \"/a/{id}\"", "get: \"/a/{inner.name}\""),
        ("get: \"/a/{id}:x\"", "get: \"/a/{inner.name=*}:x\""),
        ("get: \"/b\" additional_bindings {get: \"/a/*\"}", "get: \"/a/{id}\""),
    ] {
        let error = refused(&two(first, second));
        let (call, why) = error.split_once(": ").expect("the call and why");
        assert_eq!(call, "a.v1.S.N", "{second}");
        assert!(why.starts_with("`a.v1.S.M` has the path `GET /a/*"), "{why}");
    }
    let free = two("get: \"/a/{id}\"", "get: \"/a/last\" additional_bindings {put: \"/a/{id}\"}");
    assert_eq!(read(&free).map(drop), Ok(()));

    // The same service in another package.
    let folder = tempfile::tempdir().expect("a folder");
    let file = |package: &str, path: &str| {
        let rest = call("Request", "Response", &format!("get: \"{path}\""));
        [&HEAD.replace("package a.v1", &format!("package {package}")), &*rest].concat()
    };
    fs::write(folder.path().join("a.proto"), file("a.v1", "/a")).expect("it is ours");
    fs::write(folder.path().join("b.proto"), file("b.v1", "/b")).expect("it is ours");
    let both = Contract::read(&[folder.path(), PROTO.as_ref()], &["a.proto", "b.proto"]);
    assert_eq!(
        both.map(drop).map_err(|error| error.to_string()),
        Err("b.v1.S.M: `a.v1.S.M` has the operation `m` too".to_owned())
    );
}

#[test]
fn the_document_has_each_way_to_make_a_call() {
    let rule = "get: \"/a/{inner.name=x/*}\" additional_bindings {post: \"/a/{id}:b\" body: \"*\"}";
    let contract = read(&call("Request", "Response", rule)).expect("a good contract");
    let info = Info { title: "A", version: "1", summary: "", description: "", license: "MIT" };

    let document: serde_json::Value = serde_json::from_str(&contract.openapi(&info)).expect("JSON");

    let get = &document["paths"]["/a/{inner.name}"]["get"];
    assert_eq!(get["operationId"], "m");
    let names = get["parameters"].as_array().expect("a list").iter().map(|it| &it["name"]);
    assert_eq!(
        names.collect::<Vec<_>>(),
        ["inner.name", "id", "inner.list", "list"],
        "a map and a file fit no query"
    );
    let post = &document["paths"]["/a/{id}:b"]["post"];
    assert_eq!(post["operationId"], "m2");
    assert_eq!(
        post["requestBody"]["content"]["application/json"]["schema"]["$ref"],
        "#/components/schemas/Request"
    );
}

#[test]
fn a_package_has_its_own_calls_and_names_the_messages_of_another_by_its_crate() {
    const MONEY: &str = "message Amount { int64 minor = 1; }
        service Rates { rpc Convert(Amount) returns (Amount); }";
    const ORDERS: &str = "import \"a/money/v1/amount.proto\";
        message PayRequest { a.money.v1.Amount amount = 1; }
        message PayResponse {}
        service Orders { rpc Pay(PayRequest) returns (PayResponse); }";
    let folder = tempfile::tempdir().expect("a folder");
    for (package, file, rest) in [("money", "amount", MONEY), ("orders", "orders", ORDERS)] {
        let of_package = folder.path().join("a").join(package).join("v1");
        fs::create_dir_all(&of_package).expect("it is ours");
        let text = format!("syntax = \"proto3\"; package a.{package}.v1; {rest}");
        fs::write(of_package.join(file).with_extension("proto"), text).expect("it is ours");
    }

    let orders = Contract::read_below(folder.path(), "a/orders/v1").expect("a good package");
    let whole = Contract::read_below(folder.path(), "a").expect("a good contract");

    let rust = orders.package("a.orders.v1").expect("Rust has words for it");
    assert!(rust.contains("pub amount: ::core::option::Option<::a_contract_money::Amount>"));
    assert!(!rust.contains("pub struct Amount"), "it is the other crate's");
    assert!(rust.contains("pub static PAY: ") && !rust.contains("pub static CONVERT: "));
    let packages = whole.packages();
    assert!(packages.contains("pub use ::a_contract_money as money;"));
    assert!(packages.contains("&[\n::a_contract_money::CALLS,\n::a_contract_orders::CALLS,\n]"));
}
