//! What only SQLite understands.

use crate::domain::Words;

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

/// The words in the language of FTS5: each begins a word of the title or description. Words hold only letters and
/// digits, so nothing in them can be taken for an operator once quoted.
pub(super) fn match_text(words: &Words) -> String {
    words.iter().map(|word| format!("\"{word}\"*")).collect::<Vec<_>>().join(" ")
}
