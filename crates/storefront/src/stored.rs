//! How a game lies in an event, or in a cache that outlives the process.

use serde::{Deserialize, Serialize};
use sir0_kernel::{GameId, InvalidId, Price, StudioId};

use crate::domain::{Description, Game, Genre, Title};

/// A game as it is stored. Fields may be added, with a default for older ones. They are never renamed.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredGame {
    game_id: i64,
    title: String,
    genre: String,
    price_minor: i64,
    description: String,
    revision: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    studio_id: Option<String>,
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
            studio_id: game.studio.map(|studio| studio.to_string()),
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
            studio: stored.studio_id.as_deref().map(StudioId::parse).transpose()?,
        })
    }
}
