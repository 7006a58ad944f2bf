//! A JSON body held against the shape of a request. It is written anew where protobuf's JSON says the same in another
//! way than the transcoder reads it: `null` for a field that is left out, `1.0` for `1`.

mod value;

use std::fmt;

use bytes::Bytes;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;
use sir0_contract::{Field, Shape};
use sir0_rpc::{FieldReader, InvalidFields};

use self::value::Spelling;
use super::{check::shown, route::Variable};

pub(super) use self::value::{NUMBER, WHOLE_NUMBER};

const OBJECT: &str = "must be a JSON object";

/// Notes every field that does not fit. A body that is no JSON object at all is refused at once. Answers with the body
/// that the transcoder is to read, or `None` if that is the body as it came.
pub(super) fn check(
    shape: &'static Shape,
    path: Variable<'_>,
    body: &[u8],
    depth: usize,
    fields: &mut FieldReader,
) -> Result<Option<Bytes>, InvalidFields> {
    let not_json = |why: &dyn fmt::Display| InvalidFields::one("body", why);
    if is_deeper_than(depth, body) {
        return Err(not_json(&format_args!("must be nested at most {depth} deep")));
    }
    let text =
        str::from_utf8(body).map_err(|_cause| not_json(&"must be a JSON object in UTF-8"))?;
    if text.starts_with('\u{feff}') {
        return Err(not_json(&"must be a JSON object, without a byte order mark in front"));
    }
    let mut members = Members { of: Vec::new(), are_plain: true };
    let mut json = serde_json::Deserializer::from_str(text);
    let reading = Message { shape, path, fields, members: &mut members };
    let whole = reading.deserialize(&mut json).and_then(|()| json.end());
    whole.map_err(|error| {
        let found = error.to_string();
        if found.starts_with(OBJECT) || text.trim_ascii().is_empty() {
            not_json(&OBJECT)
        } else {
            not_json(&format_args!("{OBJECT}: {found}"))
        }
    })?;
    Ok(if members.are_plain { None } else { Some(members.written().into()) })
}

/// Whether brackets nest deeper than the limit. The bytes alone tell: no parser, no stack.
fn is_deeper_than(limit: usize, json: &[u8]) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    json.iter().any(|byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > limit
    })
}

/// The members of an object that are fields of the request, each once.
struct Members<'json> {
    of: Vec<(&'static Field, &'json str, Spelling)>,
    are_plain: bool,
}

impl Members<'_> {
    /// The object as the transcoder reads it.
    fn written(&self) -> String {
        let written = self.of.iter().filter_map(|(field, as_sent, spelling)| {
            let value = match spelling {
                Spelling::Plain => as_sent,
                Spelling::Absent => return None,
                Spelling::Anew(value) => value.as_str(),
            };
            Some(format!("\"{}\":{value}", field.json))
        });
        format!("{{{}}}", written.collect::<Vec<_>>().join(","))
    }
}

/// Visits an object that is to become a message.
struct Message<'a, 'json> {
    shape: &'static Shape,
    path: Variable<'a>,
    fields: &'a mut FieldReader,
    members: &'a mut Members<'json>,
}

impl<'de> DeserializeSeed<'de> for Message<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Message<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        while let Some(name) = object.next_key::<String>()? {
            let Some(field) = self.shape.field(&name) else {
                object.next_value::<IgnoredAny>()?;
                self.fields.fault(&shown(&name), "is not a field of this request");
                continue;
            };
            // Read as text: a parser would stop at a number that is too large, without naming the field.
            let value = object.next_value::<&RawValue>()?.get();
            if self.members.of.iter().any(|(known, ..)| known.name == field.name) {
                self.fields.fault(field.json, "must be given once");
                continue;
            }
            let spelling = value::spelling(field, self.path, value);
            let spelling = self.fields.read(field.json, spelling).unwrap_or(Spelling::Plain);
            self.members.are_plain &= spelling == Spelling::Plain;
            self.members.of.push((field, value, spelling));
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        Err(A::Error::custom(OBJECT))
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        Err(E::custom(OBJECT))
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<(), E> {
        Err(E::custom(OBJECT))
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<(), E> {
        Err(E::custom(OBJECT))
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<(), E> {
        Err(E::custom(OBJECT))
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<(), E> {
        Err(E::custom(OBJECT))
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<(), E> {
        Err(E::custom(OBJECT))
    }
}
