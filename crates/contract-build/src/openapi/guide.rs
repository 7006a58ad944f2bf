//! The guide that is served beside the document: where the whole leads, and each reason.

use serde_json::{Value, json};

/// Where the guide is, from where the document is.
const GUIDE: &str = "docs/guide";

/// What the whole document says about the guide.
pub(super) fn of_all() -> Value {
    json!({
        "description": "The guide: sign-in, pages, errors, keys, conditional requests, limits, streams and the WebSocket.",
        "url": GUIDE,
    })
}

/// What the example of a refusal says about its reason.
pub(super) fn of_reason(reason: &str) -> String {
    format!("[What it means and what to do]({GUIDE}#{reason})")
}
