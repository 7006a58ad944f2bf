//! What the store as a whole has: the games on its front page.

use sir0_kernel::GameId;

use super::Game;

/// How many games the platform picks at most.
pub(crate) const MOST_PICKED: usize = 50;

/// The games that the platform picked for its front page, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Picks {
    /// Which. Not everyone sees each of them.
    pub(crate) games: Vec<GameId>,
    /// Grows by one with every change. 0: nothing was ever picked.
    pub(crate) revision: i32,
}

/// What is asked for: these games, in the place of those before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UpdatePicks {
    /// Which.
    pub(crate) games: Vec<GameId>,
    /// The revision that the picks are to have before. `None`: whatever they have.
    pub(crate) revision: Option<i32>,
}

/// The lists of the front page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FrontPage {
    /// Those that the platform picked, in its order.
    pub(crate) picked: Vec<Game>,
    /// Those released last.
    pub(crate) new: Vec<Game>,
    /// Those announced that are released first.
    pub(crate) coming: Vec<Game>,
}
