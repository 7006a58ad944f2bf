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
//!    any place of a title, and one of six two. A blank that stands within a word is forgiven too, in a search of up to eight
//!    parts.
//!
//! The order by relevance compares one after the other: the fewest typos, the fewest parts by sound, the fewest outside of a
//! title, the whole title, the fewest that are only the beginning of a word, the shortest title if all are in it, the latest
//! added, the highest id.
//!
//! # How it is shared
//!
//! Behind an `RwLock`. Nothing in it changes while it is read, and a find holds the lock for the times below. A put holds it
//! for less than a millisecond; build a large index before it is shared. [`sir0_kernel::prepare_search`] keeps the first search
//! from making the tables that all need.
//!
//! # What bounds its work
//!
//! * Documents and queries: the constants of this crate. What goes beyond them is passed over.
//! * A beginning of four or more characters stands for the first 1024 words of the vocabulary with it in the order of bytes,
//!   so the word itself is always among them. A shorter one is never cut.
//! * A part with typos stands for the 64 nearest words of titles. To find them, each word of the titles is looked at.
//! * A part with typos in a script without blanks is compared with the first 48 characters of 512 titles at most. If
//!   more have its characters, typos in it are not forgiven.
//!
//! # What it takes
//!
//! 100,000 products with titles of three words, descriptions of 500 characters and twelve facet values take about 205 MiB, and
//! the build 13 to 20 seconds. On two cores that others used too, so that what is rare waited for a core; with five facets
//! and 100 documents a page:
//!
//! | | least | p50 | p99 |
//! |---|---|---|---|
//! | a put that replaces | 0.2 ms | 0.3 ms | 0.6 ms |
//! | words | 0.1 ms | 1.0 ms | 7 ms |
//! | misspelt words | 0.1 ms | 1.2 ms | 5 ms |
//! | words with two filters | 1.0 ms | 3.0 ms | 10 to 48 ms |
//! | no words | 1.3 ms | 1.4 ms | 4 ms |
//! | a letter that all products have | 3.4 ms | 3.8 ms | 5 ms |
//! | 16 frequent words | 3.9 ms | 7.7 ms | 28 ms |
//! | 16 misspelt words | 5.6 ms | 5.9 ms | 9 ms |
//! | each page by relevance of a frequent word, without facets | 0.6 ms | 1.0 ms | 5 ms |
//! | each page of any other order, without facets | below 0.01 ms | below 0.04 ms | below 0.1 ms |
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
    MOST_TITLES, MOST_VALUE_BYTES, MOST_WORD_BYTES,
};
pub use index::{Index, Prepared};
pub use query::{
    Facet, Found, Hit, Key, MOST_DIMENSIONS, MOST_FILTER_VALUES, MOST_PAGE_SIZE, MOST_PARTS,
    MOST_SEARCH_CHARS, Order, Place, Query, Words,
};
