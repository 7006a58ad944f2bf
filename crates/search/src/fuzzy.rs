//! How far apart two words are, and which words of a vocabulary are near one.

use std::collections::BTreeSet;

use crate::terms::Terms;

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

/// How many typos a word of so many letters may have, as in Meilisearch but a letter earlier: four letters are a syllable of
/// a title, and eight are most of one.
pub(crate) const fn typos_allowed(letters: usize) -> u8 {
    match letters {
        0..4 => 0,
        4..8 => 1,
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
    for word in terms.with_letters(letters(typed, COMPARED_OF_TYPED), limit.into()) {
        let longer = word.len().abs_diff(typed.len());
        if longer > limit.into() && (!may_go_on || word.len() < typed.len()) {
            continue;
        }
        let Distance { whole, beginning } = distance(typed.as_bytes(), word.as_bytes());
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
/// (optimal string alignment). Where there are more than two, it may be any number above two.
struct Distance {
    whole: u8,
    /// To the nearest beginning of the word.
    beginning: u8,
}

/// Words of a sound have at most [`crate::sound::MOST_LETTERS`] letters, so a row fits.
const ROW: usize = crate::sound::MOST_LETTERS + 1;
const FAR: u8 = 3;

fn distance(typed: &[u8], word: &[u8]) -> Distance {
    // Farther than two behind, no beginning of the word is near.
    let compared = word.len().min(typed.len() + 2).min(ROW - 1);
    let mut rows = [[FAR; ROW]; 3];
    for (at, cost) in rows[1].iter_mut().enumerate().take(compared + 1) {
        *cost = u8::try_from(at).unwrap_or(FAR).min(FAR);
    }
    for (line, letter) in typed.iter().enumerate().map(|(at, letter)| (at + 1, letter)) {
        let [above_last, above, row] = &mut rows;
        row[0] = u8::try_from(line).unwrap_or(FAR).min(FAR);
        let mut least = row[0];
        for at in 1..=compared {
            let is_same = word[at - 1] == *letter;
            let mut cost = (above[at - 1] + u8::from(!is_same)).min(above[at].min(row[at - 1]) + 1);
            let is_swapped =
                line > 1 && at > 1 && word[at - 2] == *letter && word[at - 1] == typed[line - 2];
            if is_swapped {
                cost = cost.min(above_last[at - 2] + 1);
            }
            row[at] = cost.min(FAR);
            least = least.min(row[at]);
        }
        if least == FAR && above.iter().take(compared + 1).all(|cost| *cost == FAR) {
            return Distance { whole: FAR, beginning: FAR };
        }
        rows.rotate_left(1);
    }
    let last = &rows[1][..=compared];
    let whole = if compared == word.len() { last[compared] } else { FAR };
    Distance { whole, beginning: last.iter().copied().min().unwrap_or(FAR) }
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
        let Distance { whole, beginning } = distance(typed.as_bytes(), word.as_bytes());
        (whole, beginning)
    }

    #[test]
    fn a_letter_missing_added_wrong_or_swapped_with_its_neighbour_is_one_typo() {
        assert_eq!(apart("lantern", "lantern"), (0, 0));
        for typed in ["lantrn", "laantern", "lamtern", "lantren"] {
            assert_eq!(apart(typed, "lantern").0, 1, "{typed}");
        }
        assert_eq!(apart("antlern", "lantern").0, 2);
        assert_eq!(apart("harbour", "lantern").0, FAR);
    }

    #[test]
    fn the_beginning_of_a_longer_word_may_be_near() {
        assert_eq!(apart("lantr", "lantern"), (2, 1));
        assert_eq!(apart("lamt", "lanternbearers"), (FAR, 1));
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
