//! What is wrong with a request.

use std::borrow::Cow;

/// The most faults that are told of one request. More would not help a client, and could grow beyond what an answer may
/// carry.
pub const MOST_FAULTS: usize = 20;

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The path of the field, in the names of JSON: `lines[2].quantity`.
    pub field: String,
    /// What the field must be: `must be a number`.
    pub description: Cow<'static, str>,
}

/// The faults that were found so far.
#[derive(Debug, Default)]
pub(crate) struct Faults(pub(crate) Vec<Fault>);

impl Faults {
    /// Notes a fault. `field` is asked for only if there is room.
    pub(crate) fn note(
        &mut self,
        field: impl FnOnce() -> String,
        description: impl Into<Cow<'static, str>>,
    ) {
        if self.0.len() < MOST_FAULTS {
            self.0.push(Fault { field: field(), description: description.into() });
        }
    }
}

/// A name as it may stand in an answer: bounded, and without characters that would spoil a terminal.
pub(crate) fn shown(name: &str) -> String {
    name.chars().take(64).map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect()
}
