//! Lanes: guesses in a row are counted one by one, and each lane of an account has a count of its own.

use std::time::Duration;

use super::*;
use crate::domain::{Lane, LaneNames, LaneRules, Place, Toll};

const HOUR: Duration = Duration::from_hours(1);
const RULES: LaneRules = LaneRules { most_failures: 100, shut_for: HOUR };

fn place(address: &str, lane: &Lane) -> Place {
    LaneNames::under(&[7; 32]).place(&email(address), lane)
}

fn device(id: &str) -> Lane {
    Lane::Device(id.to_owned())
}

fn toll(lane: &Lane, now: Timestamp) -> Toll {
    RULES.toll(lane, now)
}

impl AccountsDb {
    async fn charges(&self, place: &Place, toll: &Toll) -> Option<i64> {
        self.unit(async |tx| tx.charge_lane(place, toll).await).await.expect("a table")
    }

    async fn clears(&self, place: &Place) {
        self.unit(async |tx| tx.clear_lanes(place).await).await.expect("a table");
    }

    async fn knows(&self, place: &Place) {
        self.unit(async |tx| tx.know_lane(place, EVENING).await).await.expect("a table");
    }

    async fn failures(&self, place: &Place) -> i64 {
        self.lane(place).await.expect("a table").map_or(0, |state| state.failures)
    }

    async fn wait(&self, place: &Place, toll: &Toll) -> Option<Duration> {
        self.lane(place).await.expect("a table").and_then(|state| toll.wait(state))
    }

    /// Fails so often, each time as soon as it may. Answers when the last one was.
    async fn fails(&self, place: &Place, lane: &Lane, times: i64, from: Timestamp) -> Timestamp {
        let mut now = from;
        for _ in 0..times {
            if let Some(wait) = self.wait(place, &toll(lane, now)).await {
                now = now.after(wait);
            }
            assert!(self.charges(place, &toll(lane, now)).await.is_some());
        }
        now
    }
}

on_every_engine! {
    async fn the_hundredth_failure_shuts_a_lane_for_as_long_as_is_set(db: AccountsDb) {
        let place = place("ada@example.com", &Lane::Elsewhere);
        let at = db.fails(&place, &Lane::Elsewhere, 99, NOON).await;
        let at = at.after(Duration::from_mins(1));

        assert_eq!(db.charges(&place, &toll(&Lane::Elsewhere, at)).await, Some(100));

        let almost = at.after(HOUR).before(Duration::from_micros(1));
        for late in [at, at.after(HOUR / 2), almost] {
            assert_eq!(db.charges(&place, &toll(&Lane::Elsewhere, late)).await, None);
        }
        assert_eq!(db.wait(&place, &toll(&Lane::Elsewhere, at)).await, Some(HOUR));
        assert_eq!(db.failures(&place).await, 100, "what is refused counts nothing");
        let open = toll(&Lane::Elsewhere, at.after(HOUR));
        assert_eq!(db.charges(&place, &open).await, Some(1), "it begins anew");
        assert_eq!(db.charges(&place, &open).await, Some(2));
    }

    async fn a_stranger_shuts_out_strangers_and_no_device_that_is_known(db: AccountsDb) {
        let (laptop, phone) = (device("laptop"), device("phone"));
        let elsewhere = place("ada@example.com", &Lane::Elsewhere);
        let shut = db.fails(&elsewhere, &Lane::Elsewhere, 100, NOON).await;
        assert_eq!(db.charges(&elsewhere, &toll(&Lane::Elsewhere, shut)).await, None);

        for lane in [&laptop, &phone] {
            let place = place("ada@example.com", lane);
            assert_eq!(db.charges(&place, &toll(lane, shut)).await, Some(1), "{lane:?}");
        }
        let other = place("eve@example.com", &Lane::Elsewhere);
        assert_eq!(db.charges(&other, &toll(&Lane::Elsewhere, shut)).await, Some(1));

        // One device that is used for guessing shuts itself, and no other.
        let place_of_laptop = place("ada@example.com", &laptop);
        let shut = db.fails(&place_of_laptop, &laptop, 99, shut).await;
        assert_eq!(db.charges(&place_of_laptop, &toll(&laptop, shut)).await, None);
        assert_eq!(db.charges(&place("ada@example.com", &phone), &toll(&phone, shut)).await, Some(2));
    }

    async fn a_success_on_a_known_device_opens_the_lane_of_strangers_and_no_other_device(db: AccountsDb) {
        let (laptop, phone) = (device("laptop"), device("phone"));
        let of = |lane| place("ada@example.com", lane);
        db.fails(&of(&Lane::Elsewhere), &Lane::Elsewhere, 100, NOON).await;
        db.fails(&of(&laptop), &laptop, 3, NOON).await;
        db.fails(&of(&phone), &phone, 4, NOON).await;

        db.clears(&of(&laptop)).await;

        assert_eq!(db.failures(&of(&Lane::Elsewhere)).await, 0);
        assert_eq!((db.failures(&of(&laptop)).await, db.failures(&of(&phone)).await), (0, 4));
    }

    async fn a_success_from_a_known_address_leaves_the_failures_of_strangers(db: AccountsDb) {
        let home = Lane::Address(sir0_kernel::Client::at([192, 0, 2, 7].into()));
        let of = |lane| place("ada@example.com", lane);
        db.fails(&of(&Lane::Elsewhere), &Lane::Elsewhere, 7, NOON).await;
        db.fails(&of(&home), &home, 3, NOON).await;

        db.clears(&of(&home)).await;
        db.knows(&of(&home)).await;

        assert_eq!((db.failures(&of(&Lane::Elsewhere)).await, db.failures(&of(&home)).await), (7, 0));
        assert!(db.lane(&of(&home)).await.expect("a table").is_some(), "it is known");
        db.fails(&of(&home), &home, 9, NOON).await;
        db.knows(&of(&home)).await;
        assert_eq!(db.charges(&of(&home), &toll(&home, EVENING)).await, Some(1));
    }

    async fn failures_delay_the_next_attempt_longer_each_time_and_refused_ones_do_not(db: AccountsDb) {
        let laptop = device("laptop");
        let place = place("ada@example.com", &laptop);
        let mut now = NOON;
        let mut waits = Vec::new();

        for _ in 0..28 {
            assert!(db.charges(&place, &toll(&laptop, now)).await.is_some());
            let wait = db.wait(&place, &toll(&laptop, now)).await.unwrap_or_default();
            if !wait.is_zero() {
                let early = now.after(wait).before(Duration::from_micros(1));
                assert_eq!(db.charges(&place, &toll(&laptop, early)).await, None, "{waits:?}");
            }
            waits.push(wait.as_secs());
            now = now.after(wait);
        }

        assert_eq!(waits[..19], [0; 19]);
        assert_eq!(waits[19..], [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }

    async fn an_attempt_that_began_earlier_and_writes_later_is_not_delayed(db: AccountsDb) {
        let home = Lane::Address(sir0_kernel::Client::at([192, 0, 2, 7].into()));
        let place = place("ada@example.com", &home);

        for _ in 0..2 {
            assert!(db.charges(&place, &toll(&home, EVENING)).await.is_some());
            assert!(db.charges(&place, &toll(&home, NOON)).await.is_some());
            db.knows(&place).await;
            assert_eq!(db.charges(&place, &toll(&home, NOON)).await, Some(1));
        }
    }

    async fn a_clock_that_is_set_back_shuts_nobody_out(db: AccountsDb) {
        let place = place("ada@example.com", &Lane::Elsewhere);
        let year = Duration::from_hours(365 * 24);
        db.fails(&place, &Lane::Elsewhere, 100, NOON.after(year)).await;

        // The clock was a year ahead.
        assert_eq!(db.charges(&place, &toll(&Lane::Elsewhere, NOON)).await, Some(1));
        assert_eq!(db.charges(&place, &toll(&Lane::Elsewhere, NOON)).await, Some(2));
    }

    async fn a_setting_that_was_longer_shuts_no_longer_than_it_is_now(db: AccountsDb) {
        let place = place("ada@example.com", &Lane::Elsewhere);
        let longer = LaneRules { most_failures: 10, shut_for: HOUR * 24 };
        for _ in 0..10 {
            assert!(db.charges(&place, &longer.toll(&Lane::Elsewhere, NOON)).await.is_some());
        }

        assert_eq!(db.charges(&place, &longer.toll(&Lane::Elsewhere, NOON)).await, None);
        assert!(db.charges(&place, &toll(&Lane::Elsewhere, NOON)).await.is_some());
    }

    async fn what_was_not_judged_is_taken_back_and_nothing_below_nothing(db: AccountsDb) {
        let place = place("ada@example.com", &Lane::Elsewhere);
        let take_back = async || db.unit(async |tx| tx.take_back(&place).await).await.expect("a table");
        let at = db.fails(&place, &Lane::Elsewhere, 100, NOON).await;

        take_back().await;

        assert_eq!(db.failures(&place).await, 99);
        assert_eq!(db.charges(&place, &toll(&Lane::Elsewhere, at)).await, Some(100), "it is open again");
        db.clears(&place).await;
        take_back().await;
        assert_eq!(db.lane(&place).await.expect("a table"), None, "nothing is made");
        db.charges(&place, &toll(&Lane::Elsewhere, at)).await;
        take_back().await;
        take_back().await;
        assert_eq!(db.failures(&place).await, 0);
    }

    async fn an_operator_opens_every_lane_of_an_account_and_of_no_other(db: AccountsDb) {
        let of = |address| [Lane::Elsewhere, device("laptop")].map(|lane| (place(address, &lane), lane));
        for (place, lane) in of("ada@example.com").into_iter().chain(of("eve@example.com")) {
            db.fails(&place, &lane, 3, NOON).await;
        }
        let home = place("ada@example.com", &Lane::Address(sir0_kernel::Client::at([192, 0, 2, 7].into())));
        db.knows(&home).await;

        let account = LaneNames::under(&[7; 32]).account(&email("ADA@example.com"));
        let opened = db.unit(async |tx| tx.open_all_lanes(&account).await).await.expect("a table");

        assert_eq!(opened, 2, "nothing had failed at home");
        assert!(db.lane(&home).await.expect("a table").is_some(), "home is known still");
        for (address, left) in [("ada@example.com", 0), ("eve@example.com", 3)] {
            for (place, _) in of(address) {
                assert_eq!(db.failures(&place).await, left, "{address}");
            }
        }
    }

    async fn old_counts_are_forgotten_and_of_too_many_the_least(db: AccountsDb) {
        let of = |name: &str| place(&format!("{name}@example.com"), &Lane::Elsewhere);
        for (name, failures, at) in [("old", 9, NOON), ("one", 1, EVENING), ("two", 2, EVENING), ("many", 8, EVENING)] {
            db.fails(&of(name), &Lane::Elsewhere, failures, at).await;
        }
        let home = place("many@example.com", &Lane::Address(sir0_kernel::Client::at([192, 0, 2, 7].into())));
        db.knows(&home).await;
        let counts = async || {
            let mut counts = Vec::new();
            for name in ["old", "one", "two", "many"] {
                counts.push(db.failures(&of(name)).await);
            }
            counts
        };

        let forgotten = db.unit(async |tx| tx.forget_lanes(EVENING, 1).await).await.expect("a table");
        assert_eq!((forgotten, counts().await), (1, vec![0, 1, 2, 8]));
        let none = db.unit(async |tx| tx.forget_lanes(EVENING, 1).await).await.expect("a table");
        assert_eq!(none, 0, "what is not old stays");

        assert_eq!(db.how_many_lanes().await.expect("a table"), 4);
        let forgotten = db.unit(async |tx| tx.forget_least_lanes(2, 1).await).await.expect("a table");
        assert_eq!((forgotten, counts().await.iter().sum::<i64>()), (1, 9), "one at a time");
        db.unit(async |tx| tx.forget_least_lanes(1, 100).await).await.expect("a table");
        assert_eq!(counts().await, [0; 4]);
        assert!(db.lane(&home).await.expect("a table").is_some(), "what is known stays longest");
    }

    async fn the_longest_email_is_counted_as_any_other(db: AccountsDb) {
        let longest = format!("{}@{}.example", "a".repeat(64), ["b"; 3].map(|it| it.repeat(60)).join(".")).to_owned();
        let longest = &longest[..longest.len().min(254)];
        let place = place(longest, &Lane::Elsewhere);

        assert_eq!(db.charges(&place, &toll(&Lane::Elsewhere, NOON)).await, Some(1));
        assert_eq!((place.account.len(), place.lane.len()), (32, 0));
    }
}
