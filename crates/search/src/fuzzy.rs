//! How far apart two words are, and which words of a vocabulary are near one.

use std::collections::BTreeSet;

use crate::{sound::MOST_LETTERS, terms::Terms};

/// To how many words of a vocabulary a word with typos stands near, at most: those with the fewest typos, whole words before
/// beginnings, then in the order of bytes.
pub(crate) const MOST_SIMILAR: usize = 64;

/// How many letters of the word that was typed are looked for in a word of the vocabulary before the two are compared. With
/// two typos they stand among its first [`COMPARED_OF_WORD`].
const COMPARED_OF_TYPED: usize = 8;
pub(crate) const COMPARED_OF_WORD: usize = COMPARED_OF_TYPED + 2;

/// Which letters a word begins with, as a set of bits. Two letters may share a bit, so this only ever tells that a word
/// cannot be near.
pub(crate) fn letters(word: &str, compared: usize) -> u64 {
    word.chars().take(compared).fold(0, |letters, letter| letters | 1 << (u32::from(letter) & 63))
}

/// How many typos a word may have that was typed with so many letters and sounds like so many: one from four letters on, two
/// from eight on, each a letter earlier than in Meilisearch. A letter that is typed twice counts twice, though it sounds
/// once; but two thirds of what sounds must be right.
pub(crate) fn typos_allowed(typed: usize, sounding: usize) -> u8 {
    match typed.max(sounding) {
        _ if sounding < 3 => 0,
        0..4 => 0,
        4..8 => 1,
        _ if sounding < 6 => 1,
        _ => 2,
    }
}

/// A word of a vocabulary that is near the one that was typed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Similar<'a> {
    pub(crate) typos: u8,
    /// Only its beginning is near.
    pub(crate) is_longer: bool,
    pub(crate) word: &'a str,
}

/// The words near the one that was typed: at least one typo away, and not more than are forgiven.
pub(crate) fn similar<'a>(
    terms: &'a Terms,
    typed: &str,
    limit: u8,
    may_go_on: bool,
) -> BTreeSet<Similar<'a>> {
    let mut similar = BTreeSet::new();
    if limit == 0 || typed.is_empty() {
        return similar;
    }
    let compared = Typed::new(typed);
    for word in terms.with_letters(letters(typed, COMPARED_OF_TYPED), limit.into()) {
        let longer = word.len().abs_diff(typed.len());
        if longer > limit.into() && (!may_go_on || word.len() < typed.len()) {
            continue;
        }
        let Distance { whole, beginning } = compared.distance(word);
        let (typos, is_longer) = if whole <= limit {
            (whole, false)
        } else if may_go_on && beginning <= limit {
            (beginning, true)
        } else {
            continue;
        };
        // Without a typo it is found as written.
        let found = Similar { typos, is_longer, word };
        let is_full = similar.len() == MOST_SIMILAR;
        if typos == 0 || is_full && similar.last().is_some_and(|last| *last < found) {
            continue;
        }
        if is_full {
            similar.pop_last();
        }
        similar.insert(found);
    }
    similar
}

/// How many typos lie between what was typed and a word: a letter too many, missing or wrong, or two neighbours swapped
/// (optimal string alignment).
#[derive(Debug, PartialEq, Eq)]
struct Distance {
    whole: u8,
    /// To the nearest beginning of the word.
    beginning: u8,
}

/// What was typed, as it is compared with many words: for each letter, at which places it stands. A step for each letter of
/// a word works on all places at once (Hyyrö 2003, "A bit-vector algorithm for computing Levenshtein and Damerau edit
/// distances").
struct Typed {
    places: [u32; 128],
    len: u8,
}

// A place has a bit.
const _: () = assert!(MOST_LETTERS < 32);

impl Typed {
    /// The letters are those of a sound, so they are of ASCII and few.
    fn new(typed: &str) -> Self {
        let letters = &typed.as_bytes()[..typed.len().min(MOST_LETTERS)];
        let mut places = [0; 128];
        for (at, letter) in letters.iter().enumerate() {
            places[usize::from(letter & 127)] |= 1 << at;
        }
        Self { places, len: u8::try_from(letters.len()).unwrap_or(u8::MAX) }
    }

    fn distance(&self, word: &str) -> Distance {
        let last = 1_u32 << self.len.saturating_sub(1);
        // Where the distance grows or falls by one from a place to the next, and where it stays on the diagonal.
        let (mut grows, mut falls, mut stays, mut same_before) = (u32::MAX, 0_u32, 0_u32, 0_u32);
        let (mut whole, mut beginning) = (self.len, self.len);
        for letter in word.bytes() {
            let same = self.places[usize::from(letter & 127)];
            let swapped = ((!stays & same) << 1) & same_before;
            stays = ((same & grows).wrapping_add(grows) ^ grows) | same | falls | swapped;
            let (grows_on, falls_on) = (falls | !(stays | grows), stays & grows);
            whole += u8::from(grows_on & last != 0);
            whole -= u8::from(falls_on & last != 0);
            beginning = beginning.min(whole);
            let grows_on = grows_on << 1 | 1;
            grows = falls_on << 1 | !(stays | grows_on);
            falls = grows_on & stays;
            same_before = same;
        }
        Distance { whole, beginning }
    }
}

/// How many typos lie between what was typed and the nearest part of a text that has no blanks between its words.
pub(crate) fn distance_within(typed: &[char], text: &[char]) -> usize {
    let mut above_last = vec![0; text.len() + 1];
    let mut above = above_last.clone();
    for (line, letter) in typed.iter().enumerate().map(|(at, letter)| (at + 1, letter)) {
        let mut row = vec![line; text.len() + 1];
        for at in 1..=text.len() {
            let wrong = usize::from(text[at - 1] != *letter);
            row[at] = (above[at - 1] + wrong).min(above[at].min(row[at - 1]) + 1);
            if line > 1 && at > 1 && text[at - 2] == *letter && text[at - 1] == typed[line - 2] {
                row[at] = row[at].min(above_last[at - 2] + 1);
            }
        }
        above_last = std::mem::replace(&mut above, row);
    }
    above.into_iter().min().unwrap_or(typed.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apart(typed: &str, word: &str) -> (u8, u8) {
        let Distance { whole, beginning } = Typed::new(typed).distance(word);
        (whole, beginning)
    }

    #[test]
    fn a_letter_missing_added_wrong_or_swapped_with_its_neighbour_is_one_typo() {
        assert_eq!(apart("lantern", "lantern"), (0, 0));
        for typed in ["lantrn", "laantern", "lamtern", "lantren"] {
            assert_eq!(apart(typed, "lantern").0, 1, "{typed}");
        }
        assert_eq!(apart("antlern", "lantern").0, 2);
        assert_eq!(apart("harbour", "lantern").0, 6);
    }

    #[test]
    fn the_beginning_of_a_longer_word_may_be_near() {
        assert_eq!(apart("lantr", "lantern"), (2, 1));
        assert_eq!(apart("lamt", "lanternbearers"), (11, 1));
    }

    #[test]
    fn a_part_of_a_text_without_blanks_may_be_near() {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        let within = |typed, text| distance_within(&chars(typed), &chars(text));

        assert_eq!(within("三国", "大三国志"), 0);
        assert_eq!(within("三囯志", "大三国志"), 1);
        assert_eq!(within("国三志", "大三国志"), 1);
        assert_eq!(within("三志", "大三国志"), 1);
    }
}
