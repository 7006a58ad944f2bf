//! JSON to the bytes of the wire. What does not fit is noted with its path, and reading goes on: one answer names every
//! fault.

mod judge;
mod several;
mod value;
mod visit;

use std::{borrow::Cow, fmt::Write as _};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use crate::{
    fault::{Faults, shown},
    query::{Given, Value},
    shape::{Field, Shape},
};
use value::Slot;
use visit::{Of, Takes};

/// Reads one object, or one value for a field of one.
pub(crate) struct Reader<'g> {
    faults: Faults,
    given: &'g Given,
    steps: Vec<Step>,
}

/// A step of the way to a value.
#[derive(Debug)]
enum Step {
    Field(&'static Field),
    Index(usize),
    Key(String),
}

impl<'g> Reader<'g> {
    /// Goes on with the faults of the path and the query.
    pub(crate) const fn new(given: &'g Given, faults: Faults) -> Self {
        Self { faults, given, steps: Vec::new() }
    }

    /// Whether nothing is wrong so far.
    pub(crate) const fn is_content(&self) -> bool {
        self.faults.0.is_empty()
    }

    pub(crate) fn into_faults(self) -> Faults {
        self.faults
    }

    /// Reads a message from an object. Fails if the text is not JSON.
    pub(crate) fn message(
        &mut self,
        shape: &'static Shape,
        json: &str,
        out: &mut Vec<u8>,
    ) -> serde_json::Result<()> {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        deserializer.deserialize_any(Of(Members { shape, reader: self, out }))?;
        deserializer.end()
    }

    /// Reads the value of a field, and writes it with its key. Fails if the text is not JSON.
    pub(crate) fn field(
        &mut self,
        field: &'static Field,
        json: &str,
        out: &mut Vec<u8>,
    ) -> serde_json::Result<()> {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let mut chosen = self.chosen();
        self.steps.push(Step::Field(field));
        if (Slot { field, reader: self, out }).deserialize(&mut deserializer)? {
            self.choose(field, &mut chosen);
        }
        self.steps.pop();
        deserializer.end()
    }

    /// Notes what is wrong with the value that is being read.
    fn fault(&mut self, description: impl Into<Cow<'static, str>>) {
        self.faults.note(|| path(&self.steps), description);
    }

    /// Notes that the message has no such field.
    fn unknown(&mut self, name: &str) {
        let field = || match path(&self.steps) {
            around if around.is_empty() => shown(name),
            around => format!("{around}.{}", shown(name)),
        };
        self.faults.note(field, "is not a field of this request");
    }

    /// What the path says of the field that is being read.
    fn said_by_path(&self) -> Option<&'g Value> {
        self.given.in_path().find(|value| self.leads_to(&value.way))
    }

    /// Whether the steps so far are these fields.
    fn leads_to(&self, way: &[&'static Field]) -> bool {
        way.len() == self.steps.len()
            && way.iter().zip(&self.steps).all(|(field, step)| {
                matches!(step, Step::Field(it) if std::ptr::eq::<Field>(*it, *field))
            })
    }

    /// The members of `oneof`s that the path or the query has set in the message that is being read.
    fn chosen(&self) -> Vec<&'static Field> {
        let ways = self.given.all().map(|value| &*value.way);
        let here = ways
            .filter(|way| way.len() > self.steps.len() && self.leads_to(&way[..self.steps.len()]));
        here.map(|way| way[self.steps.len()]).filter(|field| field.oneof.is_some()).collect()
    }

    /// Reads the members of an object.
    fn members<'de, A: MapAccess<'de>>(
        &mut self,
        shape: &'static Shape,
        mut object: A,
        out: &mut Vec<u8>,
    ) -> Result<(), A::Error> {
        let (mut seen, mut chosen) = (Vec::new(), self.chosen());
        while let Some(name) = object.next_key_seed(Name(shape))? {
            let field = match name {
                Ok(field) => field,
                Err(name) => {
                    object.next_value::<IgnoredAny>()?;
                    self.unknown(&name);
                    continue;
                }
            };
            self.steps.push(Step::Field(field));
            if seen.contains(&field.number) {
                object.next_value::<IgnoredAny>()?;
                self.fault("must be given once");
            } else {
                seen.push(field.number);
                if object.next_value_seed(Slot { field, reader: self, out })? {
                    self.choose(field, &mut chosen);
                }
            }
            self.steps.pop();
        }
        Ok(())
    }

    /// Notes a fault if another member of the same `oneof` is set already.
    fn choose(&mut self, field: &'static Field, chosen: &mut Vec<&'static Field>) {
        if field.oneof.is_none() {
            return;
        }
        match chosen.iter().find(|known| known.oneof == field.oneof) {
            Some(known) if std::ptr::eq(*known, field) => {}
            Some(known) => self.fault(format!("must not be given with {}", known.json)),
            None => chosen.push(field),
        }
    }
}

/// A path in the names of JSON: `lines[2].quantity`.
fn path(steps: &[Step]) -> String {
    let mut path = String::new();
    for step in steps {
        let written = match step {
            Step::Field(it) if path.is_empty() => write!(path, "{}", it.json),
            Step::Field(it) => write!(path, ".{}", it.json),
            Step::Index(index) => write!(path, "[{index}]"),
            Step::Key(key) => write!(path, "[{key:?}]"),
        };
        written.expect("a string grows");
    }
    path
}

/// Finds the field that a member is named after, or keeps the name.
struct Name(&'static Shape);

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Result<&'static Field, String>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Result<&'static Field, String>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.field(name).ok_or_else(|| name.to_owned()))
    }
}

/// The members of a message.
struct Members<'a, 'g> {
    shape: &'static Shape,
    reader: &'a mut Reader<'g>,
    out: &'a mut Vec<u8>,
}

impl<'de> Takes<'de> for Members<'_, '_> {
    const EXPECTED: &'static str = "must be a JSON object";

    fn fault(self, description: &'static str) {
        self.reader.fault(description);
    }

    fn object<A: MapAccess<'de>>(self, object: A) -> Result<(), A::Error> {
        self.reader.members(self.shape, object, self.out)
    }
}
