//! The Postman collection of a contract with a service more: what feeds what follows from its proto text alone.

use std::{fs, path::Path};

use serde_json::{Value, json};
use sir0_contract_build::{ADDRESS, Contract, Info};

const PROTO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto");

/// A service in which people order games. Its file comes before those of the services that it needs.
const ORDERS: &str = r#"syntax = "proto3";
    package a.v1;
    import "buf/validate/validate.proto";
    import "google/api/annotations.proto";
    import "google/api/httpbody.proto";
    import "sir0/options/v1/options.proto";
    message CreateOrderRequest {
      optional int32 game_id = 1 [(sir0.options.v1.field) = {example: "1" needed: true}];
    }
    message Order {
      string order_id = 1 [(sir0.options.v1.field) = {example: "order_01j9z3k8m4"}];
      int32 game_id = 2 [(sir0.options.v1.field) = {example: "1"}];
    }
    message GetOrderRequest {
      string order_id = 1 [(sir0.options.v1.field) = {example: "order_01j9z3k8m4"}];
    }
    message DeleteOrderRequest {
      string order_id = 1 [(sir0.options.v1.field) = {example: "order_01j9z3k8m4"}];
    }
    message AttachRequest {
      string order_id = 1 [(sir0.options.v1.field) = {example: "order_01j9z3k8m4"}];
      google.api.HttpBody receipt = 2;
    }
    message Done { string message = 1 [(sir0.options.v1.field) = {example: "done"}]; }
    service OrdersService {
      option (sir0.options.v1.refusal) = {reason: "GAME_NOT_FOUND" rest_status: 404 details: "none"};
      option (sir0.options.v1.refusal) = {reason: "ORDER_NOT_FOUND" rest_status: 404 details: "none"};
      option (sir0.options.v1.refusal) = {reason: "ORDER_PAID" rest_status: 409 details: "paid"};
      rpc DeleteOrder(DeleteOrderRequest) returns (Done) {
        option (google.api.http) = {delete: "/api/orders/{order_id}"};
        option (sir0.options.v1.call) = {access: ACCESS_OWNER refusals: ["ORDER_NOT_FOUND", "ORDER_PAID"]};
      }
      rpc GetOrder(GetOrderRequest) returns (Order) {
        option (google.api.http) = {get: "/api/orders/{order_id}"};
        option (sir0.options.v1.call) = {access: ACCESS_OWNER refusals: ["ORDER_NOT_FOUND"]};
      }
      rpc Attach(AttachRequest) returns (Done) {
        option (google.api.http) = {put: "/api/orders/{order_id}:attach" body: "receipt"};
        option (sir0.options.v1.call) = {access: ACCESS_OWNER};
      }
      rpc CreateOrder(CreateOrderRequest) returns (Order) {
        option (google.api.http) = {post: "/api/orders" body: "*"};
        option (sir0.options.v1.call) = {access: ACCESS_OWNER refusals: ["GAME_NOT_FOUND"]};
      }
    }"#;

fn collection() -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("orders.proto"), ORDERS).expect("it is ours");
    let folders: [&Path; 2] = [folder.path(), PROTO.as_ref()];
    let files = [
        "orders.proto",
        "sir0/accounts/v1/accounts_service.proto",
        "sir0/storefront/v1/games_service.proto",
    ];
    let contract = Contract::read(&folders, &files).expect("a good contract");
    let info = Info { title: "A", version: "1", summary: "", description: "", license: "MIT" };
    let text = contract.postman(&info);
    assert_eq!(text.matches(ADDRESS).count(), 1);
    serde_json::from_str(&text).expect("JSON")
}

fn within<'c>(item: &'c Value, name: &str) -> &'c Value {
    let found = item["item"].as_array().into_iter().flatten().find(|item| item["name"] == name);
    found.unwrap_or_else(|| panic!("there is no {name}"))
}

fn names(folder: &Value) -> Vec<&str> {
    let items = folder["item"].as_array().expect("items").iter();
    items.map(|item| item["name"].as_str().expect("a name")).collect()
}

#[test]
fn a_folder_makes_what_its_calls_need_and_ends_it() {
    let collection = collection();

    let orders = within(&collection, "Orders");

    assert_eq!(
        names(orders),
        [
            "login, as an administrator",
            "createGame",
            "register",
            "login",
            "createOrder",
            "getOrder",
            "attach",
            "deleteOrder",
            "logout",
            "deleteGame",
            "logout, for the administrator",
        ]
    );
    let request = &within(orders, "createOrder")["request"];
    assert_eq!(request["body"]["raw"], "{\n  \"gameId\": {{gameId}}\n}");
    assert_eq!(request["auth"], Value::Null, "the token of the collection");
    let variable = &within(orders, "getOrder")["request"]["url"]["variable"];
    assert_eq!(variable, &json!([{"key": "orderId", "value": "{{orderId}}"}]));
}

#[test]
fn a_variable_before_a_verb_and_any_bytes_are_written_out() {
    let collection = collection();

    let attach = &within(within(&collection, "Orders"), "attach")["request"];

    assert_eq!(attach["url"]["raw"], "{{baseUrl}}/api/orders/{{orderId}}:attach");
    assert_eq!(attach["body"], json!({"mode": "raw", "raw": "Any bytes."}));
}

#[test]
fn a_refusal_follows_from_its_reason_or_is_left_out() {
    let collection = collection();

    let refusals = within(within(&collection, "Refusals"), "Orders");

    let expected = [
        "createOrder, with a key",
        "createOrder: INVALID_FIELDS",
        "createOrder: GAME_NOT_FOUND",
        "createOrder: SIGN_IN_REQUIRED",
        "createOrder: NOT_YOUR_ACCOUNT",
        "getOrder: INVALID_FIELDS",
    ];
    let names = names(refusals);
    let found: Vec<_> = names.iter().filter(|name| expected.contains(name)).collect();
    assert_eq!(found.len(), expected.len(), "{names:?}");
    assert!(!names.iter().any(|name| name.ends_with("ORDER_PAID")), "no rule tells how");
    let no_game = &within(refusals, "createOrder: GAME_NOT_FOUND")["request"];
    assert_eq!(no_game["body"]["raw"], "{\n  \"gameId\": 2147483647\n}");
    let no_order = &within(refusals, "getOrder: ORDER_NOT_FOUND")["request"];
    assert_eq!(no_order["url"]["variable"][0]["value"], "order_01j9z3k8m4");
    let another = &within(refusals, "getOrder: NOT_YOUR_ACCOUNT")["request"]["auth"];
    assert_eq!(another["bearer"][0]["value"], "{{anotherToken}}");
}
