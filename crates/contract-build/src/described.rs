//! What a file says of a field for the document alone: an example, a format, and that nothing goes without it.

use prost_reflect::{DescriptorPool, FieldDescriptor, Kind};
use serde_json::Value;

use crate::{
    Error,
    shapes::{self, Form},
};

/// `sir0.options.v1.field` of a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Described {
    pub(crate) example: Option<Value>,
    pub(crate) format: Option<String>,
    pub(crate) is_needed: bool,
}

/// Refuses an example that is no JSON of its field's kind.
pub(crate) fn judge(pool: &DescriptorPool) -> Result<(), Error> {
    for field in pool.all_messages().flat_map(|message| message.fields().collect::<Vec<_>>()) {
        read(&field).map_err(|why| Error::at(field.full_name(), why))?;
    }
    Ok(())
}

/// What the file says of a field. [`judge`] has refused what could not be read.
pub(crate) fn of(field: &FieldDescriptor) -> Described {
    read(field).unwrap_or_default()
}

fn read(field: &FieldDescriptor) -> Result<Described, String> {
    let Some(extension) = field.parent_pool().get_extension_by_name("sir0.options.v1.field") else {
        return Ok(Described::default());
    };
    let options = field.options();
    if !options.has_extension(&extension) {
        return Ok(Described::default());
    }
    let said = options.get_extension(&extension);
    let said = said.as_message().ok_or("`sir0.options.v1.field` is no message")?;
    let text = |name: &str| {
        let text = said.get_field_by_name(name);
        text.and_then(|text| text.as_str().map(str::to_owned)).filter(|text| !text.is_empty())
    };
    let needed = said.get_field_by_name("needed");
    Ok(Described {
        example: text("example").map(|text| example(field, text)).transpose()?,
        format: text("format"),
        is_needed: needed.and_then(|needed| needed.as_bool()).unwrap_or_default(),
    })
}

/// An example as JSON. What JSON writes in quotation marks stands without them in the file.
fn example(field: &FieldDescriptor, text: String) -> Result<Value, String> {
    let is_alone = !field.is_list() && !field.is_map();
    if is_alone && is_text(&field.kind()) {
        return Ok(Value::String(text));
    }
    let value: Value =
        serde_json::from_str(&text).map_err(|error| format!("the example is no JSON: {error}"))?;
    let fits = match field.kind() {
        _ if field.is_list() => value.is_array(),
        Kind::Message(_) => value.is_object(),
        Kind::Bool => value.is_boolean(),
        _ => value.is_number(),
    };
    if fits { Ok(value) } else { Err(format!("the example `{text}` is of another type")) }
}

/// Whether JSON writes a value of this kind as a text.
fn is_text(kind: &Kind) -> bool {
    match kind {
        Kind::String
        | Kind::Bytes
        | Kind::Enum(_)
        // JavaScript rounds numbers of 64 bits.
        | Kind::Int64
        | Kind::Sint64
        | Kind::Sfixed64
        | Kind::Uint64
        | Kind::Fixed64 => true,
        Kind::Message(message) => matches!(
            shapes::form(message),
            Some(Form::Timestamp | Form::Duration | Form::FieldMask)
        ),
        _ => false,
    }
}
