//! The values of the dimensions: which documents have each, and how many of those found.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    document::{Dimension, Document, MOST_FACET_VALUES, cut_value},
    index::Entry,
    query::{Facet, MOST_DIMENSIONS, MOST_FILTER_VALUES, Query},
    slots::Slots,
    terms::Terms,
};

/// One document of so many is few. Then it is faster to ask them.
const FEW_DOCUMENTS: usize = 16;

/// The values of each dimension.
#[derive(Debug, Default)]
pub(crate) struct Facets(BTreeMap<Dimension, Terms>);

impl Facets {
    /// Adds the values of a document, and answers their numbers.
    pub(crate) fn insert(&mut self, document: &Document, slot: u32) -> Box<[(Dimension, u32)]> {
        let values = document.facets.iter().take(MOST_FACET_VALUES).cloned();
        let values: BTreeSet<_> =
            values.map(|(dimension, value)| (dimension, cut_value(value))).collect();
        let mut insert = |(dimension, value): (Dimension, String)| {
            (dimension, self.0.entry(dimension).or_default().insert(&value, slot).0)
        };
        values.into_iter().map(&mut insert).collect()
    }

    pub(crate) fn remove(&mut self, values: &[(Dimension, u32)], slot: u32) {
        for (dimension, number) in values {
            if let Some(terms) = self.0.get_mut(dimension) {
                terms.remove(*number, slot);
            }
        }
    }

    /// The documents that pass each filter of a query.
    pub(crate) fn filters(&self, query: &Query) -> Vec<(Dimension, Slots)> {
        let passing = |(dimension, values): &(Dimension, Vec<String>)| {
            let mut slots = Slots::default();
            for value in values.iter().take(MOST_FILTER_VALUES) {
                let value = cut_value(value.clone());
                if let Some(postings) = self.0.get(dimension).and_then(|terms| terms.get(&value)) {
                    postings.add_to(&mut slots);
                }
            }
            (*dimension, slots)
        };
        query.filters.iter().take(MOST_DIMENSIONS).map(passing).collect()
    }

    /// Counts the values of a dimension among some documents, and answers the most frequent ones. Where the documents are
    /// few, it asks each for its values; otherwise each value for its documents.
    pub(crate) fn count(
        &self,
        dimension: Dimension,
        among: &Slots,
        documents: usize,
        entries: &[Option<Entry>],
        most: usize,
    ) -> Facet {
        let Some(terms) = self.0.get(&dimension) else {
            return Facet { dimension, values: Vec::new() };
        };
        let mut counted: Vec<_> = if documents * FEW_DOCUMENTS < entries.len() {
            let mut counts = vec![0; terms.numbers()];
            let found = among.iter().filter_map(|slot| entries[slot as usize].as_ref());
            for (of, number) in found.flat_map(|entry| &entry.facets) {
                if *of == dimension {
                    counts[*number as usize] += 1;
                }
            }
            let counted = (0..).zip(counts).filter(|(_, count)| *count > 0);
            counted.map(|(number, count)| (count, terms.text(number))).collect()
        } else {
            let values = terms.iter();
            let counted = values.map(|(value, postings)| (postings.len_within(among), value));
            counted.filter(|(count, _)| *count > 0).collect()
        };
        let most_frequent = |one: &(usize, &str), other: &(usize, &str)| {
            other.0.cmp(&one.0).then(one.1.cmp(other.1))
        };
        if most < counted.len() {
            counted.select_nth_unstable_by(most, most_frequent);
            counted.truncate(most);
        }
        counted.sort_unstable_by(most_frequent);
        let values = counted.into_iter().map(|(count, value)| (value.to_owned(), count)).collect();
        Facet { dimension, values }
    }
}
