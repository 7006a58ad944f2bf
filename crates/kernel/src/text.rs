//! Text that people wrote: what may stand in it, the form in which it is kept, and the forms in which it is compared and
//! searched.

mod compared;
mod name;
mod searched;
mod sorted;

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{DefaultIgnorableCodePoint, GeneralCategory, NoncharacterCodePoint},
};

pub use compared::{caseless, compatible, folded, name_key};
pub use searched::{found_by, prepare_search, sought};
pub use sorted::sort_key;

/// What a text may be. Each domain type states its own.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    /// The fewest characters, as it is kept.
    pub min: usize,
    /// The most characters, as it is kept.
    pub max: usize,
    /// What it is for.
    pub form: Form,
}

/// What a text is for, which decides what may stand in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One line, such as a title. It stands among the text of others, so nothing in it may turn that around.
    Line,
    /// Paragraphs, as word processors write them: with breaks, marks of direction and soft hyphens.
    Prose,
    /// A name that tells one person from another: a line of what can be seen.
    Name,
}

/// Why a text is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    /// Nothing but white space.
    #[error("must not be empty")]
    Empty,
    /// Characters, and none of them can be seen.
    #[error("must hold something that can be seen")]
    Blank,
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
    /// NUL, another control character, or one that turns text around (Unicode TR 36: visual spoofing).
    #[error("must not contain the control character U+{0:04X}")]
    Control(u32),
    /// A code point that stands for no character, or for another one on each machine.
    #[error("must not contain U+{0:04X}, which is no character")]
    NoCharacter(u32),
    /// A character in a name or a title that no one sees.
    #[error("must not contain U+{0:04X}, which cannot be seen")]
    Unseen(u32),
    /// A word of a name has letters of alphabets that share shapes (UTS 39, 5.2).
    #[error("must not mix alphabets that look alike within a word")]
    MixedAlphabets,
    /// More marks on a letter than any language has, or marks on none (UTS 39, 5.4).
    #[error("must not have more than 4 marks on a letter, or marks on none")]
    TooManyMarks,
}

impl Text {
    /// The text as it is kept: trimmed, in NFC, and within these bounds.
    pub fn read(self, text: &str) -> Result<String, InvalidText> {
        // Counting stops early: a hostile megabyte is refused without being normalised. A character of NFC is written
        // with at most four.
        if text.chars().nth(self.max.saturating_mul(4).saturating_add(64)).is_some() {
            return Err(InvalidText::TooLong { max: self.max });
        }
        text.chars().try_for_each(|character| self.form.admit(character))?;
        let text = ComposingNormalizerBorrowed::new_nfc().normalize(text.trim()).into_owned();
        match text.chars().count() {
            0 if self.min > 0 => return Err(InvalidText::Empty),
            chars if chars < self.min => return Err(InvalidText::TooShort { min: self.min }),
            chars if chars > self.max => return Err(InvalidText::TooLong { max: self.max }),
            _ => {}
        }
        if self.form == Form::Name {
            name::judge(&text)?;
        }
        if self.min > 0 && !text.chars().any(is_visible) {
            return Err(InvalidText::Blank);
        }
        Ok(text)
    }
}

impl Form {
    /// Refuses a character that has no place in any text of this form.
    fn admit(self, character: char) -> Result<(), InvalidText> {
        let number = u32::from(character);
        let is_break = matches!(character, '\n' | '\r' | '\t');
        let is_wrong = match character {
            // They turn all that follows around, letters and digits too, and hide what stands under a text.
            '\u{202D}' | '\u{202E}' | '\u{FFF9}'..='\u{FFFB}' => true,
            // They reach beyond the line if nothing ends them; or end it themselves.
            '\u{2028}'..='\u{202C}' | '\u{2066}'..='\u{206F}' => self != Self::Prose,
            _ => character.is_control() && !(is_break && self == Self::Prose),
        };
        if is_wrong {
            return Err(InvalidText::Control(number));
        }
        // Blanks without width. A paragraph may break at them; in a line they only tell two titles apart.
        if self == Self::Line
            && matches!(character, '\u{200B}' | '\u{2060}'..='\u{2065}' | '\u{FEFF}')
        {
            return Err(InvalidText::Unseen(number));
        }
        if CodePointSetData::new::<NoncharacterCodePoint>().contains(character) {
            return Err(InvalidText::NoCharacter(number));
        }
        Ok(())
    }
}

/// Whether a reader sees the character when it stands alone: blanks, marks and what is passed over show nothing.
fn is_visible(character: char) -> bool {
    use GeneralCategory as Category;

    let stands_on_another = matches!(
        category(character),
        Category::NonspacingMark | Category::EnclosingMark | Category::Format | Category::Control
    );
    !stands_on_another && !character.is_whitespace() && !is_unseen(character)
}

/// Whether nothing is shown where the character stands: it is passed over, or the blank of Braille, which is a symbol to
/// Unicode.
fn is_unseen(character: char) -> bool {
    is_ignorable(character) || character == '\u{2800}'
}

/// Whether a program that does not know a character shows nothing for it.
fn is_ignorable(character: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
}

fn category(character: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TITLE: Text = Text { min: 1, max: 12, form: Form::Line };
    const PAGE: Text = Text { min: 0, max: 400, form: Form::Prose };

    #[test]
    fn a_text_is_kept_trimmed_and_in_one_form() {
        assert_eq!(TITLE.read("  Cafe\u{301} "), Ok("Café".to_owned()));
        assert_eq!(TITLE.read(&"e\u{301}".repeat(12)), Ok("é".repeat(12)), "12 as it is kept");
    }

    #[test]
    fn a_text_that_is_empty_too_long_or_hides_something_is_refused() {
        assert_eq!(TITLE.read(" \u{a0} "), Err(InvalidText::Empty));
        assert_eq!(TITLE.read("thirteen char"), Err(InvalidText::TooLong { max: 12 }));
        assert_eq!(TITLE.read(&"x".repeat(1_000_000)), Err(InvalidText::TooLong { max: 12 }));
        assert_eq!(TITLE.read(&"\u{301}".repeat(500_000)), Err(InvalidText::TooLong { max: 12 }));
        assert_eq!(TITLE.read("a\0b"), Err(InvalidText::Control(0)));
        assert_eq!(TITLE.read("a\u{202E}b"), Err(InvalidText::Control(0x202E)));
        assert_eq!(TITLE.read("a\u{2067}b"), Err(InvalidText::Control(0x2067)));
        assert_eq!(TITLE.read("a\nb"), Err(InvalidText::Control(10)));
        assert_eq!(TITLE.read("a\u{2028}b"), Err(InvalidText::Control(0x2028)));
        assert_eq!(TITLE.read("a\u{200B}b"), Err(InvalidText::Unseen(0x200B)));
        assert_eq!(TITLE.read("\u{FEFF}ab"), Err(InvalidText::Unseen(0xFEFF)));
    }

    #[test]
    fn what_is_no_character_is_refused_everywhere() {
        for none in ['\u{FDD0}', '\u{FFFE}', '\u{FFFF}', '\u{1FFFE}', '\u{10FFFF}'] {
            let refused = Err(InvalidText::NoCharacter(none.into()));
            assert_eq!(TITLE.read(&format!("a{none}")), refused);
            assert_eq!(PAGE.read(&format!("a{none}")), refused);
        }
    }

    #[test]
    fn a_title_shows_something() {
        for nothing in ["\u{3164}", "\u{AD}", "\u{200C}\u{200D}", "\u{2800}", "\u{301}", "\u{FE0F}"]
        {
            assert_eq!(TITLE.read(nothing), Err(InvalidText::Blank), "{nothing:?}");
        }
        for something in ["…", "?", "0", "愛", "🎮", "\u{200F}משחק"] {
            assert!(TITLE.read(something).is_ok(), "{something:?}");
        }
    }

    #[test]
    fn prose_takes_what_word_processors_write() {
        let written = "\u{FEFF}אבג \u{200E}Lanterns\u{200F}, \u{2067}دراجة\u{2069}\u{2028}soft\u{AD}ly \
                       \u{202A}a\u{202C} \u{202B}b\u{202C} \u{061C}\u{2029}ภาษา\u{200B}ไทย\tx\r\n👨‍👩‍👧 \u{2060}";
        assert!(PAGE.read(written).is_ok(), "{:?}", PAGE.read(written));
        for turned in ["\u{202D}abc", "abc\u{202E}fdp.exe"] {
            assert!(matches!(PAGE.read(turned), Err(InvalidText::Control(_))));
        }
        assert_eq!(PAGE.read("a\u{0}"), Err(InvalidText::Control(0)));
    }
}
