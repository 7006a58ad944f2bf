//! What happens to games.

use super::{Game, Genre};

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
}
