//! What is found out about something that a service needs, for `sir0 doctor`.

use std::fmt::Display;

/// What was found about one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It works, and this is what it is.
    Well(String),
    /// It works, but somebody should look, and this is what to do.
    Doubtful(String, &'static str),
    /// It does not work, and this is what to do.
    Failing(String, &'static str),
}

/// An error with its causes, on one line.
#[must_use]
pub fn full(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(|cause| (cause as &dyn Display).to_string()).collect::<Vec<_>>().join(": ")
}
