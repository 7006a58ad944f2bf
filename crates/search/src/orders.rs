//! The documents in each order but that of relevance, which is another for each search.

use std::{
    collections::BTreeSet,
    ops::Bound::{Excluded, Unbounded},
    sync::Arc,
};

use crate::{
    index::Entry,
    query::{Key, Order, Place},
    slots::Slots,
};

/// A document in an order: its key, its id and its slot. No two have the same id, so the slot decides nothing.
type Placed<K> = (K, u32, u32);

/// The documents in each order.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    added: BTreeSet<Placed<i64>>,
    released: BTreeSet<Placed<i64>>,
    unreleased: BTreeSet<Placed<()>>,
    title: BTreeSet<Placed<Arc<[u8]>>>,
    price: BTreeSet<Placed<i64>>,
}

impl Orders {
    pub(crate) fn insert(&mut self, entry: &Entry, slot: u32) {
        self.added.insert((entry.added, entry.id, slot));
        match entry.release {
            Some(release) => self.released.insert((release, entry.id, slot)),
            None => self.unreleased.insert(((), entry.id, slot)),
        };
        self.title.insert((Arc::clone(&entry.title_key), entry.id, slot));
        self.price.insert((entry.price, entry.id, slot));
    }

    pub(crate) fn remove(&mut self, entry: &Entry, slot: u32) {
        self.added.remove(&(entry.added, entry.id, slot));
        match entry.release {
            Some(release) => self.released.remove(&(release, entry.id, slot)),
            None => self.unreleased.remove(&((), entry.id, slot)),
        };
        self.title.remove(&(Arc::clone(&entry.title_key), entry.id, slot));
        self.price.remove(&(entry.price, entry.id, slot));
    }

    /// The first of the documents behind a place. It walks along the order and passes over documents that are not among
    /// them: at most once along all documents.
    pub(crate) fn page(
        &self,
        order: Order,
        after: Option<&Place>,
        among: &Slots,
        size: usize,
    ) -> Vec<u32> {
        let id = after.map_or(0, |place| place.id);
        let number = match after.map(|place| &place.key) {
            Some(Key::Number(number)) => Some((*number, id)),
            _ => None,
        };
        let unknown = after.filter(|place| place.key == Key::Unknown).map(|_| ((), id));
        // Behind a document without a release none with one follows.
        let dated = unknown.is_none();
        let slots: &mut dyn Iterator<Item = u32> = match order {
            Order::Relevance | Order::Newest => &mut down(&self.added, number),
            Order::LatestRelease => {
                let known = dated.then(|| down(&self.released, number)).into_iter().flatten();
                &mut known.chain(down(&self.unreleased, unknown))
            }
            Order::EarliestRelease => {
                let known = dated.then(|| up(&self.released, number)).into_iter().flatten();
                &mut known.chain(up(&self.unreleased, unknown))
            }
            Order::Title => {
                let title = match after.map(|place| &place.key) {
                    Some(Key::Bytes(bytes)) => Some((bytes.as_slice().into(), id)),
                    _ => None,
                };
                &mut up(&self.title, title)
            }
            Order::PriceUp => &mut up(&self.price, number),
            Order::PriceDown => &mut down(&self.price, number),
        };
        slots.filter(|slot| among.contains(*slot)).take(size).collect()
    }
}

/// The place of a document in an order.
pub(crate) fn place(order: Order, entry: &Entry) -> Place {
    let key = match order {
        Order::Relevance | Order::Newest => Key::Number(entry.added),
        Order::LatestRelease | Order::EarliestRelease => {
            entry.release.map_or(Key::Unknown, Key::Number)
        }
        Order::Title => Key::Bytes(entry.title_key.to_vec()),
        Order::PriceUp | Order::PriceDown => Key::Number(entry.price),
    };
    Place { key, id: entry.id }
}

fn up<K: Ord>(order: &BTreeSet<Placed<K>>, after: Option<(K, u32)>) -> impl Iterator<Item = u32> {
    let from = after.map_or(Unbounded, |(key, id)| Excluded((key, id, u32::MAX)));
    order.range((from, Unbounded)).map(|(_, _, slot)| *slot)
}

fn down<K: Ord>(
    order: &BTreeSet<Placed<K>>,
    before: Option<(K, u32)>,
) -> impl Iterator<Item = u32> {
    let to = before.map_or(Unbounded, |(key, id)| Excluded((key, id, 0)));
    order.range((Unbounded, to)).rev().map(|(_, _, slot)| *slot)
}
