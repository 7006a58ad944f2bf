//! What callers ask for, once every field is known to be good.

use sir0_kernel::{GameId, StudioId, Timestamp};

use super::{Change, Filter, GamePage, NewGame, Public, RequestId, Schedule, State, bulk::Format};

/// Asks for a game to be added.
pub(crate) struct CreateGame {
    pub(crate) game: NewGame,
    /// The studio that is to have it, if one is named.
    pub(crate) studio: Option<StudioId>,
    /// What the caller calls the request.
    pub(crate) request: Option<RequestId>,
}

/// Asks for a game to be changed.
pub(crate) struct UpdateGame {
    pub(crate) id: GameId,
    pub(crate) change: Change,
    /// The revision that the change is based on. `None` changes the game as it is.
    pub(crate) revision: Option<i32>,
}

/// Asks for a game to have this page.
pub(crate) struct UpdatePage {
    pub(crate) id: GameId,
    pub(crate) page: GamePage,
    /// The revision that the page is based on. `None` changes the game as it is.
    pub(crate) revision: Option<i32>,
}

/// Asks for a game to be another studio's.
#[derive(Clone, Copy)]
pub(crate) struct HandOverGame {
    pub(crate) id: GameId,
    pub(crate) studio: StudioId,
}

/// Asks for a game to become public, now or at a moment.
#[derive(Clone, Copy)]
pub(crate) struct PublishGame {
    pub(crate) id: GameId,
    pub(crate) public: Public,
    /// When. `None` is now.
    pub(crate) at: Option<Timestamp>,
}

/// What came of it.
pub(crate) struct Published {
    /// The state the game has now.
    pub(crate) state: State,
    /// The revision the game has now.
    pub(crate) revision: i32,
    /// What is planned for it now.
    pub(crate) schedule: Schedule,
    /// Whether it was planned, and not done.
    pub(crate) is_planned: bool,
}

/// Which revisions of a game a change may be made to, or its removal.
pub(crate) struct Expected(Box<dyn Fn(i32) -> bool + Send + Sync>);

impl Expected {
    /// Those for which this is true.
    pub(crate) fn if_it(is_one: impl Fn(i32) -> bool + Send + Sync + 'static) -> Self {
        Self(Box::new(is_one))
    }

    /// Whether this is one of them.
    pub(crate) fn is(&self, revision: i32) -> bool {
        self.0(revision)
    }
}

/// Asks for products as a file.
#[derive(Clone, Copy)]
pub(crate) struct ExportGames {
    pub(crate) format: Format,
    /// Whose. `None` is all that the caller may see.
    pub(crate) studio: Option<StudioId>,
}

/// Asks for the products of a file to be taken in.
#[derive(Clone, Copy)]
pub(crate) struct ImportGames {
    pub(crate) format: Format,
    /// The studio of lines that name none, if one is named.
    pub(crate) studio: Option<StudioId>,
    /// The first line that is taken.
    pub(crate) from_line: u32,
    /// Whether every bad line is told.
    pub(crate) tells_all: bool,
}

/// Asks to hear of changes.
pub(crate) struct WatchGames {
    pub(crate) filter: Filter,
    /// Whether the games as they are come first.
    pub(crate) send_present: bool,
}
