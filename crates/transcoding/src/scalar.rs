//! One value, from JSON or from the text of a path or a query, to the bytes of the wire.

mod number;

use std::borrow::Cow;

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use prost::encoding::{WireType, encode_key, encode_varint};

use crate::{
    forms::{self, Split},
    shape::{Enum, Form, Kind, Shape},
};
use number::{double, float, int64, uint32, uint64, whole};

/// What a value should have been.
pub(crate) type Fault = Cow<'static, str>;

/// Takes both alphabets, with padding and without, as the mapping does.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How a value came.
#[derive(Clone, Copy)]
pub(crate) enum Source<'s> {
    /// One value of JSON, as it was sent.
    Json(&'s str),
    /// The text of a path or a query.
    Text(&'s str),
    /// The name of a member of a JSON object that is a map.
    Key(&'s str),
}

impl<'s> Source<'s> {
    /// The text that it is.
    fn text(self) -> Option<Cow<'s, str>> {
        match self {
            Self::Text(text) | Self::Key(text) => Some(text.into()),
            Self::Json(json) if !json.starts_with('"') => None,
            // Nothing is escaped: the text is what stands between the quotes.
            Self::Json(json) if !json.contains('\\') => Some(json[1..json.len() - 1].into()),
            // Escapes can still spell half a character.
            Self::Json(json) => serde_json::from_str(json).ok().map(Cow::Owned),
        }
    }

    /// The digits of the number that it is.
    fn number(self) -> Option<&'s str> {
        match self {
            Self::Json(json) => {
                json.starts_with(|c: char| c == '-' || c.is_ascii_digit()).then_some(json)
            }
            Self::Text(text) | Self::Key(text) => Some(text),
        }
    }
}

/// Writes a value without its key.
pub(crate) fn encode(kind: Kind, source: Source<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
    match kind {
        Kind::Bool => encode_varint(u64::from(truth(source)?), out),
        Kind::Int32 | Kind::Enum(_) => {
            encode_varint(i64::from(int32(kind, source)?).cast_unsigned(), out);
        }
        Kind::Sint32 => encode_varint(zigzag(int32(kind, source)?.into()), out),
        Kind::Sfixed32 => out.extend(int32(kind, source)?.to_le_bytes()),
        Kind::Uint32 => encode_varint(uint32(source)?.into(), out),
        Kind::Fixed32 => out.extend(uint32(source)?.to_le_bytes()),
        Kind::Int64 => encode_varint(int64(source)?.cast_unsigned(), out),
        Kind::Sint64 => encode_varint(zigzag(int64(source)?), out),
        Kind::Sfixed64 => out.extend(int64(source)?.to_le_bytes()),
        Kind::Uint64 => encode_varint(uint64(source)?, out),
        Kind::Fixed64 => out.extend(uint64(source)?.to_le_bytes()),
        Kind::Float => out.extend(float(source)?.to_le_bytes()),
        Kind::Double => out.extend(double(source)?.to_le_bytes()),
        Kind::Text => delimited(text(source)?.as_bytes(), out),
        Kind::Bytes => delimited(&bytes(source)?, out),
        Kind::Message(shape) => delimited(&message(shape, source)?, out),
    }
    Ok(())
}

/// How values of this kind are marked on the wire.
pub(crate) const fn wire_type(kind: Kind) -> WireType {
    match kind {
        Kind::Bool
        | Kind::Int32
        | Kind::Sint32
        | Kind::Int64
        | Kind::Sint64
        | Kind::Uint32
        | Kind::Uint64
        | Kind::Enum(_) => WireType::Varint,
        Kind::Sfixed32 | Kind::Fixed32 | Kind::Float => WireType::ThirtyTwoBit,
        Kind::Sfixed64 | Kind::Fixed64 | Kind::Double => WireType::SixtyFourBit,
        Kind::Text | Kind::Bytes | Kind::Message(_) => WireType::LengthDelimited,
    }
}

/// Writes a length, and that many bytes.
pub(crate) fn delimited(bytes: &[u8], out: &mut Vec<u8>) {
    encode_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

const fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

fn truth(source: Source<'_>) -> Result<bool, Fault> {
    let refused = Fault::Borrowed("must be `true` or `false`");
    match source {
        Source::Json("true") | Source::Key("true") => Ok(true),
        Source::Json("false") | Source::Key("false") => Ok(false),
        // Python writes `True`.
        Source::Text(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Source::Text(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(refused),
    }
}

fn int32(kind: Kind, source: Source<'_>) -> Result<i32, Fault> {
    if let Kind::Enum(named) = kind {
        return value_of(named, source);
    }
    let number = whole(source).and_then(|number| number.try_into().ok());
    number.ok_or(Fault::Borrowed("must be a whole number of at most 32 bits"))
}

/// A value of an enum by its name, or by its number: one from a newer version may have no name here.
fn value_of(of: &Enum, source: Source<'_>) -> Result<i32, Fault> {
    let known = source.text().and_then(|text| of.number_of(&text));
    let number = known.or_else(|| whole(source).and_then(|number| number.try_into().ok()));
    number.ok_or_else(|| {
        let names: Vec<_> = of.values.iter().map(|(name, _)| *name).collect();
        Fault::Owned(format!("must be one of {}", names.join(", ")))
    })
}

fn text(source: Source<'_>) -> Result<Cow<'_, str>, Fault> {
    source.text().ok_or(Fault::Borrowed(match source {
        Source::Json(json) if json.starts_with('"') => "must be a text of whole characters",
        _ => "must be a text",
    }))
}

fn bytes(source: Source<'_>) -> Result<Vec<u8>, Fault> {
    let text = source.text().map(|text| text.replace('-', "+").replace('_', "/"));
    let bytes = text.and_then(|text| BASE64.decode(text).ok());
    bytes.ok_or(Fault::Borrowed("must be a text in base64"))
}

/// A message that JSON does not write as an object.
fn message(shape: &Shape, source: Source<'_>) -> Result<Vec<u8>, Fault> {
    let split = |read: fn(&str) -> Option<Split>, what: &'static str| {
        let split = source.text().and_then(|text| read(&text));
        split.map(in_two).ok_or(Fault::Borrowed(what))
    };
    match (shape.form, shape.fields) {
        (Form::Timestamp, _) => {
            split(forms::read_timestamp, "must be a time of RFC 3339, such as 2026-11-25T22:16:35Z")
        }
        (Form::Duration, _) => {
            split(forms::read_duration, "must be a duration in seconds, such as 1.5s")
        }
        (Form::FieldMask, _) => {
            let paths = source.text().and_then(|text| forms::read_field_mask(&text));
            let paths =
                paths.ok_or(Fault::Borrowed("must be names of fields with commas between them"))?;
            let mut out = Vec::new();
            for path in paths {
                encode_key(1, WireType::LengthDelimited, &mut out);
                delimited(path.as_bytes(), &mut out);
            }
            Ok(out)
        }
        (Form::Wrapper, [value]) => {
            let mut out = Vec::new();
            encode_key(value.number, wire_type(value.kind), &mut out);
            encode(value.kind, source, &mut out)?;
            Ok(out)
        }
        (Form::Object | Form::HttpBody | Form::Wrapper, _) => {
            Err(Fault::Borrowed("must be a JSON object"))
        }
    }
}

fn in_two(Split { seconds, nanos }: Split) -> Vec<u8> {
    let mut out = Vec::new();
    encode_key(1, WireType::Varint, &mut out);
    encode_varint(seconds.cast_unsigned(), &mut out);
    encode_key(2, WireType::Varint, &mut out);
    encode_varint(i64::from(nanos).cast_unsigned(), &mut out);
    out
}
