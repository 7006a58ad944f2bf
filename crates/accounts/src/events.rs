//! What accounts announces: sessions that ended early, so that every service refuses their tokens.

use serde::{Deserialize, Serialize};
use sir0_feed::{Event, Unreadable};
use sir0_kernel::{SessionId, Timestamp};

/// A change to accounts that others have to hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccountsEvent {
    /// A session was ended before its time.
    SessionEnded(SessionEnded),
}

/// A session was ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SessionEnded {
    pub(crate) session: SessionId,
    /// When its token expires. After that the end need not be remembered.
    pub(crate) expires: Timestamp,
}

/// The end of a session as it lies in the table. Fields may be added, with a default for older rows. They are never
/// renamed.
#[derive(Serialize, Deserialize)]
struct SessionEndedRow {
    session_id: String,
    expires_at: i64,
}

impl SessionEnded {
    /// The word in the table.
    pub(crate) const KIND: &str = "session_ended";

    /// The row in the table.
    pub(crate) fn payload(&self) -> String {
        let row = SessionEndedRow {
            session_id: self.session.to_string(),
            expires_at: self.expires.micros(),
        };
        serde_json::to_string(&row).expect("numbers and texts are always JSON")
    }

    fn read(payload: &str) -> Result<Self, Unreadable> {
        let row: SessionEndedRow = serde_json::from_str(payload)?;
        let session = SessionId::parse(&row.session_id)?;
        Ok(Self { session, expires: Timestamp::from_micros(row.expires_at) })
    }
}

impl Event for AccountsEvent {
    fn read(kind: &str, payload: &str) -> Result<Self, Unreadable> {
        match kind {
            SessionEnded::KIND => SessionEnded::read(payload).map(Self::SessionEnded),
            _ => Err(Unreadable::Kind),
        }
    }
}
