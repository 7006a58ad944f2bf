//! Terms, and the documents that have each; words also by their beginnings.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    mem,
    ops::Bound,
    sync::Arc,
};

use crate::{
    fuzzy,
    slots::{Postings, Slots},
};

/// How many words of a vocabulary a beginning of more than [`BEGINNING_CHARS`] characters stands for: the first of them in
/// the order of bytes, so that the word itself is always among them. Text that people write stays far below.
pub(crate) const MOST_WORDS_OF_A_BEGINNING: usize = 1024;
/// Shorter beginnings have postings themselves, so that the most frequent ones cost least and none is cut short.
const BEGINNING_CHARS: usize = 3;

/// Texts and their postings. A document keeps the numbers of its terms, by which it is removed.
#[derive(Debug, Default)]
pub(crate) struct Terms {
    numbers: HashMap<Arc<str>, u32>,
    numbered: Vec<Term>,
    /// The letters of each, side by side: a search with typos reads those of all.
    letters: Vec<u64>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Term {
    text: Arc<str>,
    postings: Postings,
}

impl Terms {
    /// Adds a document to those that have the term, and answers the number of the term and whether it is a new one.
    pub(crate) fn insert(&mut self, text: &str, slot: u32) -> (u32, bool) {
        let known = self.numbers.get(text).copied();
        let number = known.unwrap_or_else(|| self.number(text));
        self.numbered[number as usize].postings.insert(slot);
        (number, known.is_none())
    }

    /// Numbers a new term.
    fn number(&mut self, text: &str) -> u32 {
        let text: Arc<str> = text.into();
        let letters = fuzzy::letters(&text, fuzzy::COMPARED_OF_WORD);
        let term = Term { text: Arc::clone(&text), postings: Postings::default() };
        let number = if let Some(number) = self.free.pop() {
            self.numbered[number as usize] = term;
            self.letters[number as usize] = letters;
            number
        } else {
            self.numbered.push(term);
            self.letters.push(letters);
            u32::try_from(self.numbered.len() - 1).expect("fewer terms than memory has bytes")
        };
        self.numbers.insert(text, number);
        number
    }

    /// Takes a document from those that have the term. With its last one the term goes; then its text is answered.
    pub(crate) fn remove(&mut self, number: u32, slot: u32) -> Option<Arc<str>> {
        let term = &mut self.numbered[number as usize];
        term.postings.remove(slot);
        if !term.postings.is_empty() {
            return None;
        }
        let gone = mem::replace(term, Term { text: "".into(), postings: Postings::default() });
        self.numbers.remove(&gone.text);
        self.letters[number as usize] = 0;
        self.free.push(number);
        Some(gone.text)
    }

    pub(crate) fn get(&self, text: &str) -> Option<&Postings> {
        self.numbers.get(text).map(|number| &self.numbered[*number as usize].postings)
    }

    /// All of them, in no order. A number that is free has a term without documents.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Postings)> {
        self.numbered.iter().map(|term| (&*term.text, &term.postings))
    }

    /// How many numbers terms have or had.
    pub(crate) const fn numbers(&self) -> usize {
        self.numbered.len()
    }

    pub(crate) fn text(&self, number: u32) -> &str {
        &self.numbered[number as usize].text
    }

    /// The terms that may have the letters of a word but for as many as it may have typos, in no order.
    pub(crate) fn with_letters(&self, letters: u64, typos: u32) -> impl Iterator<Item = &str> {
        let may_be = move |of_term: &u64| (letters & !of_term).count_ones() <= typos;
        let terms = self.letters.iter().zip(&self.numbered);
        terms.filter(move |(of_term, _)| may_be(of_term)).map(|(_, term)| &*term.text)
    }
}

/// Words that are found by their beginnings too.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    words: Terms,
    /// The numbers of the words in the order of bytes. It is read for beginnings alone: each step down a tree compares texts
    /// that lie anywhere in memory.
    ordered: BTreeMap<Arc<str>, u32>,
    beginnings: HashMap<Box<str>, Postings>,
}

impl Vocabulary {
    /// Adds the words of a document, and answers their numbers.
    pub(crate) fn insert(&mut self, words: &BTreeSet<String>, slot: u32) -> Box<[u32]> {
        let mut before = "";
        for word in words {
            for beginning in beginnings(word) {
                // Words come in order, so one that begins like the last one has the document already.
                if before.starts_with(beginning) {
                    continue;
                }
                if let Some(postings) = self.beginnings.get_mut(beginning) {
                    postings.insert(slot);
                } else {
                    self.beginnings.entry(beginning.into()).or_default().insert(slot);
                }
            }
            before = word;
        }
        let number = |word: &String| {
            let (number, is_new) = self.words.insert(word, slot);
            if is_new {
                let text = &self.words.numbered[number as usize].text;
                self.ordered.insert(Arc::clone(text), number);
            }
            number
        };
        words.iter().map(number).collect()
    }

    pub(crate) fn remove(&mut self, numbers: &[u32], slot: u32) {
        for number in numbers {
            let text = Arc::clone(&self.words.numbered[*number as usize].text);
            for beginning in beginnings(&text) {
                if let Some(postings) = self.beginnings.get_mut(beginning) {
                    postings.remove(slot);
                    if postings.is_empty() {
                        self.beginnings.remove(beginning);
                    }
                }
            }
            if let Some(gone) = self.words.remove(*number, slot) {
                self.ordered.remove(&gone);
            }
        }
    }

    pub(crate) const fn words(&self) -> &Terms {
        &self.words
    }

    /// The documents with the word.
    pub(crate) fn with(&self, word: &str) -> Slots {
        let mut slots = Slots::default();
        if let Some(postings) = self.words.get(word) {
            postings.add_to(&mut slots);
        }
        slots
    }

    /// The documents with a word that begins so.
    pub(crate) fn with_beginning(&self, beginning: &str) -> Slots {
        let mut slots = Slots::default();
        if beginning.chars().nth(BEGINNING_CHARS).is_none() {
            if let Some(postings) = self.beginnings.get(beginning) {
                postings.add_to(&mut slots);
            }
        } else {
            let from = (Bound::Included(beginning), Bound::Unbounded);
            let words = self.ordered.range::<str, _>(from);
            let words = words.take_while(|(word, _)| word.starts_with(beginning));
            for (_, number) in words.take(MOST_WORDS_OF_A_BEGINNING) {
                self.words.numbered[*number as usize].postings.add_to(&mut slots);
            }
        }
        slots
    }

    /// The documents with a word that begins with the character.
    pub(crate) fn with_first(&self, character: char) -> Option<&Postings> {
        self.beginnings.get(&*character.to_string())
    }
}

/// The short beginnings of a word.
fn beginnings(word: &str) -> impl Iterator<Item = &str> {
    word.char_indices().take(BEGINNING_CHARS).map(|(at, first)| &word[..at + first.len_utf8()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frequent_beginning_is_cut_short_behind_the_word_itself() {
        let mut vocabulary = Vocabulary::default();
        for slot in (0..2000).rev() {
            vocabulary.insert(&BTreeSet::from([format!("lant{slot:04}")]), slot);
        }
        vocabulary.insert(&BTreeSet::from(["lant".to_owned()]), 2000);

        let (found, short) = (vocabulary.with_beginning("lant"), vocabulary.with_beginning("lan"));

        assert_eq!(found.len(), MOST_WORDS_OF_A_BEGINNING);
        assert!(found.contains(2000) && found.contains(0) && !found.contains(1999));
        assert_eq!(short.len(), 2001, "a short one is not");
    }

    #[test]
    fn what_was_removed_leaves_nothing() {
        let mut vocabulary = Vocabulary::default();
        let words = BTreeSet::from(["lantern".to_owned(), "lamp".to_owned()]);
        let numbers = vocabulary.insert(&words, 7);
        vocabulary.remove(&numbers, 7);

        assert!(vocabulary.beginnings.is_empty() && vocabulary.ordered.is_empty());
        assert!(vocabulary.words.numbers.is_empty());
        assert_eq!(vocabulary.insert(&words, 8).len(), vocabulary.words.numbers(), "used again");
    }
}
