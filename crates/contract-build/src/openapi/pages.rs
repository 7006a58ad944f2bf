//! Pages: the header of an answer that another page follows.

use serde_json::{Value, json};

/// The header that leads to the next page.
pub(super) fn link() -> Value {
    json!({
        "description": "The next page, as `<?pageToken=…>; rel=\"next\"` (RFC 8288): a reference relative to the address of this \
            one, with the other parameters of the request. Absent on the last page.",
        "schema": {"type": "string"},
    })
}
