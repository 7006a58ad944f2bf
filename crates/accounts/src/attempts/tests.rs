//! Which attempt goes first, which has to wait, and what is forgotten.

use std::net::{IpAddr, Ipv4Addr};

use super::*;

const ALONE: Company = Company { same_address: 0, same_account: 0 };

/// A memory, and a time that is moved by hand.
struct Stage {
    attempts: Attempts,
    now: Instant,
}

fn a_stage() -> Stage {
    let now = Instant::now();
    Stage { attempts: Attempts::none_yet(now), now }
}

fn client(number: u32) -> Client {
    Client::at(IpAddr::V4(Ipv4Addr::from(0x7f01_0000 + number)))
}

impl Stage {
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
    let stage = a_stage();
    stage.fails(stage.by("mallory", 1), 2);

    let same_address = stage.rank(stage.by("ada", 1));
    let same_account = stage.rank(stage.by("mallory", 2));
    let neither = stage.rank(stage.by("ada", 2));

    assert!(neither < same_address && neither < same_account);
}

#[test]
fn an_address_that_is_known_for_an_account_goes_before_strangers_also_when_others_guess_at_both() {
    let stage = a_stage();
    let owner = stage.by("ada", 1);
    stage.succeeds(owner);
    stage.fails(stage.by("ada", 2), 30);
    stage.fails(stage.by("grace", 1), 30);

    assert!(stage.rank(owner) < stage.rank(stage.by("nobody", 3)));
    assert_eq!(stage.wait(owner), 0);
}

#[test]
fn who_signs_in_often_goes_behind_who_does_not_but_before_who_fails() {
    let stage = a_stage();
    let (often, once, failing) = (stage.by("ada", 1), stage.by("grace", 2), stage.by("eve", 3));
    for _ in 0..60 {
        stage.succeeds(often);
    }
    stage.succeeds(once);
    stage.fails(failing, 1);

    assert!(stage.rank(once) < stage.rank(often));
    assert!(stage.rank(often) < stage.rank(failing));
}

#[test]
fn who_comes_again_and_again_although_sent_away_goes_further_back() {
    let stage = a_stage();
    let (hammers, patient) = (stage.by("eve", 1), stage.by("ada", 2));
    for _ in 0..100 {
        stage.attempts.sent_away(&hammers, stage.now);
    }
    stage.attempts.sent_away(&patient, stage.now);

    assert!(stage.rank(patient) < stage.rank(hammers));
}

#[test]
fn who_makes_many_accounts_goes_behind_who_makes_one() {
    let stage = a_stage();
    let [many, one] = [1, 2].map(|address| stage.for_an_account("ada", address));
    for _ in 0..20 {
        stage.succeeds(many);
    }
    stage.succeeds(one);

    assert!(stage.rank(one) < stage.rank(many));
}

#[test]
fn who_just_made_an_account_signs_in_to_it_before_strangers() {
    let stage = a_stage();
    stage.succeeds(stage.for_an_account("ada", 1));

    assert!(stage.rank(stage.by("ada", 1)) < stage.rank(stage.by("nobody", 2)));
    assert!(stage.rank(stage.by("ada", 3)) >= stage.rank(stage.by("nobody", 2)));
}

#[test]
fn who_asks_for_many_names_that_are_taken_goes_behind_who_asks_for_one() {
    let stage = a_stage();
    let [many, one] = [1, 2].map(|address| stage.for_an_account("ada", address));
    for _ in 0..100 {
        let charge = stage.attempts.begins(&many, stage.now);
        stage.attempts.came_to_nothing(&many, charge, stage.now);
    }

    assert!(stage.rank(one) < stage.rank(many));
}

#[test]
fn what_the_process_wants_itself_goes_first_and_never_waits() {
    let stage = a_stage();
    let email = Email::parse("ada@example.com").expect("an address");
    let inside = stage.attempts.to_sign_in(None, &email);
    stage.fails(inside, 100);

    assert_eq!(stage.rank(inside), Rank::default());
    assert_eq!(stage.wait(inside), 0);
}

#[test]
fn wrong_passwords_make_the_next_attempt_wait_twice_as_long_each_time() {
    let mut stage = a_stage();
    let guesser = stage.by("ada", 1);
    stage.fails(guesser, 4);
    assert_eq!(stage.wait(guesser), 0);

    let mut waits = Vec::new();
    for _ in 0..8 {
        stage.fails(guesser, 1);
        waits.push(stage.wait(guesser));
        stage.passes(Duration::from_secs(stage.wait(guesser)));
        assert_eq!(stage.wait(guesser), 0, "it has waited");
    }

    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
}

#[test]
fn guesses_at_the_same_time_are_counted_before_it_is_known_that_they_are_wrong() {
    let stage = a_stage();
    let guesser = stage.by("ada", 1);
    for _ in 0..5 {
        let _runs = stage.attempts.begins(&guesser, stage.now);
    }

    assert!(stage.wait(guesser) > 0);
}

#[test]
fn what_comes_to_nothing_is_no_failure() {
    let stage = a_stage();
    let attempt = stage.by("ada", 1);
    for _ in 0..50 {
        let charge = stage.attempts.begins(&attempt, stage.now);
        stage.attempts.came_to_nothing(&attempt, charge, stage.now);
    }

    assert_eq!(stage.wait(attempt), 0);
    assert_eq!(stage.rank(attempt), stage.rank(stage.by("grace", 2)));
}

#[test]
fn the_owner_signs_in_from_elsewhere_while_someone_guesses_and_then_the_guesser_still_waits() {
    let stage = a_stage();
    let (guesser, owner) = (stage.by("ada", 1), stage.by("ada", 2));
    stage.fails(guesser, 10);

    assert_eq!(stage.wait(owner), 0);
    stage.succeeds(owner);

    assert!(stage.wait(guesser) > 0);
}

#[test]
fn the_right_password_forgives_the_wrong_ones_before_it() {
    let mut stage = a_stage();
    let forgetful = stage.by("ada", 1);
    stage.fails(forgetful, 6);
    stage.passes(Duration::from_secs(2));

    stage.succeeds(forgetful);

    stage.fails(forgetful, 4);
    assert_eq!(stage.wait(forgetful), 0);
}

/// Guesses from this many addresses for an hour, as often as allowed. Answers how many passwords were tried.
fn guesses_in_an_hour(stage: &mut Stage, addresses: u32) -> u32 {
    let mut guesses = 0;
    for _ in 0..720 {
        for address in 0..addresses {
            let attempt = stage.by("ada", 100 + address);
            if stage.wait(attempt) == 0 {
                stage.fails(attempt, 1);
                guesses += 1;
            }
        }
        stage.passes(Duration::from_secs(5));
    }
    guesses
}

#[test]
fn many_addresses_together_guess_little_more_at_one_account_than_a_few_do() {
    let one = guesses_in_an_hour(&mut a_stage(), 1);
    let ninety = guesses_in_an_hour(&mut a_stage(), 90);
    let crowd = guesses_in_an_hour(&mut a_stage(), 300);

    assert!((40..100).contains(&one), "{one}");
    assert!((100..400).contains(&ninety), "{ninety}");
    assert!((100..1_000).contains(&crowd), "{crowd}");
}

#[test]
fn the_owner_gets_in_from_a_new_address_while_ninety_guess() {
    let mut stage = a_stage();
    guesses_in_an_hour(&mut stage, 90);

    let let_in = (0..100).filter(|minute| {
        let owner = stage.by("ada", 10_000 + minute);
        let is_let_in = stage.wait(owner) == 0;
        for _ in 0..4 {
            for address in 0..90 {
                let guesser = stage.by("ada", 100 + address);
                if stage.wait(guesser) == 0 {
                    stage.fails(guesser, 1);
                }
            }
            stage.passes(Duration::from_secs(5));
        }
        is_let_in
    });

    let count = let_in.count();
    assert!(count >= 70, "{count} of 100 were let in at once");
    assert!(stage.wait(stage.by("ada", 20_000)) <= 5);
}

#[test]
fn an_unknown_account_is_treated_as_one_that_exists() {
    // The memory is not told which accounts exist, so there is nothing to compare but the names.
    let stage = a_stage();
    for name in ["ada", "nobody"] {
        stage.fails(stage.by(name, 1), 3);
        stage.fails(stage.by(name, 2), 30);
    }

    for address in [1, 2, 3] {
        let [one, other] = ["ada", "nobody"].map(|name| stage.by(name, address));
        assert_eq!(stage.wait(one), stage.wait(other));
        assert_eq!(stage.rank(one), stage.rank(other));
    }
}

#[test]
fn an_email_is_one_account_in_every_spelling() {
    let stage = a_stage();

    assert_eq!(stage.by("Ada", 1), stage.by("ADA", 1));
    assert_ne!(stage.by("ada", 1), stage.by("ada", 2));
}

#[test]
fn failures_are_forgotten() {
    let mut stage = a_stage();
    let someone = stage.by("ada", 1);
    let before = stage.rank(someone);
    stage.fails(someone, 30);

    stage.passes(Duration::from_hours(12));

    assert_eq!((stage.rank(someone), stage.wait(someone)), (before, 0));
}

#[test]
fn a_flood_of_names_pushes_out_no_record_that_counts_more() {
    let stage = a_stage();
    let (guesser, owner) = (stage.by("ada", 1), stage.by("grace", 1));
    stage.fails(guesser, 12);
    stage.succeeds(owner);

    for number in 0..100_000 {
        let attempt = stage.by(&format!("x{number}"), number % 90 + 100);
        stage.fails(attempt, 1);
    }

    assert!(stage.wait(guesser) >= 59);
    assert!(stage.rank(owner) < stage.rank(stage.by("nobody", 2)));
}

#[test]
fn one_address_that_signs_in_to_many_accounts_makes_no_other_unknown() {
    let stage = a_stage();
    let owners: Vec<_> = (0..50).map(|number| stage.by("ada", 1_000 + number)).collect();
    for owner in &owners {
        stage.succeeds(*owner);
    }

    for number in 0..100_000 {
        stage.succeeds(stage.by(&format!("x{number}"), 1));
    }

    let stranger = stage.rank(stage.by("nobody", 2));
    assert!(owners.iter().filter(|owner| stage.rank(**owner) < stranger).count() >= 49);
}
