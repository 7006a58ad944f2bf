//! Text as it is searched.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

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
}
