//! One value, from the bytes of the wire to JSON.

use std::{fmt, io::Write as _};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Serialize;

use super::Writer;
use crate::{
    shape::Kind,
    wire::{self, Unreadable, varint},
};

impl<'w> Writer<'_, 'w> {
    /// Writes one value, and takes it from what is left.
    #[inline]
    pub(super) fn one(&mut self, kind: Kind, wire: &mut &'w [u8]) -> Result<(), Unreadable> {
        match kind {
            Kind::Message(shape) => return self.message(shape, wire),
            Kind::Text => self.text(wire)?,
            Kind::Bytes => self.quoted(BASE64_STANDARD.encode(*wire)),
            Kind::Float => self.float(f32::from_le_bytes(fixed(wire)?)),
            Kind::Double => self.double(f64::from_le_bytes(fixed(wire)?)),
            Kind::Sfixed32 => self.number(i32::from_le_bytes(fixed(wire)?)),
            Kind::Fixed32 => self.number(u32::from_le_bytes(fixed(wire)?)),
            Kind::Sfixed64 => self.quoted(i64::from_le_bytes(fixed(wire)?)),
            Kind::Fixed64 => self.quoted(u64::from_le_bytes(fixed(wire)?)),
            _ => {
                let number = varint(wire)?;
                self.varint(kind, number);
            }
        }
        Ok(())
    }

    fn varint(&mut self, kind: Kind, number: u64) {
        let low = wire::low(number);
        match kind {
            Kind::Bool => self.json.extend_from_slice(if number == 0 { b"false" } else { b"true" }),
            Kind::Enum(named) => match named.name_of(i32::from_le_bytes(low)) {
                Some(name) => self.quoted(name),
                // A value of a newer version.
                None => self.number(i32::from_le_bytes(low)),
            },
            Kind::Sint32 => {
                let number = wire::low(wire::unzigzag(number).cast_unsigned());
                self.number(i32::from_le_bytes(number));
            }
            Kind::Uint32 => self.number(u32::from_le_bytes(low)),
            Kind::Int64 => self.quoted(number.cast_signed()),
            Kind::Sint64 => self.quoted(wire::unzigzag(number)),
            Kind::Uint64 => self.quoted(number),
            _ => self.number(i32::from_le_bytes(low)),
        }
    }

    /// Writes the value that a field has when it is not on the wire. Answers `false` for a message, which has none.
    #[inline]
    pub(super) fn default_of(&mut self, kind: Kind) -> bool {
        match kind {
            Kind::Message(_) => return false,
            Kind::Text | Kind::Bytes => self.json.extend_from_slice(b"\"\""),
            Kind::Bool => self.json.extend_from_slice(b"false"),
            Kind::Enum(named) => self.quoted(named.values.first().map_or("", |(name, _)| name)),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 | Kind::Uint64 | Kind::Fixed64 => {
                self.json.extend_from_slice(b"\"0\"");
            }
            Kind::Float | Kind::Double => self.json.extend_from_slice(b"0.0"),
            _ => self.json.push(b'0'),
        }
        true
    }

    #[inline]
    pub(super) fn text_of(&mut self, text: Option<String>) -> Result<(), Unreadable> {
        self.text(text.ok_or(Unreadable)?.as_bytes())
    }

    fn text(&mut self, text: &[u8]) -> Result<(), Unreadable> {
        if has_odd(text) {
            let text = str::from_utf8(text).map_err(|_not_utf8| Unreadable)?;
            serde_json::to_writer(&mut *self.json, text).expect("memory takes a text");
        } else {
            self.json.push(b'"');
            self.json.extend_from_slice(text);
            self.json.push(b'"');
        }
        Ok(())
    }

    fn float(&mut self, number: f32) {
        match not_finite(number.into()) {
            Some(word) => self.quoted(word),
            None => serde_json::to_writer(&mut *self.json, &number).expect("a finite number"),
        }
    }

    fn double(&mut self, number: f64) {
        match not_finite(number) {
            Some(word) => self.quoted(word),
            None => serde_json::to_writer(&mut *self.json, &number).expect("a finite number"),
        }
    }

    /// Writes a number, or a word that has nothing to escape, as a text.
    fn quoted(&mut self, value: impl fmt::Display) {
        write!(self.json, "\"{value}\"").expect("memory takes a text");
    }

    fn number(&mut self, value: impl Serialize) {
        serde_json::to_writer(&mut *self.json, &value).expect("memory takes a number");
    }
}

/// Whether a text has anything but plain letters, or what JSON escapes. Most texts have not.
///
/// Sixteen bytes are judged at a time, without a branch; the last ones are filled up with spaces.
fn has_odd(text: &[u8]) -> bool {
    let is_odd = |byte: &u8| {
        u8::from(byte.wrapping_sub(b' ') > b'~' - b' ')
            | u8::from(*byte == b'"')
            | u8::from(*byte == b'\\')
    };
    let odd = |bytes: &[u8; 16]| bytes.iter().map(is_odd).fold(0, |any, odd| any | odd);
    let (whole, rest) = text.as_chunks::<16>();
    let mut last = [b' '; 16];
    last[..rest.len()].copy_from_slice(rest);
    whole.iter().map(odd).fold(odd(&last), |any, odd| any | odd) != 0
}

/// Takes a value of fixed size.
fn fixed<const SIZE: usize>(wire: &mut &[u8]) -> Result<[u8; SIZE], Unreadable> {
    let (value, rest) = wire.split_first_chunk().ok_or(Unreadable)?;
    *wire = rest;
    Ok(*value)
}

fn not_finite(number: f64) -> Option<&'static str> {
    match number {
        number if number.is_finite() => None,
        number if number.is_nan() => Some("NaN"),
        number if number > 0.0 => Some("Infinity"),
        _ => Some("-Infinity"),
    }
}
