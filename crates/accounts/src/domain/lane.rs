//! Lanes: how many wrong passwords in a row count against an account, and from where.
//!
//! A stranger who guesses uses up the lane of strangers. Each known device has a lane of its own, so that a stranger
//! does not lock out the owner of an account.

use std::time::Duration;

use aws_lc_rs::hmac;
use sir0_kernel::{Client, Timestamp, UserId};

use super::Email;

/// Where an attempt comes from, as far as it was proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lane {
    /// A device that showed what only a trusted device of the account has, by its id.
    Device(String),
    /// An address from which the account was signed in to lately.
    Address(Client),
    /// Anywhere else.
    Elsewhere,
}

/// Where the failures of a lane are counted: under names that do not tell which e-mails were tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) account: Vec<u8>,
    /// Empty for [`Lane::Elsewhere`].
    pub(crate) lane: Vec<u8>,
    /// Whether a success here opens the lane of strangers too.
    pub(crate) opens_elsewhere: bool,
}

/// Names lanes. All instances that share a database give the same names.
#[derive(Clone, Debug)]
pub(crate) struct LaneNames(hmac::Key);

/// How many failures close a lane, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LaneRules {
    pub(crate) most_failures: u32,
    pub(crate) shut_for: Duration,
}

/// The count of a lane as the database has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LaneState {
    pub(crate) failures: i64,
    /// When the next attempt is taken.
    pub(crate) open_at: Timestamp,
}

/// What an attempt at this moment may lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Toll {
    pub(crate) now: Timestamp,
    /// This failure closes the lane, until [`Self::shut_until`].
    pub(crate) most: i64,
    pub(crate) shut_until: Timestamp,
    /// From this failure on each delays the next attempt: until the first of [`Self::delayed_until`], then the second.
    pub(crate) free: i64,
    pub(crate) delayed_until: [Timestamp; 7],
    /// A lane that opens later than this was closed by a clock that was wrong, or under other settings. It is open.
    pub(crate) latest: Timestamp,
}

impl Lane {
    /// As a metric names it.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Device(_) => "device",
            Self::Address(_) => "address",
            Self::Elsewhere => "elsewhere",
        }
    }

    /// How many failures delay nothing: as many as may be under way at the same time and turn out to be right.
    const FREE: i64 = 20;

    /// The longest delay. Strangers share a lane with an owner who has a new address: theirs is short.
    const fn longest_delay(&self) -> Duration {
        match self {
            Self::Device(_) | Self::Address(_) => Duration::from_mins(1),
            Self::Elsewhere => Duration::from_secs(5),
        }
    }
}

impl LaneNames {
    /// Names under this key of the database.
    pub(crate) fn under(sealing_key: &[u8; 32]) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, sealing_key);
        let own = hmac::sign(&key, b"lanes of sign-ins");
        Self(hmac::Key::new(hmac::HMAC_SHA256, own.as_ref()))
    }

    /// The account that has this e-mail, if any has it. One that none has is named alike.
    pub(crate) fn account(&self, email: &Email) -> Vec<u8> {
        hmac::sign(&self.0, email.key().as_bytes()).as_ref().to_vec()
    }

    /// A client, for what is counted by address.
    pub(crate) fn address(&self, client: Client) -> Vec<u8> {
        self.named(b"client:", client.address().to_string().as_bytes())
    }

    /// An account, for what its owner does.
    pub(crate) fn user(&self, user: UserId) -> Vec<u8> {
        self.named(b"user:", user.to_string().as_bytes())
    }

    fn named(&self, kind: &[u8], name: &[u8]) -> Vec<u8> {
        hmac::sign(&self.0, &[kind, name].concat()).as_ref().to_vec()
    }

    /// The place of a lane.
    pub(crate) fn place(&self, email: &Email, lane: &Lane) -> Place {
        let account = self.account(email);
        // The account has a fixed length, and no two kinds begin alike.
        let named = |kind: &[u8], name: &[u8]| {
            hmac::sign(&self.0, &[&account, kind, name].concat()).as_ref().to_vec()
        };
        let (lane, opens_elsewhere) = match lane {
            Lane::Device(device) => (named(b"device:", device.as_bytes()), true),
            Lane::Address(client) => {
                (named(b"address:", client.address().to_string().as_bytes()), false)
            }
            Lane::Elsewhere => (Vec::new(), false),
        };
        Place { account, lane, opens_elsewhere }
    }
}

impl LaneRules {
    /// The longest delay, in seconds from the failure that brings it.
    const DELAYS: [u64; 7] = [1, 2, 4, 8, 16, 32, 60];

    /// What an attempt in this lane may lead to now.
    pub(crate) fn toll(&self, lane: &Lane, now: Timestamp) -> Toll {
        let longest = lane.longest_delay();
        let wait = |seconds| Duration::from_secs(seconds).min(longest);
        Toll {
            now,
            most: self.most_failures.into(),
            shut_until: now.after(self.shut_for),
            free: Lane::FREE,
            delayed_until: Self::DELAYS.map(|seconds| now.after(wait(seconds))),
            latest: now.after(self.shut_for.max(longest)),
        }
    }
}

impl Toll {
    /// How long an attempt has to wait, if it has to.
    pub(crate) fn wait(&self, state: LaneState) -> Option<Duration> {
        if state.open_at > self.latest {
            return None;
        }
        let left = state.open_at.micros().checked_sub(self.now.micros())?;
        u64::try_from(left).ok().filter(|left| *left > 0).map(Duration::from_micros)
    }

    /// Whether a lane with so many failures is closed by them.
    pub(crate) const fn is_shut_by(&self, failures: i64) -> bool {
        failures >= self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
    const HOUR: Duration = Duration::from_hours(1);
    const RULES: LaneRules = LaneRules { most_failures: 100, shut_for: HOUR };

    fn email(text: &str) -> Email {
        Email::parse(text).expect("an address")
    }

    fn client(text: &str) -> Client {
        Client::at(text.parse().expect("an address"))
    }

    #[test]
    fn each_lane_of_each_account_has_a_place_that_tells_neither() {
        let names = LaneNames::under(&[7; 32]);
        let lanes = [
            Lane::Elsewhere,
            Lane::Device("a".to_owned()),
            Lane::Device("b".to_owned()),
            Lane::Address(client("192.0.2.1")),
            Lane::Address(client("192.0.2.2")),
            Lane::Device("192.0.2.1".to_owned()),
        ];
        let mut places = Vec::new();
        for address in ["ada@example.com", "eve@example.com"] {
            places.extend(lanes.iter().map(|lane| names.place(&email(address), lane)));
        }

        for (at, place) in places.iter().enumerate() {
            let key = |it: &Place| (it.account.clone(), it.lane.clone());
            assert!(places[..at].iter().all(|other| key(other) != key(place)), "{at}");
            assert_eq!((place.account.len(), place.lane.len() % 32), (32, 0));
        }
        let again = LaneNames::under(&[7; 32]).place(&email("ADA@example.com"), &lanes[1]);
        assert_eq!(again, places[1], "another instance, another spelling");
        assert_ne!(LaneNames::under(&[8; 32]).account(&email("ada@example.com")), again.account);
    }

    #[test]
    fn only_a_trusted_device_opens_the_lane_of_strangers() {
        let names = LaneNames::under(&[7; 32]);
        let opens = |lane| names.place(&email("ada@example.com"), &lane).opens_elsewhere;

        assert!(opens(Lane::Device("a".to_owned())));
        assert!(!opens(Lane::Address(client("192.0.2.1"))) && !opens(Lane::Elsewhere));
    }

    #[test]
    fn a_wait_lasts_until_the_lane_opens_and_no_longer_than_any_lane_is_shut() {
        let toll = RULES.toll(&Lane::Elsewhere, NOON);
        let wait = |open_at| toll.wait(LaneState { failures: 100, open_at });

        assert_eq!(wait(NOON.before(HOUR)), None);
        assert_eq!(wait(NOON), None);
        assert_eq!(wait(NOON.after(Duration::from_secs(7))), Some(Duration::from_secs(7)));
        assert_eq!(wait(NOON.after(HOUR)), Some(HOUR));
        // The clock was set back, or the time was longer when the lane was shut.
        assert_eq!(wait(NOON.after(HOUR + Duration::from_micros(1))), None);
        assert_eq!(wait(Timestamp::from_micros(i64::MAX)), None);
        assert_eq!(wait(Timestamp::from_micros(i64::MIN)), None);
    }

    #[test]
    fn strangers_who_share_a_lane_with_an_owner_delay_it_by_seconds() {
        let elsewhere = RULES.toll(&Lane::Elsewhere, NOON);
        let device = RULES.toll(&Lane::Device("a".to_owned()), NOON);

        let seconds = |toll: Toll| {
            toll.delayed_until.map(|until| (until.micros() - NOON.micros()) / 1_000_000)
        };
        assert_eq!((elsewhere.free, seconds(elsewhere)), (20, [1, 2, 4, 5, 5, 5, 5]));
        assert_eq!((device.free, seconds(device)), (20, [1, 2, 4, 8, 16, 32, 60]));
    }
}
