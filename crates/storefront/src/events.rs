//! How the events of the storefront lie in the table. Each is written in the transaction of its change.

use serde::{Deserialize, Serialize};
use sir0_feed::{Event, Unreadable};
use sir0_kernel::Timestamp;
use sir0_storage::Announcement;

use crate::{
    domain::{Game, GameEvent, Genre},
    stored::StoredGame,
};

/// The row of an event. Fields may be added, with a default for older rows. They are never renamed.
#[derive(Serialize, Deserialize)]
struct Row {
    #[serde(flatten)]
    game: StoredGame,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    genre_before: Option<String>,
}

impl GameEvent {
    /// The row that a change at this moment records.
    pub(crate) fn announcement(&self, at: Timestamp) -> Announcement {
        Announcement { kind: self.kind(), payload: self.payload(), at }
    }

    /// The word in the table.
    const fn kind(&self) -> &'static str {
        match self {
            Self::Added(_) => "added",
            Self::Changed { .. } => "changed",
            Self::Removed(_) => "removed",
        }
    }

    /// The row in the table.
    fn payload(&self) -> String {
        let genre_before = match self {
            Self::Changed { genre_before, .. } => Some(genre_before.as_str().to_owned()),
            Self::Added(_) | Self::Removed(_) => None,
        };
        let row = Row { game: self.game().into(), genre_before };
        serde_json::to_string(&row).expect("numbers and texts are always JSON")
    }
}

impl Event for GameEvent {
    fn read(kind: &str, payload: &str) -> Result<Self, Unreadable> {
        let event: fn(Game, Option<Genre>) -> Self = match kind {
            "added" => |game, _| Self::Added(game),
            "changed" => |game, before| {
                let genre_before = before.unwrap_or_else(|| game.genre.clone());
                Self::Changed { game, genre_before }
            },
            "removed" => |game, _| Self::Removed(game),
            _ => return Err(Unreadable::Kind),
        };
        let row: Row = serde_json::from_str(payload)?;
        Ok(event(row.game.try_into()?, row.genre_before.map(Genre::from_row)))
    }
}
