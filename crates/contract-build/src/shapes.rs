//! Message types as JSON knows them.

use std::collections::BTreeMap;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use crate::Error;

/// The message that stands for bytes with a content type.
pub(crate) const HTTP_BODY: &str = "google.api.HttpBody";

/// How JSON writes a message; the variants of `sir0_transcoding::Form`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Object,
    Timestamp,
    Duration,
    FieldMask,
    Wrapper,
    HttpBody,
}

/// How JSON writes a message. `None` for those whose JSON is not known here.
pub(crate) fn form(message: &MessageDescriptor) -> Option<Form> {
    let Some(google) = message.full_name().strip_prefix("google.protobuf.") else {
        let is_body = message.full_name() == HTTP_BODY;
        return Some(if is_body { Form::HttpBody } else { Form::Object });
    };
    match google {
        "Timestamp" => Some(Form::Timestamp),
        "Duration" => Some(Form::Duration),
        "FieldMask" => Some(Form::FieldMask),
        "Empty" => Some(Form::Object),
        "DoubleValue" | "FloatValue" | "Int64Value" | "UInt64Value" | "Int32Value"
        | "UInt32Value" | "BoolValue" | "StringValue" | "BytesValue" => Some(Form::Wrapper),
        _ => None,
    }
}

/// Whether the field holds a secret: it is marked with `debug_redact`.
pub(crate) fn is_secret(field: &FieldDescriptor) -> bool {
    let options = field.options();
    options.get_field_by_name("debug_redact").and_then(|it| it.as_bool()).unwrap_or_default()
}

/// Whether JSON writes the message as one value, such as a text.
pub(crate) fn is_value(message: &MessageDescriptor) -> bool {
    !matches!(form(message), Some(Form::Object | Form::HttpBody) | None)
}

/// The fields that HTTP has a place for.
pub(crate) fn fields(message: &MessageDescriptor) -> Vec<FieldDescriptor> {
    let is_body = message.full_name() == HTTP_BODY;
    message.fields().filter(|field| !(is_body && field.name() == "extensions")).collect()
}

/// The message and all that it holds, by their names.
pub(crate) fn collect(
    message: &MessageDescriptor,
    known: &mut BTreeMap<String, MessageDescriptor>,
) {
    if known.insert(message.full_name().to_owned(), message.clone()).is_none() {
        for field in fields(message) {
            if let Kind::Message(inner) = field.kind() {
                collect(&inner, known);
            }
        }
    }
}

/// Refuses messages that JSON cannot write here.
pub(crate) fn judge(message: &MessageDescriptor) -> Result<(), Error> {
    let mut known = BTreeMap::new();
    collect(message, &mut known);
    for (name, message) in &known {
        if form(message).is_none() {
            return Err(Error::at(name, "has no JSON form here: use a message of the contract"));
        }
        if let Some(group) = message.fields().find(FieldDescriptor::is_group) {
            return Err(Error::at(group.full_name(), "is a group, which JSON does not have"));
        }
    }
    Ok(())
}

/// Whether a field is told apart from one with the default value.
pub(crate) fn has_presence(field: &FieldDescriptor) -> bool {
    let in_oneof = oneof(field).is_some();
    in_oneof || field.supports_presence() && !matches!(field.kind(), Kind::Message(_))
}

/// The `oneof` of a field, unless it only stands for `optional`.
pub(crate) fn oneof(field: &FieldDescriptor) -> Option<String> {
    let oneof = field.containing_oneof().filter(|oneof| !oneof.is_synthetic());
    oneof.map(|oneof| oneof.name().to_owned())
}
