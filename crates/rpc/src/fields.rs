//! Reading every field before answering, so that one reply names every fault.

use std::fmt::Display;

use crate::{Reason, Refusal};

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldFault {
    /// The field, as the contract spells it.
    pub field: String,
    /// What the field must be. The text is read behind the name of the field.
    pub description: String,
}

/// The bad fields of a request: all of them, up to a number that no mistake reaches.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct InvalidFields(Vec<FieldFault>);

impl InvalidFields {
    /// These faults.
    #[must_use]
    pub const fn new(faults: Vec<FieldFault>) -> Self {
        Self(faults)
    }

    /// A single fault.
    pub fn one(field: &str, description: impl Display) -> Self {
        Self(vec![FieldFault { field: field.to_owned(), description: description.to_string() }])
    }

    /// Every fault, in the order of the fields.
    #[must_use]
    pub fn faults(&self) -> &[FieldFault] {
        &self.0
    }

    fn sentence(&self) -> String {
        let faults = self.0.iter().map(|fault| format!("`{}` {}", fault.field, fault.description));
        faults.collect::<Vec<_>>().join("; ")
    }
}

impl Refusal for InvalidFields {
    const DOMAIN: &'static str = "contract";

    fn reason(&self) -> Reason {
        Reason::invalid("INVALID_FIELDS").naming(&self.0)
    }
}

crate::refuses!(InvalidFields);

/// Collects the faults of a request while its fields are read.
#[derive(Debug, Default)]
pub struct FieldReader {
    faults: Vec<FieldFault>,
}

impl FieldReader {
    /// Keeps the value, or the fault.
    pub fn read<T, E: Display>(&mut self, field: &str, value: Result<T, E>) -> Option<T> {
        value.map_err(|fault| self.fault(field, fault)).ok()
    }

    /// As [`Self::read`] for a field that may be left out: `Some(None)` when it was.
    pub fn read_optional<T, E: Display>(
        &mut self,
        field: &str,
        value: Option<Result<T, E>>,
    ) -> Option<Option<T>> {
        match value {
            None => Some(None),
            Some(value) => self.read(field, value).map(Some),
        }
    }

    /// How many faults are named. More would not help a client, and could grow beyond what an answer may carry.
    const MOST: usize = 20;

    /// Notes a fault that no single value shows.
    pub fn fault(&mut self, field: &str, description: impl Display) {
        if self.faults.len() == Self::MOST {
            return;
        }
        self.faults
            .push(FieldFault { field: field.to_owned(), description: description.to_string() });
    }

    /// The faults that were found.
    #[must_use]
    pub fn into_faults(self) -> InvalidFields {
        InvalidFields(self.faults)
    }

    /// Refuses if a fault was found.
    pub fn finish(self) -> Result<(), InvalidFields> {
        if self.faults.is_empty() { Ok(()) } else { Err(InvalidFields(self.faults)) }
    }
}
