//! The texts of a game, each with one way in, and the words people search with.

use std::collections::BTreeSet;

use serde::Serialize;
use sir0_kernel::{Form, InvalidText, Text, caseless, folded, found_by, sort_key, sought};

/// Of which rules the keys and words of a game are: [`Title::sort_key`], [`Genre::key`] and [`searched`]. It grows when they
/// or Unicode's tables change, and those of all games are made anew.
pub const KEYS_VERSION: i32 = 1;

/// Longer than any title people sort by. Some characters fold into eighteen others.
const SORTED_BYTES: usize = 256;

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

            /// As versions without `keys_version` compare and sort it. They look for it, so it is written as long as one of
            /// them may run beside this version.
            #[must_use]
            pub fn key_before(&self) -> String {
                let mut key = caseless(&self.0);
                key.truncate(key.floor_char_boundary(SORTED_BYTES));
                key
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
    /// As it is sorted: the beginning of its place in the root order of CLDR. Bounded, because it travels in page tokens.
    #[must_use]
    pub fn sort_key(&self) -> Vec<u8> {
        let mut key = sort_key(&self.0);
        key.truncate(SORTED_BYTES);
        key
    }
}

text! {
    /// A genre: trimmed, 1 to 40 characters, one line.
    Genre, Text { min: 1, max: 40, form: Form::Line }
}

impl Genre {
    /// As it is compared.
    #[must_use]
    pub fn key(&self) -> String {
        folded(&self.0)
    }
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
    let cut = |text: &str| found_by(text).into_iter().map(shortened);
    let of_title: BTreeSet<_> = cut(title.as_str()).collect();
    let marked: Vec<_> = of_title.iter().map(|word| in_title(word)).collect();
    let words: BTreeSet<_> =
        of_title.into_iter().chain(cut(description.as_str())).chain(marked).collect();
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

/// What someone searches for: parts, each in one or more spellings of one or more words. A game is found when its title
/// and description have each part: each word of one of its spellings begins a word of theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Words {
    parts: Vec<Vec<Vec<String>>>,
    #[serde(skip)]
    typed: String,
}

/// How an engine says which words a game must have.
#[derive(Clone, Copy, Debug)]
pub struct Syntax {
    /// Both of two.
    pub and: &'static str,
    /// One of two.
    pub or: &'static str,
    /// A word that begins with this one. Words hold only letters, marks on them, numbers and our mark.
    pub begins: fn(&str) -> String,
}

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
    /// Reads what someone typed. Blanks separate parts. What is neither letter nor number may stand in a word or not.
    pub fn parse(text: &str) -> Result<Self, InvalidWords> {
        if text.chars().nth(MAX_CHARS).is_some() {
            return Err(InvalidWords::TooLong);
        }
        let parts = sought(text);
        match parts.len() {
            0 => Err(InvalidWords::NoWord),
            count if count > MAX_WORDS => Err(InvalidWords::TooLong),
            _ => {
                let typed: Vec<_> = text.split_whitespace().map(folded).collect();
                Ok(Self { parts, typed: typed.join(" ") })
            }
        }
    }

    /// As they were typed, without case and with single blanks.
    #[must_use]
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// What a game must have, in the language of an engine.
    #[must_use]
    pub fn anywhere(&self, syntax: Syntax) -> String {
        self.expression(syntax, |word| shortened(word.to_owned()))
    }

    /// What the title of a game must have.
    #[must_use]
    pub fn in_title(&self, syntax: Syntax) -> String {
        self.expression(syntax, |word| in_title(&shortened(word.to_owned())))
    }

    fn expression(
        &self,
        Syntax { and, or, begins }: Syntax,
        as_kept: fn(&str) -> String,
    ) -> String {
        let all = |words: &Vec<String>| {
            let words: Vec<_> = words.iter().map(|word| begins(&as_kept(word))).collect();
            format!("({})", words.join(and))
        };
        let any = |spellings: &Vec<Vec<String>>| {
            format!("({})", spellings.iter().map(all).collect::<Vec<_>>().join(or))
        };
        self.parts.iter().map(any).collect::<Vec<_>>().join(and)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPELT: Syntax = Syntax { and: " & ", or: " | ", begins: str::to_owned };

    #[test]
    fn a_search_is_cut_into_plain_words() {
        let words = Words::parse(r#"  "Lantern*" OR (NEAR deep-sea) "#).expect("has words");

        let expected = "((lantern)) & ((or)) & ((near)) & ((deep & sea) | (deepsea))";
        assert_eq!(words.anywhere(SPELT), expected);
    }

    #[test]
    fn the_mark_of_a_title_cannot_be_typed() {
        let title = Title::parse("Lanterns").expect("a title");
        let description =
            Description::parse("Light finds \u{E000}harbours.").expect("a description");
        let words = Words::parse("\u{E000}light lant").expect("has words");

        let searched = searched(&title, &description);

        assert_eq!(searched, "finds harbours lanterns light \u{E000}lanterns");
        assert_eq!(words.anywhere(SPELT), "((light)) & ((lant))");
        assert_eq!(words.in_title(SPELT), "((\u{E000}light)) & ((\u{E000}lant))");
    }

    /// New tables of Unicode or CLDR make other keys. Those that lie in a table are then of an older version.
    #[test]
    fn the_keys_are_those_of_their_version() {
        let title = Title::parse("Äpfel 2: 王者 Ёлка").expect("a title");
        let genre = Genre::parse("Straßen\u{AD}rennen").expect("a genre");

        let sort_key = format!("{:02x?}", title.sort_key()).replace(", ", "");
        let words = searched(&title, &Description::parse("").expect("none"));
        let keys = (&*sort_key, &*genre.key(), &*words);

        let sorted = "[2b493533410416073604fa4daefa66d40462286254060145963a960701dcbadb08]";
        let words =
            "2 apfel елка 王者 者 \u{e000}2 \u{e000}apfel \u{e000}елка \u{e000}王者 \u{e000}者";
        let of_version_1 = (sorted, "strassenrennen", words);
        assert_eq!(
            (keys, KEYS_VERSION),
            (of_version_1, 1),
            "raise KEYS_VERSION, and the number in TO_KEY and its index"
        );
    }

    #[test]
    fn a_search_without_words_or_with_too_many_is_refused() {
        assert_eq!(Words::parse("!!! -- ''"), Err(InvalidWords::NoWord));
        assert_eq!(Words::parse(&"a ".repeat(17)), Err(InvalidWords::TooLong));
        assert_eq!(Words::parse(&"a".repeat(201)), Err(InvalidWords::TooLong));
    }
}
