//! What is asked of the index, and its answer.

use sir0_kernel::sought;

use crate::{
    document::{Dimension, cut_word, first_chars, is_unspaced, len, letters, whole},
    fuzzy::typos_allowed,
    sound::sound,
};

/// The parts of a search that count: the first ones.
pub const MOST_PARTS: usize = 16;
/// The characters of a search that count: the first ones.
pub const MOST_SEARCH_CHARS: usize = 200;
/// The most documents of a page: a thousand, and one that tells whether another page follows.
pub const MOST_PAGE_SIZE: usize = 1001;
/// The dimensions by which one query filters or counts: the first ones.
pub const MOST_DIMENSIONS: usize = 16;
/// The values that one filter names: the first ones.
pub const MOST_FILTER_VALUES: usize = 128;

/// Which documents, in which order, which page of them, and what to count.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Keeps documents with these words. `None` keeps all.
    pub words: Option<Words>,
    /// Each keeps documents that have any of its values in its dimension. All of them together count. One without values
    /// keeps none.
    pub filters: Vec<(Dimension, Vec<String>)>,
    /// The order.
    pub order: Order,
    /// How many documents a page holds, up to [`MOST_PAGE_SIZE`].
    pub page_size: usize,
    /// Behind which place the page begins. `None`, or a place of another order, begins at the start.
    pub after: Option<Place>,
    /// Of which dimensions to count values, and how many values of each to answer.
    pub facets: Vec<(Dimension, usize)>,
}

/// The order of the documents. It is total: the id decides between equals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Order {
    /// The best match first, then the latest added, then the highest id. Without words it is [`Self::Newest`].
    #[default]
    Relevance,
    /// The latest added first, then the highest id.
    Newest,
    /// The latest release first, then the highest id.
    LatestRelease,
    /// The earliest release first, then the lowest id.
    EarliestRelease,
    /// By title key, then the lowest id.
    Title,
    /// The lowest price first, then the lowest id.
    PriceUp,
    /// The highest price first, then the highest id.
    PriceDown,
}

impl Order {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Relevance,
        Self::Newest,
        Self::LatestRelease,
        Self::EarliestRelease,
        Self::Title,
        Self::PriceUp,
        Self::PriceDown,
    ];
}

/// A place in an order. It says where a document stands, not how many stand before it, so a page begins behind it whatever
/// came and went in between.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// What the order goes by.
    pub key: Key,
    /// The document that stood there.
    pub id: u32,
}

/// What an order goes by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// Of an order by a moment or a price.
    Number(i64),
    /// Of an order by release: no release is known.
    Unknown,
    /// Of the order by title.
    Bytes(Vec<u8>),
    /// Of the order by relevance.
    Score {
        /// How far the document is from a perfect match. It depends on the document and the words alone.
        distance: u32,
        /// When the document was added.
        added: i64,
    },
}

/// A page of the documents that were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The documents of the page, in order.
    pub page: Vec<Hit>,
    /// How many documents there are, on all pages.
    pub total: usize,
    /// The values of the dimensions that were to be counted, in the order of the query.
    pub facets: Vec<Facet>,
}

/// A document of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The document.
    pub id: u32,
    /// Its place, behind which the next page begins if it is the last.
    pub place: Place,
}

/// The values of a dimension among the documents found, as if the query had no filter by this dimension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facet {
    /// The dimension.
    pub dimension: Dimension,
    /// Each value and how many documents have it: the most frequent first, then in the order of bytes. Values that none has
    /// are left out.
    pub values: Vec<(String, usize)>,
}

/// What someone looks for: parts, of which a document must have each.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Words {
    pub(crate) parts: Vec<Part>,
    /// Each part together with the next one, for those who type a blank too many.
    pub(crate) joined: Vec<Part>,
    pub(crate) whole: String,
    pub(crate) len: usize,
}

/// A part of what someone looks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Part {
    /// A document has the part if it has all the words of one of its spellings.
    pub(crate) spellings: Vec<Vec<String>>,
    pub(crate) sound: String,
    /// How many typos its sound may have.
    pub(crate) typos: u8,
    /// Its letters, if it is long enough to be found in spite of a typo and of a script without blanks.
    pub(crate) unspaced: Vec<char>,
    /// Whether more of its last word may follow.
    pub(crate) is_last: bool,
}

/// In a search of more parts a blank too many is not forgiven: each pair costs as much as a part.
const MOST_JOINED_PARTS: usize = 8;
/// Shorter parts in scripts without blanks are found only as written.
const LEAST_UNSPACED: usize = 3;

impl Words {
    /// Reads what someone typed, as [`sir0_kernel::sought`] cuts it. `None` where it has no letter and no digit. Characters
    /// and parts beyond [`MOST_SEARCH_CHARS`] and [`MOST_PARTS`] are passed over.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = first_chars(text, MOST_SEARCH_CHARS);
        let has_words = |chunk: &&str| !sought(chunk).is_empty();
        let chunks: Vec<_> = text.split_whitespace().filter(has_words).take(MOST_PARTS).collect();
        let (last, others) = chunks.split_last()?;
        let mut parts: Vec<_> = others.iter().map(|chunk| Part::of(chunk, false)).collect();
        parts.push(Part::of(last, true));
        let pairs = if chunks.len() > MOST_JOINED_PARTS { 0 } else { chunks.len() - 1 };
        let joined = chunks.windows(2).take(pairs).enumerate().map(|(at, pair)| {
            let is_last = at + 2 == chunks.len();
            Part::of(&pair.concat(), is_last)
        });
        let joined = joined.collect();
        let counted = chunks.join(" ");
        Some(Self { parts, joined, whole: whole(&counted), len: len(&counted) })
    }
}

impl Part {
    fn of(chunk: &str, is_last: bool) -> Self {
        // A blank that stands in another character cuts a chunk too. Then all of what it cuts must be there.
        let spellings = sought(chunk).into_iter().reduce(|one, other| {
            let both = |first: &Vec<String>| {
                other.first().map(|next| [first.clone(), next.clone()].concat()).unwrap_or_default()
            };
            one.iter().take(1).map(both).collect()
        });
        let cut = |words: Vec<String>| words.into_iter().map(cut_word).collect();
        let (sound, letters) = (sound(chunk), letters(chunk));
        let is_unspaced = letters.iter().all(|it| is_unspaced(*it));
        // Where one character is a syllable or a word, a letter more or less in how it sounds makes quite another one.
        let typos = if is_unspaced { 0 } else { typos_allowed(letters.len(), sound.len()) };
        Self {
            spellings: spellings.unwrap_or_default().into_iter().map(cut).collect(),
            typos,
            sound,
            unspaced: if is_unspaced && letters.len() >= LEAST_UNSPACED {
                letters
            } else {
                Vec::new()
            },
            is_last,
        }
    }
}
