//! How the events of accounts lie in the table. Each is written in the transaction of its change.

mod security;

use serde::{Deserialize, Serialize};
use sir0_feed::{Event, Unreadable};
use sir0_kernel::{InvalidId, Roster, SessionId, StudioId, Timestamp, UserId};
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

/// The row of a change to the members of a studio. Fields may be added, with a default for older rows. They are never
/// renamed.
#[derive(Serialize, Deserialize)]
struct StudioChangedRow {
    studio_id: String,
    revision: i64,
    members: Vec<MemberRow>,
}

#[derive(Serialize, Deserialize)]
struct MemberRow {
    user_id: i64,
    role: String,
}

impl From<&Roster> for StudioChangedRow {
    fn from(roster: &Roster) -> Self {
        let members = roster.members.iter().map(|(user, role)| MemberRow {
            user_id: (*user).into(),
            role: role.as_str().to_owned(),
        });
        Self {
            studio_id: roster.studio.to_string(),
            revision: roster.revision,
            members: members.collect(),
        }
    }
}

impl TryFrom<StudioChangedRow> for Roster {
    type Error = InvalidId;

    /// A member with a role that only a later version knows may do nothing here.
    fn try_from(row: StudioChangedRow) -> Result<Self, InvalidId> {
        let known = row.members.into_iter().filter_map(|member| {
            let role = member.role.parse().ok()?;
            Some(UserId::from_row(member.user_id).map(|user| (user, role)))
        });
        let members = known.collect::<Result<_, _>>()?;
        Ok(Self { studio: StudioId::parse(&row.studio_id)?, revision: row.revision, members })
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
            Self::StudioChanged(_) => "studio_changed",
            Self::Security(_) => "security_event",
        }
    }

    /// The row in the table.
    fn payload(&self) -> String {
        let row = match self {
            Self::SessionEnded(ended) => serde_json::to_string(&SessionEndedRow::from(ended)),
            Self::StudioChanged(roster) => serde_json::to_string(&StudioChangedRow::from(roster)),
            Self::Security(event) => security::write(event),
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
            "studio_changed" => {
                let row: StudioChangedRow = serde_json::from_str(payload)?;
                Ok(Self::StudioChanged(row.try_into()?))
            }
            "security_event" => Ok(Self::Security(Box::new(security::read(payload)?))),
            _ => Err(Unreadable::Kind),
        }
    }
}
