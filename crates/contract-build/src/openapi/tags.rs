//! Entity tags: the headers of requests that name them, and of answers that have one.

use serde_json::{Value, json};

use crate::calls::Rest;

/// The headers that make an answer or a change depend on a tag.
pub(super) fn conditions(rest: &Rest) -> Vec<Value> {
    let header = |name: &str, description: &str| {
        json!({
            "name": name,
            "in": "header",
            "required": false,
            "description": description,
            "schema": {"type": "string"},
        })
    };
    let mut headers = Vec::new();
    if rest.is_tagged {
        let description = "Tags of answers that the caller has. If one of them is still right, the answer is 304.";
        headers.push(header("If-None-Match", description));
    }
    if rest.takes_conditions {
        let description = "The `ETag` of what is to change, as it was read. If it changed since, the answer is 412.";
        headers.push(header("If-Match", description));
    }
    headers
}

/// The headers of an answer that has a tag.
pub(super) fn headers() -> Value {
    let header =
        |description: &str| json!({"description": description, "schema": {"type": "string"}});
    json!({
        "ETag": header("Names these bytes. The same on every server, and another one in each content coding."),
        "Vary": header("`accept-encoding`, if the answer is long enough for a content coding."),
        "Cache-Control": header(
            "`no-cache`: anyone may keep the answer, and asks each time whether it is still right.",
        ),
    })
}
