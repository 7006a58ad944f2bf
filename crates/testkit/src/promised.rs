//! What the OpenAPI document promises of refusals. Every story over REST holds the refusals that it meets against it.

use std::sync::LazyLock;

use http::Method;
use serde_json::{Map, Value};
use sir0_contract::OPENAPI;

use crate::Answer;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let document = OPENAPI.join("\"servers\":[]");
    serde_json::from_str(&document).expect("the document is JSON")
});

/// The OpenAPI document of the contract, without servers.
#[must_use]
pub fn openapi() -> &'static Value {
    &DOCUMENT
}

/// Fails if the call of the document that this request makes refuses in a way that the document does not tell.
pub(crate) fn must_be_documented(method: &Method, path: &str, answer: &Answer) {
    let Some(reason) = answer.json["reason"].as_str() else { return };
    let Some(operation) = operation(method, path) else { return };
    let responses = &operation["responses"];
    let told = responses.get(answer.status.to_string()).unwrap_or(&responses["default"]);
    assert!(
        reasons(told).any(|known| known == reason),
        "{method} {path} refuses with {} {reason}, which the document does not tell of {}",
        answer.status,
        operation["operationId"],
    );
}

/// The reasons that an answer of the document may have.
pub fn reasons(response: &Value) -> impl Iterator<Item = &str> {
    let schema = &response["content"]["application/json"]["schema"];
    let either = schema["anyOf"].as_array().map_or(std::slice::from_ref(schema), Vec::as_slice);
    let parts = either.iter().filter_map(|schema| schema["allOf"].as_array()).flatten();
    let listed = parts.filter_map(|part| part["properties"]["reason"]["enum"].as_array());
    listed.flatten().filter_map(Value::as_str)
}

fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let verb = if *method == Method::HEAD { "get" } else { &*method.as_str().to_lowercase() };
    let paths: &'static Map<_, _> = DOCUMENT["paths"].as_object().expect("a document has paths");
    // A template that is this very path counts more than one with a variable.
    let same = paths.get(path);
    let found = same.or_else(|| {
        let mut found = paths.iter().filter(|(template, _)| is_made_of(path, template));
        found.next().map(|(_, operations)| operations)
    });
    found?.get(verb)
}

fn is_made_of(path: &str, template: &str) -> bool {
    let (path, template) = (path.split('/'), template.split('/'));
    path.clone().count() == template.clone().count()
        && path.zip(template).all(|(part, of)| {
            part == of || of.starts_with('{') && !part.is_empty() && !part.contains(':')
        })
}
