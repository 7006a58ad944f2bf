//! A JSON body held against the shape of a request, without building anything of it.

use std::{collections::HashSet, fmt};

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use sir0_contract::{Field, Kind, Shape};
use sir0_rpc::{FieldReader, InvalidFields};

use super::{check::shown, route::Variables};

pub(super) const WHOLE_NUMBER: &str = "must be a whole number of at most 32 bits";
pub(super) const NUMBER: &str = "must be a number";
const OBJECT: &str = "must be a JSON object";

/// Notes every field that does not fit. What is no JSON object at all is refused at once.
pub(super) fn check(
    shape: &'static Shape,
    path: Variables<'_>,
    body: &[u8],
    depth: usize,
    fields: &mut FieldReader,
) -> Result<(), InvalidFields> {
    if is_deeper_than(depth, body) {
        return Err(InvalidFields::one(
            "body",
            format_args!("must be nested at most {depth} deep"),
        ));
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let whole = Message { shape, path, fields }.deserialize(&mut json).and_then(|()| json.end());
    whole.map_err(|error| {
        let found = error.to_string();
        let description = if found.starts_with(OBJECT) || body.trim_ascii().is_empty() {
            OBJECT.to_owned()
        } else {
            format!("{OBJECT}: {found}")
        };
        InvalidFields::one("body", description)
    })
}

/// Whether brackets nest deeper, told from the bytes alone: no parser, no stack.
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

/// Visits an object that is to become a message.
struct Message<'a> {
    shape: &'static Shape,
    path: Variables<'a>,
    fields: &'a mut FieldReader,
}

impl<'de> DeserializeSeed<'de> for Message<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Message<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some(name) = object.next_key::<String>()? {
            let Some(field) = self.shape.field(&name) else {
                object.next_value::<IgnoredAny>()?;
                self.fields.fault(&shown(&name), "is not a field of this request");
                continue;
            };
            let fault = object.next_value_seed(Value { field, path: self.path })?;
            if !seen.insert(field.name) {
                self.fields.fault(field.json, "must be given once");
            } else if let Some(fault) = fault {
                self.fields.fault(field.json, fault);
            }
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

/// Visits the value of a field, and answers with what is wrong with it.
#[derive(Clone, Copy)]
struct Value<'a> {
    field: &'static Field,
    path: Variables<'a>,
}

type Fault = Option<&'static str>;

impl Value<'_> {
    fn must_be(&self) -> &'static str {
        match self.field.kind {
            Kind::Text => "must be a text",
            Kind::Bool => "must be `true` or `false`",
            Kind::Int32 => WHOLE_NUMBER,
            Kind::Double => NUMBER,
            Kind::Message(_) => OBJECT,
        }
    }

    fn whole_number(&self, number: Option<i32>) -> Fault {
        match (&self.field.kind, number) {
            (Kind::Double, _) => None,
            (Kind::Int32, Some(number)) => match self.path {
                Some((field, text))
                    if field.name == self.field.name && text.parse() != Ok(number) =>
                {
                    Some("must be what the path says")
                }
                _ => None,
            },
            _ => Some(self.must_be()),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = Fault;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Fault, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = Fault;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    /// `null` is how JSON leaves a field out.
    fn visit_unit<E>(self) -> Result<Fault, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Fault, E> {
        Ok(if matches!(self.field.kind, Kind::Bool) { None } else { Some(self.must_be()) })
    }

    fn visit_i64<E>(self, number: i64) -> Result<Fault, E> {
        Ok(self.whole_number(number.try_into().ok()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Fault, E> {
        Ok(self.whole_number(number.try_into().ok()))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Fault, E> {
        Ok(if matches!(self.field.kind, Kind::Double) { None } else { Some(self.must_be()) })
    }

    fn visit_str<E>(self, _: &str) -> Result<Fault, E> {
        Ok(if matches!(self.field.kind, Kind::Text) { None } else { Some(self.must_be()) })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Fault, A::Error> {
        let mut fault = if self.field.repeated { None } else { Some(self.must_be()) };
        if self.field.repeated {
            while let Some(found) = list.next_element_seed(self)? {
                fault = fault.or(found);
            }
        } else {
            while list.next_element::<IgnoredAny>()?.is_some() {}
        }
        Ok(fault)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Fault, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        // No request of the contract nests a message in a body yet; the day one does, it is checked here.
        Ok(Some(self.must_be()))
    }
}
