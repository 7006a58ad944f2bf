//! The documented shape of an answer, in the words that every judge of JSON Schema knows. A format, a bound and a
//! description are left out: the tests of the contract judge those.

use serde_json::{Map, Value, json};

const KEPT: [&str; 3] = ["type", "required", "enum"];

/// The schema with the schemas that it names inside it.
pub(super) fn of(schema: &Value, components: &Value) -> Value {
    within(schema, components, &mut Vec::new())
}

fn within(schema: &Value, components: &Value, around: &mut Vec<String>) -> Value {
    if let Some(name) = schema["$ref"].as_str() {
        if around.iter().any(|known| known == name) {
            return json!({});
        }
        around.push(name.to_owned());
        let name = name.rsplit('/').next().unwrap_or_default();
        let shape = within(&components["schemas"][name], components, around);
        around.pop();
        return shape;
    }
    let mut shape = Map::new();
    for (key, value) in schema.as_object().into_iter().flatten() {
        let kept = match key.as_str() {
            "properties" => {
                let properties = value.as_object().into_iter().flatten();
                let properties =
                    properties.map(|(name, it)| (name.clone(), within(it, components, around)));
                Value::Object(properties.collect())
            }
            "items" | "additionalProperties" => within(value, components, around),
            key if KEPT.contains(&key) => value.clone(),
            _ => continue,
        };
        shape.insert(key.clone(), kept);
    }
    if shape.is_empty() && schema.is_boolean() { schema.clone() } else { Value::Object(shape) }
}
