//! An index of the products of a store, in memory: words, facets, orders and pages. No network, no database, no clock.

mod document;
mod facets;
mod fuzzy;
mod index;
mod matching;
mod orders;
mod query;
mod ranking;
mod slots;
mod sound;
mod terms;

pub use document::{
    Dimension, Document, MOST_FACET_VALUES, MOST_SORT_KEY_BYTES, MOST_TEXT_CHARS, MOST_TITLE_CHARS,
    MOST_TITLES, MOST_WORD_BYTES,
};
pub use index::Index;
pub use query::{
    Facet, Found, Hit, Key, MOST_DIMENSIONS, MOST_FILTER_VALUES, MOST_PAGE_SIZE, MOST_PARTS,
    MOST_SEARCH_CHARS, Order, Place, Query, Words,
};
