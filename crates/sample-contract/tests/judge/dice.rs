//! Messages that look random and are the same in every run.

use std::collections::HashMap;

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};

/// Numbers that look random and are the same in every run.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed))
    }

    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.roll() % choices.len() as u64).expect("small")]
    }

    /// A message whose messages nest so deep.
    pub(crate) fn message(&mut self, of: &MessageDescriptor, depth: usize) -> DynamicMessage {
        let mut message = DynamicMessage::new(of.clone());
        if let Some(fields) = self.special(of.full_name()) {
            for (name, value) in fields {
                message.set_field_by_name(name, value);
            }
            return message;
        }
        for field in of.fields() {
            let is_too_deep = matches!(field.kind(), Kind::Message(_)) && depth == 0;
            if !is_too_deep && !self.roll().is_multiple_of(3) {
                let value = self.field(&field, depth);
                message.set_field(&field, value);
            }
        }
        message
    }

    /// The fields of messages that JSON writes as a text.
    fn special(&mut self, name: &str) -> Option<Vec<(&'static str, Value)>> {
        Some(match name {
            "google.protobuf.Timestamp" => {
                let seconds =
                    self.one_of(&[0, 1, -1, 1_795_644_995, -62_135_596_800, 253_402_300_799]);
                let nanos = self.one_of(&[0, 1, 500_000_000, 999_999_999]);
                vec![("seconds", Value::I64(seconds)), ("nanos", Value::I32(nanos))]
            }
            "google.protobuf.Duration" => {
                let sign = self.one_of(&[1_i32, -1]);
                let seconds = self.one_of(&[0, 3, 315_576_000_000]) * i64::from(sign);
                let nanos = self.one_of(&[0, 1, 500_000_000]) * sign;
                vec![("seconds", Value::I64(seconds)), ("nanos", Value::I32(nanos))]
            }
            "google.protobuf.FieldMask" => {
                let paths = self.one_of(&[&["a_bool"][..], &[], &["inner.an_int32", "a_string"]]);
                let paths = paths.iter().map(|path| Value::String((*path).to_owned())).collect();
                vec![("paths", Value::List(paths))]
            }
            _ => return None,
        })
    }

    fn field(&mut self, field: &FieldDescriptor, depth: usize) -> Value {
        let inner = depth.saturating_sub(1);
        match field.kind() {
            Kind::Message(entry) if field.is_map() => {
                let (key, value) = (entry.map_entry_key_field(), entry.map_entry_value_field());
                let entries = (0..self.roll() % 3).map(|_| {
                    let key = match self.value(&key.kind(), 0) {
                        Value::String(text) => MapKey::String(text),
                        Value::I64(number) => MapKey::I64(number),
                        Value::Bool(truth) => MapKey::Bool(truth),
                        other => unreachable!("no map of the sample has keys like {other:?}"),
                    };
                    (key, self.value(&value.kind(), inner))
                });
                Value::Map(entries.collect::<HashMap<_, _>>())
            }
            kind if field.is_list() => {
                let count = self.roll() % 4;
                Value::List((0..count).map(|_| self.value(&kind, inner)).collect())
            }
            kind => self.value(&kind, inner),
        }
    }

    fn value(&mut self, kind: &Kind, depth: usize) -> Value {
        match kind {
            Kind::Bool => Value::Bool(self.roll().is_multiple_of(2)),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
                Value::I32(self.one_of(&[0, 1, -1, i32::MAX, i32::MIN, 300]))
            }
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
                Value::I64(self.one_of(&[0, 1, -1, i64::MAX, i64::MIN, 1 << 53]))
            }
            Kind::Uint32 | Kind::Fixed32 => Value::U32(self.one_of(&[0, 1, u32::MAX])),
            Kind::Uint64 | Kind::Fixed64 => Value::U64(self.one_of(&[0, 1, u64::MAX])),
            Kind::Float => {
                Value::F32(self.one_of(&[0.0, 1.5, -0.1, 3.0e38, f32::MIN_POSITIVE, 16_777_216.0]))
            }
            Kind::Double => {
                Value::F64(self.one_of(&[0.0, 1.5, -0.1, f64::MAX, 5e-324, 1e21, 24.99]))
            }
            Kind::String => {
                let text = self.one_of(&["", "a", "\"\\/\u{1}\u{7f}\n", "ä€😀", "null", "{}"]);
                Value::String(text.to_owned())
            }
            Kind::Bytes => {
                let bytes: &[u8] = self.one_of(&[&b""[..], b"\0", b"\xff\xfe", b"\xfb\xef\xbe??>"]);
                Value::Bytes(bytes.to_vec().into())
            }
            Kind::Enum(_) => Value::EnumNumber(self.one_of(&[0, 1, -2, 77])),
            Kind::Message(message) => Value::Message(self.message(message, depth)),
        }
    }
}
