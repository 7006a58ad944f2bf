//! Memory that is held for clients: how much for all of them, and how it is shared out.
//!
//! What a client does not read, and what it has sent half of, waits in memory for as long as the client likes. A
//! [`Budget`] bounds it for the whole process, in bytes. A client may hold as many bytes as are free at that moment:
//! one client alone gets half of the budget, and *n* greedy ones together always leave an *n+1*st part free. So a
//! client that holds little is never refused because of those that hold much (dynamic thresholds: Choudhury and
//! Hahne, 1998).

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use crate::Client;

/// Bytes that may be held for clients. Cheap to clone; clones are one budget.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Pool>);

#[derive(Debug)]
struct Pool {
    total: usize,
    held: AtomicUsize,
    refused: AtomicU64,
    shares: Mutex<HashMap<Client, Weak<Account>>>,
}

/// What one client holds of a budget. Cheap to clone; clones are one share.
#[derive(Clone)]
pub struct Share(Arc<Account>);

struct Account {
    client: Client,
    held: AtomicUsize,
    pool: Arc<Pool>,
}

/// Bytes that are held. Free again when this is dropped.
#[derive(Debug)]
#[must_use = "the bytes are free again when this is dropped"]
pub struct Held {
    share: Share,
    bytes: usize,
}

/// The client holds as much as it may. What it holds must be read or finished first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too much waits for this client, read or finish that first")]
pub struct OverBudget;

impl Budget {
    /// Nothing is held yet.
    #[must_use]
    pub fn of(total: usize) -> Self {
        let (held, refused) = (AtomicUsize::new(0), AtomicU64::new(0));
        Self(Arc::new(Pool { total, held, refused, shares: Mutex::default() }))
    }

    /// The share of a client. It is the same one for as long as anyone has it.
    #[must_use]
    pub fn share(&self, client: Client) -> Share {
        let mut shares = self.0.shares.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = shares.get(&client).and_then(Weak::upgrade) {
            return Share(known);
        }
        let held = AtomicUsize::new(0);
        let account = Arc::new(Account { client, held, pool: Arc::clone(&self.0) });
        shares.insert(client, Arc::downgrade(&account));
        Share(account)
    }

    /// How many bytes are held now.
    #[must_use]
    pub fn held(&self) -> usize {
        self.0.held.load(Ordering::Relaxed)
    }

    /// How many bytes may be held.
    #[must_use]
    pub fn total(&self) -> usize {
        self.0.total
    }

    /// How often bytes were refused.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.0.refused.load(Ordering::Relaxed)
    }
}

impl Share {
    /// Whose share it is.
    #[must_use]
    pub fn client(&self) -> Client {
        self.0.client
    }

    /// Holds these bytes, unless the client would then hold more than stays free.
    pub fn hold(&self, bytes: usize) -> Result<Held, OverBudget> {
        let Account { held, pool, .. } = &*self.0;
        let mine = held.load(Ordering::Relaxed);
        let taken = pool.held.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |all| {
            let free = pool.total.saturating_sub(all);
            (mine.saturating_add(bytes) <= free).then(|| all + bytes)
        });
        if taken.is_err() {
            pool.refused.fetch_add(1, Ordering::Relaxed);
            return Err(OverBudget);
        }
        held.fetch_add(bytes, Ordering::Relaxed);
        Ok(Held { share: self.clone(), bytes })
    }

    /// Holds these bytes whatever else is held: for what is small, and cannot be refused any more.
    pub fn hold_anyway(&self, bytes: usize) -> Held {
        self.0.pool.held.fetch_add(bytes, Ordering::AcqRel);
        self.0.held.fetch_add(bytes, Ordering::Relaxed);
        Held { share: self.clone(), bytes }
    }

    /// Whether the client could hold these bytes now.
    #[must_use]
    pub fn has_room(&self, bytes: usize) -> bool {
        let Account { held, pool, .. } = &*self.0;
        let free = pool.total.saturating_sub(pool.held.load(Ordering::Relaxed));
        held.load(Ordering::Relaxed).saturating_add(bytes) <= free
    }
}

impl Held {
    /// Holds more. What is held already stays held when more is refused.
    pub fn grow(&mut self, bytes: usize) -> Result<(), OverBudget> {
        let mut more = self.share.hold(bytes)?;
        self.bytes += std::mem::take(&mut more.bytes);
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Account { held, pool, .. } = &*self.share.0;
        held.fetch_sub(self.bytes, Ordering::Relaxed);
        pool.held.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let mut shares = self.pool.shares.lock().unwrap_or_else(PoisonError::into_inner);
        // Someone may have come back meanwhile, and have a new one.
        if shares.get(&self.client).is_some_and(|known| known.strong_count() == 0) {
            shares.remove(&self.client);
        }
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Account { client, held, .. } = &*self.0;
        f.debug_struct("Share").field("client", client).field("held", held).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn client(number: u8) -> Client {
        Client::at(Ipv4Addr::new(192, 0, 2, number).into())
    }

    /// Holds pieces until it is refused, and answers what is held then.
    fn greedy(share: &Share, piece: usize) -> Vec<Held> {
        std::iter::from_fn(|| share.hold(piece).ok()).collect()
    }

    #[test]
    fn one_client_gets_half() {
        let budget = Budget::of(1000);

        let _held = greedy(&budget.share(client(1)), 10);

        assert_eq!(budget.held(), 500);
    }

    #[test]
    fn who_holds_little_is_not_refused_because_others_hold_much() {
        let budget = Budget::of(10_000);
        let _held: Vec<_> = (1..=9).map(|n| greedy(&budget.share(client(n)), 1)).collect();

        let newcomer = budget.share(client(100));

        assert!(newcomer.has_room(10));
        let _held = newcomer.hold(10).expect("room for who holds nothing");
        assert!(budget.held() < 10_000);
    }

    #[test]
    fn what_is_dropped_is_free_again_and_a_share_nobody_has_is_forgotten() {
        let budget = Budget::of(1000);
        let share = budget.share(client(1));
        let mut held = share.hold(100).expect("room");
        held.grow(50).expect("room");
        held.grow(900).expect_err("no room");
        let owed = budget.share(client(1)).hold_anyway(5_000);
        assert_eq!(budget.held(), 5_150);
        assert!(!share.has_room(1));

        drop((held, owed, share));

        assert_eq!(budget.held(), 0);
        assert_eq!(budget.refused(), 1);
        assert!(budget.0.shares.lock().expect("no panic").is_empty());
    }

    #[test]
    fn many_threads_never_hold_more_than_there_is() {
        let budget = Budget::of(100_000);

        std::thread::scope(|scope| {
            for number in 0..8 {
                let share = budget.share(client(number));
                let budget = budget.clone();
                scope.spawn(move || {
                    for _ in 0..200 {
                        let held = greedy(&share, 777);
                        assert!(budget.held() <= 100_000);
                        drop(held);
                    }
                });
            }
        });

        assert_eq!(budget.held(), 0);
    }
}
