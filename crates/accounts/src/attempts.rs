//! Who asked lately, and who failed: from it follow who goes first when places are scarce, and how long who guesses
//! has to wait.
//!
//! The memory has a fixed size and is that of one process. It forgets at a restart.

mod delay;
mod fading;
mod rank;
mod records;
#[cfg(test)]
mod tests;

use std::{
    hash::{BuildHasher, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sir0_rpc::Client;
use tokio::time::Instant;

pub(crate) use self::rank::{Company, Rank};
use self::{
    delay::Delay,
    fading::{Fading, Key},
    records::{Lane, Records},
};
use crate::domain::Email;

/// What a success or a refusal counts, where a failure counts 1: using the place is not abusing it.
const USE: f32 = 1.0 / 64.0;
/// What a new account counts. Few people make more than one.
const REGISTRATION: f32 = 1.0 / 4.0;
/// What it counts that nothing good is known of someone.
const STRANGER: f32 = 1.0;
/// The most that attempts of others at an account count against someone: it may be the owner.
const MOST_OF_OTHERS: f32 = 4.0;
/// After wrong passwords for one account from one address.
const SAME_ADDRESS: Delay = Delay { free: 5, longest: Duration::from_mins(1) };
/// For one account, from addresses that failed for it before, all together.
const GUESSERS: Delay = Delay { free: 20, longest: Duration::from_secs(30) };
/// For one account, from addresses that did not fail for it yet, all together. The owner may be at one of them.
const NEWCOMERS: Delay = Delay { free: 20, longest: Duration::from_secs(5) };

/// Someone who wants a password hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    /// `None` for what this process wants itself, which is always allowed.
    address: Option<u64>,
    claim: Claim,
}

/// Who they say they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Claim {
    /// An account that is to be made.
    New(Pair),
    /// An account, as its token proves.
    Proved,
    /// An account, and its password is to prove it. The e-mail need not belong to one.
    Account { account: u64, pair: Pair },
}

/// An account and an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pair {
    name: u64,
    /// Where it is kept whether they know each other.
    shelf: u64,
}

/// What an attempt was charged with when it began. It counts as a failure until it is something else, so that many
/// guesses at a time are not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) struct Charge(Option<Lane>);

/// The memory of attempts.
#[derive(Debug)]
pub(crate) struct Attempts {
    /// Random, so that nobody can choose what is kept beside what.
    secret: RandomState,
    records: Mutex<Records>,
}

impl Attempts {
    pub(crate) fn none_yet(now: Instant) -> Self {
        Self { secret: RandomState::new(), records: Mutex::new(Records::empty(now)) }
    }

    /// Someone who wants to sign in with this e-mail.
    pub(crate) fn to_sign_in(&self, client: Option<Client>, email: &Email) -> Attempt {
        let account = self.secret.hash_one(email.key());
        let claim = Claim::Account { account, pair: self.pair(client, account) };
        Attempt { address: self.address(client), claim }
    }

    /// Someone who wants an account with this e-mail.
    pub(crate) fn to_register(&self, client: Option<Client>, email: &Email) -> Attempt {
        let account = self.secret.hash_one(email.key());
        Attempt { address: self.address(client), claim: Claim::New(self.pair(client, account)) }
    }

    /// Someone signed in who wants another password.
    pub(crate) fn to_change(&self, client: Option<Client>) -> Attempt {
        Attempt { address: self.address(client), claim: Claim::Proved }
    }

    fn pair(&self, client: Option<Client>, account: u64) -> Pair {
        /// An address has this many shelves for the accounts it is known for, and pushes nothing else from others.
        const SHELVES: u64 = 16;
        Pair {
            name: self.secret.hash_one((client, account)),
            shelf: self.secret.hash_one((client, account % SHELVES)),
        }
    }

    fn address(&self, client: Option<Client>) -> Option<u64> {
        client.map(|client| self.secret.hash_one(client))
    }

    /// How long this one has to wait because of wrong passwords. Tells nothing about whether the account exists.
    pub(crate) fn delay(&self, attempt: &Attempt, now: Instant) -> Option<Duration> {
        attempt.address?;
        let Claim::Account { account, pair } = attempt.claim else { return None };
        let records = self.records();
        let own = SAME_ADDRESS.left(records.failures_of_pair.read(Key::of(pair.name), now));
        let shared = match records.lane(attempt, now)? {
            Lane::Known => None,
            Lane::Newcomers => {
                NEWCOMERS.left(records.failures_of_newcomers.read(Key::of(account), now))
            }
            Lane::Guessers => {
                GUESSERS.left(records.failures_of_guessers.read(Key::of(account), now))
            }
        };
        own.max(shared)
    }

    /// Whether a token speaks for this one, or the address from which the account was signed in to.
    pub(crate) fn is_trusted(&self, attempt: &Attempt, now: Instant) -> bool {
        self.records().is_trusted(attempt, now)
    }

    /// Who failed and asked least lately goes first.
    pub(crate) fn rank(&self, attempt: &Attempt, company: Company, now: Instant) -> Rank {
        let Some(address) = attempt.address.map(Key::of) else { return Rank::default() };
        let records = self.records();
        let mut load =
            f32::from(company.same_address) + records.uses_of_address.level(address, now);
        if records.is_trusted(attempt, now) {
            load += records.failures_for(attempt, now);
        } else {
            let others = records.failures_by_anyone(attempt, now) + f32::from(company.same_account);
            load += STRANGER + records.failures_of_address.level(address, now);
            load += others.min(MOST_OF_OTHERS);
        }
        Rank::of(load)
    }

    /// Its turn has come.
    pub(crate) fn begins(&self, attempt: &Attempt, now: Instant) -> Charge {
        let mut records = self.records();
        let lane = records.lane(attempt, now);
        records.charge(attempt, lane, Fading::add, now);
        Charge(lane)
    }

    /// It came to nothing before a password was hashed.
    pub(crate) fn came_to_nothing(&self, attempt: &Attempt, charge: Charge, now: Instant) {
        let mut records = self.records();
        records.charge(attempt, charge.0, Fading::take_back, now);
        if let (Claim::New(_), Some(address)) = (attempt.claim, attempt.address) {
            // The name or the e-mail was taken, which it has learnt.
            records.uses_of_address.add(Key::of(address), USE, now);
        }
    }

    /// The password was wrong, or there is no such account.
    pub(crate) fn failed(&self, attempt: &Attempt, Charge(_stays): Charge, now: Instant) {
        let Some(address) = attempt.address else { return };
        let mut records = self.records();
        records.failures_of_address.add(Key::of(address), 1.0, now);
        if let Claim::Account { pair, .. } = attempt.claim {
            // The time to wait begins with the answer.
            records.failures_of_pair.add(Key::of(pair.name), 0.0, now);
        }
    }

    /// It did what it wanted.
    pub(crate) fn succeeded(&self, attempt: &Attempt, charge: Charge, now: Instant) {
        let Some(address) = attempt.address else { return };
        let mut records = self.records();
        records.charge(attempt, charge.0, Fading::take_back, now);
        let counts = match attempt.claim {
            Claim::New(pair) => {
                records.now_know(pair, now);
                REGISTRATION
            }
            Claim::Proved => USE,
            Claim::Account { pair, .. } => {
                records.now_know(pair, now);
                records.failures_of_pair.clear(Key::of(pair.name));
                USE
            }
        };
        records.uses_of_address.add(Key::of(address), counts, now);
    }

    /// It was sent away. Who comes again and again goes further back.
    pub(crate) fn sent_away(&self, attempt: &Attempt, now: Instant) {
        let Some(address) = attempt.address.map(Key::of) else { return };
        let mut records = self.records();
        if records.is_trusted(attempt, now) {
            records.uses_of_address.add(address, USE, now);
        } else {
            records.failures_of_address.add(address, USE, now);
        }
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt {
    /// Stands for the address, if there is one.
    pub(crate) const fn address(&self) -> Option<u64> {
        self.address
    }

    /// Stands for the account that is to be signed in to, if there is one.
    pub(crate) const fn account(&self) -> Option<u64> {
        match self.claim {
            Claim::Account { account, .. } => Some(account),
            Claim::New(_) | Claim::Proved => None,
        }
    }
}
