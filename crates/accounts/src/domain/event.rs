//! What happens to accounts, as far as others have to hear of it.

use sir0_kernel::{Roster, SessionId, Timestamp};

use super::SecurityEvent;

/// A change to accounts that others have to hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AccountsEvent {
    /// A session was ended before its time.
    SessionEnded(SessionEnded),
    /// The members of a studio changed: who is in it now.
    StudioChanged(Roster),
    /// A security event. Boxed: it is larger than the others.
    Security(Box<SecurityEvent>),
}

/// A session was ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SessionEnded {
    pub(crate) session: SessionId,
    /// When its token expires. After that the end need not be remembered.
    pub(crate) expires: Timestamp,
}

impl SessionEnded {
    /// How many are read at a time.
    pub(crate) const PAGE: i64 = 1000;
}
