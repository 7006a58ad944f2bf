//! The storefront in the embedded engine: the SQL that both engines understand, and what only this one does.

use sir0_storage::sqlite as engine;

use crate::domain::Syntax;

#[path = "bulk.rs"]
pub(super) mod bulk;
#[path = "games.rs"]
pub(super) mod games;
#[path = "history.rs"]
pub(super) mod history;
#[path = "listing.rs"]
pub(super) mod listing;
#[path = "pages.rs"]
pub(super) mod pages;
#[path = "pictures.rs"]
pub(super) mod pictures;
#[path = "requests.rs"]
pub(super) mod requests;
#[path = "saving.rs"]
pub(super) mod saving;
#[path = "schedules.rs"]
pub(super) mod schedules;
#[path = "store.rs"]
pub(super) mod store;

/// Keeps games that have the words of the first free parameter.
macro_rules! has_words {
    ($parameter:literal) => {
        concat!(
            " AND game_id IN (SELECT rowid FROM games_words WHERE games_words MATCH ",
            $parameter,
            ")"
        )
    };
}
use has_words;

/// 1 for games whose title has the words of a parameter, 0 for others.
macro_rules! tier {
    ($parameter:literal) => {
        concat!(
            "CASE WHEN game_id IN (SELECT rowid FROM games_words WHERE games_words MATCH ",
            $parameter,
            ") THEN 1 ELSE 0 END"
        )
    };
}
use tier;

/// The texts of a parameter that is a JSON array of them.
macro_rules! texts {
    ($parameter:literal) => {
        concat!("SELECT value FROM json_each(", $parameter, ")")
    };
}
use texts;

/// The whole numbers of a parameter that is a JSON array of them.
macro_rules! numbers {
    ($parameter:literal) => {
        concat!("SELECT value FROM json_each(", $parameter, ")")
    };
}
use numbers;

/// Gives the next id of a game that everyone sees at once.
macro_rules! next_id {
    () => {
        "UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'game_ids' RETURNING seq"
    };
}
use next_id;

/// The rows of a parameter that is a JSON array of them, each as `value`.
macro_rules! rows {
    ($parameter:literal) => {
        concat!("json_each(", $parameter, ")")
    };
}
use rows;

/// Bytes that a text writes as hexadecimal digits.
macro_rules! bytes {
    ($text:literal) => {
        concat!("unhex(", $text, ")")
    };
}
use bytes;

/// Gives the last of as many ids as are asked for.
macro_rules! next_ids {
    () => {
        "UPDATE sqlite_sequence SET seq = seq + $1 WHERE name = 'game_ids' RETURNING seq"
    };
}
use next_ids;

/// The ids that this gave.
fn ids_of(given: Vec<i64>, count: i64) -> Vec<i64> {
    given.into_iter().flat_map(|last| last - count + 1..=last).collect()
}

/// The language of FTS5. A word in quotes holds no operator.
const SYNTAX: Syntax = Syntax { and: " AND ", or: " OR ", begins: |word| format!("\"{word}\"*") };

/// Brings the index of words in order after those of many games were written anew: searches take a quarter longer without.
const ORDER_WORDS: Option<&str> = Some("INSERT INTO games_words (games_words) VALUES ('optimize')");

/// There is one writer at a time.
const HOLD_GAMES: Option<&str> = None;
