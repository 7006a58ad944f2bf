//! Sets of documents. The index numbers its documents densely; such a number is a slot.

/// A set of slots, a bit for each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slots(Vec<u64>);

impl Slots {
    pub(crate) fn insert(&mut self, slot: u32) {
        let (word, bit) = place(slot);
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= bit;
    }

    pub(crate) fn remove(&mut self, slot: u32) {
        let (word, bit) = place(slot);
        if let Some(bits) = self.0.get_mut(word) {
            *bits &= !bit;
        }
    }

    pub(crate) fn contains(&self, slot: u32) -> bool {
        let (word, bit) = place(slot);
        self.0.get(word).is_some_and(|bits| bits & bit != 0)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.iter().map(|bits| bits.count_ones() as usize).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|bits| *bits == 0)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0
            .iter()
            .zip(0_u32..)
            .flat_map(|(bits, word)| Bits(*bits).map(move |bit| word * 64 + bit))
    }

    /// Adds those of the other set.
    pub(crate) fn unite(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (bits, others) in self.0.iter_mut().zip(&other.0) {
            *bits |= others;
        }
    }

    /// Keeps those that are in the other set too.
    pub(crate) fn keep(&mut self, other: &Self) {
        self.0.truncate(other.0.len());
        for (bits, others) in self.0.iter_mut().zip(&other.0) {
            *bits &= others;
        }
    }

    /// Drops those of the other set.
    pub(crate) fn drop_all(&mut self, other: &Self) {
        for (bits, others) in self.0.iter_mut().zip(&other.0) {
            *bits &= !others;
        }
    }
}

fn place(slot: u32) -> (usize, u64) {
    ((slot / 64) as usize, 1 << (slot % 64))
}

/// The places of the bits that are set.
struct Bits(u64);

impl Iterator for Bits {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let lowest = (self.0 != 0).then(|| self.0.trailing_zeros())?;
        self.0 &= self.0 - 1;
        Some(lowest)
    }
}

/// The documents that have a term. Most terms are rare and are kept as a sorted list. One that is in more than a document
/// of 32 takes less memory as a set of bits.
#[derive(Clone, Debug)]
pub(crate) enum Postings {
    Few(Vec<u32>),
    Many { slots: Slots, len: u32 },
}

/// A shorter list never becomes a set, so that a small index does not go back and forth.
const FEW: usize = 64;

impl Default for Postings {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Postings {
    pub(crate) fn insert(&mut self, slot: u32) {
        match self {
            Self::Few(list) => {
                match list.last() {
                    Some(highest) if *highest >= slot => {
                        if let Err(at) = list.binary_search(&slot) {
                            list.insert(at, slot);
                        }
                    }
                    _ => list.push(slot),
                }
                let highest = list.last().copied().unwrap_or(0);
                if list.len() > FEW && list.len() > (highest / 32) as usize {
                    let mut slots = Slots::default();
                    for slot in &*list {
                        slots.insert(*slot);
                    }
                    let len = u32::try_from(list.len()).expect("slots are numbered with 32 bits");
                    *self = Self::Many { slots, len };
                }
            }
            Self::Many { slots, len } => {
                *len += u32::from(!slots.contains(slot));
                slots.insert(slot);
            }
        }
    }

    pub(crate) fn remove(&mut self, slot: u32) {
        match self {
            Self::Few(list) => {
                if let Ok(at) = list.binary_search(&slot) {
                    list.remove(at);
                }
            }
            Self::Many { slots, len } => {
                *len -= u32::from(slots.contains(slot));
                slots.remove(slot);
                if (*len as usize) < FEW / 2 {
                    *self = Self::Few(slots.iter().collect());
                }
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Few(list) => list.len(),
            Self::Many { len, .. } => *len as usize,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many of them are in the set.
    pub(crate) fn len_within(&self, set: &Slots) -> usize {
        match self {
            Self::Few(list) => list.iter().filter(|slot| set.contains(**slot)).count(),
            Self::Many { slots, .. } => {
                let pairs = slots.0.iter().zip(&set.0);
                pairs.map(|(bits, others)| (bits & others).count_ones() as usize).sum()
            }
        }
    }

    /// Adds them to the set.
    pub(crate) fn add_to(&self, set: &mut Slots) {
        match self {
            Self::Few(list) => list.iter().for_each(|slot| set.insert(*slot)),
            Self::Many { slots, .. } => set.unite(slots),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn postings_hold_what_was_inserted_whether_it_is_a_list_or_a_set() {
        let (mut postings, mut expected) = (Postings::default(), BTreeSet::new());
        let mut all = Slots::default();
        (0..4000).for_each(|slot| all.insert(slot));

        for step in 0..4000_u32 {
            let slot = step * 7919 % 1000;
            if step % 3 == 2 || step > 3000 {
                postings.remove(slot);
                expected.remove(&slot);
            } else {
                postings.insert(slot);
                expected.insert(slot);
            }

            let mut held = Slots::default();
            postings.add_to(&mut held);
            assert_eq!(postings.len(), expected.len());
            assert_eq!(postings.len_within(&all), expected.len());
            assert!(held.iter().eq(expected.iter().copied()), "step {step}");
        }
    }
}
