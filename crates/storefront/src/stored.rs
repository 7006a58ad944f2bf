//! How a game lies in an event, or in a cache that outlives the process.

mod page;
mod pictures;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sir0_kernel::{GameId, InvalidDay, InvalidId, Price, StudioId, Timestamp};

use crate::domain::{
    Description, Game, Genre, Kind, Standing, State, Title, UnknownKind, UnknownState,
};

pub(crate) use self::page::{StoredPage, StoredTraits, differences as differences_of_pages};
pub(crate) use self::pictures::{StoredPicture, StoredShown};
use self::{page::NoPage, pictures::NoPicture};

/// The form of a stored game. It grows when a game holds more than before: a version that does not know that stores it without
/// it, which must not be taken for a whole one.
pub(crate) const FORM: u8 = 6;

/// A game as it is stored. Fields may be added, with a default for older ones. They are never renamed.
///
/// One of an older form comes out as if it did not say since when everyone sees it. Who needs a whole one reads it from the
/// table.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredGame {
    #[serde(default)]
    form: u8,
    game_id: i64,
    title: String,
    genre: String,
    price_minor: i64,
    description: String,
    revision: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    studio_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    release_day: Option<String>,
    /// Microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    released_at: Option<i64>,
    /// Microseconds. An older version says nothing of it, and lists a game by its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    listed_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base_id: Option<i64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    bundled: Vec<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shown: Option<StoredShown>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    traits: Option<StoredTraits>,
}

/// Why what is stored is no game.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoGame {
    #[error(transparent)]
    Id(#[from] InvalidId),
    #[error(transparent)]
    Kind(#[from] UnknownKind),
    #[error(transparent)]
    State(#[from] UnknownState),
    #[error(transparent)]
    Day(#[from] InvalidDay),
    #[error(transparent)]
    Picture(#[from] NoPicture),
    #[error(transparent)]
    Page(#[from] NoPage),
}

impl From<&Game> for StoredGame {
    fn from(game: &Game) -> Self {
        let Standing { state, release_day, released, listed } = game.standing;
        let kind = Some(game.kind).filter(|kind| *kind != Kind::Game);
        let state = Some(state).filter(|state| *state != State::Released);
        Self {
            form: FORM,
            game_id: game.id.into(),
            title: game.title.as_str().to_owned(),
            genre: game.genre.as_str().to_owned(),
            price_minor: game.price.minor(),
            description: game.description.as_str().to_owned(),
            revision: game.revision,
            studio_id: game.studio.map(|studio| studio.to_string()),
            kind: kind.map(|kind| kind.as_str().to_owned()),
            state: state.map(|state| state.as_str().to_owned()),
            release_day: release_day.map(|day| day.to_string()),
            released_at: released.map(Timestamp::micros),
            listed_at: listed.map(Timestamp::micros),
            base_id: game.base.map(i64::from),
            bundled: game.bundled.iter().map(|id| i64::from(*id)).collect(),
            shown: game.shown.as_deref().map(Into::into),
            traits: game.traits.as_deref().map(Into::into),
        }
    }
}

impl TryFrom<StoredGame> for Game {
    type Error = NoGame;

    fn try_from(stored: StoredGame) -> Result<Self, NoGame> {
        let listed = stored.listed_at.filter(|_| stored.form >= FORM);
        let kind = stored.kind.map_or(Ok(Kind::Game), |kind| kind.parse())?;
        let state = stored.state.map_or(Ok(State::Released), |state| state.parse())?;
        let bundled: Result<Arc<[_]>, _> =
            stored.bundled.into_iter().map(GameId::from_row).collect();
        Ok(Self {
            id: GameId::from_row(stored.game_id)?,
            title: Title::from_row(stored.title),
            genre: Genre::from_row(stored.genre),
            price: Price::from_minor(stored.price_minor),
            description: Description::from_row(stored.description),
            revision: stored.revision,
            studio: stored.studio_id.as_deref().map(StudioId::parse).transpose()?,
            kind,
            standing: Standing {
                state,
                release_day: stored.release_day.map(|day| day.parse()).transpose()?,
                released: stored.released_at.map(Timestamp::from_micros),
                listed: listed.map(Timestamp::from_micros),
            },
            base: stored.base_id.map(GameId::from_row).transpose()?,
            bundled: bundled?,
            shown: stored.shown.map(|it| it.try_into().map(Arc::new)).transpose()?,
            traits: stored.traits.map(|it| it.try_into().map(Arc::new)).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_game_of_an_older_form_does_not_say_since_when_everyone_sees_it() {
        let game = Game::example(7, 3);
        let stored = |game: &Game| serde_json::to_value(StoredGame::from(game)).expect("JSON");
        let read = |json| {
            let stored: StoredGame = serde_json::from_value(json).expect("as it was stored");
            Game::try_from(stored).expect("a game")
        };
        assert_eq!(read(stored(&game)), game);
        assert!(game.standing.listed.is_some());

        let mut older = stored(&game);
        older.as_object_mut().expect("a game is an object").remove("form");

        let standing = Standing { listed: None, ..game.standing };
        assert_eq!(read(older), Game { standing, ..game });
    }
}
