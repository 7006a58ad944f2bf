//! Why a password is not hashed.

use std::time::Duration;

/// Why a password is not hashed. Nothing was done; trying again later is safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Too many callers with fewer recent failures and requests wait.
    TooBusy(Wait),
    /// Too many passwords for this account were wrong.
    TooManyAttempts(Wait),
}

/// When to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait(Duration);

impl Wait {
    /// The wait as a client reads it: whole seconds, rounded up, at least one.
    pub(crate) fn of(time: Duration) -> Self {
        Self(Duration::from_secs_f64(time.as_secs_f64().ceil().max(1.0)))
    }

    /// Whole seconds, at least one.
    #[must_use]
    pub const fn duration(self) -> Duration {
        self.0
    }
}
