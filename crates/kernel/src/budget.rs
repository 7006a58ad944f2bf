//! Memory that is held for clients: how much for all of them, and how it is shared out.
//!
//! Bytes that a client does not read, and bodies that it has sent half of, wait in memory for as long as the client
//! likes. A [`Budget`] bounds this memory for the whole process, in bytes.
//!
//! Half of it is kept for clients that hold little: each of 128 clients gets an *assured* part, a 128th of that half,
//! whatever the others hold. Of the other half, a client that holds more may have as much as is free at that moment. So
//! one client alone gets a quarter of the budget, and later clients find something left (dynamic thresholds: Choudhury
//! and Hahne, 1998). Thresholds alone would not be enough: each new client takes half of what is left, and what is held
//! is not given back, so a dozen greedy clients would leave nothing.
//!
//! Bytes that are read *ahead* for a stream are free again only once they are sent. If the next message of a stream
//! waited for room that messages read ahead take, streams would wait for each other for ever, although their client
//! reads. So a message that is about to be sent needs room beside what is sent already, and a message read ahead needs
//! room beside everything.

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

/// Clients that get their assured part, whatever is held.
const ASSURED_CLIENTS: usize = 128;

#[derive(Debug)]
struct Pool {
    total: usize,
    held: AtomicUsize,
    /// How much of what is held was read ahead.
    ahead: AtomicUsize,
    refused: AtomicU64,
    shares: Mutex<HashMap<Client, Weak<Account>>>,
}

/// What one client holds of a budget. Cheap to clone; clones are one share.
#[derive(Clone)]
pub struct Share(Arc<Account>);

struct Account {
    client: Client,
    held: AtomicUsize,
    /// How much of what is held was read ahead.
    ahead: AtomicUsize,
    pool: Arc<Pool>,
}

/// Bytes that are held. Free again when this is dropped.
#[derive(Debug)]
#[must_use = "the bytes are free again when this is dropped"]
pub struct Held {
    share: Share,
    bytes: usize,
    is_ahead: bool,
}

/// The client holds as much as it may. What it holds must be read or finished first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too much waits for this client, read or finish that first")]
pub struct OverBudget;

impl Budget {
    /// Nothing is held yet.
    #[must_use]
    pub fn of(total: usize) -> Self {
        let [held, ahead] = [const { AtomicUsize::new(0) }; 2];
        let (refused, shares) = (AtomicU64::new(0), Mutex::default());
        Self(Arc::new(Pool { total, held, ahead, refused, shares }))
    }

    /// The share of a client. It is the same share for as long as a copy of it lives.
    #[must_use]
    pub fn share(&self, client: Client) -> Share {
        let mut shares = self.0.shares.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = shares.get(&client).and_then(Weak::upgrade) {
            return Share(known);
        }
        let [held, ahead] = [const { AtomicUsize::new(0) }; 2];
        let account = Arc::new(Account { client, held, ahead, pool: Arc::clone(&self.0) });
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

impl Pool {
    /// Whether a client that holds `mine` bytes may hold these bytes beside all that is held.
    const fn lets(&self, mine: usize, bytes: usize, all: usize) -> bool {
        let (open, mine) = (self.total / 2, mine.saturating_add(bytes));
        let assured = (self.total - open) / ASSURED_CLIENTS;
        if mine <= assured {
            bytes <= self.total.saturating_sub(all)
        } else {
            mine <= open.saturating_sub(all)
        }
    }
}

impl Share {
    /// The client of this share.
    #[must_use]
    pub fn client(&self) -> Client {
        self.0.client
    }

    /// Holds these bytes, unless the client would then hold more than it may.
    pub fn hold(&self, bytes: usize) -> Result<Held, OverBudget> {
        let Account { held, pool, .. } = &*self.0;
        let mine = held.load(Ordering::Relaxed);
        self.take(bytes, |all| pool.lets(mine, bytes, all))
    }

    /// Holds what is read ahead for a stream, unless the client would then hold more than it may.
    pub fn hold_ahead(&self, bytes: usize) -> Result<Held, OverBudget> {
        let mut held = self.hold(bytes)?;
        self.0.pool.ahead.fetch_add(bytes, Ordering::Relaxed);
        self.0.ahead.fetch_add(bytes, Ordering::Relaxed);
        held.is_ahead = true;
        Ok(held)
    }

    /// Holds what is about to be sent on a stream, once there is room beside what was sent and is not read yet.
    pub fn hold_next(&self, bytes: usize) -> Result<Held, OverBudget> {
        self.take(bytes, |all| self.lets_next(bytes, all))
    }

    /// Holds these bytes whatever else is held: for small amounts that cannot be refused any more.
    pub fn hold_anyway(&self, bytes: usize) -> Held {
        self.0.pool.held.fetch_add(bytes, Ordering::AcqRel);
        self.0.held.fetch_add(bytes, Ordering::Relaxed);
        Held { share: self.clone(), bytes, is_ahead: false }
    }

    /// Whether [`hold_next`](Self::hold_next) would hold these bytes now.
    #[must_use]
    pub fn has_room_next(&self, bytes: usize) -> bool {
        self.lets_next(bytes, self.0.pool.held.load(Ordering::Relaxed))
    }

    fn lets_next(&self, bytes: usize, all: usize) -> bool {
        let Account { held, ahead, pool, .. } = &*self.0;
        let mine = held.load(Ordering::Relaxed).saturating_sub(ahead.load(Ordering::Relaxed));
        pool.lets(mine, bytes, all.saturating_sub(pool.ahead.load(Ordering::Relaxed)))
    }

    fn take(&self, bytes: usize, lets: impl Fn(usize) -> bool) -> Result<Held, OverBudget> {
        let Account { held, pool, .. } = &*self.0;
        let taken = pool.held.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |all| {
            lets(all).then(|| all + bytes)
        });
        if taken.is_err() {
            pool.refused.fetch_add(1, Ordering::Relaxed);
            return Err(OverBudget);
        }
        held.fetch_add(bytes, Ordering::Relaxed);
        Ok(Held { share: self.clone(), bytes, is_ahead: false })
    }
}

impl Held {
    /// Holds more bytes, which are not read ahead. The bytes held already stay held when more are refused.
    pub fn grow(&mut self, bytes: usize) -> Result<(), OverBudget> {
        let mut more = self.share.hold(bytes)?;
        self.bytes += std::mem::take(&mut more.bytes);
        Ok(())
    }

    /// Holds more bytes, which are not read ahead, whatever else is held: for small amounts that cannot be refused any
    /// more.
    pub fn grow_anyway(&mut self, bytes: usize) {
        let mut more = self.share.hold_anyway(bytes);
        self.bytes += std::mem::take(&mut more.bytes);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Account { held, ahead, pool, .. } = &*self.share.0;
        if self.is_ahead {
            ahead.fetch_sub(self.bytes, Ordering::Relaxed);
            pool.ahead.fetch_sub(self.bytes, Ordering::Relaxed);
        }
        held.fetch_sub(self.bytes, Ordering::Relaxed);
        pool.held.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let mut shares = self.pool.shares.lock().unwrap_or_else(PoisonError::into_inner);
        // The client may have come back meanwhile, with a new share.
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

    /// Holds pieces until one is refused, and answers what is held then.
    fn greedy(share: &Share, piece: usize) -> Vec<Held> {
        std::iter::from_fn(|| share.hold(piece).ok()).collect()
    }

    #[test]
    fn one_client_gets_a_quarter() {
        let budget = Budget::of(1000);

        let _held = greedy(&budget.share(client(1)), 10);

        assert_eq!(budget.held(), 250);
    }

    #[test]
    fn who_holds_little_is_not_refused_however_many_hold_much() {
        let budget = Budget::of(1_000_000);
        let assured = 1_000_000 / 2 / ASSURED_CLIENTS;
        let large: Vec<_> =
            (1..=40).flat_map(|n| greedy(&budget.share(client(n)), 20_000)).collect();
        assert!(large.len() > 10, "they hold {}", budget.held());
        // Later ones take what is left, to the last byte that they may.
        let _small: Vec<_> = (41..=127).flat_map(|n| greedy(&budget.share(client(n)), 1)).collect();

        let newcomer = budget.share(client(200));

        assert!(newcomer.has_room_next(assured));
        let _held = newcomer.hold(assured).expect("room for who holds nothing");
        assert!(!newcomer.has_room_next(1), "others are as small");
        assert!(budget.held() < 1_000_000);
    }

    #[test]
    fn what_is_read_ahead_keeps_no_stream_from_sending() {
        let budget = Budget::of(1000);
        let [share, other] = [1, 2].map(|number| budget.share(client(number)));
        let ahead = |share: &Share| -> Vec<_> {
            std::iter::from_fn(|| share.hold_ahead(10).ok()).collect()
        };
        let read_ahead = (ahead(&share), ahead(&other));
        share.hold(10).expect_err("no room beside what is read ahead");

        let sent: Vec<_> = std::iter::from_fn(|| share.hold_next(10).ok()).collect();

        assert_eq!(sent.len(), 25, "a quarter, as if nothing were read ahead");
        assert!(!share.has_room_next(10) && other.has_room_next(10));
        drop((sent, read_ahead));
        assert!(share.has_room_next(250) && !share.has_room_next(501));
        assert_eq!(budget.held(), 0);
    }

    #[test]
    fn what_is_dropped_is_free_again_and_a_share_nobody_has_is_forgotten() {
        let budget = Budget::of(1000);
        let share = budget.share(client(1));
        let mut held = share.hold(100).expect("room");
        held.grow(50).expect("room");
        held.grow(300).expect_err("no room");
        let owed = budget.share(client(1)).hold_anyway(5_000);
        assert_eq!(budget.held(), 5_150);
        assert!(!share.has_room_next(1));

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
