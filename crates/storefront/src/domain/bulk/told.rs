//! What an importer hears.

use super::BadLine;

/// How far an import has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The last line that was taken or refused.
    pub line: u32,
    /// How many products were added.
    pub added: u32,
    /// How many were changed.
    pub changed: u32,
    /// How many were so already.
    pub unchanged: u32,
    /// How many lines were not taken.
    pub bad: u32,
}

/// One thing that an importer hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Every line up to there is in the store, or counted as bad.
    Progress(Counts),
    /// A line that was not taken.
    Bad(BadLine),
    /// The file was taken to its end.
    Ended(Counts),
}
