//! What happens to games.

use sir0_kernel::StudioId;

use super::{Game, Genre, Schedule};

/// A change to the games of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GameEvent {
    /// Everyone sees it from now on.
    Added(Game),
    /// It was changed, before everyone's eyes.
    Changed {
        /// As it is now.
        game: Game,
        /// The genre it had before. Watchers of this genre hear that the game left it.
        genre_before: Genre,
        /// The studio that had it, if it was handed over.
        studio_before: Option<StudioId>,
    },
    /// Only its studio sees it from now on. This is the game as everyone saw it last; its revision is one more now.
    Removed(Game),
    /// It was added or changed, and only its studio sees it.
    Hidden {
        /// As it is now.
        game: Game,
        /// The studio that had it, if it was handed over.
        studio_before: Option<StudioId>,
    },
    /// Its studio planned when it becomes public. The game is the same.
    Scheduled {
        /// The game.
        game: Game,
        /// What is planned now.
        schedule: Schedule,
    },
}

impl GameEvent {
    /// What those who watch hear of a game that was added.
    #[must_use]
    pub fn beginning(game: Game) -> Self {
        if game.is_public() {
            Self::Added(game)
        } else {
            Self::Hidden { game, studio_before: None }
        }
    }

    /// The game it is about, as it is now or was last.
    #[must_use]
    pub const fn game(&self) -> &Game {
        match self {
            Self::Added(game)
            | Self::Changed { game, .. }
            | Self::Removed(game)
            | Self::Hidden { game, .. }
            | Self::Scheduled { game, .. } => game,
        }
    }

    /// Whether something that everyone sees is different.
    #[must_use]
    pub const fn is_public(&self) -> bool {
        match self {
            Self::Added(_) | Self::Changed { .. } | Self::Removed(_) => true,
            Self::Hidden { .. } | Self::Scheduled { .. } => false,
        }
    }

    /// The studio that had the game, if it was handed over.
    #[must_use]
    pub const fn studio_before(&self) -> Option<StudioId> {
        match self {
            Self::Changed { studio_before, .. } | Self::Hidden { studio_before, .. } => {
                *studio_before
            }
            Self::Added(_) | Self::Removed(_) | Self::Scheduled { .. } => None,
        }
    }
}
