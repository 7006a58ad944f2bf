//! The link that makes the first administrator.

use std::time::Duration;

use super::LinkSecret;

/// The secret of a link that makes the first administrator. The database keeps only its hash.
pub(crate) struct SetupToken(LinkSecret);

impl SetupToken {
    /// How long a link is good.
    pub(crate) const LIFE: Duration = Duration::from_hours(1);

    /// A token that no one guesses.
    pub(crate) fn fresh() -> Self {
        Self(LinkSecret::fresh())
    }

    /// What someone shows as the token, whatever it is. Only the database knows whether it is one.
    pub(crate) fn shown(text: &str) -> Self {
        Self(LinkSecret::shown(text))
    }

    /// As it stands in the link.
    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// What the database keeps.
    pub(crate) fn hash(&self) -> Vec<u8> {
        self.0.hash()
    }
}
