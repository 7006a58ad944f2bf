//! The queue of waiters: which one is next, and which one has to leave when there are too many.

use std::{cmp::Reverse, collections::HashMap};

use tokio::time::Instant;

use crate::attempts::{Attempt, Attempts, Company, Rank};

/// All waiters, in the order in which they came.
#[derive(Debug)]
pub(super) struct Waiters<W> {
    waiters: Vec<Waiter<W>>,
    came: u64,
}

/// An attempt that waits.
#[derive(Debug)]
pub(super) struct Waiter<W> {
    pub(super) attempt: Attempt,
    /// How many permits it needs.
    pub(super) permits: u32,
    /// The channel to the waiter.
    pub(super) word: W,
    number: u64,
    rank: Rank,
}

/// The outcome of joining the queue.
#[derive(Debug)]
pub(super) enum Joined<W> {
    /// The attempt waits, under this number.
    Waits(u64),
    /// The attempt waits instead of this waiter, under this number.
    InsteadOf(Waiter<W>, u64),
    /// The queue is full, and no waiter makes room.
    Full,
}

/// Counts the attempts of each address and of each account.
#[derive(Default)]
struct Crowd {
    of_address: HashMap<u64, u16>,
    /// Trusted attempts are counted apart, so that others who abuse a shared address do not harm them.
    trusted_of_address: HashMap<u64, u16>,
    of_account: HashMap<u64, u16>,
}

impl<W> Waiters<W> {
    pub(super) const fn empty() -> Self {
        Self { waiters: Vec::new(), came: 0 }
    }

    pub(super) const fn len(&self) -> usize {
        self.waiters.len()
    }

    /// Adds an attempt. When more than `most` would wait, the one with the worst rank leaves. Among equals the latest
    /// leaves, or the earliest when `newest_first`.
    pub(super) fn join(
        &mut self,
        (attempt, permits, word): (Attempt, u32, W),
        rank: Rank,
        most: usize,
        newest_first: bool,
    ) -> Joined<W> {
        let mut gone = None;
        if self.waiters.len() >= most {
            let worst = self.waiters.iter().enumerate();
            let worst = worst.max_by_key(|(_, it)| (it.rank, age(it.number, !newest_first)));
            match worst.map(|(index, it)| (index, it.rank)) {
                Some((index, worst)) if rank < worst || newest_first && rank == worst => {
                    gone = Some(self.waiters.remove(index));
                }
                _ => return Joined::Full,
            }
        }
        self.came += 1;
        let number = self.came;
        self.waiters.push(Waiter { attempt, permits, word, number, rank });
        match gone {
            Some(gone) => Joined::InsteadOf(gone, number),
            None => Joined::Waits(number),
        }
    }

    /// The waiter with the best rank, except those with these numbers. Among equals it is the earliest, or the latest
    /// when `newest_first`.
    pub(super) fn next(&self, newest_first: bool, but_for: &[u64]) -> Option<&Waiter<W>> {
        let waiters = self.waiters.iter().filter(|it| !but_for.contains(&it.number));
        waiters.min_by_key(|it| (it.rank, age(it.number, newest_first)))
    }

    /// Removes a waiter that left, or whose turn has come.
    pub(super) fn leaves(&mut self, number: u64) -> Option<Waiter<W>> {
        let index = self.waiters.iter().position(|it| it.number == number)?;
        Some(self.waiters.remove(index))
    }

    /// Ranks all waiters by what is known now.
    pub(super) fn rank_anew(&mut self, running: &[Attempt], attempts: &Attempts, now: Instant) {
        let mut crowd = Crowd::default();
        for attempt in running {
            crowd.join(attempt, attempts.is_trusted(attempt, now));
        }
        for waiter in &mut self.waiters {
            let company = crowd.join(&waiter.attempt, attempts.is_trusted(&waiter.attempt, now));
            waiter.rank = attempts.rank(&waiter.attempt, company, now);
        }
    }

    /// The rank of an attempt that comes now.
    pub(super) fn rank_of(
        &self,
        attempt: &Attempt,
        running: &[Attempt],
        attempts: &Attempts,
        now: Instant,
    ) -> Rank {
        let is_trusted = attempts.is_trusted(attempt, now);
        let others = running.iter().chain(self.waiters.iter().map(|it| &it.attempt));
        let mut company = Company::default();
        for other in others {
            let shares = |mine: Option<u64>, its| u16::from(mine.is_some() && mine == its);
            let beside = shares(attempt.address(), other.address());
            if beside > 0 && (!is_trusted || attempts.is_trusted(other, now)) {
                company.same_address = company.same_address.saturating_add(beside);
            }
            let same = shares(attempt.account(), other.account());
            company.same_account = company.same_account.saturating_add(same);
        }
        attempts.rank(attempt, company, now)
    }
}

impl<W> Waiter<W> {
    pub(super) const fn number(&self) -> u64 {
        self.number
    }
}

impl Crowd {
    /// Counts an attempt, and answers how many of the same address and account came before it.
    fn join(&mut self, attempt: &Attempt, is_trusted: bool) -> Company {
        let mut company = Company::default();
        if let Some(address) = attempt.address() {
            let all = count(&mut self.of_address, address);
            company.same_address =
                if is_trusted { count(&mut self.trusted_of_address, address) } else { all };
        }
        if let Some(account) = attempt.account() {
            company.same_account = count(&mut self.of_account, account);
        }
        company
    }
}

/// Counts one more, and answers how many there were before.
fn count(counts: &mut HashMap<u64, u16>, name: u64) -> u16 {
    let count = counts.entry(name).or_default();
    *count = count.saturating_add(1);
    *count - 1
}

/// Orders the lowest number first, or the highest when `newest_first`.
fn age(number: u64, newest_first: bool) -> (Reverse<u64>, u64) {
    if newest_first { (Reverse(number), 0) } else { (Reverse(0), number) }
}
