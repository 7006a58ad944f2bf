//! The texts of a game, each with one way in, and the words people search with.

use std::collections::BTreeSet;

use sir0_kernel::{Form, InvalidText, Text, caseless, plain_words};

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $bounds:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name(String);

        impl $name {
            const BOUNDS: Text = $bounds;

            /// The only way to make one, so every one in the program is a good one.
            pub fn parse(text: &str) -> Result<Self, InvalidText> {
                Self::BOUNDS.read(text).map(Self)
            }

            /// The way in from the database, which holds only good ones.
            #[must_use]
            pub fn from_row(text: String) -> Self {
                Self(text)
            }

            /// As it was written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// As it is compared and sorted.
            #[must_use]
            pub fn key(&self) -> String {
                caseless(&self.0)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }
    };
}

text! {
    /// A store title: trimmed, 1 to 120 characters, one line.
    Title, Text { min: 1, max: 120, form: Form::Line }
}

impl Title {
    /// Longer than any title people sort by. Some characters fold into eighteen others.
    const SORTED_BYTES: usize = 256;

    /// As it is sorted: the beginning of its key. Bounded, because it travels in page tokens.
    #[must_use]
    pub fn sort_key(&self) -> String {
        let mut key = self.key();
        key.truncate(key.floor_char_boundary(Self::SORTED_BYTES));
        key
    }
}

text! {
    /// A kind of game: trimmed, 1 to 40 characters, one line.
    Genre, Text { min: 1, max: 40, form: Form::Line }
}

text! {
    /// What the store page says: at most 4000 characters, may be empty.
    Description, Text { min: 0, max: 4000, form: Form::Prose }
}

/// Stands before a word of a title, and in no word that people type: not a letter, not a digit, but part of a word for
/// the index of either engine.
const TITLE_MARK: char = '\u{E000}';

/// What a search looks through: each word of a title and a description once, and those of the title once more behind
/// their mark.
#[must_use]
pub fn searched(title: &Title, description: &Description) -> String {
    let of_title: BTreeSet<_> = plain_words(title.as_str()).map(shortened).collect();
    let marked: Vec<_> = of_title.iter().map(|word| in_title(word)).collect();
    let of_description = plain_words(description.as_str()).map(shortened);
    let words: BTreeSet<_> = of_title.into_iter().chain(of_description).chain(marked).collect();
    words.into_iter().collect::<Vec<_>>().join(" ")
}

fn in_title(word: &str) -> String {
    format!("{TITLE_MARK}{word}")
}

/// A word as long as anyone types one. PostgreSQL's index takes none of more than 2046 bytes.
fn shortened(mut word: String) -> String {
    word.truncate(word.floor_char_boundary(512));
    word
}

/// The words someone searches for. A game is found when each begins a word of its title or description.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Words(Vec<String>);

/// Why a search is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWords {
    /// Nothing to look for.
    #[error("must hold at least one letter or digit")]
    NoWord,
    /// More than anyone types.
    #[error("must have at most {MAX_CHARS} characters and {MAX_WORDS} words")]
    TooLong,
}

const MAX_CHARS: usize = 200;
const MAX_WORDS: usize = 16;

impl Words {
    /// Reads what someone typed. Everything but letters and digits only separates words.
    pub fn parse(text: &str) -> Result<Self, InvalidWords> {
        if text.chars().nth(MAX_CHARS).is_some() {
            return Err(InvalidWords::TooLong);
        }
        let words: Vec<_> = plain_words(text).map(shortened).collect();
        match words.len() {
            0 => Err(InvalidWords::NoWord),
            count if count > MAX_WORDS => Err(InvalidWords::TooLong),
            _ => Ok(Self(words)),
        }
    }

    /// Each word, in lower case, of letters and digits only.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Each word as it stands beside a game whose title has it.
    pub fn in_title(&self) -> impl Iterator<Item = String> {
        self.iter().map(in_title)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_cut_into_plain_words() {
        let words = Words::parse(r#"  "Lantern*" OR (NEAR deep-sea) "#).expect("has words");

        assert_eq!(words.iter().collect::<Vec<_>>(), ["lantern", "or", "near", "deep", "sea"]);
    }

    #[test]
    fn the_mark_of_a_title_cannot_be_typed() {
        let title = Title::parse("Lanterns").expect("a title");
        let description =
            Description::parse("Light finds \u{E000}harbours.").expect("a description");
        let words = Words::parse("\u{E000}light lant").expect("has words");

        let searched = searched(&title, &description);

        assert_eq!(searched, "finds harbours lanterns light \u{E000}lanterns");
        assert_eq!(words.iter().collect::<Vec<_>>(), ["light", "lant"]);
        assert_eq!(words.in_title().collect::<Vec<_>>(), ["\u{E000}light", "\u{E000}lant"]);
    }

    #[test]
    fn a_search_without_words_or_with_too_many_is_refused() {
        assert_eq!(Words::parse("!!! -- ''"), Err(InvalidWords::NoWord));
        assert_eq!(Words::parse(&"a ".repeat(17)), Err(InvalidWords::TooLong));
        assert_eq!(Words::parse(&"a".repeat(201)), Err(InvalidWords::TooLong));
    }
}
