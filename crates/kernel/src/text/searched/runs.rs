//! Stretches of a word that are written in one way: with blanks between words, or without.

use icu_properties::{props::Script, script::ScriptWithExtensions};

/// Scripts in which no blanks stand between words, or in which people search for a part of a word.
const UNSPACED: [Script; 9] = [
    Script::Han,
    Script::Hiragana,
    Script::Katakana,
    Script::Hangul,
    Script::Bopomofo,
    Script::Thai,
    Script::Lao,
    Script::Khmer,
    Script::Myanmar,
];

/// The words by which a piece is found. Of what has no blanks these are its pairs of neighbours, and its last character
/// for those who type only that.
pub(super) fn found_by(piece: &str) -> Vec<String> {
    let mut words = Vec::new();
    for run in of(piece) {
        words.extend(match run {
            Run::Spaced(word) => vec![word],
            Run::Unspaced(characters) => {
                let last = characters.last().into_iter().map(char::to_string);
                pairs(&characters).chain(last).collect()
            }
        });
    }
    words
}

/// The words that a piece is sought by.
pub(super) fn sought(piece: &str) -> Vec<String> {
    let mut words = Vec::new();
    for run in of(piece) {
        words.extend(match run {
            Run::Spaced(word) => vec![word],
            Run::Unspaced(characters) if characters.len() == 1 => vec![characters[0].to_string()],
            Run::Unspaced(characters) => pairs(&characters).collect(),
        });
    }
    words
}

enum Run {
    Spaced(String),
    Unspaced(Vec<char>),
}

fn of(piece: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for character in piece.chars() {
        match (runs.last_mut(), is_unspaced(character)) {
            (Some(Run::Unspaced(run)), true) => run.push(character),
            (Some(Run::Spaced(run)), false) => run.push(character),
            (_, true) => runs.push(Run::Unspaced(vec![character])),
            (_, false) => runs.push(Run::Spaced(character.to_string())),
        }
    }
    runs
}

fn is_unspaced(character: char) -> bool {
    let scripts = ScriptWithExtensions::new();
    !character.is_ascii() && UNSPACED.iter().any(|script| scripts.has_script(character, *script))
}

fn pairs(characters: &[char]) -> impl Iterator<Item = String> + '_ {
    characters.windows(2).map(|pair| pair.iter().collect())
}
