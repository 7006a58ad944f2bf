//! Approvals of one action, by someone who just proved who they are.

use std::{fmt, time::Duration};

use sir0_kernel::UserId;

use super::LinkSecret;

/// A sensitive action, with what it is done to. An approval is good for exactly this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Ending sessions of an account.
    EndSessions(UserId),
    /// Making an API token for an account.
    CreateApiToken(UserId),
}

/// The words in the table. They are never changed.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EndSessions(user) => write!(f, "end_sessions {user}"),
            Self::CreateApiToken(user) => write!(f, "create_api_token {user}"),
        }
    }
}

/// The secret that shows an approval. The database keeps only its hash.
pub(crate) struct Confirmation(LinkSecret);

impl Confirmation {
    const PREFIX: &str = "confirmation_";
    /// How long an approval is good.
    pub(crate) const LIFE: Duration = Duration::from_mins(10);

    /// An approval that no one guesses.
    pub(crate) fn fresh() -> Self {
        Self::shown(&format!("{}{}", Self::PREFIX, LinkSecret::fresh().as_str()))
    }

    /// What someone shows. Only the database knows whether it is good.
    pub(crate) fn shown(text: &str) -> Self {
        Self(LinkSecret::shown(text))
    }

    /// As a client shows it.
    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// What the database keeps.
    pub(crate) fn hash(&self) -> Vec<u8> {
        self.0.hash()
    }
}
