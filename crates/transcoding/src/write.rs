//! The bytes of the wire to JSON. Every field is written, also when its value is the default; left out are only a
//! message that is not there and what is told apart from its default (`optional`, `oneof`).

mod value;

use prost::{Message, encoding::WireType};
use serde_json::value::RawValue;

use crate::{
    call::Part,
    forms,
    scalar::wire_type,
    shape::{Field, Form, Holds, Kind, Shape},
    wire::{self, Occurrence, Unreadable, content_of, next, varint, with_length},
};

/// Writes a message as JSON, of bytes as an encoder writes them: a field that holds one value occurs once. Of several
/// occurrences the last counts; protobuf would merge those of a message.
pub fn write(shape: &Shape, wire: &[u8], json: &mut Vec<u8>) -> Result<(), Unreadable> {
    Writer::new(json).message(shape, wire)
}

/// A message as JSON, to be put into other JSON.
pub fn to_json(shape: &Shape, message: &impl Message) -> Result<Box<RawValue>, Unreadable> {
    let mut json = Vec::new();
    write(shape, &message.encode_to_vec(), &mut json)?;
    let json = String::from_utf8(json).map_err(|_not_utf8| Unreadable)?;
    RawValue::from_string(json).map_err(|_not_json| Unreadable)
}

/// Writes a part of a message as JSON. A field that JSON would leave out is `null`.
pub fn write_part(
    part: Part,
    shape: &Shape,
    wire: &[u8],
    json: &mut Vec<u8>,
) -> Result<(), Unreadable> {
    let field = match part {
        Part::Nothing => return Ok(()),
        Part::Whole => return write(shape, wire, json),
        Part::Field(field) => field,
    };
    let mut writer = Writer::new(json);
    let last = content_of(field, wire)?;
    let found = last.map(|last| Found { from: wire.len(), all: wire, last });
    if !writer.value_of(field, found)? {
        writer.json.extend_from_slice(b"null");
    }
    Ok(())
}

/// Where a field stands on the wire.
#[derive(Clone, Copy)]
struct Found<'w> {
    /// How much of the message is left where its first occurrence begins.
    from: usize,
    /// From its first occurrence to the end of its last.
    all: &'w [u8],
    /// The content of its last, which is the one that counts.
    last: &'w [u8],
}

struct Writer<'j, 'w> {
    /// For each field of the messages that are being written, innermost last.
    found: Vec<Option<Found<'w>>>,
    json: &'j mut Vec<u8>,
    /// Whether messages are tried in the order of their shapes first.
    expects_order: bool,
}

impl<'j, 'w> Writer<'j, 'w> {
    const fn new(json: &'j mut Vec<u8>) -> Self {
        Self { found: Vec::new(), json, expects_order: true }
    }

    fn message(&mut self, shape: &Shape, wire: &'w [u8]) -> Result<(), Unreadable> {
        match shape.form {
            Form::Object | Form::HttpBody => self.object(shape, wire),
            Form::Timestamp => self.text_of(forms::timestamp(wire::split(wire)?)),
            Form::Duration => self.text_of(forms::duration(wire::split(wire)?)),
            Form::FieldMask => self.text_of(wire::field_mask(wire)?),
            Form::Wrapper => {
                let [value] = shape.fields else { return Err(Unreadable) };
                self.entry(value, wire)
            }
        }
    }

    fn object(&mut self, shape: &Shape, wire: &'w [u8]) -> Result<(), Unreadable> {
        if !self.expects_order {
            return self.in_any_order(shape, wire);
        }
        let before = self.json.len();
        if self.in_order(shape, wire)? {
            return Ok(());
        }
        self.json.truncate(before);
        // What is within was tried already. Trying it again at each level would double the work of each.
        self.expects_order = false;
        self.in_any_order(shape, wire)?;
        self.expects_order = true;
        Ok(())
    }

    /// Writes a message whose fields stand in the order of the shape, as encoders mostly write them: one walk. Answers
    /// `false` if they do not, or if there is one that the shape does not have.
    fn in_order(&mut self, shape: &Shape, wire: &'w [u8]) -> Result<bool, Unreadable> {
        self.json.push(b'{');
        let mut rest = wire;
        for field in shape.fields {
            let before = self.key(field);
            if field.holds == Holds::Several {
                self.list(field, occurrences(field, &mut rest)?)?;
            } else if field.holds == Holds::Map {
                self.map(field, occurrences(field, &mut rest)?)?;
            } else if let Some(behind) = behind_key(field, rest) {
                rest = behind;
                if field.kind.is_packed() {
                    self.one(field.kind, &mut rest)?;
                } else {
                    self.one(field.kind, &mut with_length(&mut rest)?)?;
                }
                if behind_key(field, rest).is_some() {
                    return Ok(false);
                }
            } else if field.holds == Holds::Perhaps || !self.default_of(field.kind) {
                self.json.truncate(before);
            }
        }
        self.json.push(b'}');
        Ok(rest.is_empty())
    }

    fn in_any_order(&mut self, shape: &Shape, wire: &'w [u8]) -> Result<(), Unreadable> {
        let base = self.found.len();
        self.find(shape, wire)?;
        self.json.push(b'{');
        for (index, field) in shape.fields.iter().enumerate() {
            let before = self.key(field);
            if !self.value_of(field, self.found[base + index])? {
                self.json.truncate(before);
            }
        }
        self.json.push(b'}');
        self.found.truncate(base);
        Ok(())
    }

    /// Begins a member of an object, and answers where it began.
    #[inline]
    fn key(&mut self, field: &Field) -> usize {
        let before = self.json.len();
        if self.json[before - 1] != b'{' {
            self.json.push(b',');
        }
        self.json.extend_from_slice(field.key.as_bytes());
        before
    }

    /// Notes where each field of the message stands.
    fn find(&mut self, shape: &Shape, wire: &'w [u8]) -> Result<(), Unreadable> {
        let base = self.found.len();
        self.found.resize(base + shape.fields.len(), None);
        let mut rest = wire;
        while !rest.is_empty() {
            let from = rest;
            let Occurrence { number, content, .. } = next(&mut rest)?;
            let index = shape.fields.iter().position(|field| field.number == number);
            let Some(index) = index else { continue };
            let found = &mut self.found[base + index];
            let from = found.map_or(from, |found| &wire[wire.len() - found.from..]);
            *found = Some(Found {
                from: from.len(),
                all: &from[..from.len() - rest.len()],
                last: content,
            });
        }
        Ok(())
    }

    /// Writes what a field holds. Answers `false`, having written nothing, if JSON leaves the field out.
    fn value_of(&mut self, field: &Field, found: Option<Found<'w>>) -> Result<bool, Unreadable> {
        let all = found.map_or(&[][..], |found| found.all);
        match (field.holds, found) {
            (Holds::Several, _) => self.list(field, all)?,
            (Holds::Map, _) => self.map(field, all)?,
            (_, Some(Found { last, .. })) => self.one(field.kind, &mut { last })?,
            (Holds::Perhaps, None) => return Ok(false),
            (Holds::One, None) => return Ok(self.default_of(field.kind)),
        }
        Ok(true)
    }

    fn list(&mut self, field: &Field, mut occurrences: &'w [u8]) -> Result<(), Unreadable> {
        self.json.push(b'[');
        let mut is_first = true;
        while !occurrences.is_empty() {
            let Occurrence { number, wire_type, content } = next(&mut occurrences)?;
            if number != field.number {
                continue;
            }
            let is_packed = field.kind.is_packed() && wire_type == WireType::LengthDelimited;
            let mut content = content;
            // A text or a message is one element, also when it is empty.
            let mut is_left = !is_packed || !content.is_empty();
            while is_left {
                if !std::mem::take(&mut is_first) {
                    self.json.push(b',');
                }
                self.one(field.kind, &mut content)?;
                is_left = is_packed && !content.is_empty();
            }
        }
        self.json.push(b']');
        Ok(())
    }

    fn map(&mut self, field: &Field, mut occurrences: &'w [u8]) -> Result<(), Unreadable> {
        let Kind::Message(Shape { fields: [key, value], .. }) = field.kind else {
            return Err(Unreadable);
        };
        self.json.push(b'{');
        let mut is_first = true;
        while !occurrences.is_empty() {
            let entry = next(&mut occurrences)?;
            if entry.number != field.number {
                continue;
            }
            if !std::mem::take(&mut is_first) {
                self.json.push(b',');
            }
            // Keys of JSON are texts, whatever they are here.
            let is_text = matches!(
                key.kind,
                Kind::Text
                    | Kind::Int64
                    | Kind::Sint64
                    | Kind::Sfixed64
                    | Kind::Uint64
                    | Kind::Fixed64
            );
            let quote = |writer: &mut Self| {
                if !is_text {
                    writer.json.push(b'"');
                }
            };
            quote(self);
            self.entry(key, entry.content)?;
            quote(self);
            self.json.push(b':');
            self.entry(value, entry.content)?;
        }
        self.json.push(b'}');
        Ok(())
    }

    /// Writes the key or the value of an entry.
    fn entry(&mut self, field: &Field, entry: &'w [u8]) -> Result<(), Unreadable> {
        match (content_of(field, entry)?, field.kind) {
            (Some(content), kind) => self.one(kind, &mut { content }),
            (None, Kind::Message(shape)) => self.message(shape, &[]),
            (None, kind) => {
                self.default_of(kind);
                Ok(())
            }
        }
    }
}

/// What is behind the key of the field, if it stands next.
#[inline]
fn behind_key<'w>(field: &Field, wire: &'w [u8]) -> Option<&'w [u8]> {
    let key = u64::from(field.number) << 3 | wire_type(field.kind) as u64;
    let mut rest = wire;
    (!wire.is_empty() && varint(&mut rest).ok()? == key).then_some(rest)
}

/// Takes every occurrence of the field that stands next.
fn occurrences<'w>(field: &Field, rest: &mut &'w [u8]) -> Result<&'w [u8], Unreadable> {
    let from = *rest;
    let mut behind = from;
    while !behind.is_empty() && next(&mut behind)?.number == field.number {
        *rest = behind;
    }
    Ok(&from[..from.len() - rest.len()])
}
