//! Approvals of one action, by someone who just proved who they are.

use std::{fmt, time::Duration};

use sir0_kernel::{FactorId, UserId};

use super::secret::shown_secret;

/// A sensitive action, with what it is done to. An approval is good for exactly this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Ending sessions of an account.
    EndSessions(UserId),
    /// Adding a second factor to an account.
    AddFactor(UserId),
    /// Removing a second factor.
    RemoveFactor(FactorId),
    /// Making new recovery codes for an account.
    RenewRecoveryCodes(UserId),
}

/// The words in the table. They are never changed.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EndSessions(user) => write!(f, "end_sessions {user}"),
            Self::AddFactor(user) => write!(f, "add_factor {user}"),
            Self::RemoveFactor(factor) => write!(f, "remove_factor {factor}"),
            Self::RenewRecoveryCodes(user) => write!(f, "renew_recovery_codes {user}"),
        }
    }
}

shown_secret! {
    /// Shows an approval.
    Confirmation, "confirmation_"
}

impl Confirmation {
    /// How long an approval is good.
    pub(crate) const LIFE: Duration = Duration::from_mins(10);
}
