//! What the storefront announces. Each event is written in the transaction of its change.

use serde::{Deserialize, Serialize};
use sir0_feed::{Event, Unreadable};
use sir0_kernel::{GameId, InvalidId, Price};

use crate::domain::{Description, Game, Genre, Title};

/// A change to the games of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GameEvent {
    /// It was added.
    Added(Game),
    /// It was changed.
    Changed {
        /// As it is now.
        game: Game,
        /// The genre it had before. Watchers of this genre hear that the game left it.
        genre_before: Genre,
    },
    /// It was removed.
    Removed(Game),
}

impl GameEvent {
    /// The game it is about, as it is now or was last.
    #[must_use]
    pub const fn game(&self) -> &Game {
        match self {
            Self::Added(game) | Self::Changed { game, .. } | Self::Removed(game) => game,
        }
    }

    /// The word in the table.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Added(_) => "added",
            Self::Changed { .. } => "changed",
            Self::Removed(_) => "removed",
        }
    }

    /// The row in the table.
    #[must_use]
    pub fn payload(&self) -> String {
        let genre_before = match self {
            Self::Changed { genre_before, .. } => Some(genre_before.as_str().to_owned()),
            Self::Added(_) | Self::Removed(_) => None,
        };
        let row = Row { game: self.game().into(), genre_before };
        serde_json::to_string(&row).expect("numbers and texts are always JSON")
    }
}

/// How an event lies in the table. Fields may be added, with a default for older rows. They are never renamed.
#[derive(Serialize, Deserialize)]
struct Row {
    #[serde(flatten)]
    game: StoredGame,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    genre_before: Option<String>,
}

/// How a game lies in an event, or in a cache that outlives the process. The same rules as for [`Row`].
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredGame {
    game_id: i64,
    title: String,
    genre: String,
    price_minor: i64,
    description: String,
    revision: i32,
}

impl From<&Game> for StoredGame {
    fn from(game: &Game) -> Self {
        Self {
            game_id: game.id.into(),
            title: game.title.as_str().to_owned(),
            genre: game.genre.as_str().to_owned(),
            price_minor: game.price.minor(),
            description: game.description.as_str().to_owned(),
            revision: game.revision,
        }
    }
}

impl TryFrom<StoredGame> for Game {
    type Error = InvalidId;

    fn try_from(stored: StoredGame) -> Result<Self, InvalidId> {
        Ok(Self {
            id: GameId::from_row(stored.game_id)?,
            title: Title::from_row(stored.title),
            genre: Genre::from_row(stored.genre),
            price: Price::from_minor(stored.price_minor),
            description: Description::from_row(stored.description),
            revision: stored.revision,
        })
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
