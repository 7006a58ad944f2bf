//! What only SQLite understands.

use std::fmt::Display;

/// Holds what was read until the unit of work ends. Here there is one writer at a time, and nothing to hold.
macro_rules! for_update {
    () => {
        ""
    };
}
pub(super) use for_update;

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
pub(super) use has_words;

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
pub(super) use tier;

/// Keeps games whose words have no mark, as `TITLE_MARK` says. The expression is the one of the index.
macro_rules! without_title_words {
    () => {
        " AND instr(words, char(57344)) = 0"
    };
}
pub(super) use without_title_words;

/// The words in the language of FTS5: each begins a word of the game. Words hold only letters, digits and our mark, so
/// nothing in them can be taken for an operator once quoted.
pub(super) fn match_text(words: impl Iterator<Item = impl Display>) -> String {
    words.map(|word| format!("\"{word}\"*")).collect::<Vec<_>>().join(" ")
}
