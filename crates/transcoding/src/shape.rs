//! What messages look like.

use crate::bounds::Bound;

/// A message type.
#[derive(Debug)]
pub struct Shape {
    /// Its full name, such as `sir0.storefront.v1.Game`.
    pub name: &'static str,
    /// Its fields, in the order of the file.
    pub fields: &'static [Field],
    /// How JSON writes it.
    pub form: Form,
}

impl Shape {
    /// The field of this name, in either spelling (`game_id` or `gameId`).
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.json == name || field.name == name)
    }

    /// The path of a field as JSON spells it: `lines[2].unitPrice` for `lines[2].unit_price`. A part that leads to no
    /// field stays as it is, with all that follows it.
    #[must_use]
    pub fn json_path(&self, path: &str) -> String {
        let (part, rest) = path.split_once('.').map_or((path, None), |(a, b)| (a, Some(b)));
        let (name, index) = part.split_at(part.find('[').unwrap_or(part.len()));
        let Some(field) = self.field(name) else { return path.to_owned() };
        match (rest, field.kind) {
            (None, _) => format!("{}{index}", field.json),
            (Some(rest), Kind::Message(shape)) => {
                format!("{}{index}.{}", field.json, shape.json_path(rest))
            }
            (Some(rest), _) => format!("{}{index}.{rest}", field.json),
        }
    }
}

/// How JSON writes a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// An object, a member for each field.
    Object,
    /// `google.protobuf.Timestamp`: a text of RFC 3339.
    Timestamp,
    /// `google.protobuf.Duration`: seconds with an `s` behind them.
    Duration,
    /// `google.protobuf.FieldMask`: paths in lower camel case, with commas between them.
    FieldMask,
    /// `google.protobuf.Int32Value` and its like: the value of their only field.
    Wrapper,
    /// `google.api.HttpBody`: bytes with a content type where it is a body, an object elsewhere.
    HttpBody,
}

impl Form {
    /// Whether JSON writes such a message as an object.
    pub(crate) const fn is_object(self) -> bool {
        matches!(self, Self::Object | Self::HttpBody)
    }
}

/// One field of a message.
#[derive(Debug)]
pub struct Field {
    /// Its number on the wire.
    pub number: u32,
    /// Its name in the file: `game_id`.
    pub name: &'static str,
    /// Its name in JSON: `gameId`.
    pub json: &'static str,
    /// Its name in JSON as a member begins: `"gameId":`.
    pub key: &'static str,
    /// What a value of it is.
    pub kind: Kind,
    /// How many values it holds.
    pub holds: Holds,
    /// The `oneof` it belongs to.
    pub oneof: Option<&'static str>,
    /// What it must be besides. Looked at only for a request that is refused anyway.
    pub bounds: &'static [Bound],
}

/// How many values a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// One. Left out means the default of its kind, or no message.
    One,
    /// One or none, and the two are told apart: `optional`, or a member of a `oneof`.
    Perhaps,
    /// Any number, in their order.
    Several,
    /// Any number, each under a key. The kind is the message of an entry: field 1 is the key, field 2 the value.
    Map,
}

/// What a value is.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the scalar types of protobuf, under their names")]
pub enum Kind {
    Bool,
    Int32,
    Sint32,
    Sfixed32,
    Int64,
    Sint64,
    Sfixed64,
    Uint32,
    Fixed32,
    Uint64,
    Fixed64,
    Float,
    Double,
    /// `string`.
    Text,
    Bytes,
    Enum(&'static Enum),
    Message(&'static Shape),
}

impl Kind {
    /// Whether the values of a list stand one behind the other on the wire, under one key.
    pub(crate) const fn is_packed(self) -> bool {
        !matches!(self, Self::Text | Self::Bytes | Self::Message(_))
    }
}

/// An enum type.
#[derive(Debug)]
pub struct Enum {
    /// Its full name.
    pub name: &'static str,
    /// Its values and their numbers, in the order of the file. The first is the default.
    pub values: &'static [(&'static str, i32)],
}

impl Enum {
    pub(crate) fn number_of(&self, name: &str) -> Option<i32> {
        self.values.iter().find(|(known, _)| *known == name).map(|(_, number)| *number)
    }

    pub(crate) fn name_of(&self, number: i32) -> Option<&'static str> {
        self.values.iter().find(|(_, known)| *known == number).map(|(name, _)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn field(name: &'static str, json: &'static str, kind: Kind) -> Field {
        Field { number: 1, name, json, key: "", kind, holds: Holds::One, oneof: None, bounds: &[] }
    }

    #[test]
    fn a_path_is_told_in_the_names_of_json() {
        static LINE: Shape = Shape {
            name: "Line",
            fields: &[field("unit_price", "unitPrice", Kind::Double)],
            form: Form::Object,
        };
        static ORDER: Shape = Shape {
            name: "Order",
            fields: &[field("order_lines", "orderLines", Kind::Message(&LINE))],
            form: Form::Object,
        };

        for (path, expected) in [
            ("order_lines", "orderLines"),
            ("order_lines[2]", "orderLines[2]"),
            ("order_lines[2].unit_price", "orderLines[2].unitPrice"),
            ("order_lines[2].unit_cost", "orderLines[2].unit_cost"),
            ("other.unit_price", "other.unit_price"),
        ] {
            assert_eq!(ORDER.json_path(path), expected);
        }
    }
}
