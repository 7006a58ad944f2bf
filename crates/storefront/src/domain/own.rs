//! Lists of the games of someone's studios.

use sir0_kernel::{GameId, Timestamp};

use super::{Game, Page, State};

/// Which of the games of someone's studios, and where in their list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnListing {
    /// Keeps games in this state. `None` keeps all that were not withdrawn.
    pub state: Option<State>,
    /// Behind which game the page begins. `None` begins the list.
    pub after: Option<OwnPlace>,
    /// How many games a page holds.
    pub page_size: u16,
}

/// A place among the games of someone's studios. Ids are no order of age: those of drafts are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnPlace {
    /// When the game was made.
    pub made: Timestamp,
    /// The game.
    pub id: GameId,
}

impl OwnPlace {
    const BYTES: usize = 12;

    /// As in a token.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let (made, id) = bytes.split_at_mut(8);
        made.copy_from_slice(&self.made.micros().to_be_bytes());
        id.copy_from_slice(&self.id.get().to_be_bytes());
        bytes
    }

    /// Reads one back. `None` for what an older version wrote.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (made, id) = bytes.split_first_chunk()?;
        let id = i32::from_be_bytes(id.try_into().ok()?);
        let made = Timestamp::from_micros(i64::from_be_bytes(*made));
        Some(Self { made, id: GameId::parse(id).ok()? })
    }
}

/// A part of the games of someone's studios, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnPage {
    /// The games, in order.
    pub games: Vec<Game>,
    /// Behind which game the next page begins; `None` on the last.
    pub next: Option<OwnPlace>,
}

impl OwnPage {
    /// Cuts a page out of what was read within the bounds of a page: games, and when each was made.
    #[must_use]
    pub fn cut(mut read: Vec<(Game, Timestamp)>, page_size: u16) -> Self {
        let bytes: usize = read.iter().map(|(game, _)| game.size()).sum();
        let has_more = read.len() > usize::from(page_size) || bytes > Page::BYTES;
        if has_more && read.len() > 1 {
            read.pop();
        }
        let last = read.last().filter(|_| has_more);
        let next = last.map(|(game, made)| OwnPlace { made: *made, id: game.id });
        Self { games: read.into_iter().map(|(game, _)| game).collect(), next }
    }
}
