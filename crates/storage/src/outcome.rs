//! How a unit of work came out.

use std::error::Error as StdError;

use crate::Error;

/// How a unit of work came out. It is all that its end needs to know, so the end is compiled once and not for each kind of
/// answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has an answer.
    Done,
    /// It refuses. The database works.
    Refused,
    /// A statement failed.
    Failed,
}

impl Outcome {
    /// How a unit of work came out that answers so.
    pub fn of<T, E: StdError + 'static>(answer: &Result<T, E>) -> Self {
        match answer {
            Ok(_) => Self::Done,
            Err(error) if Error::is_failure(error) => Self::Failed,
            Err(_) => Self::Refused,
        }
    }
}
