//! Lists and maps.

use std::collections::HashSet;

use prost::encoding::{WireType, encode_key};
use serde::de::{MapAccess, SeqAccess};

use super::{Reader, Step, value::One, visit::Takes};
use crate::{
    fault::shown,
    scalar::{self, Source, delimited, wire_type},
    shape::{Field, Shape},
};

/// The elements of a list.
pub(super) struct Elements<'a, 'g> {
    pub(super) field: &'static Field,
    pub(super) reader: &'a mut Reader<'g>,
    pub(super) out: &'a mut Vec<u8>,
}

impl<'de> Takes<'de> for Elements<'_, '_> {
    const EXPECTED: &'static str = "must be a list";

    fn fault(self, description: &'static str) {
        self.reader.fault(description);
    }

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Elements { field: &Field { number, kind, .. }, reader, out } = self;
        let mut packed = Vec::new();
        for index in 0.. {
            reader.steps.push(Step::Index(index));
            let end = out.len();
            let element = if kind.is_packed() {
                &mut packed
            } else {
                encode_key(number, WireType::LengthDelimited, out);
                &mut *out
            };
            let read = list.next_element_seed(One { kind, reader: &mut *reader, out: element })?;
            match read {
                Some(true) => {}
                Some(false) => reader.fault("must not be null"),
                // The last key stands before no element.
                None => out.truncate(end),
            }
            reader.steps.pop();
            if read.is_none() {
                break;
            }
        }
        if !packed.is_empty() {
            encode_key(number, WireType::LengthDelimited, out);
            delimited(&packed, out);
        }
        Ok(())
    }
}

/// The entries of a map.
pub(super) struct Entries<'a, 'g> {
    pub(super) number: u32,
    pub(super) entry: &'static Shape,
    pub(super) reader: &'a mut Reader<'g>,
    pub(super) out: &'a mut Vec<u8>,
}

impl<'de> Takes<'de> for Entries<'_, '_> {
    const EXPECTED: &'static str = "must be a JSON object";

    fn fault(self, description: &'static str) {
        self.reader.fault(description);
    }

    fn object<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let Entries { number, entry, reader, out } = self;
        let [key, value] = entry.fields else { unreachable!("an entry has a key and a value") };
        let mut seen = HashSet::new();
        while let Some(name) = object.next_key::<String>()? {
            reader.steps.push(Step::Key(shown(&name)));
            let mut message = Vec::new();
            encode_key(key.number, wire_type(key.kind), &mut message);
            if let Err(fault) = scalar::encode(key.kind, Source::Key(&name), &mut message) {
                reader.fault(format!("its key {fault}"));
            }
            encode_key(value.number, wire_type(value.kind), &mut message);
            let one = One { kind: value.kind, reader: &mut *reader, out: &mut message };
            if !object.next_value_seed(one)? {
                reader.fault("must not be null");
            }
            if !seen.insert(name) {
                reader.fault("must be given once");
            }
            reader.steps.pop();
            encode_key(number, WireType::LengthDelimited, out);
            delimited(&message, out);
        }
        Ok(())
    }
}
