//! The hasher under load, with hostile rows, and with callers who leave.

use std::{sync::mpsc, time::Duration};

use tokio::task::{JoinHandle, yield_now};

use super::{turn::Verdict, *};
use crate::domain::Password;

const PATIENT: Duration = Duration::from_secs(30);

/// A hasher that costs next to nothing, so that the tests are about everything else.
fn a_quick_hasher(permits: usize, queue: usize, patience: Duration) -> Hasher {
    let cost = Cost::new(4, 8, 1).expect("within bounds");
    Hasher::with(cost, permits, &Config { queue, patience, ..Config::default() })
}

/// An attempt of which nothing is remembered.
fn anyone(hasher: &Hasher) -> Attempt {
    hasher.attempts().to_change(None)
}

impl Hasher {
    async fn hash(&self, password: Password) -> Result<String, Refused> {
        self.turn(anyone(self)).await?.hash(password).await
    }

    async fn verify(&self, password: Password, stored: Option<&str>) -> Result<Verdict, Refused> {
        self.turn(anyone(self)).await?.verify(password, stored).await
    }

    async fn work<T: Send + 'static>(
        &self,
        cost: Cost,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refused> {
        self.turn_of(anyone(self), cost).await?.work(work, |_, _| ()).await
    }
}

fn password(text: &str) -> Password {
    Password::parse(text).expect("a password")
}

/// Work that goes on until it is told to stop, and has begun by now.
async fn a_long_work(hasher: &Hasher) -> (mpsc::Sender<()>, JoinHandle<Result<(), Refused>>) {
    let (stop, told_to_stop) = mpsc::channel::<()>();
    let (began, beginning) = tokio::sync::oneshot::channel();
    let hasher = hasher.clone();
    let work = tokio::spawn(async move {
        let cost = hasher.0.cost;
        hasher
            .work(cost, move || {
                began.send(()).expect("someone listens");
                // An error means that the test is over, which is as good.
                let _ = told_to_stop.recv();
            })
            .await
    });
    beginning.await.expect("it begins");
    (stop, work)
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("waited in vain until {what}");
}

#[tokio::test]
async fn the_right_password_matches_and_no_other_does() {
    let hasher = a_quick_hasher(2, 8, PATIENT);
    let stored = hasher.hash(password("correct horse")).await.expect("a free permit");

    let right = hasher.verify(password("correct horse"), Some(&stored)).await;
    let wrong = hasher.verify(password("correct Horse"), Some(&stored)).await;
    let decoy = hasher.verify(password("correct horse"), None).await;

    assert_eq!(right, Ok(Verdict { matches: true, outdated: false }));
    assert_eq!(wrong, Ok(Verdict { matches: false, outdated: false }));
    assert_eq!(decoy, Ok(Verdict { matches: false, outdated: false }));
}

#[tokio::test]
async fn a_hash_is_written_in_phc_form_at_the_cost_that_is_set_and_never_twice() {
    let hasher = Hasher::new(&Config::default()).expect("the defaults are good");

    let first = hasher.hash(password("correct horse")).await.expect("a free permit");
    let second = hasher.hash(password("correct horse")).await.expect("a free permit");

    let fields: Vec<&str> = first.split('$').collect();
    assert_eq!(fields[..3], ["", "scrypt", "ln=17,r=8,p=1"]);
    assert_eq!((fields[3].len(), fields[4].len(), fields.len()), (22, 43, 5));
    assert_ne!(first, second);
    let verdict = hasher.verify(password("correct horse"), Some(&first)).await;
    assert_eq!(verdict, Ok(Verdict { matches: true, outdated: false }));
}

#[tokio::test]
async fn a_hash_of_another_program_is_understood_and_to_be_renewed() {
    // From the documentation of passlib, `passlib.hash.scrypt`.
    let stored =
        "$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E";
    let hasher = a_quick_hasher(2, 8, PATIENT);

    let verdict = hasher.verify(password("password"), Some(stored)).await;

    assert_eq!(verdict, Ok(Verdict { matches: true, outdated: true }));
}

#[tokio::test]
async fn every_keyboard_signs_in() {
    let hasher = a_quick_hasher(2, 8, PATIENT);
    let stored = hasher.hash(password("caf\u{e9} noir")).await.expect("a free permit");

    for typed in ["cafe\u{301} noir", "ｃａｆé　ｎｏｉｒ"] {
        let verdict = hasher.verify(password(typed), Some(&stored)).await.expect("a free permit");

        assert!(verdict.matches, "{typed}");
    }
}

#[tokio::test]
async fn an_unknown_account_costs_the_work_of_a_wrong_password() {
    let hasher = a_quick_hasher(2, 8, PATIENT);
    let stored = hasher.hash(password("correct horse")).await.expect("a free permit");
    let before = hasher.0.queue.how_many_finished();

    hasher.verify(password("wrong horse"), Some(&stored)).await.expect("a free permit");
    assert_eq!(hasher.0.queue.how_many_finished(), before + 1);

    hasher.verify(password("wrong horse"), None).await.expect("a free permit");
    assert_eq!(hasher.0.queue.how_many_finished(), before + 2);
}

#[tokio::test]
async fn a_hostile_hash_costs_no_more_than_an_unknown_account() {
    // The first would take 8 PiB.
    let hasher = a_quick_hasher(2, 8, PATIENT);
    let honest = hasher.hash(password("correct horse")).await.expect("a free permit");
    let before = hasher.0.queue.how_many_finished();

    for hostile in ["ln=43,r=8,p=1", "ln=4,r=4294967295,p=4294967295", "ln=20,r=32,p=16"] {
        let stored = honest.replace("ln=4,r=8,p=1", hostile);
        assert_ne!(stored, honest);

        let verdict = hasher.verify(password("correct horse"), Some(&stored)).await;

        assert_eq!(verdict, Ok(Verdict { matches: false, outdated: false }), "{hostile}");
    }
    assert_eq!(hasher.0.queue.how_many_finished(), before + 3);
}

#[tokio::test]
async fn a_full_line_sends_the_next_one_away_at_once() {
    let hasher = a_quick_hasher(1, 2, PATIENT);
    let (stop, work) = a_long_work(&hasher).await;
    let waiting: Vec<_> = (0..2)
        .map(|_| {
            let hasher = hasher.clone();
            tokio::spawn(async move { hasher.hash(password("correct horse")).await })
        })
        .collect();
    until("two wait", || hasher.0.queue.how_many_wait() == 2).await;

    // Within a single poll: it does not wait for anything.
    let third = answer_at_once(hasher.hash(password("correct horse")));

    let refused = third.expect("an answer at once").expect_err("a refusal");
    assert!(matches!(refused, Refused::TooBusy(wait) if wait.duration().as_secs() >= 1));
    stop.send(()).expect("still at work");
    work.await.expect("no panic").expect("it had a permit");
    for waited in waiting {
        waited.await.expect("no panic").expect("its turn came");
    }
}

#[tokio::test]
async fn whoever_leaves_the_line_leaves_room_in_it_and_no_work() {
    let hasher = a_quick_hasher(1, 1, PATIENT);
    let (stop, work) = a_long_work(&hasher).await;
    let before = hasher.0.queue.how_many_finished();

    for _ in 0..3 {
        let leaver = {
            let hasher = hasher.clone();
            tokio::spawn(async move { hasher.hash(password("correct horse")).await })
        };
        until("one waits", || hasher.0.queue.how_many_wait() == 1).await;
        leaver.abort();
        until("decoy waits", || hasher.0.queue.how_many_wait() == 0).await;
    }
    stop.send(()).expect("still at work");
    work.await.expect("no panic").expect("it had a permit");

    assert_eq!(hasher.0.queue.how_many_finished(), before + 1, "only the long one was done");
    assert_eq!(hasher.0.queue.free_permits(), 1);
}

#[tokio::test]
async fn patience_ends() {
    let hasher = a_quick_hasher(1, 8, Duration::from_millis(20));
    let (stop, work) = a_long_work(&hasher).await;

    let refused = hasher.hash(password("correct horse")).await;

    assert!(refused.is_err());
    assert_eq!(hasher.0.queue.how_many_wait(), 0);
    stop.send(()).expect("still at work");
    work.await.expect("no panic").expect("it had a permit");
    assert!(hasher.hash(password("correct horse")).await.is_ok());
}

#[tokio::test]
async fn work_that_has_begun_keeps_its_place_although_its_caller_left() {
    let hasher = a_quick_hasher(1, 8, PATIENT);
    let (stop, work) = a_long_work(&hasher).await;

    work.abort();
    assert!(work.await.expect_err("aborted").is_cancelled());
    yield_now().await;

    assert_eq!(hasher.0.queue.free_permits(), 0, "its memory is still in use");
    stop.send(()).expect("still at work");
    until("the permit is free", || hasher.0.queue.free_permits() == 1).await;
}

#[tokio::test]
async fn a_costlier_hash_takes_as_many_places_as_it_takes_memory() {
    let hasher = a_quick_hasher(4, 8, PATIENT);
    let costlier = Cost::new(5, 8, 1).expect("within bounds");
    let queue = Arc::clone(&hasher.0.queue);

    let free = hasher.work(costlier, move || queue.free_permits()).await.expect("free permits");

    assert_eq!(free, 2);
    // A hash that is costlier than all permits together runs alone instead of waiting for ever.
    let endless = Cost::new(12, 8, 1).expect("within bounds");
    let queue = Arc::clone(&hasher.0.queue);
    let free = hasher.work(endless, move || queue.free_permits()).await.expect("free permits");
    assert_eq!(free, 0);
}

#[tokio::test]
async fn there_are_as_many_places_as_cores_and_memory_allow_and_always_one() {
    let permits = |memory_mib, cores| {
        let cost = Cost::new(17, 8, 1).expect("within bounds");
        let config = Config { memory_mib, ..Config::default() };
        Hasher::with(cost, cores, &config).0.queue.free_permits()
    };

    assert_eq!(permits(1024, 2), 2);
    assert_eq!(permits(512, 64), 4);
    assert_eq!(permits(511, 64), 3);
    assert_eq!(permits(1, 64), 1);
}

#[test]
fn parameters_that_attackers_would_like_are_refused() {
    let with = |log_n, r, p| Config { log_n, r, p, ..Config::default() };
    for good in [with(17, 8, 1), with(16, 8, 2), with(15, 8, 3)] {
        assert!(Hasher::new(&good).is_ok());
    }
    for bad in [with(16, 8, 1), with(15, 8, 2), with(14, 8, 16), with(0, 0, 0), with(255, 8, 1)] {
        assert_eq!(Hasher::new(&bad).expect_err("refused").key, "hashing.log_n");
    }
    for (bad, key) in [
        (Config { memory_mib: 0, ..Config::default() }, "hashing.memory_mib"),
        (Config { queue: usize::MAX, ..Config::default() }, "hashing.queue"),
        (Config { patience: Duration::MAX, ..Config::default() }, "hashing.patience"),
    ] {
        assert_eq!(Hasher::new(&bad).expect_err("refused").key, key);
    }
}

/// The answer, if it is there without waiting.
fn answer_at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(answer) => Some(answer),
        std::task::Poll::Pending => None,
    }
}
