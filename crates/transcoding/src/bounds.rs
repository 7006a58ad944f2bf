//! What a value may be beyond its type, as `buf.validate` has it in the file. The services judge a request that can be
//! read; here are the bounds for the answer to one that cannot.

use std::{borrow::Cow, sync::OnceLock};

use regex::Regex;

use crate::{
    shape::Kind,
    wire::{low, unzigzag, varint},
};

/// What is wrong with a field that is left out.
pub(crate) const REQUIRED: &str = "is required";

/// One bound of a field. Numbers of 64 bits have none: see `contract-build`.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    /// The field is given.
    Required,
    /// A number of at least this.
    AtLeast(f64),
    /// A number of at most this.
    AtMost(f64),
    /// A number above this.
    MoreThan(f64),
    /// A number below this.
    LessThan(f64),
    /// A text of at least so many characters.
    MinChars(usize),
    /// A text of at most so many characters.
    MaxChars(usize),
    /// A text or bytes of at least this length.
    MinBytes(usize),
    /// A text or bytes of at most this length.
    MaxBytes(usize),
    /// A text that fits a pattern.
    Pattern(&'static Pattern),
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// One of these values of an enum, with their names.
    Values(&'static [(&'static str, i32)]),
    /// A list or a map with at least so many elements.
    MinItems(usize),
    /// A list or a map with at most so many elements.
    MaxItems(usize),
    /// What each element of a list, or each value of a map, must be.
    Each(&'static [Bound]),
}

/// A pattern, compiled when it is first asked.
#[derive(Debug)]
pub struct Pattern {
    text: &'static str,
    compiled: OnceLock<Regex>,
}

impl Pattern {
    /// A pattern in the syntax that the build of a contract checks.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        Self { text, compiled: OnceLock::new() }
    }

    fn fits(&self, text: &str) -> bool {
        let compile = || Regex::new(self.text).expect("the build of the contract compiled it too");
        self.compiled.get_or_init(compile).is_match(text)
    }
}

/// What is wrong with a value, which stands on the wire without its key.
pub(crate) fn broken(bounds: &[Bound], kind: Kind, wire: &[u8]) -> Option<Cow<'static, str>> {
    let value = Value::of(kind, wire)?;
    bounds.iter().find(|bound| !bound.holds(&value)).map(Bound::words)
}

/// What is wrong with a list or a map of so many elements.
pub(crate) fn miscounted(bounds: &[Bound], count: usize) -> Option<Cow<'static, str>> {
    let value = Value::Several(count);
    bounds.iter().find(|bound| !bound.holds(&value)).map(Bound::words)
}

/// The bounds of each element of a list, or of each value of a map.
pub(crate) fn of_each(bounds: &'static [Bound]) -> &'static [Bound] {
    let each = bounds.iter().find_map(|bound| match bound {
        Bound::Each(each) => Some(*each),
        _ => None,
    });
    each.unwrap_or_default()
}

/// Whether a message without this field is refused.
pub(crate) fn is_required(bounds: &[Bound]) -> bool {
    bounds.iter().any(|bound| matches!(bound, Bound::Required))
}

/// A value as bounds look at it.
enum Value<'w> {
    Number(f64),
    Enum(i32),
    Text(&'w str),
    Bytes(&'w [u8]),
    Several(usize),
}

impl<'w> Value<'w> {
    /// `None` for what has no bounds.
    fn of(kind: Kind, mut wire: &'w [u8]) -> Option<Self> {
        let number = match kind {
            Kind::Text | Kind::Bytes => {
                varint(&mut wire).ok()?;
                return Some(match kind {
                    Kind::Text => Self::Text(str::from_utf8(wire).ok()?),
                    _ => Self::Bytes(wire),
                });
            }
            Kind::Enum(_) => return Some(Self::Enum(int32(varint(&mut wire).ok()?))),
            Kind::Int32 => int32(varint(&mut wire).ok()?).into(),
            Kind::Sint32 => int32(unzigzag(varint(&mut wire).ok()?).cast_unsigned()).into(),
            Kind::Uint32 => u32::from_le_bytes(low(varint(&mut wire).ok()?)).into(),
            Kind::Sfixed32 => i32::from_le_bytes(wire.try_into().ok()?).into(),
            Kind::Fixed32 => u32::from_le_bytes(wire.try_into().ok()?).into(),
            Kind::Float => f32::from_le_bytes(wire.try_into().ok()?).into(),
            Kind::Double => f64::from_le_bytes(wire.try_into().ok()?),
            _ => return None,
        };
        Some(Self::Number(number))
    }
}

const fn int32(varint: u64) -> i32 {
    i32::from_le_bytes(low(varint))
}

impl Bound {
    fn holds(&self, value: &Value<'_>) -> bool {
        match (self, value) {
            (Self::AtLeast(least), Value::Number(number)) => number >= least,
            (Self::AtMost(most), Value::Number(number)) => number <= most,
            (Self::MoreThan(bound), Value::Number(number)) => number > bound,
            (Self::LessThan(bound), Value::Number(number)) => number < bound,
            (Self::MinChars(least), Value::Text(text)) => text.chars().count() >= *least,
            // In doubt for the client: a service may take off the white space around a text before it counts.
            (Self::MaxChars(most), Value::Text(text)) => text.trim().chars().count() <= *most,
            (Self::MaxBytes(most), Value::Text(text)) => text.trim().len() <= *most,
            (Self::MinBytes(least), Value::Text(text)) => text.len() >= *least,
            (Self::MinBytes(least), Value::Bytes(bytes)) => bytes.len() >= *least,
            (Self::MaxBytes(most), Value::Bytes(bytes)) => bytes.len() <= *most,
            (Self::Pattern(pattern), Value::Text(text)) => pattern.fits(text),
            (Self::OneOf(texts), Value::Text(text)) => texts.contains(text),
            (Self::Values(known), Value::Enum(number)) => known.iter().any(|it| it.1 == *number),
            (Self::MinItems(least), Value::Several(count)) => count >= least,
            (Self::MaxItems(most), Value::Several(count)) => count <= most,
            _ => true,
        }
    }

    /// What the value must be.
    fn words(&self) -> Cow<'static, str> {
        let at_least = |least: &usize, what: &str| match least {
            1 => "must not be empty".to_owned(),
            least => format!("must have at least {least} {what}"),
        };
        let words = match self {
            Self::Required => return REQUIRED.into(),
            Self::AtLeast(0.0) => return "must not be negative".into(),
            Self::AtLeast(least) => format!("must be {least} or more"),
            Self::AtMost(most) => format!("must be at most {most}"),
            Self::MoreThan(bound) => format!("must be more than {bound}"),
            Self::LessThan(bound) => format!("must be less than {bound}"),
            Self::MinChars(least) => at_least(least, "characters"),
            Self::MaxChars(most) => format!("must have at most {most} characters"),
            Self::MinBytes(least) => at_least(least, "bytes"),
            Self::MaxBytes(most) => format!("must have at most {most} bytes"),
            Self::Pattern(pattern) => format!("must match {}", pattern.text),
            Self::OneOf(texts) => one_of(texts.iter().filter(|text| !text.is_empty())),
            Self::Values(known) => one_of(known.iter().map(|(name, _)| name)),
            Self::MinItems(least) => at_least(least, "elements"),
            Self::MaxItems(most) => format!("must have at most {most} elements"),
            Self::Each(_) => return "is a list".into(),
        };
        words.into()
    }
}

fn one_of<T: AsRef<str>>(names: impl Iterator<Item = T>) -> String {
    let names: Vec<_> = names.map(|name| name.as_ref().to_owned()).collect();
    format!("must be one of {}", names.join(", "))
}
