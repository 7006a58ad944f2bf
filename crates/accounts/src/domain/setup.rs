//! The link that makes the first administrator.

use std::time::Duration;

use super::secret::shown_secret;

shown_secret! {
    /// The secret of a link that makes the first administrator.
    SetupToken, ""
}

impl SetupToken {
    /// How long a link is good.
    pub(crate) const LIFE: Duration = Duration::from_hours(1);
}
