//! How games are found: orders, filters and pages.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sir0_kernel::{GameId, StudioId, Timestamp};

use super::{Game, Genre, Kind, State, Words};

/// The order of a list. The id decides between equals, so the order is total and a page can continue anywhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// Games whose title has the words first, then those that have them elsewhere; latest listed first among either.
    #[default]
    Relevance,
    /// Latest listed first: when everyone saw them first.
    Newest,
    /// By title, whatever the case.
    Title,
    /// Lowest price first.
    Price,
}

/// No order has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be `relevance`, `newest`, `title` or `price`")]
pub struct UnknownSort;

impl FromStr for Sort {
    type Err = UnknownSort;

    fn from_str(name: &str) -> Result<Self, UnknownSort> {
        match name {
            "" | "relevance" => Ok(Self::Relevance),
            "newest" => Ok(Self::Newest),
            "title" => Ok(Self::Title),
            "price" => Ok(Self::Price),
            _ => Err(UnknownSort),
        }
    }
}

/// Which list, in which order, and where in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Listing {
    /// The order.
    pub sort: Sort,
    /// Keeps products of this kind. `None` keeps all.
    pub kind: Option<Kind>,
    /// Keeps games of this genre.
    pub genre: Option<Genre>,
    /// Keeps games with these words.
    pub words: Option<Words>,
    /// Keeps games of this studio.
    pub studio: Option<StudioId>,
    /// How many games a page holds.
    pub page_size: u16,
    /// Behind which game the page begins. `None` begins the list.
    pub after: Option<PageToken>,
}

impl Listing {
    /// The order in effect: without words every game is as relevant as the next, and the latest comes first.
    #[must_use]
    pub const fn order(&self) -> Sort {
        match self.sort {
            Sort::Relevance if self.words.is_none() => Sort::Newest,
            sort => sort,
        }
    }

    /// What a page token belongs to: the order and the filters, but not the size, which may change on the way.
    #[must_use]
    pub fn purpose(&self) -> Vec<u8> {
        let genre = self.genre.as_ref().map(Genre::key);
        // Versions before drafts had another place among the newest, and among those that match as well.
        let order = match self.order() {
            Sort::Newest => "listed",
            Sort::Relevance => "matching",
            Sort::Title => "title",
            Sort::Price => "price",
        };
        let list = ("page", order, genre, &self.words);
        let studio = self.studio.map(|studio| studio.to_string());
        // The token of a list of games of all studios is the one that versions without studios gave, and that of a list of
        // games the one that versions without other kinds gave.
        let purpose = match (self.kind, studio) {
            (Some(Kind::Game), None) => serde_json::to_vec(&list),
            (Some(Kind::Game), Some(studio)) => serde_json::to_vec(&(list, studio)),
            (kind, studio) => serde_json::to_vec(&(list, studio, kind)),
        };
        purpose.expect("names and words are always JSON")
    }
}

/// The last game of a page: the next one begins behind it, whatever came and went in between.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PageToken {
    /// Its place in the order.
    pub key: Key,
    /// Its id.
    pub id: i32,
}

/// A place in an order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Key {
    /// Of an order by number.
    Number(i64),
    /// Of an order by title.
    Bytes(Vec<u8>),
}

impl PageToken {
    /// The place of a game in the order in which it was read.
    #[must_use]
    pub fn of(Found { game, place }: &Found) -> Self {
        Self { key: place.clone(), id: game.id.get() }
    }

    /// Before the first game of an order.
    #[must_use]
    pub fn beginning(order: Sort) -> Self {
        match order {
            Sort::Relevance | Sort::Newest => Self { key: Key::Number(i64::MAX), id: i32::MAX },
            Sort::Title => Self { key: Key::Bytes(Vec::new()), id: 0 },
            Sort::Price => Self { key: Key::Number(-1), id: 0 },
        }
    }
}

/// A game of a list, as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The game.
    pub game: Game,
    /// Its place in the order, as the table has it: an older version may have written it by other rules.
    pub place: Key,
}

/// How much is read at a time. A first game is read whatever its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How many games.
    pub rows: u16,
    /// How many bytes of them.
    pub bytes: usize,
}

/// A part of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The games, in order.
    pub games: Vec<Game>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<PageToken>,
}

impl Page {
    /// How many bytes of games a page holds, whatever its size: a gRPC client takes 4 MiB unless told otherwise.
    pub const BYTES: usize = 1024 * 1024;

    /// What is read for a page: one game more than it holds tells whether another page follows.
    #[must_use]
    pub const fn bounds(listing: &Listing) -> Bounds {
        Bounds { rows: listing.page_size + 1, bytes: Self::BYTES }
    }

    /// About how many bytes it takes, in memory and on the wire.
    #[must_use]
    pub fn size(&self) -> usize {
        self.games.iter().map(Game::size).sum()
    }

    /// How many games the list has, if this page of it holds all of them.
    #[must_use]
    pub fn total_of(&self, listing: &Listing) -> Option<i32> {
        let is_whole = listing.after.is_none() && self.next.is_none();
        is_whole.then(|| i32::try_from(self.games.len()).expect("a page has at most 1000 games"))
    }

    /// Cuts a page out of what was read within its bounds.
    #[must_use]
    pub fn cut(mut read: Vec<Found>, listing: &Listing) -> Self {
        let bytes: usize = read.iter().map(|found| found.game.size()).sum();
        let has_more = read.len() > usize::from(listing.page_size) || bytes > Self::BYTES;
        // Removes the one game too many, in number or in bytes. The next page begins with it.
        if has_more {
            read.pop();
        }
        let last = read.last().filter(|_| has_more);
        let next = last.map(PageToken::of);
        Self { games: read.into_iter().map(|found| found.game).collect(), next }
    }
}

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
