//! Bounds the length of a value in a line: strangers can choose many values, and a line is for reading.

use std::borrow::Cow;

/// The most that one value may take of a line, in bytes as they are written.
const MOST: usize = 512;

/// The text, or as much of its beginning as fits, with `…` behind it.
pub(super) fn cut(text: &str) -> Cow<'_, str> {
    // No character takes more than 8 bytes when it is written.
    if text.len() <= MOST / 8 {
        return Cow::Borrowed(text);
    }
    let mut room = MOST;
    for (at, character) in text.char_indices() {
        let Some(left) = room.checked_sub(written(character)) else {
            let beginning = text.get(..at).unwrap_or_default();
            return Cow::Owned(format!("{beginning}…"));
        };
        room = left;
    }
    Cow::Borrowed(text)
}

/// How many bytes a character takes, escaped in the way of text or of JSON, whichever is longer.
fn written(character: char) -> usize {
    match character {
        // An escape such as `\u{202e}`.
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => 8,
        '"' | '\\' => 2,
        hidden if hidden.is_control() => 6,
        plain => plain.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_left_as_it_is_and_what_does_not_is_cut_between_characters() {
        assert_eq!(cut("Lanterns"), "Lanterns");
        assert_eq!(cut(&"a".repeat(MOST)), "a".repeat(MOST));
        assert_eq!(cut(&"a".repeat(MOST + 1)), format!("{}…", "a".repeat(MOST)));
        assert_eq!(cut(&"ü".repeat(MOST)), format!("{}…", "ü".repeat(MOST / 2)));
        assert_eq!(cut(&"\n".repeat(MOST)), format!("{}…", "\n".repeat(MOST / 6)));
    }
}
