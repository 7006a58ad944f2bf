//! Text as it is sorted.

use std::sync::LazyLock;

use icu_collator::{Collator, CollatorBorrowed, CollatorPreferences, options::CollatorOptions};

/// The root order of CLDR: one order for all languages, because one list has titles of many.
static ROOT: LazyLock<CollatorBorrowed<'static>> = LazyLock::new(|| {
    let root = Collator::try_new(CollatorPreferences::default(), CollatorOptions::default());
    root.expect("the order is part of the program")
});

/// Bytes that are in the order of the texts. They are those of one version of the tables, and of no other.
#[must_use]
pub fn sort_key(text: &str) -> Vec<u8> {
    let mut key = Vec::new();
    let Ok(()) = ROOT.write_sort_key_to(text, &mut key);
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_the_order_of_the_texts() {
        let mut titles = [
            "Zebra",
            "zebra",
            "Äther",
            "Apfel",
            "apfel",
            "Ångström",
            "Öl",
            "Oslo",
            "100 Rats",
            "20 Rats",
            "'Round",
            "Ёлка",
            "Ель",
            "Жук",
            "αβ",
            "Άλφα",
            "あお",
            "アオ",
            "王者",
            "한글",
            "דוד",
            "محمد",
            "!",
            "~",
            "co-op",
            "coop",
            "co op",
        ];
        let mut by_key = titles;
        titles.sort_by(|one, other| ROOT.compare(one, other));
        by_key.sort_by_key(|title| sort_key(title));

        assert_eq!(by_key, titles);
    }
}
