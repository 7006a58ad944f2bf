//! Brings the generated OpenAPI document to what the server really answers: documented statuses, the one error
//! body, comments as descriptions, required fields, sign-in.

use std::{collections::BTreeMap, error::Error, fs, path::Path};

use prost_reflect::{DescriptorPool, MessageDescriptor};
use serde_json::{Map, Value, json};

use crate::calls::{Call, Rest};

/// The whole document, as JSON text.
pub(crate) fn document(
    out: &Path,
    pool: &DescriptorPool,
    calls: &[Call],
) -> Result<String, Box<dyn Error>> {
    let mut paths = Map::new();
    let mut schemas = BTreeMap::new();
    for part in generated_parts(out)? {
        for (path, operations) in object(&part["paths"])? {
            for (verb, operation) in object(operations)? {
                let call = find(calls, operation["operationId"].as_str().unwrap_or_default())?;
                let known = paths.entry(path.clone()).or_insert_with(|| json!({}));
                known[verb] = operation_of(call, operation.clone())?;
            }
        }
        for (name, schema) in object(&part["components"]["schemas"])? {
            let schema = pool
                .get_message_by_name(name)
                .map_or_else(|| schema.clone(), |message| described(&message, schema, calls));
            schemas.insert(name.clone(), schema);
        }
    }
    schemas.remove("google.rpc.Status");
    schemas.insert("Error".to_owned(), error_schema());

    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "SIR0",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "A games distribution platform anyone can run.",
            "description": "The same calls are served over gRPC, gRPC-Web and REST on this port.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "accessToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            },
        },
    });
    Ok(serde_json::to_string(&document)?)
}

fn generated_parts(out: &Path) -> Result<Vec<Value>, Box<dyn Error>> {
    let mut names: Vec<_> =
        fs::read_dir(out)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    names.retain(|path| path.to_string_lossy().ends_with(".openapi.json"));
    names.sort();
    names.iter().map(|path| Ok(serde_json::from_str(&fs::read_to_string(path)?)?)).collect()
}

fn operation_of(call: &Call, mut operation: Value) -> Result<Value, Box<dyn Error>> {
    let Rest { success, refusals, .. } =
        call.rest.as_ref().ok_or("an operation of a call without REST")?;
    let summary = call.comment.split('.').next().unwrap_or_default();
    operation["summary"] = json!(summary);
    operation["description"] = json!(call.comment);
    operation["tags"] = json!([call.service.rsplit('.').next()]);
    for parameter in
        operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten()
    {
        let name = parameter["name"].as_str().unwrap_or_default();
        let by_name = call
            .request
            .get_field_by_name(name)
            .or_else(|| call.request.get_field_by_json_name(name));
        if let Some(field) = by_name {
            parameter["description"] = json!(field_comment(&field));
        }
    }

    let mut answer = operation["responses"]["200"].take();
    if call.streaming {
        let items = answer["content"]["application/json"]["schema"]["items"].clone();
        answer["content"]["application/x-ndjson"] = json!({"schema": items});
        answer["content"]["text/event-stream"] = json!({"schema": {"type": "string"}});
    }
    let mut responses = Map::from_iter([(success.to_string(), answer)]);
    for status in refusals {
        // `GetStatus` says in its own words that the platform is ill.
        let schema = match (call.name.as_str(), status) {
            ("GetStatus", 500) => {
                json!({"$ref": "#/components/schemas/sir0.status.v1.GetStatusResponse"})
            }
            _ => json!({"$ref": "#/components/schemas/Error"}),
        };
        responses.insert(status.to_string(), answer_of(*status, &schema));
    }
    responses.insert(
        "default".to_owned(),
        json!({
            "description": "Refused for a reason any call can meet: too large, too slow, too many, or a fault of ours.",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
        }),
    );
    operation["responses"] = Value::Object(responses);

    operation["security"] = match call.access.as_str() {
        "OWNER" | "PUBLISHER" => json!([{"accessToken": []}]),
        _ => json!([]),
    };
    Ok(operation)
}

fn answer_of(status: i32, schema: &Value) -> Value {
    let description = match status {
        400 => "The request is not right; `details` and `fields` name what.",
        401 => "Nobody is signed in, or the credentials are wrong.",
        403 => "Whoever is signed in may not.",
        404 => "There is no such thing.",
        409 => "The thing changed since it was read.",
        _ => "A fault of ours.",
    };
    json!({"description": description, "content": {"application/json": {"schema": schema}}})
}

/// Adds the comments of the file, and marks what an answer always carries.
fn described(message: &MessageDescriptor, schema: &Value, calls: &[Call]) -> Value {
    let mut schema = schema.clone();
    schema["description"] = json!(message_comment(message));
    let request_of = calls.iter().find(|call| call.request == *message);
    let is_request = request_of.is_some();
    let mut always = Vec::new();
    for field in message.fields() {
        schema["properties"][field.json_name()]["description"] = json!(field_comment(&field));
        let template = request_of.and_then(|call| Some(call.rest.as_ref()?.template.as_str()));
        if template.is_some_and(|template| template.contains(&format!("{{{}}}", field.name()))) {
            // The path holds the field; the body need not.
            schema["properties"]
                .as_object_mut()
                .map(|properties| properties.remove(field.json_name()));
        }
        // Answers carry every field but those of a `oneof` and those marked `optional`; see `emit_fields`.
        if !is_request && field.containing_oneof().is_none() {
            always.push(field.json_name().to_owned());
        }
    }
    if is_request {
        schema["additionalProperties"] = json!(false);
    } else if !always.is_empty() {
        schema["required"] = json!(always);
    }
    schema
}

fn message_comment(message: &MessageDescriptor) -> String {
    comment_at(&message.parent_file(), message.path())
}

fn field_comment(field: &prost_reflect::FieldDescriptor) -> String {
    comment_at(&field.parent_message().parent_file(), field.path())
}

fn comment_at(file: &prost_reflect::FileDescriptor, path: &[i32]) -> String {
    let proto = file.file_descriptor_proto();
    let locations = proto.source_code_info.iter().flat_map(|info| &info.location);
    let mut found = locations.filter(|location| location.path == path);
    let text = found.find_map(|location| location.leading_comments.clone()).unwrap_or_default();
    text.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

fn error_schema() -> Value {
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

fn find<'a>(calls: &'a [Call], name: &str) -> Result<&'a Call, Box<dyn Error>> {
    calls
        .iter()
        .find(|call| call.name == name)
        .ok_or_else(|| format!("no call is named {name}").into())
}

fn object(value: &Value) -> Result<&Map<String, Value>, Box<dyn Error>> {
    value.as_object().ok_or_else(|| "the generated document has another shape now".into())
}
