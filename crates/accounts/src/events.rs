//! What accounts announces: sessions that ended early, so that every service refuses their tokens.

use serde::{Deserialize, Serialize};
use sir0_feed::Event;
use sir0_kernel::{InvalidId, SessionId, Timestamp};

/// A session was ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SessionEnded {
    pub(crate) session: SessionId,
    /// When its token expires. After that the end need not be remembered.
    pub(crate) expires: Timestamp,
}

/// The event as it lies in the table. Fields may be added, with a default for older rows. They are never renamed.
#[derive(Serialize, Deserialize)]
struct Row {
    session_id: String,
    expires_at: i64,
}

/// A row that no version of ours wrote.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnreadableEvent {
    #[error("an event is of the unknown kind `{0}`")]
    Kind(String),
    #[error("an event is not in our form")]
    Form(#[from] serde_json::Error),
    #[error("an event is about something that can be no session")]
    Id(#[from] InvalidId),
}

impl SessionEnded {
    /// The word in the table.
    pub(crate) const KIND: &str = "session_ended";

    /// The row in the table.
    pub(crate) fn payload(&self) -> String {
        let row = Row { session_id: self.session.to_string(), expires_at: self.expires.micros() };
        serde_json::to_string(&row).expect("numbers and texts are always JSON")
    }
}

impl Event for SessionEnded {
    type Error = UnreadableEvent;

    fn read(kind: &str, payload: &str) -> Result<Self, UnreadableEvent> {
        if kind != Self::KIND {
            return Err(UnreadableEvent::Kind(kind.to_owned()));
        }
        let row: Row = serde_json::from_str(payload)?;
        Ok(Self {
            session: SessionId::parse(&row.session_id)?,
            expires: Timestamp::from_micros(row.expires_at),
        })
    }
}
