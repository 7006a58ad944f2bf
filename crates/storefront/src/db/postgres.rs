//! The storefront in PostgreSQL: the SQL that both engines understand, and what only this one does.

use sir0_storage::postgres as engine;

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

/// Keeps games that have the words of the first free parameter. The expression is the one of the index.
macro_rules! has_words {
    ($parameter:literal) => {
        concat!(
            " AND array_to_tsvector(string_to_array(words, ' ')) @@ CAST(CAST(",
            $parameter,
            " AS TEXT) AS tsquery)"
        )
    };
}
use has_words;

/// 1 for games whose title has the words of a parameter, 0 for others. Looked up in the index once: asking each game
/// would make its `tsvector` anew.
macro_rules! tier {
    ($parameter:literal) => {
        concat!(
            "CASE WHEN game_id IN (SELECT game_id FROM games WHERE TRUE",
            has_words!($parameter),
            ") THEN 1 ELSE 0 END"
        )
    };
}
use tier;

/// The texts of a parameter that is a JSON array of them.
macro_rules! texts {
    ($parameter:literal) => {
        concat!("SELECT json_array_elements_text(CAST(CAST(", $parameter, " AS TEXT) AS json))")
    };
}
use texts;

/// The whole numbers of a parameter that is a JSON array of them.
macro_rules! numbers {
    ($parameter:literal) => {
        concat!(
            "SELECT CAST(json_array_elements_text(CAST(CAST(",
            $parameter,
            " AS TEXT) AS json)) AS BIGINT)"
        )
    };
}
use numbers;

/// Gives the next id of a game that everyone sees at once.
macro_rules! next_id {
    () => {
        "SELECT nextval('game_ids_game_id_seq')"
    };
}
use next_id;

/// The rows of a parameter that is a JSON array of them, each as `value`.
macro_rules! rows {
    ($parameter:literal) => {
        concat!("json_array_elements(CAST(CAST(", $parameter, " AS TEXT) AS json))")
    };
}
use rows;

/// Bytes that a text writes as hexadecimal digits.
macro_rules! bytes {
    ($text:literal) => {
        concat!("decode(", $text, ", 'hex')")
    };
}
use bytes;

/// Gives as many ids as are asked for.
macro_rules! next_ids {
    () => {
        "SELECT nextval('game_ids_game_id_seq') FROM generate_series(1, CAST($1 AS BIGINT))"
    };
}
use next_ids;

/// The ids that this gave.
fn ids_of(given: Vec<i64>, _count: i64) -> Vec<i64> {
    given
}

/// The language of `tsquery`. A word in quotes holds no operator.
const SYNTAX: Syntax = Syntax { and: " & ", or: " | ", begins: |word| format!("'{word}':*") };

/// The index of words is brought in order by the server.
const ORDER_WORDS: Option<&str> = None;

/// Readers go on.
const HOLD_GAMES: Option<&str> = Some("LOCK TABLE games IN SHARE ROW EXCLUSIVE MODE");
