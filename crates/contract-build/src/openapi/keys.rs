//! Idempotency keys: the header of a request that has one, and of an answer that was given before.

use serde_json::{Value, json};

/// The header that names a request. It has no example: a key that is used twice changes nothing the second time.
pub(super) fn header() -> Value {
    json!({
        "name": "Idempotency-Key",
        "in": "header",
        "required": false,
        "description": "Names this request, so that it may be sent again when its answer was lost: within 24 hours it changes \
            nothing more, and is answered as before. Take a random UUID for each request.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[!-~]*$"},
    })
}

/// The header of an answer that was given before.
pub(super) fn mark() -> Value {
    json!({
        "description": "`true` if this was answered before, to a request with the same `Idempotency-Key`.",
        "schema": {"type": "string", "enum": ["true"]},
    })
}
