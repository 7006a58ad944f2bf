//! What a path and a query say of a request.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use prost::encoding::{WireType, encode_key};

use crate::{
    call::{Binding, Part},
    fault::{Faults, shown},
    scalar::{self, Source, delimited, wire_type},
    shape::{Field, Form, Holds, Kind, Shape},
};

/// The longest query, in bytes.
const MOST_BYTES: usize = 16 * 1024;
/// The most parameters: a thousand values of a repeated field, and some.
const MOST_PARAMETERS: usize = 1_024;
/// The most names in the name of a parameter: `a.b.c.d`.
const DEEPEST: usize = 8;

const NOT_ENCODED: &str = "must be percent-encoded UTF-8";

/// The fields that lead to a value.
pub(crate) type Way = Cow<'static, [&'static Field]>;

/// What a parameter means that is no field of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Other {
    /// Nothing: it is refused.
    Unknown,
    /// It is taken care of.
    Known,
    /// It is known, and its value is wrong: what the value must be.
    Wrong(&'static str),
}

/// What a path and a query have set.
#[derive(Debug, Default)]
pub(crate) struct Given(Vec<Value>);

/// One value that a path or a query has set.
#[derive(Debug)]
pub(crate) struct Value {
    pub(crate) way: Way,
    /// On the wire, without its key.
    pub(crate) wire: Vec<u8>,
    is_in_path: bool,
}

impl Given {
    /// What the path of a request says.
    pub(crate) fn in_path(&self) -> impl Iterator<Item = &Value> {
        self.0.iter().filter(|value| value.is_in_path)
    }

    /// All values.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Value> {
        self.0.iter()
    }

    /// Writes every value behind a message, which protobuf merges with it.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        for Value { way, wire, .. } in &self.0 {
            nest(way, wire, out);
        }
    }

    /// Reads what the path has for a variable.
    pub(crate) fn read_variable(&mut self, way: Way, text: &str, faults: &mut Faults) {
        self.note(way, text, true, faults);
    }

    /// Reads the parameters of a query. `other` judges those that are no fields: it gets the name, and the value unless
    /// its escapes are broken.
    pub(crate) fn read_query(
        &mut self,
        shape: &'static Shape,
        binding: &Binding,
        query: &str,
        mut other: impl FnMut(&str, Option<&str>) -> Other,
        faults: &mut Faults,
    ) {
        if query.len() > MOST_BYTES {
            let most = format!("must have at most {MOST_BYTES} bytes");
            return faults.note(|| "query".to_owned(), most);
        }
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        for (before, pair) in pairs.enumerate() {
            if before == MOST_PARAMETERS {
                let most = format!("must have at most {MOST_PARAMETERS} parameters");
                return faults.note(|| "query".to_owned(), most);
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (Some(name), value) = (decoded(name), decoded(value)) else {
                faults.note(|| shown(name), NOT_ENCODED);
                continue;
            };
            match (way_of(shape, binding, &name), value) {
                (Some(way), Some(value)) => self.read_parameter(way, &value, faults),
                (Some(way), None) => faults.note(|| json_path(&way), NOT_ENCODED),
                (None, value) => match other(&name, value.as_deref()) {
                    Other::Known => {}
                    Other::Unknown => {
                        faults.note(|| shown(&name), "is not a parameter of this call");
                    }
                    Other::Wrong(why) => faults.note(|| shown(&name), why),
                },
            }
        }
    }

    fn read_parameter(&mut self, way: Way, text: &str, faults: &mut Faults) {
        let holds_several = way.last().is_some_and(|field| field.holds == Holds::Several);
        if !holds_several && self.0.iter().any(|known| is_same(&known.way, &way)) {
            return faults.note(|| json_path(&way), "must be given once");
        }
        self.note(way, text, false, faults);
    }

    /// Notes a value, or what is wrong with it.
    fn note(&mut self, way: Way, text: &str, is_in_path: bool, faults: &mut Faults) {
        // Most fields have none, and a query may have a thousand parameters.
        let has_rivals = way.iter().any(|field| field.oneof.is_some());
        let rival = self.0.iter().filter(|_| has_rivals).find_map(|known| rival(&known.way, &way));
        if let Some(rival) = rival {
            let description = format!("must not be given with {}", rival.json);
            return faults.note(|| json_path(&way), description);
        }
        let kind = way.last().expect("a way has a field").kind;
        let mut wire = Vec::new();
        match scalar::encode(kind, Source::Text(text), &mut wire) {
            Ok(()) => self.0.push(Value { way, wire, is_in_path }),
            Err(description) => faults.note(|| json_path(&way), description),
        }
    }
}

/// Whether two ways lead to one field.
pub(crate) fn is_same(one: &[&'static Field], other: &[&'static Field]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| std::ptr::eq::<Field>(*a, *b))
}

/// The field of `known` that excludes a field of `way`, because both belong to one `oneof`.
fn rival(known: &[&'static Field], way: &[&'static Field]) -> Option<&'static Field> {
    let differ = |(a, b): &(&&'static Field, &&'static Field)| !std::ptr::eq::<Field>(**a, **b);
    let (one, other) = known.iter().zip(way).find(differ)?;
    (one.oneof.is_some() && one.oneof == other.oneof).then_some(*one)
}

/// The fields that a name such as `filter.genre` leads through, in either spelling of each. `None` if the name leads to
/// nothing that a parameter may set.
fn way_of(shape: &'static Shape, binding: &Binding, name: &str) -> Option<Way> {
    let mut way = Vec::new();
    let mut around = Some(shape);
    for part in name.split('.') {
        let field = around?.field(part)?;
        if way.len() == DEEPEST {
            return None;
        }
        way.push(field);
        around = match (field.kind, field.holds) {
            (Kind::Message(shape), Holds::One | Holds::Perhaps) if shape.form == Form::Object => {
                Some(shape)
            }
            _ => None,
        };
    }
    let (first, last) = (way.first()?, way.last()?);
    let is_of_body = match binding.body {
        Part::Whole => true,
        Part::Field(field) => std::ptr::eq::<Field>(field, *first),
        Part::Nothing => false,
    };
    let is_in_path = binding.variables.iter().any(|variable| is_same(variable.field, &way));
    let is_value = match last.kind {
        Kind::Message(shape) => !shape.form.is_object(),
        _ => true,
    };
    (is_value && last.holds != Holds::Map && !is_of_body && !is_in_path).then(|| way.into())
}

/// Writes a value under the keys that lead to it.
fn nest(way: &[&'static Field], wire: &[u8], out: &mut Vec<u8>) {
    let Some((first, inner)) = way.split_first() else { return };
    if inner.is_empty() {
        encode_key(first.number, wire_type(first.kind), out);
        out.extend_from_slice(wire);
        return;
    }
    let mut message = Vec::new();
    nest(inner, wire, &mut message);
    encode_key(first.number, WireType::LengthDelimited, out);
    delimited(&message, out);
}

pub(crate) fn json_path(way: &[&'static Field]) -> String {
    way.iter().map(|field| field.json).collect::<Vec<_>>().join(".")
}

/// A name or value as it was before it was encoded for the query: `+` is a space, escapes are whole, bytes are UTF-8.
pub(crate) fn decoded(text: &str) -> Option<Cow<'_, str>> {
    if !text.bytes().any(|byte| matches!(byte, b'+' | b'%')) {
        return Some(Cow::Borrowed(text));
    }
    let spaced = text.replace('+', " ");
    let escapes_are_whole = spaced.split('%').skip(1).all(|rest| {
        let mut digits = rest.bytes().take(2);
        digits.len() == 2 && digits.all(|digit| digit.is_ascii_hexdigit())
    });
    let decoded = percent_decode_str(&spaced).decode_utf8().ok()?.into_owned();
    escapes_are_whole.then_some(Cow::Owned(decoded))
}
