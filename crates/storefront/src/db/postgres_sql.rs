//! What only PostgreSQL understands.

use crate::domain::Words;

/// Holds what was read until the unit of work ends: nobody else changes it meanwhile.
macro_rules! for_update {
    () => {
        " FOR UPDATE"
    };
}
pub(super) use for_update;

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
pub(super) use has_words;

/// The words in the language of `tsquery`: each begins a word of the title or description. Words hold only letters and
/// digits, so nothing in them can be taken for an operator once quoted.
pub(super) fn match_text(words: &Words) -> String {
    words.iter().map(|word| format!("'{word}':*")).collect::<Vec<_>>().join(" & ")
}
