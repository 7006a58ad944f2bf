//! How the events of accounts lie in the table. Each is written in the transaction of its change.

use serde::{Deserialize, Serialize};
use sir0_feed::{Event, Unreadable};
use sir0_kernel::{SessionId, Timestamp};
use sir0_storage::Announcement;

use crate::domain::{AccountsEvent, SessionEnded};

/// The row of the end of a session. Fields may be added, with a default for older rows. They are never renamed.
#[derive(Serialize, Deserialize)]
struct SessionEndedRow {
    session_id: String,
    expires_at: i64,
}

impl From<&SessionEnded> for SessionEndedRow {
    fn from(ended: &SessionEnded) -> Self {
        Self { session_id: ended.session.to_string(), expires_at: ended.expires.micros() }
    }
}

impl TryFrom<SessionEndedRow> for SessionEnded {
    type Error = Unreadable;

    fn try_from(row: SessionEndedRow) -> Result<Self, Unreadable> {
        let session = SessionId::parse(&row.session_id)?;
        Ok(Self { session, expires: Timestamp::from_micros(row.expires_at) })
    }
}

impl AccountsEvent {
    /// The row that a change at this moment records.
    pub(crate) fn announcement(&self, at: Timestamp) -> Announcement {
        Announcement { kind: self.kind(), payload: self.payload(), at }
    }

    /// The word in the table.
    const fn kind(&self) -> &'static str {
        match self {
            Self::SessionEnded(_) => "session_ended",
        }
    }

    /// The row in the table.
    fn payload(&self) -> String {
        let row = match self {
            Self::SessionEnded(ended) => serde_json::to_string(&SessionEndedRow::from(ended)),
        };
        row.expect("numbers and texts are always JSON")
    }
}

impl Event for AccountsEvent {
    fn read(kind: &str, payload: &str) -> Result<Self, Unreadable> {
        match kind {
            "session_ended" => {
                let row: SessionEndedRow = serde_json::from_str(payload)?;
                row.try_into().map(Self::SessionEnded)
            }
            _ => Err(Unreadable::Kind),
        }
    }
}
