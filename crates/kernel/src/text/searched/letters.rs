//! Letters made alike that are one in a reader's eye.

use std::{collections::HashMap, sync::LazyLock};

use icu_collator::{
    Collator, CollatorBorrowed, CollatorPreferences,
    options::{CollatorOptions, Strength},
};
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use icu_properties::{
    CodePointMapData,
    props::{GeneralCategory, GeneralCategoryGroup, Script},
};

use super::super::{category, folded};

/// Scripts in which a mark is an accent on a letter, or a vowel that is mostly left out. In the others a mark counts like
/// a letter: a vowel of Hindi, a tone of Thai, the two strokes that make が of か.
const ACCENTED: [Script; 5] =
    [Script::Latin, Script::Greek, Script::Cyrillic, Script::Hebrew, Script::Arabic];

/// The letters of those scripts, and digits, by what they are to a reader: those that differ in no more than an accent
/// in the root order of CLDR. `é` is `e`, `ø` is `o`, `æ` is `ae`, and `й` is no `и`.
static LETTERS: LazyLock<HashMap<char, Box<str>>> = LazyLock::new(letters);

/// Makes the table, which takes some milliseconds: before anyone waits for it.
pub(super) fn prepare() {
    LazyLock::force(&LETTERS);
}

/// The text without case, width, accents and signs of trade.
pub(super) fn plain(text: &str) -> String {
    // Most texts. Letters of ASCII differ from each other in no more than case.
    if text.is_ascii() { text.to_ascii_lowercase() } else { plain_of_any_script(text) }
}

fn plain_of_any_script(text: &str) -> String {
    // Accents go before the case, because folding makes a letter of the iota below ᾠ. A letter that has no case of its
    // own, such as the `ı` of Turkish, is what its capital is.
    let text = without_accents(&ComposingNormalizerBorrowed::new_nfc().normalize(text));
    without_accents(&folded(&folded(&text).to_uppercase()))
}

fn without_accents(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut is_accented = false;
    for character in text.chars() {
        if let Some(letter) = LETTERS.get(&character) {
            plain.push_str(letter);
            is_accented = true;
        } else if !is_accent(character, is_accented) && !is_of_trade(character) {
            plain.push(character);
            is_accented = is_of_accented(character) || is_digit(character);
        }
    }
    plain
}

/// Whether it is a mark that does not count: what encloses a character never does.
fn is_accent(character: char, is_accented: bool) -> bool {
    match category(character) {
        GeneralCategory::EnclosingMark => true,
        GeneralCategory::NonspacingMark => is_accented,
        _ => false,
    }
}

/// `℠` and `™`. They come before the compatible form, which makes letters of them.
fn is_of_trade(character: char) -> bool {
    matches!(character, '\u{2120}' | '\u{2122}')
}

fn is_digit(character: char) -> bool {
    category(character) == GeneralCategory::DecimalNumber
}

fn is_of_accented(character: char) -> bool {
    ACCENTED.contains(&CodePointMapData::<Script>::new().get(character))
}

fn letters() -> HashMap<char, Box<str>> {
    let mut options = CollatorOptions::default();
    options.strength = Some(Strength::Primary);
    let root = Collator::try_new(CollatorPreferences::default(), options);
    let root = root.expect("the order is part of the program");
    let mut first: HashMap<Vec<u8>, Box<str>> = HashMap::new();
    for one in 'a'..='z' {
        first.insert(key(&root, &one.to_string()), one.to_string().into());
        for other in 'a'..='z' {
            let pair = format!("{one}{other}");
            first.entry(key(&root, &pair)).or_insert_with(|| pair.into());
        }
    }
    let scripts = ACCENTED.into_iter().flat_map(|script| {
        CodePointMapData::<Script>::new().iter_ranges_for_value(script).flatten()
    });
    let digits = CodePointMapData::<GeneralCategory>::new()
        .iter_ranges_for_value(GeneralCategory::DecimalNumber)
        .flatten();
    // Those of ASCII are the first.
    let characters = digits.chain(scripts).filter_map(char::from_u32);
    let letters = characters.filter(|character| is_alike(*character));
    // A small letter without an accent stands for the others.
    let (small, others): (Vec<char>, Vec<char>) = letters.partition(|letter| is_small(*letter));
    let mut alike = HashMap::new();
    for letter in small.into_iter().chain(others) {
        let itself = letter.to_string();
        let plain = first.entry(key(&root, &itself)).or_insert_with(|| itself.clone().into());
        if **plain != *itself {
            alike.insert(letter, plain.clone());
        }
    }
    alike
}

/// Whether others may be one with it: a letter of those scripts, or a digit of any.
fn is_alike(character: char) -> bool {
    let is_letter = GeneralCategoryGroup::Letter.contains(category(character));
    is_digit(character) || is_letter && is_of_accented(character)
}

fn is_small(letter: char) -> bool {
    let letter = letter.to_string();
    DecomposingNormalizerBorrowed::new_nfd().is_normalized(&letter) && folded(&letter) == letter
}

fn key(order: &CollatorBorrowed<'_>, text: &str) -> Vec<u8> {
    let mut key = Vec::new();
    let Ok(()) = order.write_sort_key_to(text, &mut key);
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_is_made_plain_as_any_script_is() {
        let all: String = ('\0'..='\u{7F}').collect();

        assert_eq!(plain(&all), plain_of_any_script(&all));
    }
}
