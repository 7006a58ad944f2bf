//! What a field holds, and one value of it.

use prost::encoding::encode_key;
use serde::de::{DeserializeSeed, Deserializer};
use serde_json::value::RawValue;

use super::{
    Members, Reader,
    several::{Elements, Entries},
    visit::Of,
};
use crate::{
    scalar::{self, Source, delimited, wire_type},
    shape::{Field, Holds, Kind},
};

/// Reads all that a field holds, and writes it with its key. Answers `false` for `null`, which leaves the field out.
pub(super) struct Slot<'a, 'g> {
    pub(super) field: &'static Field,
    pub(super) reader: &'a mut Reader<'g>,
    pub(super) out: &'a mut Vec<u8>,
}

impl<'de> DeserializeSeed<'de> for Slot<'_, '_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<bool, D::Error> {
        let Slot { field, reader, out } = self;
        let (number, kind) = (field.number, field.kind);
        match (field.holds, kind) {
            (Holds::Several, _) => json.deserialize_any(Of(Elements { field, reader, out })),
            (Holds::Map, Kind::Message(entry)) => {
                json.deserialize_any(Of(Entries { number, entry, reader, out }))
            }
            _ => {
                let said = reader.said_by_path();
                let faults = reader.faults.0.len();
                let begin = out.len();
                encode_key(number, wire_type(kind), out);
                let value = out.len();
                let is_set =
                    One { kind, reader: &mut *reader, out: &mut *out }.deserialize(json)?;
                match said {
                    // What the path says is written with the path.
                    Some(said) if is_set => {
                        if said.wire != out[value..] && faults == reader.faults.0.len() {
                            reader.fault("must be what the path says");
                        }
                        out.truncate(begin);
                    }
                    None if is_set => {}
                    _ => out.truncate(begin),
                }
                Ok(is_set)
            }
        }
    }
}

/// Reads one value, and writes it without its key. Answers `false` for `null`.
pub(super) struct One<'a, 'g> {
    pub(super) kind: Kind,
    pub(super) reader: &'a mut Reader<'g>,
    pub(super) out: &'a mut Vec<u8>,
}

impl<'de> DeserializeSeed<'de> for One<'_, '_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<bool, D::Error> {
        let One { kind, reader, out } = self;
        if let Kind::Message(shape) = kind
            && shape.form.is_object()
        {
            let mut message = Vec::new();
            let members = Members { shape, reader, out: &mut message };
            let is_set = json.deserialize_any(Of(members))?;
            delimited(&message, out);
            return Ok(is_set);
        }
        // As it was sent: a parser would stop at a number that is too large, and not say of which field.
        let json = <&RawValue as serde::Deserialize>::deserialize(json)?.get();
        if json == "null" {
            return Ok(false);
        }
        if let Err(fault) = scalar::encode(kind, Source::Json(json), out) {
            reader.fault(fault);
        }
        Ok(true)
    }
}
