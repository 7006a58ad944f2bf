//! What is remembered of attempts, and what follows from it.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    Attempt, Claim, Pair,
    fading::{Fading, Key},
};

/// An address from which the account was signed in to stays trusted below this many recent failures.
const FORGIVEN: f32 = 5.0;
/// A failure that has faded to less is as good as forgotten.
const HARDLY_ANY: f32 = 0.5;

/// All that is remembered.
#[derive(Debug)]
pub(super) struct Records {
    pub(super) failures_of_address: Fading,
    pub(super) uses_of_address: Fading,
    pub(super) failures_of_pair: Fading,
    pub(super) failures_of_newcomers: Fading,
    pub(super) failures_of_guessers: Fading,
    /// Which account was signed in to from which address.
    pub(super) known: Fading,
}

/// A group of addresses whose failures at an account are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// Addresses from which the account was signed in to. Each is counted by itself.
    Known,
    Newcomers,
    Guessers,
}

impl Records {
    pub(super) fn empty(now: Instant) -> Self {
        let fading = |half_life| Fading::new(half_life, now);
        Self {
            failures_of_address: fading(Duration::from_mins(10)),
            uses_of_address: fading(Duration::from_mins(1)),
            failures_of_pair: fading(Duration::from_hours(1)),
            failures_of_newcomers: fading(Duration::from_hours(1)),
            failures_of_guessers: fading(Duration::from_hours(1)),
            known: fading(Duration::from_hours(30 * 24)),
        }
    }

    /// Whether a token speaks for this attempt, or it comes from an address from which the account was signed in to.
    pub(super) fn is_trusted(&self, attempt: &Attempt, now: Instant) -> bool {
        match attempt.claim {
            Claim::New(_) => attempt.address.is_none(),
            Claim::Proved => true,
            Claim::Account { .. } => {
                self.is_known(attempt, now) && self.failures_for(attempt, now) < FORGIVEN
            }
        }
    }

    /// Whether the account was signed in to or made from this address.
    pub(super) fn is_known(&self, attempt: &Attempt, now: Instant) -> bool {
        let Claim::Account { pair, .. } = attempt.claim else { return false };
        self.known.level(pair.shelved(), now) >= HARDLY_ANY
    }

    /// Notes that the account was signed in to from this address, or made there.
    pub(super) fn now_know(&mut self, pair: Pair, now: Instant) {
        self.known.set(pair.shelved(), 1.0, now);
    }

    /// The recent failures from this address for this account.
    pub(super) fn failures_for(&self, attempt: &Attempt, now: Instant) -> f32 {
        let Claim::Account { pair, .. } = attempt.claim else { return 0.0 };
        self.failures_of_pair.level(Key::of(pair.name), now)
    }

    /// The recent failures for this account from all addresses that are not known for it.
    pub(super) fn failures_by_anyone(&self, attempt: &Attempt, now: Instant) -> f32 {
        let Claim::Account { account, .. } = attempt.claim else { return 0.0 };
        let key = Key::of(account);
        self.failures_of_newcomers.level(key, now) + self.failures_of_guessers.level(key, now)
    }

    /// The lane in which a failure of this attempt will be counted.
    pub(super) fn lane(&self, attempt: &Attempt, now: Instant) -> Option<Lane> {
        attempt.address?;
        matches!(attempt.claim, Claim::Account { .. }).then(|| {
            if self.is_known(attempt, now) {
                Lane::Known
            } else if self.failures_for(attempt, now) < HARDLY_ANY {
                Lane::Newcomers
            } else {
                Lane::Guessers
            }
        })
    }

    /// Counts a failure, or takes it back.
    pub(super) fn charge(
        &mut self,
        attempt: &Attempt,
        lane: Option<Lane>,
        counts: fn(&mut Fading, Key, f32, Instant),
        now: Instant,
    ) {
        let (Some(lane), Claim::Account { account, pair }) = (lane, attempt.claim) else {
            return;
        };
        counts(&mut self.failures_of_pair, Key::of(pair.name), 1.0, now);
        match lane {
            Lane::Known => {}
            Lane::Newcomers => counts(&mut self.failures_of_newcomers, Key::of(account), 1.0, now),
            Lane::Guessers => counts(&mut self.failures_of_guessers, Key::of(account), 1.0, now),
        }
    }
}

impl Pair {
    const fn shelved(self) -> Key {
        Key { shelf: self.shelf, name: self.name }
    }
}
