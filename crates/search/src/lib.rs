//! An index of the products of a store, in memory: words, facets, orders and pages. No network, no database, no clock.
//!
//! [`Index::put`] and [`Index::remove`] follow the table of products; [`Index::find`] answers a [`Query`]. What it answers
//! depends on the documents and the query alone, so every process of a service answers alike.
//!
//! # What matches
//!
//! A document has a part of a search
//! 1. as it is written: a word begins with it, as [`sir0_kernel::found_by`] and [`sir0_kernel::sought`] cut both;
//! 2. by sound: a title, or the rest of one, begins with it in any script and without blanks, as `any_ascii` romanises it;
//! 3. with typos, if fewer than 10 documents have all parts in one of these ways: from four letters on one, from eight on two,
//!    in a word of a title, and in the last part also in the beginning of a word. A letter missing, added or wrong is a typo,
//!    and so are two neighbours swapped. In scripts without blanks, and in Korean, a part of three characters may have one in
//!    any place of a title, and one of six two. A blank that stands within a word is forgiven too.
//!
//! The order by relevance compares one after the other: the fewest typos, the fewest parts by sound, the fewest outside of a
//! title, the whole title, the fewest that are only the beginning of a word, the shortest title if all are in it, the latest
//! added, the highest id.
//!
//! # How it is shared
//!
//! Behind an `RwLock`. Nothing in it changes while it is read, and a find holds the lock for the times below. A put holds it
//! for less than a millisecond; build a large index before it is shared.
//!
//! # What bounds its work
//!
//! * Documents and queries: the constants of this crate. What goes beyond them is passed over.
//! * A beginning of four or more characters stands for the first 4096 words of the vocabulary with it in the order of bytes,
//!   so the word itself is always among them. A shorter one is never cut.
//! * A part with typos stands for the 64 nearest words of titles. To find them, each word of the titles is looked at.
//! * A part with typos in a script without blanks is compared with 4096 titles at most. If more have its rarest characters,
//!   typos in it are not forgiven.
//!
//! # What it takes
//!
//! 100,000 products with titles of three words, descriptions of 500 characters and twelve facet values take about 205 MiB, and
//! the build 10 to 20 seconds. On two busy cores, with five facets and 100 documents a page:
//!
//! | | p50 | p99 |
//! |---|---|---|
//! | a put that replaces | 0.3 ms | below 5 ms, where another process had the core |
//! | words, or misspelt words | 0.9 ms | 4 to 6 ms |
//! | words with two filters | 2 ms | 9 ms |
//! | no words | 2 ms | 3 ms |
//! | 16 frequent words that no product has all of | 20 ms | 29 ms |
//! | any page of any order, without facets | 0.1 ms | 2 ms |
//!
//! ```sh
//! cargo run --profile dist -p sir0-search --example store
//! ```
//!
//! # What it does not know
//!
//! * How Japanese reads its Chinese characters: `any_ascii` reads them as in Chinese. A translated title helps.
//! * The order of words, and how near to each other they stand.
//! * Typos in descriptions, and two in a word of fewer than eight letters.

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
