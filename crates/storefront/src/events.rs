//! How the events of the storefront lie in the table. Each is written in the transaction of its change.

use serde::{Deserialize, Serialize, de::Error as _};
use sir0_feed::{Event, Unreadable};
use sir0_kernel::{StudioId, Timestamp};
use sir0_storage::Announcement;

use crate::{
    domain::{Game, GameEvent, Genre, Schedule},
    stored::StoredGame,
};

/// The row of an event. Fields may be added, with a default for older rows. They are never renamed.
#[derive(Serialize, Deserialize)]
struct Row {
    #[serde(flatten)]
    game: StoredGame,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    genre_before: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    studio_before: Option<String>,
    /// Microseconds, as the next one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    announce_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    release_at: Option<i64>,
}

impl GameEvent {
    /// The row that a change at this moment records.
    pub(crate) fn announcement(&self, at: Timestamp) -> Announcement {
        Announcement { kind: self.kind(), payload: self.payload(), at }
    }

    /// The word in the table. Versions that do not know a word pass over the event: they hear of nothing that only a
    /// studio sees.
    const fn kind(&self) -> &'static str {
        match self {
            Self::Added(_) => "added",
            Self::Changed { .. } => "changed",
            Self::Removed(_) => "removed",
            Self::Hidden { .. } => "hidden",
            Self::Scheduled { .. } => "scheduled",
        }
    }

    /// The row in the table.
    fn payload(&self) -> String {
        let genre_before = match self {
            Self::Changed { genre_before, .. } => Some(genre_before.as_str().to_owned()),
            _ => None,
        };
        let schedule = match self {
            Self::Scheduled { schedule, .. } => *schedule,
            _ => Schedule::default(),
        };
        let row = Row {
            game: self.game().into(),
            genre_before,
            studio_before: self.studio_before().map(|studio| studio.to_string()),
            announce_at: schedule.announce.map(Timestamp::micros),
            release_at: schedule.release.map(Timestamp::micros),
        };
        serde_json::to_string(&row).expect("numbers and texts are always JSON")
    }
}

impl Event for GameEvent {
    fn read(kind: &str, payload: &str) -> Result<Self, Unreadable> {
        if !["added", "changed", "removed", "hidden", "scheduled"].contains(&kind) {
            return Err(Unreadable::Kind);
        }
        let Row { game, genre_before, studio_before, announce_at, release_at } =
            serde_json::from_str(payload)?;
        let game: Game = game.try_into().map_err(serde_json::Error::custom)?;
        let studio_before = studio_before.as_deref().map(StudioId::parse).transpose()?;
        let moment = |at: Option<i64>| at.map(Timestamp::from_micros);
        Ok(match kind {
            "added" => Self::Added(game),
            "changed" => {
                let genre_before = genre_before.map_or_else(|| game.genre.clone(), Genre::from_row);
                Self::Changed { game, genre_before, studio_before }
            }
            "removed" => Self::Removed(game),
            "hidden" => Self::Hidden { game, studio_before },
            _ => {
                let schedule =
                    Schedule { announce: moment(announce_at), release: moment(release_at) };
                Self::Scheduled { game, schedule }
            }
        })
    }
}
