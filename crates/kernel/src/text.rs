//! Text that people wrote: trimmed, in one Unicode form, without characters that hide or reorder others.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// What a text may be. Each domain type states its own.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    /// The fewest characters, after trimming.
    pub min: usize,
    /// The most characters, after trimming.
    pub max: usize,
    /// Whether line breaks and tabs are welcome.
    pub lines: bool,
}

/// Why a text is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    /// Nothing but white space.
    #[error("must not be empty")]
    Empty,
    /// Shorter than the least.
    #[error("must have at least {min} characters")]
    TooShort {
        /// The least.
        min: usize,
    },
    /// Longer than the most.
    #[error("must have at most {max} characters")]
    TooLong {
        /// The most.
        max: usize,
    },
    /// NUL, another control character, or one that reorders or hides text (Unicode TR 36: visual spoofing).
    #[error("must not contain the control character U+{0:04X}")]
    Control(u32),
}

impl Text {
    /// The text as it is kept: NFC, trimmed, and within these bounds.
    pub fn read(self, text: &str) -> Result<String, InvalidText> {
        // Counting stops early: a hostile megabyte is refused without being normalised.
        if text.chars().nth(self.max.saturating_mul(4).saturating_add(64)).is_some() {
            return Err(InvalidText::TooLong { max: self.max });
        }
        if let Some(found) = text.chars().find(|character| self.refuses(*character)) {
            return Err(InvalidText::Control(found.into()));
        }
        let text: String = text.trim().nfc().collect();
        match text.chars().count() {
            0 if self.min > 0 => Err(InvalidText::Empty),
            chars if chars < self.min => Err(InvalidText::TooShort { min: self.min }),
            chars if chars > self.max => Err(InvalidText::TooLong { max: self.max }),
            _ => Ok(text),
        }
    }

    fn refuses(self, character: char) -> bool {
        let is_break = matches!(character, '\n' | '\r' | '\t');
        let hides_or_reorders = matches!(character,
            '\u{061C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}');
        hides_or_reorders || (character.is_control() && !(is_break && self.lines))
    }
}

/// The form in which names, e-mails and genres are compared: NFKC, lower case.
#[must_use]
pub fn caseless(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).collect()
}

/// The words of a text as they are searched: compatible forms, accents and case made alike, letters and digits only.
///
/// Done here and not by a database, so that every engine finds the same.
pub fn plain_words(text: &str) -> impl Iterator<Item = String> {
    let bare: String = text.nfkd().filter(|character| !is_combining_mark(*character)).collect();
    let lower: String = bare
        .chars()
        .flat_map(char::to_lowercase)
        .filter(|c| !is_combining_mark(*c))
        .nfkc()
        // The same letter, written so where a word ends.
        .map(|character| if character == 'ς' { 'σ' } else { character })
        .collect();
    let words = lower.split(|character| !is_of_a_word(character));
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>().into_iter()
}

/// Whether a character is a letter or a digit. Some have been so only since lately, and some only look like one:
/// letters in black circles and squares, which are symbols. SQLite's index takes all of these for separators of words,
/// so they are separators here too.
fn is_of_a_word(character: char) -> bool {
    let stands_between = matches!(character,
        '\u{19B0}'..='\u{19C0}' | '\u{19C8}' | '\u{19C9}' | '\u{1CF2}' | '\u{1CF3}'
        | '\u{1F150}'..='\u{1F169}' | '\u{1F170}'..='\u{1F189}');
    character.is_alphanumeric() && !stands_between
}

#[cfg(test)]
mod tests {
    use super::*;

    const TITLE: Text = Text { min: 1, max: 12, lines: false };

    #[test]
    fn a_text_is_kept_trimmed_and_in_one_form() {
        assert_eq!(TITLE.read("  Cafe\u{301} "), Ok("Café".to_owned()));
    }

    #[test]
    fn a_text_that_is_empty_too_long_or_hides_something_is_refused() {
        assert_eq!(TITLE.read(" \u{a0} "), Err(InvalidText::Empty));
        assert_eq!(TITLE.read("thirteen char"), Err(InvalidText::TooLong { max: 12 }));
        assert_eq!(TITLE.read(&"x".repeat(1_000_000)), Err(InvalidText::TooLong { max: 12 }));
        assert_eq!(TITLE.read("a\0b"), Err(InvalidText::Control(0)));
        assert_eq!(TITLE.read("a\u{202E}b"), Err(InvalidText::Control(0x202E)));
        assert_eq!(TITLE.read("a\nb"), Err(InvalidText::Control(10)));
        assert_eq!(Text { lines: true, ..TITLE }.read("a\nb"), Ok("a\nb".to_owned()));
    }

    #[test]
    fn words_that_look_alike_are_searched_alike() {
        let words = |text| plain_words(text).collect::<Vec<_>>();

        assert_eq!(
            words("\u{130}stanbul \u{fb01}re \u{ff2e}eon x\u{b2} Cafe\u{301}-Noir!"),
            words("istanbul fire neon x2 cafe noir")
        );
        assert_eq!(words("-- !"), Vec::<String>::new());
        assert_eq!(words("ΟΔΥΣΣΕΥΣ"), words("ὀδυσσεύς"), "whatever the form of the last letter");
        assert_eq!(words("a\u{1F170}b \u{1F170}"), ["a", "b"], "a symbol is no letter");
    }

    #[test]
    fn names_that_differ_in_case_or_width_are_the_same_name() {
        assert_eq!(caseless("ＡＤＭＩＮ"), caseless("admin"));
    }
}
