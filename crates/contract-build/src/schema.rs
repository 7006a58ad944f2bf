//! Schemas of messages and fields, as Google's JSON mapping writes them.

use std::collections::BTreeMap;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use prost_types::EnumValueDescriptorProto;
use serde_json::{Map, Value, json};

use crate::{
    bounds,
    calls::Call,
    comments,
    shapes::{self, Form},
};

/// Schemas of the messages that were asked for, by their full names.
pub(crate) struct Schemas {
    known: BTreeMap<String, Value>,
    /// Messages that requests hold, with the fields that the path holds already.
    asked: BTreeMap<String, Vec<String>>,
    /// Messages that answers hold.
    answered: BTreeMap<String, MessageDescriptor>,
}

impl Schemas {
    pub(crate) fn of(calls: &[Call]) -> Self {
        let (mut requests, mut answered) = (BTreeMap::new(), BTreeMap::new());
        let mut in_path: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for call in calls {
            let Some(rest) = &call.rest else { continue };
            shapes::collect(&call.method.input(), &mut requests);
            shapes::collect(&call.method.output(), &mut answered);
            let request = call.method.input();
            let always = request.fields().filter(|field| {
                rest.bindings.iter().all(|it| it.ways.iter().any(|way| *way == [field.clone()]))
            });
            let names = always.map(|field| field.name().to_owned()).collect();
            in_path.insert(request.full_name().to_owned(), names);
        }
        let asked = requests.into_keys().map(|name| {
            let in_path = in_path.remove(&name).unwrap_or_default();
            (name, in_path)
        });
        Self { known: BTreeMap::new(), asked: asked.collect(), answered }
    }

    pub(crate) fn into_map(self) -> Map<String, Value> {
        self.known.into_iter().collect()
    }

    /// The schema of all that a field holds.
    pub(crate) fn field(&mut self, field: &FieldDescriptor) -> Value {
        let kind = field.kind();
        let mut schema = match &kind {
            Kind::Message(entry) if field.is_map() => {
                let value = self.value(&entry.map_entry_value_field().kind());
                json!({"type": "object", "additionalProperties": value})
            }
            _ if field.is_list() => json!({"type": "array", "items": self.value(&kind)}),
            _ => self.value(&kind),
        };
        bounds::of(field).narrow(&mut schema);
        schema
    }

    /// The schema of one value.
    pub(crate) fn value(&mut self, kind: &Kind) -> Value {
        match kind {
            Kind::Bool => json!({"type": "boolean"}),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
                json!({"type": "integer", "format": "int32"})
            }
            Kind::Uint32 | Kind::Fixed32 => {
                json!({"type": "integer", "minimum": 0, "maximum": u32::MAX})
            }
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
                json!({"type": "string", "format": "int64"})
            }
            Kind::Uint64 | Kind::Fixed64 => json!({"type": "string", "format": "uint64"}),
            Kind::Float => json!({"type": "number", "format": "float"}),
            Kind::Double => json!({"type": "number", "format": "double"}),
            Kind::String => json!({"type": "string"}),
            Kind::Bytes => json!({"type": "string", "contentEncoding": "base64"}),
            Kind::Enum(of) => {
                let values = &of.enum_descriptor_proto().value;
                let names: Vec<_> = values.iter().map(EnumValueDescriptorProto::name).collect();
                json!({"type": "string", "enum": names})
            }
            Kind::Message(message) => self.message(message),
        }
    }

    /// The schema of a message.
    pub(crate) fn message(&mut self, message: &MessageDescriptor) -> Value {
        match shapes::form(message) {
            Some(Form::Timestamp) => json!({"type": "string", "format": "date-time"}),
            Some(Form::Duration) => {
                json!({"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$"})
            }
            Some(Form::FieldMask) => json!({"type": "string"}),
            Some(Form::Wrapper) => {
                message.fields().next().map(|value| self.field(&value)).unwrap_or_default()
            }
            Some(Form::Object | Form::HttpBody) | None => {
                let name = message.full_name();
                if !self.known.contains_key(name) {
                    // Known before it is written: it may hold itself.
                    self.known.insert(name.to_owned(), Value::Null);
                    let schema = self.object(message);
                    self.known.insert(name.to_owned(), schema);
                }
                json!({"$ref": format!("#/components/schemas/{name}")})
            }
        }
    }

    fn object(&mut self, message: &MessageDescriptor) -> Value {
        let file = message.parent_file();
        let in_path = self.asked.get(message.full_name()).cloned();
        let is_answered = self.answered.contains_key(message.full_name());
        let (mut properties, mut always, mut required) = (Map::new(), Vec::new(), Vec::new());
        for field in shapes::fields(message) {
            if in_path.iter().flatten().any(|name| name == field.name()) {
                continue;
            }
            let mut schema = self.field(&field);
            let is_required = bounds::of(&field).is_required;
            if in_path.is_some() && !is_answered && !is_required {
                schema = or_null(schema);
            }
            schema["description"] = json!(comments::of(&file, field.path()));
            properties.insert(field.json_name().to_owned(), schema);
            // Answers carry every field but those of a `oneof` and those marked `optional`.
            if field.containing_oneof().is_none() {
                always.push(field.json_name().to_owned());
            }
            if is_required {
                required.push(field.json_name().to_owned());
            }
        }
        let comment = comments::of(&file, message.path());
        let mut schema = json!({"type": "object", "description": comment});
        if !properties.is_empty() {
            schema["properties"] = Value::Object(properties);
        }
        if in_path.is_some() && !is_answered {
            schema["additionalProperties"] = json!(false);
        }
        let required = if in_path.is_some() { required } else { always };
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        schema
    }
}

/// In a request `null` leaves a field out, of any kind.
fn or_null(mut schema: Value) -> Value {
    let Some(kind) = schema.get("type").cloned() else {
        return json!({"anyOf": [schema, {"type": "null"}]});
    };
    schema["type"] = json!([kind, "null"]);
    if let Some(values) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        values.push(Value::Null);
    }
    schema
}

/// The body of a refusal.
pub(crate) fn error() -> Value {
    json!({
        "description": "A refusal. `error` says it in words, `reason` is the same word as gRPC's `ErrorInfo.reason`.",
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {"type": "string"},
            "details": {"type": "string"},
            "reason": {"type": "string"},
            "fields": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["field", "description"],
                    "properties": {"field": {"type": "string"}, "description": {"type": "string"}},
                },
            },
        },
    })
}
