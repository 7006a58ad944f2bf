//! Text as it is compared.

use icu_casemap::{CaseMapper, CaseMapperBorrowed};
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use unicode_security::confusable_detection::skeleton;

use super::is_ignorable;

/// The form in which titles and genres are compared and sorted: NFKC, lower case.
#[must_use]
pub fn caseless(text: &str) -> String {
    compatible(text).chars().flat_map(char::to_lowercase).collect()
}

/// NFKC: one text for each way to type it, on any keyboard and in any width.
#[must_use]
pub fn compatible(text: &str) -> String {
    ComposingNormalizerBorrowed::new_nfkc().normalize(text).into_owned()
}

/// The form in which texts are the same whatever their case, their width and how they were typed: NFKC with full case
/// folding, without what no one sees (Unicode 3.13, R5: `toNFKC_Casefold`). Folding undoes some of the form and the form
/// some of the folding, so each is done twice.
#[must_use]
pub fn folded(text: &str) -> String {
    const CASES: CaseMapperBorrowed<'_> = CaseMapper::new();
    let seen: String = text.chars().filter(|character| !is_ignorable(*character)).collect();
    let text = DecomposingNormalizerBorrowed::new_nfd().normalize(&seen).into_owned();
    let text = compatible(&CASES.fold_string(&text));
    let text = compatible(&CASES.fold_string(&text));
    text.chars().filter(|character| !is_ignorable(*character)).collect()
}

/// The form in which the names of people are the same name: folded, with one blank where there are several, and a word
/// that has only letters shaped like Latin ones is the Latin word.
#[must_use]
pub fn name_key(name: &str) -> String {
    let folded = folded(name);
    folded.split_whitespace().map(as_latin).collect::<Vec<_>>().join(" ")
}

/// The Latin word that a word of another alphabet looks like in every letter (UTS 39, 4), or the word.
fn as_latin(word: &str) -> String {
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase());
    let looks_like: String = skeleton(word).collect();
    let is_foreign = word.chars().any(char::is_alphabetic) && !word.chars().any(|it| it.is_ascii());
    if is_foreign && is_plain(&looks_like) { looks_like } else { word.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_in_case_or_width_are_the_same_name() {
        assert_eq!(caseless("ＡＤＭＩＮ"), caseless("admin"));
    }

    #[test]
    fn case_is_folded_in_full_and_after_the_form() {
        for same in [
            ["Strauß", "STRAUSS"],
            ["ΣΟΦΟΣ", "σοφος"],
            ["ᾳ", "ΑΙ"],
            ["ﬃx", "FFIX"],
            ["ｶﾞｰﾃﾞﾝ", "ガーデン"],
            ["e\u{301}", "É"],
            ["ſ", "S"],
            ["Ⅷ", "viii"],
            ["\u{1E9E}", "ss"],
            ["K", "k"],
            ["ꭰ", "Ꭰ"],
            ["ad\u{AD}min", "ADMIN"],
            ["admin\u{34F}", "admin"],
            ["a\u{3164}b", "AB"],
        ] {
            assert_eq!(folded(same[0]), folded(same[1]), "{same:?}");
        }
        assert_ne!(folded("é"), folded("e"), "an accent tells names apart");
        assert_ne!(folded("ı"), folded("i"), "two letters of Turkish");
    }

    #[test]
    fn folding_again_changes_nothing() {
        let odd =
            "\u{345}\u{1FB3}\u{FB03}\u{3A3}\u{1E9E}\u{FDFA}\u{1F82}\u{130}I\u{307}\u{149}ǰ\u{AD}";
        for text in [odd.to_owned(), odd.chars().rev().collect()] {
            assert_eq!(folded(&folded(&text)), folded(&text));
        }
    }

    #[test]
    fn a_word_that_looks_latin_in_every_letter_is_the_latin_word() {
        assert_eq!(name_key("сосо"), "coco", "Cyrillic");
        assert_eq!(name_key("  Ada   Lovelace"), "ada lovelace");
        assert_eq!(name_key("Сергей"), "сергей");
        assert_eq!(name_key("modern"), "modern", "Latin stays as it is");
    }
}
