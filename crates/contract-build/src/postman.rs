//! A Postman collection (format 2.1.0) of the REST form of a contract, and the environment that it needs. A run from top to
//! bottom makes every call with success, and then is refused for every reason that a request alone can meet.
//!
//! 1. [`operation`]: the calls of the document, and which of their answers feed which requests.
//! 2. [`request`]: a call as the collection makes it.
//! 3. [`refused`]: the same, changed so that it is refused.
//! 4. [`plan`]: what has to come before a request.
//! 5. [`scripts`]: what is asked of an answer, and what is kept of it.

mod operation;
mod plan;
mod refused;
mod request;
mod scripts;
mod shape;

use serde_json::{Value, json};

use crate::{calls::Call, openapi, openapi::Info};
use operation::Operation;
use plan::Plan;
use request::Request;

/// Where the collection and the environment ask, until someone who knows where they are served puts their address here.
/// It is there once in each.
pub const ADDRESS: &str = "http://127.0.0.1:8080";

const FORMAT: &str = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";

/// What a reader of the collection has to know, whatever the contract says.
const HOW: &str = "\
## How to run it

Import the environment too, put the e-mail and the password of an administrator into `adminEmail` and \
`adminPassword`, and choose it. Then run the collection, or a folder: each makes the accounts and the things that its \
requests need, and ends with what it removes and signs out. The accounts of players that it made stay, because no call \
removes one. A run needs no edit, and may be repeated.

* `{{token}}` is the access token of the person who signed in last, `{{adminToken}}` that of the administrator. Requests keep \
them, and the ids of what they made, in variables of the collection.
* A request that is sent alone needs what the requests above it in its folder have made.
* Rows that are not ticked may be left out of a request.
* `Refusals` has each refusal that a request alone can meet.
";

/// The collection, as JSON to be read by people too.
pub(crate) fn collection(calls: &[Call], info: &Info<'_>) -> String {
    let document = openapi::value(calls, info);
    let operations = operation::all(calls, &document);
    let mut folders: Vec<Value> = operation::groups(&operations)
        .into_iter()
        .map(|group| service(&operations, group, &document))
        .collect();
    folders.push(refused::folder(&operations));
    let Info { title, version, summary, description, .. } = info;
    pretty(&json!({
        "info": {
            "name": title,
            "description": format!("{summary}\n\n{description}\n{HOW}"),
            "version": version,
            "schema": FORMAT,
        },
        "auth": request::bearer("token"),
        "event": [scripts::of_every_answer()],
        "variable": [{"key": "baseUrl", "value": ADDRESS, "type": "string"}],
        "item": folders,
    }))
}

/// The environment of the collection: the server, and someone who may do what not everyone may.
pub(crate) fn environment(calls: &[Call], info: &Info<'_>) -> String {
    let document = openapi::value(calls, info);
    let operations = operation::all(calls, &document);
    let row = |key: &str, value: &str, kind: &str| json!({"key": key, "value": value, "type": kind, "enabled": true});
    let mut values = vec![row("baseUrl", ADDRESS, "default")];
    let asked = request::asked_of_admin(&operations);
    values.extend(asked.iter().map(|name| {
        let is_secret = name.to_lowercase().contains("password");
        row(name, "", if is_secret { "secret" } else { "default" })
    }));
    pretty(&json!({"name": info.title, "values": values, "_postman_variable_scope": "environment"}))
}

/// A service as a folder: what makes things, what uses them, what ends them.
fn service(operations: &[Operation<'_>], group: &str, document: &Value) -> Value {
    let mut plan = Plan::of(operations);
    for operation in operation::in_order(operations, group) {
        plan.add(&Request::of(operation, operations));
    }
    plan.end_what_was_made_for(group);
    let groups = document["tags"].as_array().into_iter().flatten();
    let description =
        groups.clone().find(|tag| tag["name"] == group).map(|tag| &tag["description"]);
    json!({"name": group, "description": description, "item": plan.into_items()})
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}
