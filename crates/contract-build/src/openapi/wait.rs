//! The end of a stream that a client asks for: the header of its request, and of the answer.

use serde_json::{Value, json};

/// The header that says how long a stream goes on. It has no example, because the docs page would send it, and shows streams
/// that go on.
pub(super) fn header() -> Value {
    json!({
        "name": "Prefer",
        "in": "header",
        "required": false,
        "description": "`wait=2`, or other seconds (RFC 7240): the stream ends by itself after so long, between two messages. Else it \
            goes on until the client or the server leaves.",
        "schema": {"type": "string"},
    })
}

/// The header of an answer that ends so.
pub(super) fn mark() -> Value {
    json!({
        "description": "The `wait` of the request, if the stream ends by it.",
        "schema": {"type": "string"},
    })
}
