//! What the pages mention is there, under that name.

mod commands;
mod files;
mod proofs;
mod settings;
mod sources_of;
mod versions;

use crate::page::Page;

/// The words of a text that consist of letters that `is_of_it` takes, each once.
fn words(text: &str, is_of_it: impl Fn(char) -> bool) -> Vec<&str> {
    let mut words: Vec<_> =
        text.split(|letter| !is_of_it(letter)).filter(|word| !word.is_empty()).collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// Every page's faults, each with the name of its page. There is none.
fn all_are_without_fault(pages: &[Page], faults: impl Fn(&Page) -> Vec<String>) {
    let found: Vec<_> = pages
        .iter()
        .flat_map(|page| faults(page).into_iter().map(|fault| format!("{}: {fault}", page.name)))
        .collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}
