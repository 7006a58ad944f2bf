//! Counts in memory of a fixed size.

use std::sync::{Mutex, PoisonError};

use governor::{nanos::Nanos, state::StateStore};

/// Counts by name, on shelves of [`WAYS`]. A new one takes the place of the one on its shelf that is the nearest to
/// nothing: the others of the shelf did more.
#[derive(Debug)]
pub(super) struct Shelves(Vec<Mutex<Vec<Entry>>>);

/// A name, and the moment from which on its count is nothing. Both are 0 where nothing was counted.
type Entry = [u64; 2];

const WAYS: usize = 8;
/// Each has a lock, which is held for some instructions.
const CABINETS: usize = 64;
const SHELVES: usize = 128;

impl Shelves {
    pub(super) fn empty() -> Self {
        let cabinet = || Mutex::new(vec![[0; 2]; WAYS * SHELVES]);
        Self((0..CABINETS).map(|_| cabinet()).collect())
    }

    #[cfg(test)]
    pub(super) fn entries() -> usize {
        CABINETS * SHELVES * WAYS
    }
}

impl StateStore for Shelves {
    type Key = u64;

    fn measure_and_replace<T, F, E>(&self, name: &u64, count: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        // 0 says that nothing was counted. One name in 2^64 shares with another.
        let name = (*name).max(1);
        let place = usize::try_from(name % (CABINETS * SHELVES) as u64).expect("some thousands");
        let first = place / CABINETS * WAYS;
        let cabinet = self.0[place % CABINETS].lock();
        let row = &mut cabinet.unwrap_or_else(PoisonError::into_inner)[first..first + WAYS];
        if let Some(entry) = row.iter_mut().find(|entry| entry[0] == name) {
            let (counted, moment) = count(Some(entry[1].into()))?;
            entry[1] = moment.into();
            return Ok(counted);
        }
        let (counted, moment) = count(None)?;
        let least = row.iter_mut().min_by_key(|entry| entry[1]).expect("a shelf has places");
        *least = [name, moment.into()];
        Ok(counted)
    }
}
