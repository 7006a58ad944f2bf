//! The values of the dimensions: which documents have each, and how many of those found.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    document::{Dimension, Document, MOST_FACET_VALUES, cut_word},
    query::{Facet, MOST_DIMENSIONS, MOST_FILTER_VALUES, Query},
    slots::Slots,
    terms::Terms,
};

/// The values of each dimension.
#[derive(Debug, Default)]
pub(crate) struct Facets(BTreeMap<Dimension, Terms>);

impl Facets {
    /// Adds the values of a document, and answers their numbers.
    pub(crate) fn insert(&mut self, document: &Document, slot: u32) -> Box<[(Dimension, u32)]> {
        let values = document.facets.iter().take(MOST_FACET_VALUES).cloned();
        let values: BTreeSet<_> =
            values.map(|(dimension, value)| (dimension, cut_word(value))).collect();
        let mut insert = |(dimension, value): (Dimension, String)| {
            (dimension, self.0.entry(dimension).or_default().insert(&value, slot))
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
                let value = cut_word(value.clone());
                if let Some(postings) = self.0.get(dimension).and_then(|terms| terms.get(&value)) {
                    postings.add_to(&mut slots);
                }
            }
            (*dimension, slots)
        };
        query.filters.iter().take(MOST_DIMENSIONS).map(passing).collect()
    }

    /// Counts the values of a dimension among some documents, and answers the most frequent ones.
    pub(crate) fn count(&self, dimension: Dimension, among: &Slots, most: usize) -> Facet {
        let values = self.0.get(&dimension).into_iter().flat_map(Terms::iter);
        let counted = values.map(|(value, postings)| (postings.len_within(among), value));
        let mut counted: Vec<_> = counted.filter(|(count, _)| *count > 0).collect();
        counted.sort_unstable_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(other.1)));
        counted.truncate(most);
        let values = counted.into_iter().map(|(count, value)| (value.to_owned(), count)).collect();
        Facet { dimension, values }
    }
}
