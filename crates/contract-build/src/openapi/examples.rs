//! Examples of bodies and answers, made of the examples of their fields.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use crate::{binding::Part, bounds, described, shapes};

/// Which side sends a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// A caller: what may be left out is there only if it has an example.
    Asks,
    /// The server: what is always there is there.
    Answers,
}

/// The example of a part of a message, without these fields of it. `None` if a field lacks one without which there is
/// no message.
pub(super) fn of(
    part: &Part,
    message: &MessageDescriptor,
    side: Side,
    without: &[FieldDescriptor],
) -> Option<Value> {
    match part {
        Part::Nothing => None,
        Part::Whole => whole(message, side, without, &mut Vec::new()),
        Part::Field(field) => of_field(field, side, &mut Vec::new()),
    }
}

fn of_field(
    field: &FieldDescriptor,
    side: Side,
    around: &mut Vec<MessageDescriptor>,
) -> Option<Value> {
    if let Some(example) = described::of(field).example {
        return Some(example);
    }
    match field.kind() {
        Kind::Message(inner) if !field.is_map() && !shapes::is_value(&inner) => {
            let one = whole(&inner, side, &[], around)?;
            Some(if field.is_list() { json!([one]) } else { one })
        }
        _ => None,
    }
}

fn whole(
    message: &MessageDescriptor,
    side: Side,
    without: &[FieldDescriptor],
    around: &mut Vec<MessageDescriptor>,
) -> Option<Value> {
    if around.contains(message) {
        return None;
    }
    around.push(message.clone());
    let members = members(message, side, without, around);
    around.pop();
    members.map(Value::Object)
}

fn members(
    message: &MessageDescriptor,
    side: Side,
    without: &[FieldDescriptor],
    around: &mut Vec<MessageDescriptor>,
) -> Option<Map<String, Value>> {
    let mut members = Map::new();
    for field in shapes::fields(message) {
        if without.contains(&field) || !is_shown(&field, side) {
            continue;
        }
        match of_field(&field, side, around) {
            Some(example) => {
                members.insert(field.json_name().to_owned(), example);
            }
            None if is_always_there(&field, side) => return None,
            None => {}
        }
    }
    // What may be left out and has no example could be needed all the same. A secret that may be left out is not.
    let could_say = |field: &FieldDescriptor| !without.contains(field) && !shapes::is_secret(field);
    let says_nothing = members.is_empty() && message.fields().any(|field| could_say(&field));
    (side == Side::Answers || !says_nothing).then_some(members)
}

/// Of a `oneof` an answer shows the first member, and a request what has an example.
fn is_shown(field: &FieldDescriptor, side: Side) -> bool {
    let oneof = field.containing_oneof().filter(|oneof| !oneof.is_synthetic());
    match oneof {
        None => side == Side::Answers || has_example(field),
        Some(oneof) if side == Side::Answers => oneof.fields().next().as_ref() == Some(field),
        Some(_) => described::of(field).example.is_some(),
    }
}

/// A field of a request with a message may have its examples in there.
fn has_example(field: &FieldDescriptor) -> bool {
    is_always_there(field, Side::Asks)
        || described::of(field).example.is_some()
        || matches!(field.kind(), Kind::Message(_))
}

fn is_always_there(field: &FieldDescriptor, side: Side) -> bool {
    match side {
        Side::Asks => bounds::of(field).is_required || described::of(field).is_needed,
        Side::Answers => field.containing_oneof().is_none(),
    }
}
