//! Fields as they stand on the wire.

use std::fmt;

use prost::encoding::{WireType, decode_varint};

use crate::{
    forms::{self, Split},
    shape::Field,
};

/// Bytes that are not what the shape says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bytes are not those of the message")
    }
}

impl std::error::Error for Unreadable {}

impl From<prost::DecodeError> for Unreadable {
    fn from(_: prost::DecodeError) -> Self {
        Self
    }
}

/// A field as it stands on the wire.
pub(crate) struct Occurrence<'w> {
    pub(crate) number: u32,
    pub(crate) wire_type: WireType,
    /// What follows the key. Of a value with a length it is what follows the length.
    pub(crate) content: &'w [u8],
}

/// Takes the next field.
#[inline]
pub(crate) fn next<'w>(wire: &mut &'w [u8]) -> Result<Occurrence<'w>, Unreadable> {
    let key = varint(wire)?;
    let number = u32::try_from(key >> 3).map_err(|_too_large| Unreadable)?;
    let (wire_type, length) = match key & 7 {
        2 => {
            let length = usize::try_from(varint(wire)?).map_err(|_too_long| Unreadable)?;
            (WireType::LengthDelimited, length)
        }
        0 => {
            let last = wire.iter().position(|byte| *byte < 0x80).ok_or(Unreadable)?;
            (WireType::Varint, last + 1)
        }
        5 => (WireType::ThirtyTwoBit, 4),
        1 => (WireType::SixtyFourBit, 8),
        // JSON has no groups.
        _ => return Err(Unreadable),
    };
    let (content, rest) = wire.split_at_checked(length).ok_or(Unreadable)?;
    *wire = rest;
    Ok(Occurrence { number, wire_type, content })
}

/// Takes what has its length before it.
#[inline]
pub(crate) fn with_length<'w>(wire: &mut &'w [u8]) -> Result<&'w [u8], Unreadable> {
    let length = usize::try_from(varint(wire)?).map_err(|_too_long| Unreadable)?;
    let (content, rest) = wire.split_at_checked(length).ok_or(Unreadable)?;
    *wire = rest;
    Ok(content)
}

/// Takes a number. Most have one byte.
#[inline]
pub(crate) fn varint(wire: &mut &[u8]) -> Result<u64, Unreadable> {
    match wire.split_first() {
        Some((byte, rest)) if *byte < 0x80 => {
            *wire = rest;
            Ok((*byte).into())
        }
        _ => Ok(decode_varint(wire)?),
    }
}

/// The bytes that a field of a message has, if it is there. Of several occurrences the last counts.
pub fn content_of<'w>(field: &Field, mut wire: &'w [u8]) -> Result<Option<&'w [u8]>, Unreadable> {
    let mut last = None;
    while !wire.is_empty() {
        let occurrence = next(&mut wire)?;
        if occurrence.number == field.number {
            last = Some(occurrence.content);
        }
    }
    Ok(last)
}

/// The low 32 bits: as protobuf reads a number that a newer version wrote with more.
pub(crate) const fn low(number: u64) -> [u8; 4] {
    let [a, b, c, d, ..] = number.to_le_bytes();
    [a, b, c, d]
}

pub(crate) const fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

/// A time or a duration.
pub(crate) fn split(mut wire: &[u8]) -> Result<Split, Unreadable> {
    let mut split = Split::default();
    while !wire.is_empty() {
        let Occurrence { number, wire_type, mut content } = next(&mut wire)?;
        match (number, wire_type) {
            (1, WireType::Varint) => split.seconds = varint(&mut content)?.cast_signed(),
            (2, WireType::Varint) => {
                split.nanos = i32::from_le_bytes(low(varint(&mut content)?));
            }
            _ => {}
        }
    }
    Ok(split)
}

/// A field mask as JSON writes it.
pub(crate) fn field_mask(mut wire: &[u8]) -> Result<Option<String>, Unreadable> {
    let mut paths = Vec::new();
    while !wire.is_empty() {
        let Occurrence { number, content, .. } = next(&mut wire)?;
        if number == 1 {
            paths.push(str::from_utf8(content).map_err(|_not_utf8| Unreadable)?);
        }
    }
    Ok(forms::field_mask(paths.into_iter()))
}
