//! Bounds of a request that is refused anyway, so that one answer names all that is wrong with it. Of a field at fault
//! nothing more is told.

use std::borrow::Cow;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess};
use serde_json::value::RawValue;

use super::{
    Name, Reader, Step, path,
    visit::{Of, Takes},
};
use crate::{
    bounds::{self, Bound},
    fault::{MOST_FAULTS, shown},
    query::{is_same, json_path},
    scalar::{self, Source},
    shape::{Field, Holds, Kind, Shape},
};

impl Reader<'_> {
    /// Judges what the path and the query have set.
    pub(crate) fn judge_given(&mut self) {
        let mut counted: Vec<(&[&'static Field], usize)> = Vec::new();
        for value in self.given.all() {
            let field = *value.way.last().expect("a way has a field");
            let mut of_one = field.bounds;
            if field.holds == Holds::Several {
                of_one = bounds::of_each(field.bounds);
                match counted.iter_mut().find(|(way, _)| is_same(way, &value.way)) {
                    Some((_, count)) => *count += 1,
                    None => counted.push((&value.way, 1)),
                }
            }
            if let Some(words) = bounds::broken(of_one, field.kind, &value.wire) {
                self.judged(json_path(&value.way), words);
            }
        }
        for (way, count) in counted {
            let field = *way.last().expect("a way has a field");
            if let Some(words) = bounds::miscounted(field.bounds, count) {
                self.judged(json_path(way), words);
            }
        }
    }

    /// Judges a message that was read once, and what is left out of it.
    pub(crate) fn judge_message(&mut self, shape: &'static Shape, json: &str) {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        // It was read once: it is JSON.
        let _ = deserializer.deserialize_any(Of(Object { shape, reader: self }));
    }

    /// Judges the value of a field, which was read once.
    pub(crate) fn judge_field(&mut self, field: &'static Field, json: &str) {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        self.steps.push(Step::Field(field));
        let is_set = (Held { field, reader: &mut *self }).deserialize(&mut deserializer);
        if matches!(is_set, Ok(false)) && bounds::is_required(field.bounds) {
            self.judged(path(&self.steps), bounds::REQUIRED);
        }
        self.steps.pop();
    }

    /// Judges what is left out of the message that is being read. `seen` are the numbers of the fields that the body
    /// has.
    pub(crate) fn judge_missing(&mut self, shape: &'static Shape, seen: &[u32]) {
        for field in shape.fields {
            if bounds::is_required(field.bounds) && !seen.contains(&field.number) {
                self.steps.push(Step::Field(field));
                if !self.is_given() {
                    self.judged(path(&self.steps), bounds::REQUIRED);
                }
                self.steps.pop();
            }
        }
    }

    /// Whether the path or the query has set the field that is being read, or a part of it.
    fn is_given(&self) -> bool {
        let depth = self.steps.len();
        let mut ways = self.given.all().map(|value| &*value.way);
        ways.any(|way| way.len() >= depth && self.leads_to(&way[..depth]))
    }

    /// Judges how many elements the field that is being read holds.
    fn judge_count(&mut self, bounds: &[Bound], count: usize) {
        if let Some(words) = bounds::miscounted(bounds, count) {
            self.judged(path(&self.steps), words);
        }
    }

    /// Notes a broken bound, unless something else is wrong with the field.
    fn judged(&mut self, field: String, words: impl Into<Cow<'static, str>>) {
        let known = &self.faults.0;
        if known.len() < MOST_FAULTS && known.iter().all(|fault| fault.field != field) {
            self.faults.note(|| field, words);
        }
    }
}

/// Judges the members of an object. What is no object was named when it was read.
struct Object<'a, 'g> {
    shape: &'static Shape,
    reader: &'a mut Reader<'g>,
}

impl<'de> Takes<'de> for Object<'_, '_> {
    const EXPECTED: &'static str = "";

    fn fault(self, _: &'static str) {}

    fn object<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let Object { shape, reader } = self;
        let mut seen = Vec::new();
        while let Some(name) = object.next_key_seed(Name(shape))? {
            let Ok(field) = name else {
                object.next_value::<IgnoredAny>()?;
                continue;
            };
            reader.steps.push(Step::Field(field));
            if object.next_value_seed(Held { field, reader: &mut *reader })? {
                seen.push(field.number);
            }
            reader.steps.pop();
        }
        reader.judge_missing(shape, &seen);
        Ok(())
    }
}

/// Judges all that a field holds. Answers `false` for `null`, which leaves the field out.
struct Held<'a, 'g> {
    field: &'static Field,
    reader: &'a mut Reader<'g>,
}

impl<'de> DeserializeSeed<'de> for Held<'_, '_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<bool, D::Error> {
        let Held { field, reader } = self;
        let bounds = field.bounds;
        match (field.holds, field.kind) {
            (Holds::Several, kind) => json.deserialize_any(Of(Elements { kind, bounds, reader })),
            (Holds::Map, Kind::Message(Shape { fields: [_, value], .. })) => {
                json.deserialize_any(Of(Values { kind: value.kind, bounds, reader }))
            }
            (_, kind) => One { kind, bounds, reader }.deserialize(json),
        }
    }
}

/// Judges one value.
struct One<'a, 'g> {
    kind: Kind,
    bounds: &'static [Bound],
    reader: &'a mut Reader<'g>,
}

impl<'de> DeserializeSeed<'de> for One<'_, '_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<bool, D::Error> {
        let One { kind, bounds, reader } = self;
        if let Kind::Message(shape) = kind
            && shape.form.is_object()
        {
            return json.deserialize_any(Of(Object { shape, reader }));
        }
        let json = <&RawValue as serde::Deserialize>::deserialize(json)?.get();
        let mut wire = Vec::new();
        if !bounds.is_empty()
            && scalar::encode(kind, Source::Json(json), &mut wire).is_ok()
            && let Some(words) = bounds::broken(bounds, kind, &wire)
        {
            reader.judged(path(&reader.steps), words);
        }
        Ok(json != "null")
    }
}

/// Judges the elements of a list, and how many they are.
struct Elements<'a, 'g> {
    kind: Kind,
    bounds: &'static [Bound],
    reader: &'a mut Reader<'g>,
}

impl<'de> Takes<'de> for Elements<'_, '_> {
    const EXPECTED: &'static str = "";

    fn fault(self, _: &'static str) {}

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Elements { kind, bounds, reader } = self;
        let each = bounds::of_each(bounds);
        let mut count = 0;
        loop {
            reader.steps.push(Step::Index(count));
            let one = One { kind, bounds: each, reader: &mut *reader };
            let is_left = list.next_element_seed(one)?.is_some();
            reader.steps.pop();
            if !is_left {
                break;
            }
            count += 1;
        }
        reader.judge_count(bounds, count);
        Ok(())
    }
}

/// Judges the values of a map, and how many they are.
struct Values<'a, 'g> {
    kind: Kind,
    bounds: &'static [Bound],
    reader: &'a mut Reader<'g>,
}

impl<'de> Takes<'de> for Values<'_, '_> {
    const EXPECTED: &'static str = "";

    fn fault(self, _: &'static str) {}

    fn object<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let Values { kind, bounds, reader } = self;
        let each = bounds::of_each(bounds);
        let mut count = 0;
        while let Some(name) = object.next_key::<String>()? {
            reader.steps.push(Step::Key(shown(&name)));
            object.next_value_seed(One { kind, bounds: each, reader: &mut *reader })?;
            reader.steps.pop();
            count += 1;
        }
        reader.judge_count(bounds, count);
        Ok(())
    }
}
