//! How games are found: orders, filters and pages.

use std::{
    hash::{Hash, Hasher},
    str::FromStr,
};

use serde::{Deserialize, Serialize};
use sir0_kernel::{Language, StudioId};

use super::{Band, Game, Genre, Kind, Label, Platform, Public, State, Traits, Words};

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
    /// Highest price first.
    PriceDown,
    /// Latest release first.
    Release,
    /// Earliest release first.
    ReleaseUp,
}

/// No order has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be `relevance`, `newest`, `title`, `price`, `price_down`, `release` or `release_up`")]
pub struct UnknownSort;

impl FromStr for Sort {
    type Err = UnknownSort;

    fn from_str(name: &str) -> Result<Self, UnknownSort> {
        match name {
            "" | "relevance" => Ok(Self::Relevance),
            "newest" => Ok(Self::Newest),
            "title" => Ok(Self::Title),
            "price" => Ok(Self::Price),
            "price_down" => Ok(Self::PriceDown),
            "release" => Ok(Self::Release),
            "release_up" => Ok(Self::ReleaseUp),
            _ => Err(UnknownSort),
        }
    }
}

/// Which list, in which order, and where in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
    /// Keeps games of this band of prices.
    pub band: Option<Band>,
    /// Keeps games that are to come, or those that can be had.
    pub state: Option<Public>,
    /// Keeps games with this tag.
    pub tag: Option<Label>,
    /// Keeps games that run on this.
    pub platform: Option<Platform>,
    /// Keeps games that can be played in this language, or in a form of it.
    pub language: Option<Language>,
    /// What to count.
    pub facets: Vec<Dimension>,
    /// How many games a page holds.
    pub page_size: u16,
    /// Behind which game the page begins. `None` begins the list.
    pub after: Option<PageToken>,
}

/// A page in memory is found by it: the choices are hashed as one number, and what a list does not have is not hashed.
impl Hash for Listing {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let Self { sort, kind, genre, words, studio, band, state, .. } = self;
        let Self { tag, platform, language, facets, page_size, after, .. } = self;
        let [low, high] = page_size.to_le_bytes();
        let platform = platform.map_or(0, |platform| 1 + platform as u8);
        let kind = kind.map_or(0, |kind| 1 + kind as u8);
        let band = band.map_or(0, |band| 1 + band as u8);
        let state = state.map_or(0, |state| 1 + state as u8);
        let has = [genre.is_some(), words.is_some(), tag.is_some(), language.is_some()];
        let has = has.into_iter().fold(0, |all, one| all << 1 | u8::from(one));
        let choices = [*sort as u8, kind, band, state, low, high, platform, has];
        hasher.write_u64(u64::from_le_bytes(choices));
        if let Some(genre) = genre {
            genre.hash(hasher);
        }
        if let Some(words) = words {
            words.typed().hash(hasher);
        }
        if let Some(studio) = studio {
            studio.hash(hasher);
        }
        if let Some(tag) = tag {
            tag.as_str().hash(hasher);
        }
        if let Some(language) = language {
            language.hash(hasher);
        }
        for facet in facets {
            facet.hash(hasher);
        }
        if let Some(after) = after {
            after.hash(hasher);
        }
    }
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

    /// Whether SQL can answer it too, but for typos: then it is answered while the games are being indexed.
    #[must_use]
    pub fn is_of_sql(&self) -> bool {
        let is_sorted_so =
            matches!(self.order(), Sort::Relevance | Sort::Newest | Sort::Title | Sort::Price);
        let goes_on_so = self.after.as_ref().is_none_or(|after| after.key.is_of_sql());
        is_sorted_so
            && goes_on_so
            && self.band.is_none()
            && self.state.is_none()
            && self.tag.is_none()
            && self.platform.is_none()
            && self.language.is_none()
            && self.facets.is_empty()
    }

    /// Whether it goes on with a search that SQL began: the index has another order of what matches.
    #[must_use]
    pub fn began_in_sql(&self) -> bool {
        let number = |after: &PageToken| matches!(after.key, Key::Number(_));
        self.order() == Sort::Relevance && self.after.as_ref().is_some_and(number)
    }

    /// Whether a game has the values that it keeps. Its words are not looked at.
    #[must_use]
    pub fn keeps(&self, game: &Game) -> bool {
        self.kind.is_none_or(|kind| game.kind == kind)
            && self.genre.as_ref().is_none_or(|genre| game.genre.key() == genre.key())
            && self.studio.is_none_or(|studio| game.studio == Some(studio))
            && self.band.is_none_or(|band| Band::of(game.price) == band)
            && self.state.is_none_or(|state| game.standing.state == State::from(state))
            && self.keeps_traits(game.traits.as_deref())
    }

    fn keeps_traits(&self, traits: Option<&Traits>) -> bool {
        let has = |is_it: &dyn Fn(&Traits) -> bool| traits.is_some_and(is_it);
        let Self { tag, platform, language, .. } = self;
        tag.as_ref().is_none_or(|tag| has(&|it| it.has_tag(&tag.key())))
            && platform.is_none_or(|platform| has(&|it| it.platforms.contains(&platform)))
            && language.as_ref().is_none_or(|language| has(&|it| it.is_in(language)))
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
            Sort::PriceDown => "price_down",
            Sort::Release => "release",
            Sort::ReleaseUp => "release_up",
        };
        let list = ("page", order, genre, &self.words);
        let studio = self.studio.map(|studio| studio.to_string());
        // The token of a list of games of all studios is the one that versions without studios gave, and that of a list of
        // games the one that versions without other kinds gave.
        let more =
            (self.band.map(Band::as_str), self.state.map(|state| State::from(state).as_str()));
        let tag = self.tag.as_ref().map(Label::key);
        let language = self.language.as_ref().map(Language::as_str);
        let traits = (tag, self.platform.map(Platform::as_str), language);
        if traits != (None, None, None) {
            let purpose = serde_json::to_vec(&(list, studio, self.kind, more, traits));
            return purpose.expect("names and words are always JSON");
        }
        let purpose = match (self.kind, studio, more) {
            (Some(Kind::Game), None, (None, None)) => serde_json::to_vec(&list),
            (Some(Kind::Game), Some(studio), (None, None)) => serde_json::to_vec(&(list, studio)),
            (kind, studio, (None, None)) => serde_json::to_vec(&(list, studio, kind)),
            (kind, studio, more) => serde_json::to_vec(&(list, studio, kind, more)),
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
    /// Of the order of what matches.
    Score {
        /// How far it is from a perfect match.
        distance: u32,
        /// When it was listed.
        listed: i64,
    },
    /// Of an order by release: none is known.
    Unknown,
}

impl Key {
    const fn is_of_sql(&self) -> bool {
        matches!(self, Self::Number(_) | Self::Bytes(_))
    }
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
            Sort::Title => Self { key: Key::Bytes(Vec::new()), id: 0 },
            Sort::Price => Self { key: Key::Number(-1), id: 0 },
            _ => Self { key: Key::Number(i64::MAX), id: i32::MAX },
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
    /// How many games the list has. `None` if they were not counted.
    pub total: Option<usize>,
    /// What was to be counted.
    pub facets: Vec<Facet>,
}

/// What can be counted in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// [`Kind`].
    Kind,
    /// The genre, as it is compared.
    Genre,
    /// [`Band`].
    Price,
    /// Whether it is to come or can be had.
    State,
    /// The studio.
    Studio,
    /// The tag, as it is compared.
    Tag,
    /// [`Platform`].
    Platform,
    /// The language, as it is written and without its region and script.
    Language,
}

impl Dimension {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Kind,
        Self::Genre,
        Self::Price,
        Self::State,
        Self::Studio,
        Self::Tag,
        Self::Platform,
        Self::Language,
    ];

    /// As on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kind => "kind",
            Self::Genre => "genre",
            Self::Price => "price",
            Self::State => "state",
            Self::Studio => "studio",
            Self::Tag => "tag",
            Self::Platform => "platform",
            Self::Language => "language",
        }
    }
}

/// No facet has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be `kind`, `genre`, `price`, `state`, `studio`, `tag`, `platform` or `language`")]
pub struct UnknownDimension;

impl FromStr for Dimension {
    type Err = UnknownDimension;

    fn from_str(name: &str) -> Result<Self, UnknownDimension> {
        Self::ALL.into_iter().find(|it| it.as_str() == name).ok_or(UnknownDimension)
    }
}

/// How many games of a list have which value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facet {
    /// What is counted.
    pub dimension: Dimension,
    /// The values, the most frequent first.
    pub values: Vec<(String, usize)>,
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
        // A list that is longer is not counted.
        let total = (listing.after.is_none() && next.is_none()).then_some(read.len());
        let games = read.into_iter().map(|found| found.game).collect();
        Self { games, next, total, facets: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        hash::{BuildHasher, RandomState},
    };

    use sir0_kernel::Timestamp;

    use super::*;

    #[test]
    fn lists_that_differ_in_one_thing_have_different_hashes() {
        let all = Listing::default;
        let lists = [
            all(),
            Listing { sort: Sort::Newest, ..all() },
            Listing { kind: Some(Kind::Game), ..all() },
            Listing { kind: Some(Kind::Dlc), ..all() },
            Listing { genre: Genre::parse("puzzle").ok(), ..all() },
            Listing { words: Words::parse("puzzle").ok(), ..all() },
            Listing { words: Words::parse("puz zle").ok(), ..all() },
            Listing { studio: Some(StudioId::fresh(Timestamp::from_micros(1))), ..all() },
            Listing { band: Some(Band::Free), ..all() },
            Listing { state: Some(Public::Announced), ..all() },
            Listing { tag: Label::parse("puzzle").ok(), ..all() },
            Listing { platform: Some(Platform::Windows), ..all() },
            Listing { platform: Some(Platform::Linux), ..all() },
            Listing { language: "de".parse().ok(), ..all() },
            Listing { facets: vec![Dimension::Kind], ..all() },
            Listing { facets: vec![Dimension::Kind, Dimension::Genre], ..all() },
            Listing { page_size: 1, ..all() },
            Listing { page_size: 256, ..all() },
            Listing { after: Some(PageToken::beginning(Sort::Newest)), ..all() },
        ];

        let keys = RandomState::new();
        let hashes: BTreeSet<_> = lists.iter().map(|list| keys.hash_one(list)).collect();

        assert_eq!(hashes.len(), lists.len());
    }
}
