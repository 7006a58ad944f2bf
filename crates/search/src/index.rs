//! The index: documents come, go and are found.

use std::{
    cmp::Reverse,
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::Arc,
};

use crate::{
    document::{Dimension, Document, MOST_SORT_KEY_BYTES, Words},
    facets::Facets,
    matching::Matches,
    orders::{self, Orders},
    query::{Found, Hit, Key, MOST_DIMENSIONS, MOST_PAGE_SIZE, Order, Place, Query},
    slots::Slots,
    terms::{Terms, Vocabulary},
};

/// The products of a store, searched in memory. What it answers depends on the documents in it, and not on the order in which
/// they came or on what was there before.
#[derive(Debug, Default)]
pub struct Index {
    slots: HashMap<u32, u32>,
    pub(crate) live: Slots,
    free: Vec<u32>,
    pub(crate) entries: Vec<Option<Entry>>,
    /// Of the shortest title of each, beside the entries because a search reads those of all it finds.
    pub(crate) title_lens: Vec<u8>,
    /// When each was added, and its id, for the same reason.
    added: Vec<(i64, u32)>,
    pub(crate) title: Vocabulary,
    pub(crate) body: Vocabulary,
    pub(crate) spoken: Vocabulary,
    pub(crate) joined: Vocabulary,
    pub(crate) wholes: Terms,
    facets: Facets,
    orders: Orders,
    /// Hashes the texts of a document: equal hashes mean equal texts. Its keys are random, so an attacker cannot choose two
    /// texts with one hash.
    hasher: RandomState,
}

/// A document, with its words: to cut them is the most work of a put.
#[derive(Debug)]
pub struct Prepared {
    document: Document,
    words: Words,
}

impl Prepared {
    /// Cuts the texts of a document into words.
    #[must_use]
    pub fn of(document: Document) -> Self {
        let words = Words::of(&document);
        Self { document, words }
    }
}

/// What the index keeps of a document: its keys, and where it stands, to take it out again.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: u32,
    pub(crate) added: i64,
    pub(crate) release: Option<i64>,
    pub(crate) title_key: Arc<[u8]>,
    pub(crate) price: i64,
    pub(crate) unspaced: Box<[Box<[char]>]>,
    title: Box<[u32]>,
    body: Box<[u32]>,
    spoken: Box<[u32]>,
    joined: Box<[u32]>,
    wholes: Box<[u32]>,
    pub(crate) facets: Box<[(Dimension, u32)]>,
    /// Of its texts.
    texts: u64,
}

/// The key of a document in the order of titles, as far as it counts.
fn sort_key(document: &Document) -> Arc<[u8]> {
    document.title_key[..document.title_key.len().min(MOST_SORT_KEY_BYTES)].into()
}

impl Index {
    /// An index without documents.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many documents it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Adds a document, or puts it in place of the one with its id. Its work is bounded by the text of the two.
    pub fn put(&mut self, document: &Document) {
        self.put_prepared(Prepared::of(document.clone()));
    }

    /// As [`Self::put`], for what was prepared before the index was held.
    pub fn put_prepared(&mut self, Prepared { document, words }: Prepared) {
        let document = &document;
        self.remove(document.id);
        let slot = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            self.title_lens.push(0);
            self.added.push((0, 0));
            u32::try_from(self.entries.len() - 1).expect("an id has 32 bits, and each has one slot")
        });
        let texts = self.hash_of(document);
        let entry = Entry {
            id: document.id,
            added: document.added,
            release: document.release,
            title_key: sort_key(document),
            price: document.price,
            title: self.title.insert(&words.title, slot),
            body: self.body.insert(&words.body, slot),
            spoken: self.spoken.insert(&words.spoken, slot),
            joined: self.joined.insert(&words.joined, slot),
            wholes: words.whole.iter().map(|whole| self.wholes.insert(whole, slot).0).collect(),
            facets: self.facets.insert(document, slot),
            unspaced: words.unspaced,
            texts,
        };
        self.orders.insert(&entry, slot);
        self.title_lens[slot as usize] = words.title_len;
        self.added[slot as usize] = (entry.added, entry.id);
        self.entries[slot as usize] = Some(entry);
        self.live.insert(slot);
        self.slots.insert(document.id, slot);
    }

    /// Puts a document in place of the one with its id, if that has the same texts: only its keys and facet values are other
    /// ones. `false` if it has other texts, or there is none; then nothing is done.
    pub fn put_with_same_texts(&mut self, document: &Document) -> bool {
        let Some(&slot) = self.slots.get(&document.id) else { return false };
        let texts = self.hash_of(document);
        let place = &mut self.entries[slot as usize];
        let Some(before) = place.take_if(|entry| entry.texts == texts) else { return false };
        self.facets.remove(&before.facets, slot);
        self.orders.remove(&before, slot);
        let entry = Entry {
            added: document.added,
            release: document.release,
            title_key: sort_key(document),
            price: document.price,
            facets: self.facets.insert(document, slot),
            ..before
        };
        self.orders.insert(&entry, slot);
        self.added[slot as usize] = (entry.added, entry.id);
        self.entries[slot as usize] = Some(entry);
        true
    }

    fn hash_of(&self, document: &Document) -> u64 {
        self.hasher.hash_one((&document.titles, &document.texts))
    }

    /// Takes a document out, and answers whether it was there.
    pub fn remove(&mut self, id: u32) -> bool {
        let Some(slot) = self.slots.remove(&id) else { return false };
        let entry = self.entries[slot as usize].take().expect("a slot of an id has its entry");
        self.title.remove(&entry.title, slot);
        self.body.remove(&entry.body, slot);
        self.spoken.remove(&entry.spoken, slot);
        self.joined.remove(&entry.joined, slot);
        entry.wholes.iter().for_each(|number| drop(self.wholes.remove(*number, slot)));
        self.facets.remove(&entry.facets, slot);
        self.orders.remove(&entry, slot);
        self.live.remove(slot);
        self.free.push(slot);
        true
    }

    /// Finds a page of documents, counts all there are, and counts the values of facets.
    #[must_use]
    pub fn find(&self, query: &Query) -> Found {
        let matches = query.words.as_ref().map(|words| Matches::of(self, words));
        let matching = matches.as_ref().map_or(&self.live, |matches| &matches.slots);
        let filters = self.facets.filters(query);
        let passing = |but: Option<Dimension>| {
            let mut slots = matching.clone();
            let others = filters.iter().filter(|(dimension, _)| Some(*dimension) != but);
            others.for_each(|(_, passing)| slots.keep(passing));
            slots
        };
        let all = passing(None);
        let total = all.len();
        let size = query.page_size.min(MOST_PAGE_SIZE);
        let page = match &matches {
            Some(matches) if query.order == Order::Relevance => {
                self.best(matches, &all, query.after.as_ref(), size)
            }
            _ => {
                let page = self.orders.page(query.order, query.after.as_ref(), &all, size);
                page.into_iter().filter_map(|slot| self.hit(query.order, slot)).collect()
            }
        };
        let count = |(dimension, most): &(Dimension, usize)| {
            let is_filtered = filters.iter().any(|(filtered, _)| filtered == dimension);
            let others = is_filtered.then(|| passing(Some(*dimension)));
            let (among, documents) =
                others.as_ref().map_or((&all, total), |others| (others, others.len()));
            self.facets.count(*dimension, among, documents, &self.entries, *most)
        };
        let facets = query.facets.iter().take(MOST_DIMENSIONS).map(count).collect();
        Found { page, total, facets }
    }

    fn hit(&self, order: Order, slot: u32) -> Option<Hit> {
        let entry = self.entries[slot as usize].as_ref()?;
        Some(Hit { id: entry.id, place: orders::place(order, entry) })
    }

    /// The best matches behind a place.
    fn best(
        &self,
        matches: &Matches<'_>,
        among: &Slots,
        after: Option<&Place>,
        size: usize,
    ) -> Vec<Hit> {
        let after = after.and_then(|place| match place.key {
            Key::Score { distance, added } => Some((distance, Reverse(added), Reverse(place.id))),
            _ => None,
        });
        let costs = matches.costs(among);
        let ranked = among.iter().map(|slot| {
            let (added, id) = self.added[slot as usize];
            (costs[slot as usize], Reverse(added), Reverse(id))
        });
        let mut ranked: Vec<_> =
            ranked.filter(|rank| after.is_none_or(|after| *rank > after)).collect();
        if size < ranked.len() {
            ranked.select_nth_unstable(size);
            ranked.truncate(size);
        }
        ranked.sort_unstable();
        let hit = |(distance, Reverse(added), Reverse(id))| Hit {
            id,
            place: Place { key: Key::Score { distance, added }, id },
        };
        ranked.into_iter().map(hit).collect()
    }
}
