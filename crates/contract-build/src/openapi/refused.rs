//! Refusals in the document: for each status of a call the reasons that have it, a closed list, and an example of each.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::guide;
use crate::{
    calls::{Call, Rest},
    refusals::{Refusal, of_any_call, that_follow},
    schema,
};

/// The statuses of a call with their reasons. What any call can meet stands under `default`, unless the call has other
/// reasons for the same status.
pub(super) fn responses(call: &Call) -> Value {
    let Some(rest) = &call.rest else { return json!({}) };
    let mut by_status = BTreeMap::<_, Vec<Refusal>>::new();
    let own = own(call, rest).into_iter();
    for refusal in own.chain(of_any_call()) {
        let is_told_alone =
            rest.refusals.contains(&refusal.status) || rest.answers.contains(&refusal.status);
        let status = if is_told_alone { refusal.status.to_string() } else { "default".to_owned() };
        let refusals = by_status.entry(status).or_default();
        if refusals.iter().all(|known| known.reason != refusal.reason) {
            refusals.push(refusal);
        }
    }
    by_status.into_iter().map(|(status, refusals)| (status, response(&refusals))).collect()
}

/// What the file names, and what follows from the rest of what it says.
fn own(call: &Call, rest: &Rest) -> Vec<Refusal> {
    [rest.named.clone(), that_follow(call)].concat()
}

/// An answer that refuses for one of these reasons.
fn response(refusals: &[Refusal]) -> Value {
    let reasons: Vec<_> = refusals.iter().map(|refusal| &*refusal.reason).collect();
    let mut statuses: Vec<_> = refusals.iter().map(|refusal| refusal.status).collect();
    statuses.dedup();
    let examples = reasons.iter().map(|reason| {
        let example = format!("#/components/examples/{reason}");
        ((*reason).to_owned(), json!({"$ref": example}))
    });
    let is_one = statuses.len() == 1;
    let named = refusals.iter().map(|Refusal { reason, status, .. }| {
        if is_one { format!("`{reason}`") } else { format!("`{reason}` ({status})") }
    });
    let named: Vec<_> = named.collect();
    let why = match &*statuses {
        [status] => why(*status),
        _ => {
            "Refused for a reason that any call can meet: too large, too slow, too many, or a fault of ours."
        }
    };
    let mut properties = json!({"reason": {"type": "string", "enum": reasons}});
    for (member, facts) in refusals.iter().filter_map(|refusal| refusal.facts.as_ref()) {
        properties[member] = schema_of(facts);
    }
    let mut response = json!({
        "description": format!("{why} {}.", named.join(", ")),
        "content": {"application/json": {
            "schema": {"allOf": [
                {"$ref": format!("#/components/schemas/{}", schema::ERROR)},
                {"type": "object", "properties": properties},
            ]},
            "examples": examples.collect::<Map<_, _>>(),
        }},
    });
    if refusals.iter().any(|refusal| refusal.tells_wait) {
        let description = "In how many seconds trying again makes sense.";
        let seconds = json!({"type": "integer", "minimum": 1});
        let header = json!({"description": description, "schema": seconds});
        response["headers"]["Retry-After"] = header;
    }
    if statuses == [401] {
        let description = "The way to sign in: `Bearer`.";
        let header = json!({"description": description, "schema": {"type": "string"}});
        response["headers"]["WWW-Authenticate"] = header;
    }
    response
}

/// Each refusal of the document as its body reads, by its reason.
pub(super) fn examples(calls: &[Call]) -> Map<String, Value> {
    let own = calls.iter().flat_map(|call| call.rest.iter().flat_map(|rest| own(call, rest)));
    let mut examples = Map::new();
    for refusal in of_any_call().into_iter().chain(own) {
        let Refusal { reason, kind, details, field, facts, .. } = refusal;
        let error = words(kind.as_deref().unwrap_or(&reason));
        let mut body = json!({"error": error, "details": details, "reason": reason});
        if let Some((field, fault)) = field {
            body["fields"] = json!([{"field": field, "description": fault}]);
        }
        if let Some((member, facts)) = facts {
            body[member] = facts.into();
        }
        let description = guide::of_reason(&reason);
        let example = json!({"description": description, "value": body});
        examples.entry(reason).or_insert(example);
    }
    examples
}

/// The schema of facts such as these.
fn schema_of(facts: &Map<String, Value>) -> Value {
    let schema = |fact: &Value| match fact {
        Value::Array(_) => json!({"type": "array", "items": {"type": "string"}}),
        _ => json!({"type": "string"}),
    };
    let properties: Map<_, _> =
        facts.iter().map(|(name, fact)| (name.clone(), schema(fact))).collect();
    json!({"type": "object", "properties": properties})
}

/// A reason in words, as the REST door writes it: `Game not found`.
fn words(reason: &str) -> String {
    let (first, rest) = reason.split_at(1);
    first.to_owned() + &rest.replace('_', " ").to_lowercase()
}

pub(super) fn why(status: i32) -> &'static str {
    match status {
        400 => "The request is not right.",
        401 => "The caller is not signed in, or the credentials are wrong.",
        403 => "The caller is signed in and may not.",
        404 => "There is no such thing.",
        409 => "Another request came first.",
        412 => "The thing has no tag that `If-Match` names: it changed since it was read.",
        429 => "Too much at once.",
        500 => "A fault of ours.",
        _ => "Refused.",
    }
}
