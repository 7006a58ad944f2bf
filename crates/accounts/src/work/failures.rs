//! Attempts at secrets that were refused: counted by address and by account, and told every ten seconds.
//!
//! A stranger drives neither rows nor log lines. However many attempts come from however many addresses, they become no
//! more than 65 of each in a round, and what is counted meanwhile has a bound too.

use std::{
    collections::HashMap,
    error::Error,
    fmt::Write,
    hash::Hash,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sir0_feed::Rounds;
use sir0_kernel::{Client, Timestamp, UserId};
use sir0_rpc::{acts::REFUSED, request_id};
use sir0_storage as storage;

use super::{Accounts, audit::record};
use crate::domain::{Kind, SecurityEvent};

/// How long attempts are counted together.
const ROUND: Duration = Duration::from_secs(10);
/// How many addresses and how many accounts are told of in a round: those with the most attempts.
pub(crate) const TOLD: usize = 32;
/// How many addresses and how many accounts are counted apart. Beyond that, the one with the fewest attempts makes room.
const COUNTED: usize = 1024;

/// Why an attempt was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// The password was wrong, or nobody has the e-mail.
    Password,
    /// The password was right, and the code was not.
    Code,
    /// The refresh token was not good.
    Refresh,
    /// The API token was not good.
    ApiToken,
    /// There were too many attempts before, and nothing was looked at.
    Limit,
}

impl Why {
    const NAMES: [&'static str; 5] = ["password", "code", "refresh", "api_token", "limit"];
}

/// Attempts, by why they were refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally([u32; Why::NAMES.len()]);

impl Tally {
    fn count(&mut self, why: Why) {
        let of_why = &mut self.0[why as usize];
        *of_why = of_why.saturating_add(1);
    }

    fn add(&mut self, other: Self) {
        for (here, there) in self.0.iter_mut().zip(other.0) {
            *here = here.saturating_add(there);
        }
    }

    pub(crate) fn all(self) -> u32 {
        self.0.into_iter().fold(0, u32::saturating_add)
    }

    /// Such as `password=40 limit=3`.
    pub(crate) fn told(self) -> String {
        let mut told = String::new();
        for (name, count) in Why::NAMES.into_iter().zip(self.0).filter(|(_, count)| *count > 0) {
            let blank = if told.is_empty() { "" } else { " " };
            // A string grows.
            let _ = write!(told, "{blank}{name}={count}");
        }
        told
    }
}

/// Whose attempts were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    Address(IpAddr),
    Account(UserId),
    /// All addresses that have no row.
    Others,
}

/// Attempts that were refused since the latest round.
#[derive(Debug, Default)]
pub(crate) struct Failures(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    addresses: HashMap<IpAddr, Tally>,
    accounts: HashMap<UserId, Tally>,
    others: Tally,
}

impl Failures {
    /// Counts an attempt from an address, at an account if it is known whose it is.
    pub(crate) fn count(&self, why: Why, client: Option<Client>, user: Option<UserId>) {
        let mut counts = self.counts();
        let one = {
            let mut one = Tally::default();
            one.count(why);
            one
        };
        match client {
            Some(client) => {
                let made_room = add(&mut counts.addresses, client.address(), one);
                counts.others.add(made_room);
            }
            None => counts.others.add(one),
        }
        if let Some(user) = user {
            add(&mut counts.accounts, user, one);
        }
    }

    /// What was counted, and nothing from now on.
    pub(crate) fn take(&self) -> Vec<(Whose, Tally)> {
        let Counts { addresses, accounts, mut others } = std::mem::take(&mut *self.counts());
        let (mut told, rest) = most(addresses, Whose::Address);
        for tally in rest {
            others.add(tally);
        }
        told.extend(most(accounts, Whose::Account).0);
        if others.all() > 0 {
            told.push((Whose::Others, others));
        }
        told
    }

    /// Counts again what could not be told.
    fn put_back(&self, told: &[(Whose, Tally)]) {
        let mut counts = self.counts();
        for (whose, tally) in told {
            match whose {
                Whose::Address(address) => {
                    let made_room = add(&mut counts.addresses, *address, *tally);
                    counts.others.add(made_room);
                }
                Whose::Account(user) => drop(add(&mut counts.accounts, *user, *tally)),
                Whose::Others => counts.others.add(*tally),
            }
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds to the count of a name, and answers with what made room for it.
fn add<K: Copy + Eq + Hash>(counts: &mut HashMap<K, Tally>, name: K, tally: Tally) -> Tally {
    let mut made_room = Tally::default();
    if counts.len() >= COUNTED && !counts.contains_key(&name) {
        let least = counts.iter().min_by_key(|(_, tally)| tally.all()).map(|(name, _)| *name);
        made_room = least.and_then(|least| counts.remove(&least)).unwrap_or_default();
    }
    counts.entry(name).or_default().add(tally);
    made_room
}

/// Those with the most attempts, and the others' counts.
fn most<K>(
    counts: HashMap<K, Tally>,
    whose: impl Fn(K) -> Whose,
) -> (Vec<(Whose, Tally)>, Vec<Tally>) {
    let mut all: Vec<_> = counts.into_iter().map(|(name, tally)| (whose(name), tally)).collect();
    all.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.all()));
    let rest = all.split_off(all.len().min(TOLD));
    (all, rest.into_iter().map(|(_, tally)| tally).collect())
}

impl Accounts {
    /// Counts an attempt of the client that this task works for.
    pub(crate) fn count_refused(&self, why: Why, user: Option<UserId>) {
        self.failures.count(why, request_id::client(), user);
    }

    /// Tells every ten seconds of attempts that were refused, and once more at the end.
    pub(super) async fn keep_telling_refused(self) {
        let mut rounds = Rounds::every(ROUND, &self.shared.stopping);
        while rounds.next().await {
            self.tell_refused().await;
        }
    }

    /// Writes a row and a log line for each address and each account from which and at which attempts were refused.
    pub(super) async fn tell_refused(&self) {
        let told = self.failures.take();
        if told.is_empty() {
            return;
        }
        let at = self.shared.clock.now();
        let writing = self.db.unit(async |tx| {
            for (whose, tally) in &told {
                record(tx, event(*whose, *tally, at)).await?;
            }
            Ok::<_, storage::Error>(())
        });
        if let Err(error) = writing.await {
            let error = &error as &dyn Error;
            tracing::warn!(error, "refused attempts could not be written, and are counted on");
            self.failures.put_back(&told);
            return;
        }
        self.feed.ring();
        for (whose, tally) in told {
            log(whose, tally);
        }
    }
}

fn event(whose: Whose, tally: Tally, at: Timestamp) -> SecurityEvent {
    let count = usize::try_from(tally.all()).unwrap_or(usize::MAX);
    let event = SecurityEvent::new(Kind::ATTEMPTS_REFUSED, at).with(&tally.told()).counting(count);
    match whose {
        Whose::Address(address) => SecurityEvent { address: Some(address), ..event },
        Whose::Account(user) => event.about(user),
        Whose::Others => event,
    }
}

/// A line that programs read, such as fail2ban: its words and its fields stay.
fn log(whose: Whose, tally: Tally) {
    let (count, why) = (tally.all(), tally.told());
    match whose {
        Whose::Address(address) => {
            tracing::info!(target: REFUSED, { %address, count, why }, "attempts were refused");
        }
        Whose::Account(user) => {
            tracing::info!(target: REFUSED, { account.id = %user, count, why }, "attempts were refused");
        }
        Whose::Others => {
            tracing::info!(target: REFUSED, { count, why }, "attempts from other addresses were refused");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One more than there are addresses and accounts: for all addresses that have none.
    const ROWS: usize = 2 * TOLD + 1;

    fn client(number: u32) -> Client {
        Client::at(IpAddr::from(number.to_be_bytes()))
    }

    #[test]
    fn a_flood_from_ten_thousand_addresses_makes_a_bounded_number_of_rows_and_loses_no_count() {
        let failures = Failures::default();
        for number in 0..10_000 {
            failures.count(Why::Password, Some(client(number)), None);
        }

        let told = failures.take();

        assert!(told.len() <= ROWS, "{}", told.len());
        assert_eq!(told.iter().map(|(_, tally)| tally.all()).sum::<u32>(), 10_000);
        assert!(failures.take().is_empty(), "they were told");
    }

    #[test]
    fn who_tries_most_has_a_row_however_many_others_try_a_little() {
        let failures = Failures::default();
        let loud = client(u32::MAX);
        for number in 0..10_000 {
            failures.count(Why::Limit, Some(client(number)), None);
            if number % 100 == 99 {
                for _ in 0..5 {
                    failures.count(Why::Password, Some(loud), None);
                }
            }
        }

        let told = failures.take();

        assert_eq!(told[0].0, Whose::Address(loud.address()), "{told:?}");
        assert_eq!(told[0].1.told(), "password=500");
    }

    #[test]
    fn attempts_at_one_account_from_everywhere_are_one_row_about_it() {
        let failures = Failures::default();
        let ada = UserId::parse(1).expect("an id");
        for number in 0..5_000 {
            failures.count(Why::Password, Some(client(number)), Some(ada));
        }

        let told = failures.take();

        let about = told.iter().filter(|(whose, _)| *whose == Whose::Account(ada));
        let about: Vec<_> = about.map(|(_, tally)| tally.all()).collect();
        assert_eq!(about, [5_000]);
    }

    #[test]
    fn what_could_not_be_told_is_told_later() {
        let failures = Failures::default();
        failures.count(Why::Refresh, Some(client(1)), None);
        failures.count(Why::Refresh, None, None);

        let untold = failures.take();
        failures.put_back(&untold);
        failures.count(Why::Password, Some(client(1)), None);

        let told: Vec<_> = failures.take().iter().map(|(_, tally)| tally.told()).collect();
        assert_eq!(told, ["password=1 refresh=1", "refresh=1"]);
    }
}
