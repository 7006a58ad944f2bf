//! The REST form of a contract as an OpenAPI 3.1 document: what the server really answers.

mod tags;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use crate::{
    binding::{Binding, Part},
    bounds,
    calls::{Call, Rest},
    comments,
    schema::{self, Schemas},
    shapes,
};

/// The servers of the document, until someone who knows where it is served puts their address here. It is there once.
pub const SERVERS: &str = r#""servers":[{"url":"/"}]"#;

/// What the document says of the whole.
#[derive(Clone, Copy, Debug)]
pub struct Info<'i> {
    /// The name of the API.
    pub title: &'i str,
    /// Its version.
    pub version: &'i str,
    /// One sentence on it.
    pub summary: &'i str,
    /// What a reader has to know first.
    pub description: &'i str,
    /// The SPDX identifier of its licence.
    pub license: &'i str,
}

/// The whole document.
pub(crate) fn document(calls: &[Call], info: &Info<'_>) -> String {
    let mut paths = Map::new();
    let mut schemas = Schemas::of(calls);
    for call in calls {
        for (index, binding) in call.rest.iter().flat_map(|rest| rest.bindings.iter().enumerate()) {
            let path = paths.entry(path(binding)).or_insert_with(|| json!({}));
            path[binding.verb] = operation(call, binding, index, &mut schemas);
        }
    }
    let mut schemas = schemas.into_map();
    schemas.insert("Error".to_owned(), schema::error());
    let Info { title, version, summary, description, license } = info;
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": version,
            "summary": summary,
            "description": description,
            "license": {"name": license, "identifier": license},
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
    document.to_string()
}

/// The template without the patterns of its variables, which OpenAPI does not know.
fn path(binding: &Binding) -> String {
    let mut path = String::new();
    let mut rest = binding.text.as_str();
    while let Some((before, variable)) = rest.split_once('{') {
        let (variable, after) = variable.split_once('}').unwrap_or((variable, ""));
        let name = variable.split('=').next().unwrap_or_default();
        path.extend([before, "{", name, "}"]);
        rest = after;
    }
    path + rest
}

fn operation(call: &Call, binding: &Binding, index: usize, schemas: &mut Schemas) -> Value {
    let again = if index == 0 { String::new() } else { format!("_{}", index + 1) };
    let mut operation = json!({
        "operationId": format!("{}{again}", call.operation()),
        "summary": call.comment.split('.').next(),
        "description": call.comment,
        "tags": [call.method.parent_service().name()],
        "responses": responses(call, binding, schemas),
        "security": match call.access.as_str() {
            "OWNER" | "PUBLISHER" => json!([{"accessToken": []}]),
            _ => json!([]),
        },
    });
    let mut parameters = parameters(call, binding, schemas);
    parameters.extend(call.rest.iter().flat_map(tags::conditions));
    if !parameters.is_empty() {
        operation["parameters"] = Value::Array(parameters);
    }
    let request = call.method.input();
    if binding.body.is_http_body(&request) {
        operation["requestBody"] = json!({"content": bytes(), "required": true});
    } else if let Some(schema) = part(&binding.body, &request, schemas) {
        let content = json!({"application/json": {"schema": schema}});
        operation["requestBody"] = json!({"content": content, "required": true});
    }
    operation
}

/// Any bytes.
fn bytes() -> Value {
    json!({"*/*": {"schema": {"type": "string", "format": "binary"}}})
}

/// The schema of a part of a message.
fn part(part: &Part, of: &MessageDescriptor, schemas: &mut Schemas) -> Option<Value> {
    match part {
        Part::Nothing => None,
        Part::Whole => Some(schemas.message(of)),
        Part::Field(field) => Some(schemas.field(field)),
    }
}

fn parameters(call: &Call, binding: &Binding, schemas: &mut Schemas) -> Vec<Value> {
    let names = binding.template.variables.iter().map(|variable| &variable.field);
    let mut parameters: Vec<Value> = names
        .zip(&binding.ways)
        .map(|(name, way)| {
            let field = way.last().expect("a way has a field");
            json!({
                "name": name,
                "in": "path",
                "required": true,
                "description": comments::of(&field.parent_message().parent_file(), field.path()),
                "schema": schemas.field(field),
            })
        })
        .collect();
    let of_body = |field: &FieldDescriptor| match &binding.body {
        Part::Nothing => false,
        Part::Whole => true,
        Part::Field(body) => body == field,
    };
    for field in call.method.input().fields().filter(|field| !of_body(field)) {
        query(&[field], &binding.ways, schemas, &mut parameters);
    }
    parameters
}

/// Adds the parameter that sets the field at the end of this way, or those that set its fields.
fn query(
    way: &[FieldDescriptor],
    in_path: &[Vec<FieldDescriptor>],
    schemas: &mut Schemas,
    parameters: &mut Vec<Value>,
) {
    let (last, around) = way.split_last().expect("a way has a field");
    if in_path.iter().any(|known| known == way) || last.is_map() || around.contains(last) {
        return;
    }
    if let Kind::Message(message) = last.kind()
        && !shapes::is_value(&message)
    {
        let is_file = message.full_name() == shapes::HTTP_BODY;
        for field in message.fields().filter(|_| !last.is_list() && !is_file) {
            query(&[way, &[field]].concat(), in_path, schemas, parameters);
        }
        return;
    }
    let name: Vec<_> = way.iter().map(FieldDescriptor::json_name).collect();
    parameters.push(json!({
        "name": name.join("."),
        "in": "query",
        // What a message must have is asked for only if the message is there.
        "required": around.is_empty() && bounds::of(last).is_required,
        "description": comments::of(&last.parent_message().parent_file(), last.path()),
        "schema": schemas.field(last),
    }));
}

fn responses(call: &Call, binding: &Binding, schemas: &mut Schemas) -> Value {
    let Some(Rest { success, refusals, answers, is_tagged, .. }) = &call.rest else {
        return json!({});
    };
    let response = call.method.output();
    let content = if binding.response.is_http_body(&response) {
        bytes()
    } else {
        let schema = part(&binding.response, &response, schemas).unwrap_or_default();
        if call.method.is_server_streaming() {
            json!({
                "application/json": {"schema": {"type": "array", "items": schema}},
                "application/x-ndjson": {"schema": schema},
                "text/event-stream": {"schema": {"type": "string"}},
            })
        } else {
            json!({"application/json": {"schema": schema}})
        }
    };
    let error = json!({"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}});
    let mut responses = json!({
        "default": {
            "description": "Refused for a reason any call can meet: too large, too slow, too many, or a fault of ours.",
            "content": error,
        },
    });
    for status in refusals {
        responses[status.to_string()] = json!({"description": why(*status), "content": error});
    }
    for status in answers {
        let answer = json!({"description": why(*status), "content": content});
        responses[status.to_string()] = answer;
    }
    responses[success.to_string()] = json!({"description": "Success.", "content": content});
    if *is_tagged {
        responses[success.to_string()]["headers"] = tags::headers();
        responses["304"] = json!({"description": why(304), "headers": tags::headers()});
    }
    responses
}

fn why(status: i32) -> &'static str {
    match status {
        400 => "The request is not right; `details` and `fields` name what.",
        401 => "The caller is not signed in, or the credentials are wrong.",
        403 => "The caller is signed in and may not.",
        404 => "There is no such thing.",
        304 => "The answer that the caller has is still right.",
        409 => "The thing changed since it was read.",
        412 => "The thing has no tag that `If-Match` names: it changed since it was read.",
        _ => "A fault of ours.",
    }
}
