//! Any value of JSON, for a reader that takes one kind of it.

use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Takes one kind of JSON value, and notes a fault for each other.
pub(super) trait Takes<'de>: Sized {
    /// What a value of another kind should have been.
    const EXPECTED: &'static str;

    fn fault(self, description: &'static str);

    fn object<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        self.fault(Self::EXPECTED);
        Ok(())
    }

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        self.fault(Self::EXPECTED);
        Ok(())
    }
}

/// Visits any value of JSON. Answers `false` for `null`.
pub(super) struct Of<T>(pub(super) T);

impl<'de, T: Takes<'de>> Visitor<'de> for Of<T> {
    type Value = bool;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value of JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<bool, A::Error> {
        self.0.object(object).map(|()| true)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<bool, A::Error> {
        self.0.list(list).map(|()| true)
    }

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<bool, E> {
        self.0.fault(T::EXPECTED);
        Ok(true)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<bool, E> {
        self.visit_bool(true)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<bool, E> {
        self.visit_bool(true)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<bool, E> {
        self.visit_bool(true)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<bool, E> {
        self.visit_bool(true)
    }
}
