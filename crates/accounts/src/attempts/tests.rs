//! Which attempt goes first, which has to wait, and what is forgotten.

use std::net::{IpAddr, Ipv4Addr};

use super::*;

const ALONE: Company = Company { same_address: 0, same_account: 0 };

/// A memory, and a time that is moved by hand.
struct Setup {
    attempts: Attempts,
    now: Instant,
}

fn a_setup() -> Setup {
    let now = Instant::now();
    Setup { attempts: Attempts::none_yet(now), now }
}

fn client(number: u32) -> Client {
    Client::at(IpAddr::V4(Ipv4Addr::from(0x7f01_0000 + number)))
}

impl Setup {
    fn by(&self, name: &str, address: u32) -> Attempt {
        let email = Email::parse(&format!("{name}@example.com")).expect("an address");
        self.attempts.to_sign_in(Some(client(address)), &email)
    }

    fn for_an_account(&self, name: &str, address: u32) -> Attempt {
        let email = Email::parse(&format!("{name}@example.com")).expect("an address");
        self.attempts.to_register(Some(client(address)), &email)
    }

    fn passes(&mut self, time: Duration) {
        self.now += time;
    }

    fn fails(&self, attempt: Attempt, times: usize) {
        for _ in 0..times {
            let charge = self.attempts.begins(&attempt, self.now);
            self.attempts.failed(&attempt, charge, self.now);
        }
    }

    fn succeeds(&self, attempt: Attempt) {
        let charge = self.attempts.begins(&attempt, self.now);
        self.attempts.succeeded(&attempt, charge, self.now);
    }

    fn rank(&self, attempt: Attempt) -> Rank {
        self.attempts.rank(&attempt, ALONE, self.now)
    }

    fn wait(&self, attempt: Attempt) -> u64 {
        let left = self.attempts.delay(&attempt, self.now).unwrap_or_default();
        u64::try_from(left.as_millis().div_ceil(1_000)).expect("seconds")
    }
}

#[test]
fn who_failed_less_goes_first_by_address_and_by_account() {
    let setup = a_setup();
    setup.fails(setup.by("mallory", 1), 2);

    let same_address = setup.rank(setup.by("ada", 1));
    let same_account = setup.rank(setup.by("mallory", 2));
    let neither = setup.rank(setup.by("ada", 2));

    assert!(neither < same_address && neither < same_account);
}

#[test]
fn an_address_that_is_known_for_an_account_goes_before_strangers_also_when_others_guess_at_both() {
    let setup = a_setup();
    let owner = setup.by("ada", 1);
    setup.succeeds(owner);
    setup.fails(setup.by("ada", 2), 30);
    setup.fails(setup.by("grace", 1), 30);

    assert!(setup.rank(owner) < setup.rank(setup.by("nobody", 3)));
    assert_eq!(setup.wait(owner), 0);
}

#[test]
fn who_signs_in_often_goes_behind_who_does_not_but_before_who_fails() {
    let setup = a_setup();
    let (often, once, failing) = (setup.by("ada", 1), setup.by("grace", 2), setup.by("eve", 3));
    for _ in 0..60 {
        setup.succeeds(often);
    }
    setup.succeeds(once);
    setup.fails(failing, 1);

    assert!(setup.rank(once) < setup.rank(often));
    assert!(setup.rank(often) < setup.rank(failing));
}

#[test]
fn who_comes_again_and_again_although_sent_away_goes_further_back() {
    let setup = a_setup();
    let (hammers, patient) = (setup.by("eve", 1), setup.by("ada", 2));
    for _ in 0..100 {
        setup.attempts.sent_away(&hammers, setup.now);
    }
    setup.attempts.sent_away(&patient, setup.now);

    assert!(setup.rank(patient) < setup.rank(hammers));
}

#[test]
fn who_makes_many_accounts_goes_behind_who_makes_one() {
    let setup = a_setup();
    let [many, one] = [1, 2].map(|address| setup.for_an_account("ada", address));
    for _ in 0..20 {
        setup.succeeds(many);
    }
    setup.succeeds(one);

    assert!(setup.rank(one) < setup.rank(many));
}

#[test]
fn who_just_made_an_account_signs_in_to_it_before_strangers() {
    let setup = a_setup();
    setup.succeeds(setup.for_an_account("ada", 1));

    assert!(setup.rank(setup.by("ada", 1)) < setup.rank(setup.by("nobody", 2)));
    assert!(setup.rank(setup.by("ada", 3)) >= setup.rank(setup.by("nobody", 2)));
}

#[test]
fn who_asks_for_many_names_that_are_taken_goes_behind_who_asks_for_one() {
    let setup = a_setup();
    let [many, one] = [1, 2].map(|address| setup.for_an_account("ada", address));
    for _ in 0..100 {
        let charge = setup.attempts.begins(&many, setup.now);
        setup.attempts.came_to_nothing(&many, charge, setup.now);
    }

    assert!(setup.rank(one) < setup.rank(many));
}

#[test]
fn what_the_process_wants_itself_goes_first_and_never_waits() {
    let setup = a_setup();
    let email = Email::parse("ada@example.com").expect("an address");
    let inside = setup.attempts.to_sign_in(None, &email);
    setup.fails(inside, 100);

    assert_eq!(setup.rank(inside), Rank::default());
    assert_eq!(setup.wait(inside), 0);
}

#[test]
fn wrong_passwords_make_the_next_attempt_wait_twice_as_long_each_time() {
    let mut setup = a_setup();
    let guesser = setup.by("ada", 1);
    setup.fails(guesser, 4);
    assert_eq!(setup.wait(guesser), 0);

    let mut waits = Vec::new();
    for _ in 0..8 {
        setup.fails(guesser, 1);
        waits.push(setup.wait(guesser));
        setup.passes(Duration::from_secs(setup.wait(guesser)));
        assert_eq!(setup.wait(guesser), 0, "it has waited");
    }

    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
}

#[test]
fn guesses_at_the_same_time_are_counted_before_it_is_known_that_they_are_wrong() {
    let setup = a_setup();
    let guesser = setup.by("ada", 1);
    for _ in 0..5 {
        let _runs = setup.attempts.begins(&guesser, setup.now);
    }

    assert!(setup.wait(guesser) > 0);
}

#[test]
fn what_comes_to_nothing_is_no_failure() {
    let setup = a_setup();
    let attempt = setup.by("ada", 1);
    for _ in 0..50 {
        let charge = setup.attempts.begins(&attempt, setup.now);
        setup.attempts.came_to_nothing(&attempt, charge, setup.now);
    }

    assert_eq!(setup.wait(attempt), 0);
    assert_eq!(setup.rank(attempt), setup.rank(setup.by("grace", 2)));
}

#[test]
fn the_owner_signs_in_from_elsewhere_while_someone_guesses_and_then_the_guesser_still_waits() {
    let setup = a_setup();
    let (guesser, owner) = (setup.by("ada", 1), setup.by("ada", 2));
    setup.fails(guesser, 10);

    assert_eq!(setup.wait(owner), 0);
    setup.succeeds(owner);

    assert!(setup.wait(guesser) > 0);
}

#[test]
fn the_right_password_forgives_the_wrong_ones_before_it() {
    let mut setup = a_setup();
    let forgetful = setup.by("ada", 1);
    setup.fails(forgetful, 6);
    setup.passes(Duration::from_secs(2));

    setup.succeeds(forgetful);

    setup.fails(forgetful, 4);
    assert_eq!(setup.wait(forgetful), 0);
}

/// Guesses from this many addresses for an hour, as often as allowed. Answers how many passwords were tried.
fn guesses_in_an_hour(setup: &mut Setup, addresses: u32) -> u32 {
    let mut guesses = 0;
    for _ in 0..720 {
        for address in 0..addresses {
            let attempt = setup.by("ada", 100 + address);
            if setup.wait(attempt) == 0 {
                setup.fails(attempt, 1);
                guesses += 1;
            }
        }
        setup.passes(Duration::from_secs(5));
    }
    guesses
}

#[test]
fn many_addresses_together_guess_little_more_at_one_account_than_a_few_do() {
    let one = guesses_in_an_hour(&mut a_setup(), 1);
    let ninety = guesses_in_an_hour(&mut a_setup(), 90);
    let crowd = guesses_in_an_hour(&mut a_setup(), 300);

    assert!((40..100).contains(&one), "{one}");
    assert!((100..400).contains(&ninety), "{ninety}");
    assert!((100..1_000).contains(&crowd), "{crowd}");
}

#[test]
fn the_owner_gets_in_from_a_new_address_while_ninety_guess() {
    let mut setup = a_setup();
    guesses_in_an_hour(&mut setup, 90);

    let let_in = (0..100).filter(|minute| {
        let owner = setup.by("ada", 10_000 + minute);
        let is_let_in = setup.wait(owner) == 0;
        for _ in 0..4 {
            for address in 0..90 {
                let guesser = setup.by("ada", 100 + address);
                if setup.wait(guesser) == 0 {
                    setup.fails(guesser, 1);
                }
            }
            setup.passes(Duration::from_secs(5));
        }
        is_let_in
    });

    let count = let_in.count();
    assert!(count >= 70, "{count} of 100 were let in at once");
    assert!(setup.wait(setup.by("ada", 20_000)) <= 5);
}

#[test]
fn an_unknown_account_is_treated_as_one_that_exists() {
    // The memory is not told which accounts exist, so there is nothing to compare but the names.
    let setup = a_setup();
    for name in ["ada", "nobody"] {
        setup.fails(setup.by(name, 1), 3);
        setup.fails(setup.by(name, 2), 30);
    }

    for address in [1, 2, 3] {
        let [one, other] = ["ada", "nobody"].map(|name| setup.by(name, address));
        assert_eq!(setup.wait(one), setup.wait(other));
        assert_eq!(setup.rank(one), setup.rank(other));
    }
}

#[test]
fn an_email_is_one_account_in_every_spelling() {
    let setup = a_setup();

    assert_eq!(setup.by("Ada", 1), setup.by("ADA", 1));
    assert_ne!(setup.by("ada", 1), setup.by("ada", 2));
}

#[test]
fn failures_are_forgotten() {
    let mut setup = a_setup();
    let someone = setup.by("ada", 1);
    let before = setup.rank(someone);
    setup.fails(someone, 30);

    setup.passes(Duration::from_hours(12));

    assert_eq!((setup.rank(someone), setup.wait(someone)), (before, 0));
}

#[test]
fn a_flood_of_names_pushes_out_no_record_that_counts_more() {
    let setup = a_setup();
    let (guesser, owner) = (setup.by("ada", 1), setup.by("grace", 1));
    setup.fails(guesser, 12);
    setup.succeeds(owner);

    for number in 0..100_000 {
        let attempt = setup.by(&format!("x{number}"), number % 90 + 100);
        setup.fails(attempt, 1);
    }

    assert!(setup.wait(guesser) >= 59);
    assert!(setup.rank(owner) < setup.rank(setup.by("nobody", 2)));
}

#[test]
fn one_address_that_signs_in_to_many_accounts_makes_no_other_unknown() {
    let setup = a_setup();
    let owners: Vec<_> = (0..50).map(|number| setup.by("ada", 1_000 + number)).collect();
    for owner in &owners {
        setup.succeeds(*owner);
    }

    for number in 0..100_000 {
        setup.succeeds(setup.by(&format!("x{number}"), 1));
    }

    let stranger = setup.rank(setup.by("nobody", 2));
    assert!(owners.iter().filter(|owner| setup.rank(**owner) < stranger).count() >= 49);
}
