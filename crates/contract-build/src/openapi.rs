//! The REST form of a contract as an OpenAPI 3.1 document: what the server really answers.

mod examples;
mod guide;
mod keys;
mod pages;
mod refused;
mod tags;
mod wait;
mod words;

use std::collections::BTreeMap;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use crate::{
    binding::{Binding, Part},
    bounds,
    calls::{Call, FileType, Rest},
    comments, described,
    schema::{self, Schemas},
    shapes,
};
use examples::Side;

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

/// The whole document as text.
pub(crate) fn document(calls: &[Call], info: &Info<'_>) -> String {
    value(calls, info).to_string()
}

/// The whole document.
pub(crate) fn value(calls: &[Call], info: &Info<'_>) -> Value {
    let mut document = written(calls, info);
    words::in_names_of_rest(&mut document, calls);
    document
}

/// The document in the words of the files.
fn written(calls: &[Call], info: &Info<'_>) -> Value {
    let mut paths = Map::new();
    let mut schemas = Schemas::of(calls);
    for call in calls {
        for (index, binding) in call.rest.iter().flat_map(|rest| rest.bindings.iter().enumerate()) {
            let path = paths.entry(path(binding)).or_insert_with(|| json!({}));
            path[binding.verb] = operation(call, binding, index, &mut schemas);
        }
    }
    let mut schemas = schemas.into_map();
    schemas.insert(schema::ERROR.to_owned(), schema::error());
    schemas.insert(schema::FIELD_FAULT.to_owned(), schema::field_fault());
    let Info { title, version, summary, description, license } = info;
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": version,
            "summary": summary,
            "description": description,
            "license": {"name": license, "identifier": license},
        },
        "servers": [{"url": "/"}],
        "externalDocs": guide::of_all(),
        "tags": groups(calls),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "examples": refused::examples(calls),
            "securitySchemes": {
                "accessToken": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "The `token` that a sign-in answers with, as `Authorization: Bearer <token>`.",
                },
            },
        },
    })
}

/// Each service as a group of calls, with what its file says about it.
fn groups(calls: &[Call]) -> Vec<Value> {
    let mut groups = BTreeMap::new();
    for call in calls.iter().filter(|call| call.rest.is_some()) {
        let service = call.method.parent_service();
        let comment = comments::of(&service.parent_file(), service.path());
        groups.insert(group(call), comment);
    }
    let groups = groups.into_iter();
    groups.map(|(name, comment)| json!({"name": name, "description": comment})).collect()
}

/// The group of a call: `GamesService` without `Service`.
fn group(call: &Call) -> String {
    let service = call.method.parent_service();
    service.name().trim_end_matches("Service").to_owned()
}

/// The template without the patterns of its variables, which OpenAPI does not know.
pub(crate) fn path(binding: &Binding) -> String {
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
    let again = if index == 0 { String::new() } else { (index + 1).to_string() };
    let mut operation = json!({
        "operationId": format!("{}{again}", call.operation()),
        "summary": call.comment.split('.').next(),
        "description": call.comment,
        "tags": [group(call)],
        "responses": responses(call, binding, schemas),
        "security": match call.access.as_str() {
            "OWNER" | "PUBLISHER" | "SIGNED_IN" | "ADMIN" => json!([{"accessToken": []}]),
            _ => json!([]),
        },
    });
    let mut parameters = parameters(call, binding, schemas);
    parameters.extend(call.rest.iter().flat_map(tags::conditions));
    parameters.extend(call.takes_key.then(keys::header));
    parameters.extend(says_many(call, binding).then(wait::header));
    if !parameters.is_empty() {
        operation["parameters"] = Value::Array(parameters);
    }
    let request = call.method.input();
    if binding.body.is_http_body(&request) {
        let example = call.rest.iter().flat_map(|rest| &rest.files).next();
        let file = bytes(example.map(|file| &*file.example));
        operation["requestBody"] = json!({"content": {FILE: file}, "required": true});
    } else if let Some(schema) = part(&binding.body, &request, schemas) {
        let mut content = json!({"schema": schema});
        let in_path: Vec<_> = binding.ways.iter().filter(|way| way.len() == 1).flatten().collect();
        let in_path: Vec<_> = in_path.into_iter().cloned().collect();
        if let Some(example) = examples::of(&binding.body, &request, Side::Asks, &in_path) {
            content["example"] = example;
        }
        operation["requestBody"] =
            json!({"content": {"application/json": content}, "required": true});
    }
    operation
}

/// Whether the answer is a stream of messages, and not one file.
fn says_many(call: &Call, binding: &Binding) -> bool {
    call.method.is_server_streaming() && !binding.response.is_http_body(&call.method.output())
}

/// What a request with a file is said to have. Any type is taken; generators of clients know this one.
pub(crate) const FILE: &str = "application/octet-stream";

/// A file, and what one may look like.
fn bytes(example: Option<&str>) -> Value {
    let mut file = json!({"schema": {"type": "string", "format": "binary"}});
    if let Some(example) = example {
        file["example"] = json!(example);
    }
    file
}

/// The files that an answer may be, by their media types.
fn files(types: &[FileType]) -> Value {
    if types.is_empty() {
        return json!({"*/*": bytes(None)});
    }
    let file = |it: &FileType| {
        (it.media_type.clone(), json!({"schema": {"type": "string"}, "example": it.example}))
    };
    types.iter().map(file).collect::<Map<_, _>>().into()
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
            let mut parameter = json!({
                "name": name,
                "in": "path",
                "required": true,
                "description": comments::of(&field.parent_message().parent_file(), field.path()),
                "schema": schemas.field(field),
            });
            if let Some(example) = described::of(field).example {
                parameter["example"] = example;
            }
            parameter
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
    // What a message must have is asked for only if the message is there.
    let is_required = around.is_empty() && bounds::of(last).is_required;
    let mut parameter = json!({
        "name": name.join("."),
        "in": "query",
        "required": is_required,
        "description": comments::of(&last.parent_message().parent_file(), last.path()),
        "schema": schemas.field(last),
    });
    if let Some(example) = described::of(last).example.filter(|_| is_required) {
        parameter["example"] = example;
    }
    parameters.push(parameter);
}

fn responses(call: &Call, binding: &Binding, schemas: &mut Schemas) -> Value {
    let Some(rest) = &call.rest else { return json!({}) };
    let Rest { success, answers, answers_example, is_tagged, paging, .. } = rest;
    let example = examples::of(&binding.response, &call.method.output(), Side::Answers, &[]);
    let mut responses = refused::responses(call);
    for status in answers {
        let differs = example.clone().map(|example| changed(example, answers_example.as_ref()));
        let mut content = content(call, binding, schemas, differs);
        // A fault of ours has the same status.
        let refusal = responses[status.to_string()]["content"]["application/json"].take();
        if refusal.is_object() {
            let one = &mut content["application/json"];
            one["schema"] = json!({"anyOf": [one["schema"], refusal["schema"]]});
            let mut examples = refusal["examples"].clone();
            if let Some(example) = one.as_object_mut().and_then(|one| one.remove("example")) {
                examples["Answer"] = json!({"value": example});
            }
            one["examples"] = examples;
        }
        responses[status.to_string()] = json!({
            "description": format!("The answer, if it tells bad news. Else: {}", refused::why(*status)),
            "content": content,
        });
    }
    let message = call.method.output();
    let says = comments::of(&message.parent_file(), message.path());
    let says = if says.is_empty() { "Success.".to_owned() } else { says };
    let content = content(call, binding, schemas, example);
    responses[success.to_string()] = json!({"description": says, "content": content});
    if call.takes_key {
        responses[success.to_string()]["headers"] = json!({"Idempotency-Replayed": keys::mark()});
    }
    if says_many(call, binding) {
        responses[success.to_string()]["headers"] = json!({"Preference-Applied": wait::mark()});
    }
    if *is_tagged {
        responses[success.to_string()]["headers"] = tags::headers();
        responses["304"] = json!({
            "description": "The answer that the caller has is still right.",
            "headers": tags::headers(),
        });
    }
    if paging.is_some() {
        // A 304 stands for the same page.
        for status in [success.to_string(), "304".to_owned()] {
            if let Some(response) = responses.get_mut(status) {
                response["headers"]["Link"] = pages::link();
            }
        }
    }
    responses
}

/// An example with some members in the place of those of the same name.
fn changed(mut example: Value, by: Option<&Value>) -> Value {
    for (name, value) in by.and_then(Value::as_object).into_iter().flatten() {
        example[name] = value.clone();
    }
    example
}

/// What an answer holds, in each media type that it may have.
fn content(call: &Call, binding: &Binding, schemas: &mut Schemas, example: Option<Value>) -> Value {
    let response = call.method.output();
    if binding.response.is_http_body(&response) {
        return files(call.rest.as_ref().map_or(&[], |rest| &rest.files));
    }
    let schema = part(&binding.response, &response, schemas).unwrap_or_default();
    let typed = |schema: Value, example: Option<Value>| match example {
        Some(example) => json!({"schema": schema, "example": example}),
        None => json!({"schema": schema}),
    };
    if !call.method.is_server_streaming() {
        return json!({"application/json": typed(schema, example)});
    }
    let event = example.as_ref().map(|message| {
        let id = message["resumeToken"].as_str().map(|token| format!("id: {token}\n"));
        json!(format!("{}data: {message}\n\n", id.unwrap_or_default()))
    });
    let several = example.as_ref().map(|message| json!([message]));
    json!({
        "application/json": typed(json!({"type": "array", "items": schema}), several),
        "application/x-ndjson": typed(schema, example),
        "text/event-stream": typed(json!({"type": "string"}), event),
    })
}
