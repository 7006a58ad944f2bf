//! Which attempt goes first, which makes room and which waits, with places that are held by hand.

use std::net::{IpAddr, Ipv4Addr};

use sir0_rpc::Client;
use tokio::task::{JoinHandle, yield_now};

use super::*;
use crate::domain::Email;

const PATIENCE: Duration = Duration::from_secs(12);

fn a_line(places: usize, most_waiting: usize) -> Arc<Line> {
    Arc::new(Line::new(places, most_waiting, PATIENCE))
}

impl Line {
    fn by(&self, name: &str, address: u32) -> Attempt {
        let client = Client::at(IpAddr::V4(Ipv4Addr::from(0x7f01_0000 + address)));
        let email = Email::parse(&format!("{name}@example.com")).expect("an address");
        self.attempts.to_sign_in(Some(client), &email)
    }

    /// Asks, and waits until it is in the line or answered.
    async fn asks(self: &Arc<Self>, attempt: Attempt) -> JoinHandle<Result<Place, Refused>> {
        self.asks_for(attempt, 1).await
    }

    async fn asks_for(
        self: &Arc<Self>,
        attempt: Attempt,
        places: u64,
    ) -> JoinHandle<Result<Place, Refused>> {
        let line = Arc::clone(self);
        let asked = tokio::spawn(async move { line.admit(attempt, places).await });
        yield_now().await;
        asked
    }

    async fn fails(self: &Arc<Self>, attempt: Attempt) {
        self.admit(attempt, 1).await.expect("a free place").failed();
    }

    async fn succeeds(self: &Arc<Self>, attempt: Attempt) {
        self.admit(attempt, 1).await.expect("a free place").succeeded();
    }
}

async fn begun(asked: JoinHandle<Result<Place, Refused>>) -> Place {
    assert!(is_told(&asked).await, "it waits still");
    asked.await.expect("no panic").expect("a place")
}

async fn is_told(asked: &JoinHandle<Result<Place, Refused>>) -> bool {
    // Twice: one task tells the other.
    yield_now().await;
    yield_now().await;
    asked.is_finished()
}

#[tokio::test(start_paused = true)]
async fn who_failed_goes_behind_who_came_later() {
    let line = a_line(1, 8);
    line.fails(line.by("eve", 1)).await;
    let held = line.asks(line.by("held", 99)).await;
    let held = begun(held).await;
    let eve = line.asks(line.by("eve", 1)).await;
    let ada = line.asks(line.by("ada", 2)).await;

    drop(held);

    let ada = begun(ada).await;
    assert!(!is_told(&eve).await);
    drop(ada);
    begun(eve).await;
}

#[tokio::test(start_paused = true)]
async fn among_equals_who_came_first_goes_first_while_the_line_is_short() {
    let line = a_line(1, 8);
    let held = begun(line.asks(line.by("held", 99)).await).await;
    let first = line.asks(line.by("ada", 1)).await;
    let second = line.asks(line.by("grace", 2)).await;

    drop(held);

    let first = begun(first).await;
    assert!(!is_told(&second).await);
    drop(first);
    begun(second).await;
}

#[tokio::test(start_paused = true)]
async fn among_equals_who_came_last_goes_first_when_the_line_is_too_long_to_be_served() {
    let line = a_line(1, 64);
    let held = begun(line.asks(line.by("held", 99)).await).await;
    let mut waiting = Vec::new();
    for address in 0..40 {
        waiting.push(line.asks(line.by(&format!("x{address}"), address)).await);
    }
    let last = line.asks(line.by("ada", 98)).await;

    drop(held);

    drop(begun(last).await);
}

#[tokio::test(start_paused = true)]
async fn who_asks_several_times_at_once_leaves_others_room_between() {
    let line = a_line(2, 8);
    let one = begun(line.asks(line.by("one", 98)).await).await;
    let two = begun(line.asks(line.by("two", 99)).await).await;
    let first = line.asks(line.by("x1", 1)).await;
    let second = line.asks(line.by("x2", 1)).await;
    let other = line.asks(line.by("ada", 2)).await;

    drop(one);
    let _first = begun(first).await;
    drop(two);

    drop(begun(other).await);
    drop(begun(second).await);
}

#[tokio::test(start_paused = true)]
async fn a_full_line_drops_its_worst_and_not_who_comes() {
    let line = a_line(1, 2);
    line.fails(line.by("eve", 1)).await;
    let held = begun(line.asks(line.by("held", 99)).await).await;
    let eve = line.asks(line.by("eve", 1)).await;
    let grace = line.asks(line.by("grace", 2)).await;

    let ada = line.asks(line.by("ada", 3)).await;

    assert!(is_told(&eve).await);
    assert!(matches!(eve.await.expect("no panic"), Err(Refused::TooBusy(_))));
    drop(held);
    drop(begun(grace).await);
    drop(begun(ada).await);
}

#[tokio::test(start_paused = true)]
async fn who_comes_to_a_full_line_and_is_the_worst_is_sent_away_at_once() {
    let line = a_line(1, 2);
    line.fails(line.by("eve", 1)).await;
    let _held = begun(line.asks(line.by("held", 99)).await).await;
    let _ada = line.asks(line.by("ada", 2)).await;
    let grace = line.asks(line.by("grace", 3)).await;

    let eve = line.asks(line.by("eve", 1)).await;

    assert!(matches!(eve.await.expect("no panic"), Err(Refused::TooBusy(_))));
    assert!(!is_told(&grace).await);
}

#[tokio::test(start_paused = true)]
async fn a_known_owner_is_served_before_sixty_strangers() {
    let line = a_line(1, 64);
    let owner = line.by("ada", 98);
    line.succeeds(owner).await;
    let mut held = begun(line.asks(line.by("held", 99)).await).await;
    let mut strangers = Vec::new();
    for round in 0..3 {
        for address in 0..60 {
            let stranger = line.by(&format!("x{round}-{address}"), address);
            strangers.push(line.asks(stranger).await);
        }
        let asked = line.asks(owner).await;
        held.failed();
        drop(held);

        held = begun(asked).await;
        held.succeeded();
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_patience_and_not_less() {
    let line = a_line(1, 8);
    let _held = begun(line.asks(line.by("held", 99)).await).await;
    let asked = Instant::now();

    let refused = line.admit(line.by("ada", 1), 1).await;

    assert!(matches!(refused, Err(Refused::TooBusy(_))));
    assert_eq!(asked.elapsed().as_secs(), PATIENCE.as_secs());
    assert_eq!(line.how_many_wait(), 0);
}

#[tokio::test(start_paused = true)]
async fn guesses_that_wait_are_refused_when_the_ones_before_them_were_wrong() {
    let line = a_line(1, 64);
    let guesser = line.by("ada", 1);
    let mut held = begun(line.asks(line.by("held", 99)).await).await;
    let mut waiting = Vec::new();
    for _ in 0..10 {
        waiting.push(line.asks(guesser).await);
    }
    held.succeeded();
    drop(held);

    let mut tried = 0;
    let mut refused = 0;
    for asked in waiting {
        assert!(is_told(&asked).await);
        match asked.await.expect("no panic") {
            Ok(mut place) => {
                tried += 1;
                place.failed();
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
    let line = a_line(16, 64);
    let owner = line.by("ada", 1);
    let mut asked = Vec::new();
    for _ in 0..20 {
        asked.push(line.asks(owner).await);
    }

    for asked in asked {
        begun(asked).await.succeeded();
    }
}

#[tokio::test(start_paused = true)]
async fn who_leaves_the_line_is_forgotten_and_who_is_next_begins() {
    let line = a_line(1, 8);
    let held = begun(line.asks(line.by("held", 99)).await).await;
    let leaver = line.asks(line.by("ada", 1)).await;
    let next = line.asks(line.by("grace", 2)).await;

    leaver.abort();
    assert!(leaver.await.expect_err("it left").is_cancelled());

    assert_eq!(line.how_many_wait(), 1);
    drop(held);
    drop(begun(next).await);
    assert_eq!(line.free_places(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_place_given_to_someone_who_just_left_is_given_to_the_next() {
    let line = a_line(1, 8);
    let held = begun(line.asks(line.by("held", 99)).await).await;
    let leaver = line.asks(line.by("ada", 1)).await;
    let next = line.asks(line.by("grace", 2)).await;

    // The leaver has the place and does not know it yet.
    drop(held);
    leaver.abort();

    drop(begun(next).await);
    assert!(leaver.await.expect_err("it left").is_cancelled());
    assert_eq!(line.free_places(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_needs_several_places_is_not_overtaken_for_ever() {
    let line = a_line(2, 8);
    let held = begun(line.asks(line.by("held", 99)).await).await;
    let costly = line.asks_for(line.by("ada", 1), 2).await;
    let cheap = line.asks(line.by("grace", 2)).await;

    assert!(!is_told(&cheap).await, "one place is free, and it is kept");
    drop(held);

    let costly = begun(costly).await;
    assert_eq!(line.free_places(), 0);
    drop(costly);
    drop(begun(cheap).await);
    assert_eq!(line.free_places(), 2);
}
