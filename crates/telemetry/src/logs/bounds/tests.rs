use std::time::Duration;

use sir0_kernel::{ManualClock, Timestamp};
use tracing::{Dispatch, debug, dispatcher, error, info, warn};

use super::*;
use crate::{
    logs::{self, Config, Format, tests::Page},
    traces::Traces,
};

/// The most bytes that all kinds of lines together may take in a second, also in the first one.
const BAR: usize = 10_000;

/// A log that strangers can reach.
struct Log {
    page: Page,
    clock: Arc<ManualClock>,
    bounds: Arc<Bounds>,
    dispatch: Dispatch,
}

impl Log {
    fn new(config: &Config) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_micros(54_245_000_000)));
        let page = Page::default();
        let writer = page.clone();
        let told: Arc<dyn Clock> = clock.clone();
        let traces = Traces::default();
        let made = logs::subscriber(config, false, told, move || writer.clone(), &traces);
        let (dispatch, bounds) = made.expect("a readable filter");
        bounds.begin();
        Self { page, clock, bounds, dispatch }
    }

    fn of_text() -> Self {
        Self::new(&Config::default())
    }

    fn tells(&self, story: impl FnOnce()) {
        dispatcher::with_default(&self.dispatch, story);
    }

    /// Lets a second pass, then tells what was left out.
    fn second(&self, story: impl Fn()) {
        for _ in 0..10 {
            self.tells(&story);
            self.clock.advance(Duration::from_millis(100));
        }
        self.tells(|| logs::tell(self.bounds.left_out()));
    }

    fn count(&self, words: &str) -> usize {
        self.page.text().matches(words).count()
    }
}

fn flood(of: usize, line: impl Fn()) {
    for _ in 0..of {
        line();
    }
}

#[test]
fn a_place_says_five_lines_a_second_and_what_more_it_had_to_say_is_counted() {
    let log = Log::of_text();

    log.tells(|| {
        flood(236, || warn!(target: "h2::proto", "a ping nobody asked for"));
        logs::tell(log.bounds.left_out());
    });

    assert_eq!(log.count("a ping nobody asked for"), 5);
    assert_eq!(log.count("WARN and 231 more from sir0_telemetry::logs::bounds::tests:"), 1);
}

#[test]
fn what_was_left_out_is_told_though_the_place_falls_silent_and_only_once() {
    let log = Log::of_text();
    log.tells(|| flood(7, || error!("it failed")));

    log.second(|| ());
    log.second(|| ());

    assert_eq!(log.count("and "), 1);
    assert_eq!(log.count("ERROR and 2 more"), 1);
}

#[test]
fn in_the_next_second_a_place_is_heard_again() {
    let log = Log::of_text();

    log.tells(|| flood(9, || warn!("odd")));
    log.clock.advance(Duration::from_secs(1));
    log.tells(|| flood(9, || warn!("odd")));

    assert!(log.count("odd") > 5, "{}", log.page.text());
}

#[test]
fn whatever_strangers_do_the_lines_of_a_second_stay_below_the_bar() {
    for format in [Format::Text, Format::Json] {
        let log = Log::new(&Config { format, ..Config::default() });
        let endless = "x".repeat(5_000);
        let mut before = 0;
        for second in 0..20 {
            let user = std::cell::Cell::new(second * 1_000);
            log.second(|| {
                flood(50, || {
                    user.set(user.get() + 1);
                    let id = user.get();
                    info!(target: ACTS, { user.id = id }, "user {id} signed in");
                    warn!(target: "h2::a", endless, "one");
                    warn!(target: "h2::b", endless, "two");
                    error!(target: "hyper::c", endless, "three");
                    error!(target: "sir0_rpc::d", endless, "four {endless}");
                    error!(target: "sir0_feed::e", endless, "five");
                });
            });
            let now = log.page.text().len();
            assert!(now - before <= BAR, "{} bytes in second {second}", now - before);
            before = now;
        }
        assert!(before < 20 * 6_500, "{before} bytes in 20 s");
        assert!(log.count("signed in") > 100, "people are heard all the same");
    }
}

#[test]
fn the_noise_of_libraries_takes_no_room_from_our_own_lines() {
    let log = Log::of_text();
    let endless = "x".repeat(400);

    log.tells(|| {
        flood(5, || warn!(target: "h2::a", endless, "noise"));
        flood(5, || warn!(target: "h2::b", endless, "noise"));
        warn!(target: "sir0_server::health", "the health of the services changed");
    });

    assert!(log.count("noise") < 4, "{}", log.page.text());
    assert_eq!(log.count("the health of the services changed"), 1);
}

#[test]
fn a_place_that_was_silent_is_heard_at_once_whatever_else_is_said() {
    let log = Log::of_text();
    let endless = "x".repeat(400);

    log.tells(|| {
        flood(5, || error!(target: "sir0_rpc::a", endless, "noise"));
        flood(5, || error!(target: "sir0_rpc::b", endless, "noise"));
        warn!("the first word of an outage");
    });

    assert_eq!(log.count("the first word of an outage"), 1);
}

#[test]
fn the_acts_of_one_person_do_not_hide_those_of_others() {
    let log = Log::of_text();

    log.tells(|| {
        flood(1_000, || info!(target: ACTS, { user.id = 7 }, "user 7 changed the profile"));
        info!(target: ACTS, { user.id = 8 }, "user 8 signed in");
    });

    assert_eq!(log.count("user 7"), 8);
    assert_eq!(log.count("user 8 signed in"), 1);
}

#[test]
fn a_script_that_does_all_a_person_can_in_one_moment_has_a_line_for_each_act() {
    for format in [Format::Text, Format::Json] {
        let log = Log::new(&Config { format, ..Config::default() });
        let request = "0199a3c2-5f4e-7d10-9c55-3f0c2b1a7e64";

        log.tells(|| {
            for act in 0..8 {
                info!(target: ACTS, { request, user.id = 1_000_001 }, "user 1000001 did act {act}");
            }
            info!(target: ACTS, { request, user.id = 1_000_002 }, "user 1000002 signed in");
        });

        assert_eq!(log.count("user 1000001 did act"), 8, "{}", log.page.text());
        assert_eq!(log.count("user 1000002 signed in"), 1, "{}", log.page.text());
    }
}

#[test]
fn acts_of_whom_an_operator_trusts_are_written_each() {
    let log = Log::of_text();

    log.tells(|| {
        flood(1_000, || warn!(target: "h2", "noise"));
        flood(500, || info!(target: TRUSTED_ACTS, { user.id = 1 }, "game was added"));
    });

    assert_eq!(log.count("game was added"), 500);
}

#[test]
fn what_an_operator_asked_for_is_written_each() {
    let config = Config { filter: "debug".to_owned(), access: true, ..Config::default() };
    let log = Log::new(&config);

    log.tells(|| {
        flood(300, || debug!("refused"));
        flood(300, || info!(target: ACCESS, "answered"));
    });

    assert_eq!((log.count("refused"), log.count("answered")), (300, 300));
}

#[test]
fn before_strangers_can_come_everything_is_said() {
    let log = Log::of_text();
    log.bounds.is_on.store(false, Ordering::Relaxed);

    log.tells(|| flood(300, || info!("a step of the schema was applied")));

    assert_eq!(log.count("a step"), 300);
}
