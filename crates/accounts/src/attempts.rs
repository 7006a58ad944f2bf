//! The memory of recent requests and failures. It decides which attempt goes first when permits are scarce, and how
//! long a guesser has to wait.
//!
//! The memory has a fixed size and belongs to one process. A restart empties it.

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

/// What a success or a refusal counts, where a failure counts 1: use of a permit is no abuse.
const USE: f32 = 1.0 / 64.0;
/// What a new account counts. Few people make more than one.
const REGISTRATION: f32 = 1.0 / 4.0;
/// What is added for an attempt of which nothing good is known.
const STRANGER: f32 = 1.0;
/// The most that attempts of others at an account count against an attempt, which may be the owner's.
const MOST_OF_OTHERS: f32 = 4.0;
/// The delay after wrong passwords for one account from one address.
const SAME_ADDRESS: Delay = Delay { free: 5, longest: Duration::from_mins(1) };
/// The delay for one account, shared by all addresses that failed for it before.
const GUESSERS: Delay = Delay { free: 20, longest: Duration::from_secs(30) };
/// The delay for one account, shared by all addresses that did not fail for it yet. The owner may be at one of them.
const NEWCOMERS: Delay = Delay { free: 20, longest: Duration::from_secs(5) };

/// A request to hash or check a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    /// `None` for an attempt of this process itself, which is always allowed.
    address: Option<u64>,
    claim: Claim,
}

/// What an attempt claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Claim {
    /// An account that is to be made.
    New(Pair),
    /// An account that a token proves.
    Proved,
    /// An account that a password is to prove. The e-mail need not belong to any account.
    Account { account: u64, pair: Pair },
}

/// An account and an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pair {
    name: u64,
    /// The shelf that keeps whether the address is known for the account.
    shelf: u64,
}

/// The charge of an attempt that began. It counts as a failure until the outcome is known, so that many guesses at a
/// time do not count as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) struct Charge(Option<Lane>);

/// The memory of attempts.
#[derive(Debug)]
pub(crate) struct Attempts {
    /// Random, so that no client can choose which names share a shelf.
    secret: RandomState,
    records: Mutex<Records>,
}

impl Attempts {
    pub(crate) fn none_yet(now: Instant) -> Self {
        Self { secret: RandomState::new(), records: Mutex::new(Records::empty(now)) }
    }

    /// An attempt to sign in with this e-mail.
    pub(crate) fn to_sign_in(&self, client: Option<Client>, email: &Email) -> Attempt {
        let account = self.secret.hash_one(email.key());
        let claim = Claim::Account { account, pair: self.pair(client, account) };
        Attempt { address: self.address(client), claim }
    }

    /// An attempt to make an account with this e-mail.
    pub(crate) fn to_register(&self, client: Option<Client>, email: &Email) -> Attempt {
        let account = self.secret.hash_one(email.key());
        Attempt { address: self.address(client), claim: Claim::New(self.pair(client, account)) }
    }

    /// An attempt of a signed-in caller to change the password.
    pub(crate) fn to_change(&self, client: Option<Client>) -> Attempt {
        Attempt { address: self.address(client), claim: Claim::Proved }
    }

    fn pair(&self, client: Option<Client>, account: u64) -> Pair {
        /// An address has this many shelves for the accounts it is known for. It can push other addresses' entries from
        /// these only.
        const SHELVES: u64 = 16;
        Pair {
            name: self.secret.hash_one((client, account)),
            shelf: self.secret.hash_one((client, account % SHELVES)),
        }
    }

    fn address(&self, client: Option<Client>) -> Option<u64> {
        client.map(|client| self.secret.hash_one(client))
    }

    /// How long this attempt has to wait because of wrong passwords. The answer does not reveal whether the account
    /// exists.
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

    /// Whether the attempt comes from an address from which the account was signed in to lately.
    pub(crate) fn knows(&self, attempt: &Attempt) -> bool {
        self.records().is_known(attempt, Instant::now())
    }

    /// Whether a token speaks for this attempt, or it comes from an address from which the account was signed in to.
    pub(crate) fn is_trusted(&self, attempt: &Attempt, now: Instant) -> bool {
        self.records().is_trusted(attempt, now)
    }

    /// The rank of an attempt. The one with the fewest recent failures and requests goes first.
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

    /// Charges an attempt whose turn has come.
    pub(crate) fn begins(&self, attempt: &Attempt, now: Instant) -> Charge {
        let mut records = self.records();
        let lane = records.lane(attempt, now);
        records.charge(attempt, lane, Fading::add, now);
        Charge(lane)
    }

    /// Takes the charge back from an attempt that ended before a password was hashed.
    pub(crate) fn came_to_nothing(&self, attempt: &Attempt, charge: Charge, now: Instant) {
        let mut records = self.records();
        records.charge(attempt, charge.0, Fading::take_back, now);
        if let (Claim::New(_), Some(address)) = (attempt.claim, attempt.address) {
            // The client has learnt that the name or the e-mail was taken.
            records.uses_of_address.add(Key::of(address), USE, now);
        }
    }

    /// Counts a failure: the password was wrong, or there is no such account.
    pub(crate) fn failed(&self, attempt: &Attempt, Charge(_stays): Charge, now: Instant) {
        let Some(address) = attempt.address else { return };
        let mut records = self.records();
        records.failures_of_address.add(Key::of(address), 1.0, now);
        if let Claim::Account { pair, .. } = attempt.claim {
            // The delay begins with the answer.
            records.failures_of_pair.add(Key::of(pair.name), 0.0, now);
        }
    }

    /// Counts a success, and takes the charge back.
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

    /// Counts a refusal. A client that comes again and again goes further back.
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
    /// The number that stands for the address, if there is one.
    pub(crate) const fn address(&self) -> Option<u64> {
        self.address
    }

    /// The number that stands for the account that is to be signed in to, if there is one.
    pub(crate) const fn account(&self) -> Option<u64> {
        match self.claim {
            Claim::Account { account, .. } => Some(account),
            Claim::New(_) | Claim::Proved => None,
        }
    }
}
