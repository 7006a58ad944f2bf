//! Which attempt goes first, which makes room and which waits, with permits that are held by hand.

use std::net::{IpAddr, Ipv4Addr};

use sir0_rpc::Client;
use tokio::task::{JoinHandle, yield_now};

use super::*;
use crate::domain::Email;

const PATIENCE: Duration = Duration::from_secs(12);

fn a_queue(permits: usize, most_waiting: usize) -> Arc<Queue> {
    Arc::new(Queue::new(permits, most_waiting, PATIENCE))
}

impl Queue {
    fn by(&self, name: &str, address: u32) -> Attempt {
        let client = Client::at(IpAddr::V4(Ipv4Addr::from(0x7f01_0000 + address)));
        let email = Email::parse(&format!("{name}@example.com")).expect("an address");
        self.attempts.to_sign_in(Some(client), &email)
    }

    /// Asks, and waits until it is in the queue or answered.
    async fn asks(self: &Arc<Self>, attempt: Attempt) -> JoinHandle<Result<Permit, Refused>> {
        self.asks_for(attempt, 1).await
    }

    async fn asks_for(
        self: &Arc<Self>,
        attempt: Attempt,
        permits: u64,
    ) -> JoinHandle<Result<Permit, Refused>> {
        let queue = Arc::clone(self);
        let asked = tokio::spawn(async move { queue.admit(attempt, permits).await });
        yield_now().await;
        asked
    }

    async fn fails(self: &Arc<Self>, attempt: Attempt) {
        self.admit(attempt, 1).await.expect("a free permit").failed();
    }

    async fn succeeds(self: &Arc<Self>, attempt: Attempt) {
        self.admit(attempt, 1).await.expect("a free permit").succeeded();
    }
}

async fn begun(asked: JoinHandle<Result<Permit, Refused>>) -> Permit {
    assert!(is_told(&asked).await, "it waits still");
    asked.await.expect("no panic").expect("a permit")
}

async fn is_told(asked: &JoinHandle<Result<Permit, Refused>>) -> bool {
    // Twice: one task tells the other.
    yield_now().await;
    yield_now().await;
    asked.is_finished()
}

#[tokio::test(start_paused = true)]
async fn who_failed_goes_behind_who_came_later() {
    let queue = a_queue(1, 8);
    queue.fails(queue.by("eve", 1)).await;
    let held = queue.asks(queue.by("held", 99)).await;
    let held = begun(held).await;
    let eve = queue.asks(queue.by("eve", 1)).await;
    let ada = queue.asks(queue.by("ada", 2)).await;

    drop(held);

    let ada = begun(ada).await;
    assert!(!is_told(&eve).await);
    drop(ada);
    begun(eve).await;
}

#[tokio::test(start_paused = true)]
async fn among_equals_who_came_first_goes_first_while_the_line_is_short() {
    let queue = a_queue(1, 8);
    let held = begun(queue.asks(queue.by("held", 99)).await).await;
    let first = queue.asks(queue.by("ada", 1)).await;
    let second = queue.asks(queue.by("grace", 2)).await;

    drop(held);

    let first = begun(first).await;
    assert!(!is_told(&second).await);
    drop(first);
    begun(second).await;
}

#[tokio::test(start_paused = true)]
async fn among_equals_who_came_last_goes_first_when_the_line_is_too_long_to_be_served() {
    let queue = a_queue(1, 64);
    let held = begun(queue.asks(queue.by("held", 99)).await).await;
    let mut waiting = Vec::new();
    for address in 0..40 {
        waiting.push(queue.asks(queue.by(&format!("x{address}"), address)).await);
    }
    let last = queue.asks(queue.by("ada", 98)).await;

    drop(held);

    drop(begun(last).await);
}

#[tokio::test(start_paused = true)]
async fn who_asks_several_times_at_once_leaves_others_room_between() {
    let queue = a_queue(2, 8);
    let one = begun(queue.asks(queue.by("one", 98)).await).await;
    let two = begun(queue.asks(queue.by("two", 99)).await).await;
    let first = queue.asks(queue.by("x1", 1)).await;
    let second = queue.asks(queue.by("x2", 1)).await;
    let other = queue.asks(queue.by("ada", 2)).await;

    drop(one);
    let _first = begun(first).await;
    drop(two);

    drop(begun(other).await);
    drop(begun(second).await);
}

#[tokio::test(start_paused = true)]
async fn a_full_line_drops_its_worst_and_not_who_comes() {
    let queue = a_queue(1, 2);
    queue.fails(queue.by("eve", 1)).await;
    let held = begun(queue.asks(queue.by("held", 99)).await).await;
    let eve = queue.asks(queue.by("eve", 1)).await;
    let grace = queue.asks(queue.by("grace", 2)).await;

    let ada = queue.asks(queue.by("ada", 3)).await;

    assert!(is_told(&eve).await);
    assert!(matches!(eve.await.expect("no panic"), Err(Refused::TooBusy(_))));
    drop(held);
    drop(begun(grace).await);
    drop(begun(ada).await);
}

#[tokio::test(start_paused = true)]
async fn who_comes_to_a_full_line_and_is_the_worst_is_sent_away_at_once() {
    let queue = a_queue(1, 2);
    queue.fails(queue.by("eve", 1)).await;
    let _held = begun(queue.asks(queue.by("held", 99)).await).await;
    let _ada = queue.asks(queue.by("ada", 2)).await;
    let grace = queue.asks(queue.by("grace", 3)).await;

    let eve = queue.asks(queue.by("eve", 1)).await;

    assert!(matches!(eve.await.expect("no panic"), Err(Refused::TooBusy(_))));
    assert!(!is_told(&grace).await);
}

#[tokio::test(start_paused = true)]
async fn a_known_owner_is_served_before_sixty_strangers() {
    let queue = a_queue(1, 64);
    let owner = queue.by("ada", 98);
    queue.succeeds(owner).await;
    let mut held = begun(queue.asks(queue.by("held", 99)).await).await;
    let mut strangers = Vec::new();
    for round in 0..3 {
        for address in 0..60 {
            let stranger = queue.by(&format!("x{round}-{address}"), address);
            strangers.push(queue.asks(stranger).await);
        }
        let asked = queue.asks(owner).await;
        held.failed();
        drop(held);

        held = begun(asked).await;
        held.succeeded();
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_patience_and_not_less() {
    let queue = a_queue(1, 8);
    let _held = begun(queue.asks(queue.by("held", 99)).await).await;
    let asked = Instant::now();

    let refused = queue.admit(queue.by("ada", 1), 1).await;

    assert!(matches!(refused, Err(Refused::TooBusy(_))));
    assert_eq!(asked.elapsed().as_secs(), PATIENCE.as_secs());
    assert_eq!(queue.how_many_wait(), 0);
}

#[tokio::test(start_paused = true)]
async fn guesses_that_wait_are_refused_when_the_ones_before_them_were_wrong() {
    let queue = a_queue(1, 64);
    let guesser = queue.by("ada", 1);
    let mut held = begun(queue.asks(queue.by("held", 99)).await).await;
    let mut waiting = Vec::new();
    for _ in 0..10 {
        waiting.push(queue.asks(guesser).await);
    }
    held.succeeded();
    drop(held);

    let mut tried = 0;
    let mut refused = 0;
    for asked in waiting {
        assert!(is_told(&asked).await);
        match asked.await.expect("no panic") {
            Ok(mut permit) => {
                tried += 1;
                permit.failed();
            }
            Err(Refused::TooManyAttempts(wait)) => {
                refused += 1;
                assert_eq!(wait.duration().as_secs(), 1);
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    assert_eq!((tried, refused), (5, 5));
}

#[tokio::test(start_paused = true)]
async fn who_has_the_right_password_twenty_times_at_once_is_not_delayed() {
    let queue = a_queue(16, 64);
    let owner = queue.by("ada", 1);
    let mut asked = Vec::new();
    for _ in 0..20 {
        asked.push(queue.asks(owner).await);
    }

    for asked in asked {
        begun(asked).await.succeeded();
    }
}

#[tokio::test(start_paused = true)]
async fn who_leaves_the_line_is_forgotten_and_who_is_next_begins() {
    let queue = a_queue(1, 8);
    let held = begun(queue.asks(queue.by("held", 99)).await).await;
    let leaver = queue.asks(queue.by("ada", 1)).await;
    let next = queue.asks(queue.by("grace", 2)).await;

    leaver.abort();
    assert!(leaver.await.expect_err("it left").is_cancelled());

    assert_eq!(queue.how_many_wait(), 1);
    drop(held);
    drop(begun(next).await);
    assert_eq!(queue.free_permits(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_place_given_to_someone_who_just_left_is_given_to_the_next() {
    let queue = a_queue(1, 8);
    let held = begun(queue.asks(queue.by("held", 99)).await).await;
    let leaver = queue.asks(queue.by("ada", 1)).await;
    let next = queue.asks(queue.by("grace", 2)).await;

    // The leaver has the permit and does not know it yet.
    drop(held);
    leaver.abort();

    drop(begun(next).await);
    assert!(leaver.await.expect_err("it left").is_cancelled());
    assert_eq!(queue.free_permits(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_needs_several_places_is_not_overtaken_for_ever() {
    let queue = a_queue(2, 8);
    let held = begun(queue.asks(queue.by("held", 99)).await).await;
    let costly = queue.asks_for(queue.by("ada", 1), 2).await;
    let cheap = queue.asks(queue.by("grace", 2)).await;

    assert!(!is_told(&cheap).await, "one permit is free, and it is kept");
    drop(held);

    let costly = begun(costly).await;
    assert_eq!(queue.free_permits(), 0);
    drop(costly);
    drop(begun(cheap).await);
    assert_eq!(queue.free_permits(), 2);
}
