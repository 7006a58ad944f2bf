//! Schemas of messages and fields, as Google's JSON mapping writes them.

use std::collections::BTreeMap;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use prost_types::EnumValueDescriptorProto;
use serde_json::{Map, Value, json};

use crate::{
    Error, bounds,
    calls::Call,
    comments, described,
    shapes::{self, Form},
};

/// The schema of the body of a refusal.
pub(crate) const ERROR: &str = "Error";
/// The schema of a field at fault.
pub(crate) const FIELD_FAULT: &str = "FieldFault";

/// The name of a message in the document: without its package, and without dots, which generators make underscores,
/// namespaces or nothing of.
fn name_of(message: &MessageDescriptor) -> String {
    let name = message.full_name();
    let within = name.strip_prefix(message.package_name()).unwrap_or(name);
    within.split('.').collect()
}

/// Refuses messages that the document could not tell apart.
pub(crate) fn judge(calls: &[Call]) -> Result<(), Error> {
    let mut messages = BTreeMap::new();
    for call in calls.iter().filter(|call| call.rest.is_some()) {
        shapes::collect(&call.method.input(), &mut messages);
        shapes::collect(&call.method.output(), &mut messages);
    }
    let ours = [ERROR, FIELD_FAULT].map(|name| (name.to_owned(), "a refusal".to_owned()));
    let mut names = BTreeMap::from(ours);
    for message in messages.into_values().filter(|message| !shapes::is_value(message)) {
        let name = name_of(&message);
        if let Some(other) = names.insert(name.clone(), message.full_name().to_owned()) {
            let why = format!("`{other}` has the schema `{name}` too");
            return Err(Error::at(message.full_name(), why));
        }
    }
    Ok(())
}

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
        if let Some(format) = described::of(field).format {
            schema["format"] = json!(format);
        }
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
                let name = name_of(message);
                if !self.known.contains_key(&name) {
                    // Known before it is written: it may hold itself.
                    self.known.insert(name.clone(), Value::Null);
                    let schema = self.object(message);
                    self.known.insert(name.clone(), schema);
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
            let described = described::of(&field);
            let is_required = bounds::of(&field).is_required || described.is_needed;
            if in_path.is_some() && !is_answered && !is_required {
                schema = or_null(schema);
            }
            schema["description"] = json!(comments::of(&file, field.path()));
            if let Some(example) = described.example {
                schema["examples"] = json!([example]);
            }
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
    let text = |description: &str| json!({"type": "string", "description": description});
    let fault = json!({"$ref": format!("#/components/schemas/{FIELD_FAULT}")});
    json!({
        "description": "A refusal.",
        "type": "object",
        "required": ["error", "details", "reason"],
        "properties": {
            "error": text("The reason in words."),
            "details": text("What happened and what to do, for people. It may read differently tomorrow."),
            "reason": text("The reason, for programs: the same word as gRPC's `ErrorInfo.reason`."),
            "fields": {
                "type": "array",
                "description": "The fields that are at fault, if the refusal is about fields.",
                "items": fault,
            },
        },
    })
}

/// What a refusal says of one field.
pub(crate) fn field_fault() -> Value {
    let text = |description: &str| json!({"type": "string", "description": description});
    json!({
        "description": "What is wrong with one field.",
        "type": "object",
        "required": ["field", "description"],
        "properties": {
            "field": text("The way to the field, as JSON spells it: `lines[2].unitPrice`."),
            "description": text("What the field must be. The text is read behind the name of the field."),
        },
    })
}
