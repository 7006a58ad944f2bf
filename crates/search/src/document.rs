//! What the index knows of a product, and how its texts are cut into words.

use std::collections::BTreeSet;

use sir0_kernel::{folded, found_by, sought};

use crate::sound::{MOST_LETTERS, sound};

/// The titles of a document that count: the first ones.
pub const MOST_TITLES: usize = 32;
/// The characters of a title that count: the first ones.
pub const MOST_TITLE_CHARS: usize = 200;
/// The characters of all other text of a document that count: the first ones.
pub const MOST_TEXT_CHARS: usize = 40_000;
/// The facet values of a document that count: the first ones.
pub const MOST_FACET_VALUES: usize = 128;
/// The bytes of a word that count: the first ones, cut between characters.
pub const MOST_WORD_BYTES: usize = 64;
/// The bytes of a facet value that count: the first ones, cut between characters.
pub const MOST_VALUE_BYTES: usize = 1024;
/// The characters of a title in a script without blanks that a search with typos looks at: the first ones.
const MOST_UNSPACED: usize = 48;
/// The bytes of a sort key that count: the first ones.
pub const MOST_SORT_KEY_BYTES: usize = 256;

/// A kind of facet, such as genre or language. The user of the index says which number stands for which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dimension(pub u8);

/// A product as it is searched, counted and sorted. What goes beyond the bounds of this module does not count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// Identifies it. Putting another document with it replaces this one.
    pub id: u32,
    /// Its title, and its titles in other languages.
    pub titles: Vec<String>,
    /// Its other texts, such as a description in each language. They are searched as written, without typos.
    pub texts: Vec<String>,
    /// Its values of each dimension, in any order.
    pub facets: Vec<(Dimension, String)>,
    /// When it was added, in any unit.
    pub added: i64,
    /// When it was or will be released, in any unit. One without comes last in either order of release.
    pub release: Option<i64>,
    /// Its place in the order of titles, as [`sir0_kernel::sort_key`] makes it.
    pub title_key: Vec<u8>,
    /// What it costs, in the smallest unit.
    pub price: i64,
}

/// The words of a document.
#[derive(Debug, Default)]
pub(crate) struct Words {
    /// Of its titles, as written.
    pub(crate) title: BTreeSet<String>,
    /// Of its other texts.
    pub(crate) body: BTreeSet<String>,
    /// How the words of its titles sound.
    pub(crate) spoken: BTreeSet<String>,
    /// How its titles sound without blanks, from each of their words on, and in scripts without blanks from each character
    /// on.
    pub(crate) joined: BTreeSet<String>,
    /// Its whole titles.
    pub(crate) whole: BTreeSet<String>,
    /// The titles that have characters of scripts without blanks, without anything between them.
    pub(crate) unspaced: Box<[Box<[char]>]>,
    /// The length of its shortest title, up to 255.
    pub(crate) title_len: u8,
}

impl Words {
    pub(crate) fn of(document: &Document) -> Self {
        let mut words = Self { title_len: u8::MAX, ..Self::default() };
        let mut unspaced = Vec::new();
        for title in document.titles.iter().take(MOST_TITLES) {
            let title = first_chars(title, MOST_TITLE_CHARS);
            words.title.extend(found_by(title).into_iter().map(cut_word));
            words.whole.insert(whole(title));
            words.add_sounds(title);
            let mut letters = letters(title);
            letters.truncate(MOST_UNSPACED);
            if letters.iter().any(|letter| is_unspaced(*letter)) {
                unspaced.push(letters.into());
            }
            words.title_len = words.title_len.min(u8::try_from(len(title)).unwrap_or(u8::MAX));
        }
        words.unspaced = unspaced.into();
        let mut left = MOST_TEXT_CHARS;
        for text in &document.texts {
            let text = first_chars(text, left);
            left -= text.chars().count();
            words.body.extend(found_by(text).into_iter().map(cut_word));
        }
        words
    }

    fn add_sounds(&mut self, title: &str) {
        let mut starts = Vec::new();
        for (at, chunk) in chunks(title) {
            self.spoken.insert(sound(chunk));
            starts.push(at);
            for (piece_at, piece) in pieces(chunk) {
                // Letters between marks are no words: `S.T.A.L.K.E.R.` has one.
                if piece.chars().nth(1).is_some() {
                    self.spoken.insert(sound(piece));
                    starts.push(at + piece_at);
                }
            }
            let unspaced = chunk.char_indices().filter(|(_, letter)| is_unspaced(*letter));
            starts.extend(unspaced.map(|(letter_at, _)| at + letter_at));
        }
        starts.sort_unstable();
        starts.dedup();
        // Each letter of a sound comes from a character or two.
        let rest = |at: usize| first_chars(&title[at..], 4 * MOST_LETTERS);
        self.joined.extend(starts.into_iter().map(|at| sound(rest(at))));
        self.spoken.remove("");
        self.joined.remove("");
    }
}

/// What is written without blanks, and where.
fn chunks(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_whitespace().map(|chunk| (offset(text, chunk), chunk))
}

/// What marks separate, and where.
fn pieces(chunk: &str) -> impl Iterator<Item = (usize, &str)> {
    let pieces = chunk
        .split(|letter: char| letter.is_ascii_punctuation() || "’‘·・：！、–—".contains(letter));
    pieces.filter(|piece| !piece.is_empty()).map(|piece| (offset(chunk, piece), piece))
}

/// Where a part of a text begins in it.
fn offset(text: &str, part: &str) -> usize {
    part.as_ptr().addr() - text.as_ptr().addr()
}

/// A title as a whole, by which it is the one that someone typed in full: without case, accents, marks and blanks.
pub(crate) fn whole(text: &str) -> String {
    let parts = sought(text).into_iter();
    parts.flat_map(|spellings| spellings.into_iter().next().unwrap_or_default()).collect()
}

/// How long a text is to a reader: its words, and in scripts without blanks its characters.
pub(crate) fn len(text: &str) -> usize {
    let len = |(_, chunk): (usize, &str)| {
        let unspaced = chunk.chars().filter(|character| is_unspaced(*character)).count();
        unspaced.max(usize::from(chunk.chars().any(char::is_alphanumeric)))
    };
    chunks(text).map(len).sum()
}

/// The letters and digits of a text, alike in any case and width.
pub(crate) fn letters(text: &str) -> Vec<char> {
    folded(text).chars().filter(|character| character.is_alphanumeric()).collect()
}

/// Whether a character is of a script without blanks between words, or, as in Korean, with syllables in each character.
/// These are the blocks of the scripts that the kernel cuts into pairs. The few characters on which the two differ only
/// lose the tolerance for typos.
pub(crate) const fn is_unspaced(character: char) -> bool {
    matches!(character,
        '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}'
        | '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{30FF}' | '\u{3105}'..='\u{312F}'
        | '\u{3400}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}' | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{3FFFD}')
}

/// A word as far as it counts, in a document and in what is looked for.
pub(crate) fn cut_word(mut word: String) -> String {
    word.truncate(word.floor_char_boundary(MOST_WORD_BYTES));
    word
}

/// A facet value as far as it counts, in a document and in a filter.
pub(crate) fn cut_value(mut value: String) -> String {
    value.truncate(value.floor_char_boundary(MOST_VALUE_BYTES));
    value
}

pub(crate) fn first_chars(text: &str, count: usize) -> &str {
    text.char_indices().nth(count).map_or(text, |(end, _)| &text[..end])
}
