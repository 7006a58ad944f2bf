//! One feed and its followers, tested on every engine.

use std::time::Duration;

use sir0_feed::{Config, Next};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::{
    A_WHILE, LONG, POLLED, RUNG_FOR, hears, hears_all, hears_nothing, is_at,
    place::{Place, on_every_engine},
};

on_every_engine! {
    async fn every_follower_hears_every_event_in_the_order_of_commits(place: Place) {
        let process = place.open().await;
        let feed = process.feed(RUNG_FOR).await;
        let mut followers: Vec<_> = (0..8).map(|_| feed.follow(feed.head())).collect();

        for batch in 0..40 {
            process.notes(batch * 5..(batch + 1) * 5).await;
            feed.ring();
        }

        let expected: Vec<_> = (0..200).map(Some).collect();
        for follower in &mut followers {
            assert_eq!(hears_all(follower, 200).await, expected);
            hears_nothing(follower).await;
        }
    }

    async fn writers_at_the_same_time_are_heard_in_one_order_by_all(place: Place) {
        let process = place.open().await;
        let feed = process.feed(RUNG_FOR).await;
        let (mut one, mut other) = (feed.follow(0), feed.follow(0));

        let writers = (0..32).map(|number| {
            let (process, feed) = (&process, &feed);
            async move {
                process.notes([number]).await;
                feed.ring();
            }
        });
        futures::future::join_all(writers).await;

        let heard = hears_all(&mut one, 32).await;
        assert_eq!(hears_all(&mut other, 32).await, heard);
        let mut sorted = heard;
        sorted.sort_unstable();
        assert_eq!(sorted, (0..32).map(Some).collect::<Vec<_>>());
    }

    async fn a_follower_that_is_to_stop_hears_nothing_more(place: Place) {
        let process = place.open().await;
        process.notes(1..=2).await;
        let feed = process.feed(RUNG_FOR).await;
        let (mut follower, stopping) = (feed.follow(0), CancellationToken::new());

        let first = follower.next_until(&stopping).await;
        stopping.cancel();

        assert!(matches!(first, Some(Next::Event(event)) if event.0 == 1));
        assert!(follower.next_until(&stopping).await.is_none());
    }

    async fn a_follower_hears_what_came_after_its_position_and_nothing_before(place: Place) {
        let process = place.open().await;
        process.notes(1..=10).await;
        let feed = process.feed(RUNG_FOR).await;

        let mut follower = feed.follow(7);

        assert_eq!(hears_all(&mut follower, 3).await, [Some(8), Some(9), Some(10)]);
        assert_eq!(follower.position(), 10);
        hears_nothing(&mut follower).await;
    }

    async fn a_follower_that_lags_behind_the_window_reads_the_table_and_catches_up(place: Place) {
        let process = place.open().await;
        let feed = process.feed(Config { window: 4, ..RUNG_FOR }).await;
        let mut slow = feed.follow(0);

        process.notes(1..=300).await;
        feed.ring();
        is_at(&feed, 300).await;
        assert_eq!(hears_all(&mut slow, 150).await, (1..=150).map(Some).collect::<Vec<_>>());
        process.notes(301..=310).await;
        feed.ring();

        assert_eq!(hears_all(&mut slow, 160).await, (151..=310).map(Some).collect::<Vec<_>>());
        hears_nothing(&mut slow).await;
    }

    async fn a_follower_further_behind_than_the_table_is_told_and_goes_on_from_the_latest(place: Place) {
        let process = place.open().await;
        let feed = process.feed(Config { window: 4, ..RUNG_FOR }).await;
        let mut late = feed.follow(0);
        process.notes(1..=100).await;
        feed.ring();
        is_at(&feed, 100).await;
        process.keeps_only(10).await;

        assert_eq!(hears(&mut late).await, None);
        assert_eq!(late.position(), 100);
        process.notes([101]).await;
        feed.ring();

        assert_eq!(hears(&mut late).await, Some(101));
    }

    async fn a_position_that_is_just_kept_resumes_and_the_one_before_does_not(place: Place) {
        let process = place.open().await;
        process.notes(1..=100).await;
        process.keeps_only(10).await;
        let feed = process.feed(RUNG_FOR).await;

        let (mut kept, mut gone) = (feed.follow(90), feed.follow(89));

        assert_eq!(hears_all(&mut kept, 10).await, (91..=100).map(Some).collect::<Vec<_>>());
        assert_eq!(hears(&mut gone).await, None);
    }

    async fn events_forgotten_before_the_feed_read_them_are_never_passed_over_in_silence(place: Place) {
        let (here, elsewhere) = (place.open().await, place.open().await);
        let feed = here.deaf_feed(RUNG_FOR).await;
        let mut follower = feed.follow(0);

        elsewhere.notes(1..=100).await;
        elsewhere.keeps_only(10).await;
        feed.ring();

        assert_eq!(hears(&mut follower).await, None, "1 to 90 were missed");
    }

    async fn what_another_process_announces_is_found_by_the_poll(place: Place) {
        let (here, elsewhere) = (place.open().await, place.open().await);
        let feed = here.deaf_feed(POLLED).await;
        let mut follower = feed.follow(feed.head());

        elsewhere.notes([7]).await;

        assert_eq!(hears(&mut follower).await, Some(7));
    }

    async fn a_ring_that_is_lost_costs_only_the_wait_for_the_poll(place: Place) {
        let process = place.open().await;
        let (rung_for, polled) = (process.deaf_feed(RUNG_FOR).await, process.feed(POLLED).await);
        let (mut waiting, mut patient) = (rung_for.follow(0), polled.follow(0));

        process.notes([7]).await;

        assert_eq!(hears(&mut patient).await, Some(7));
        hears_nothing(&mut waiting).await;
        rung_for.ring();
        assert_eq!(hears(&mut waiting).await, Some(7), "and nothing was lost");
    }

    async fn a_wait_that_is_cancelled_loses_nothing(place: Place) {
        let process = place.open().await;
        let feed = process.feed(Config { window: 2, ..POLLED }).await;
        let mut follower = feed.follow(0);
        let mut heard = Vec::new();

        let writing = async {
            for number in 0..100 {
                process.notes([number]).await;
                if number % 3 == 0 {
                    feed.ring();
                }
            }
        };
        let listening = async {
            let mut wait = 0;
            while heard.len() < 100 {
                // The wait is cancelled at a different moment each time: while it waits, while it reads the table, and
                // just after.
                wait = (wait + 37) % 2_000;
                if let Ok(next) = timeout(Duration::from_micros(wait), follower.next()).await {
                    let Next::Event(event) = next.expect("a table") else { panic!("nothing is lost") };
                    heard.push(event.0);
                }
            }
        };
        timeout(6 * LONG, futures::future::join(writing, listening)).await.expect("all is heard");

        assert_eq!(heard, (0..100).collect::<Vec<_>>());
    }

    async fn a_stopped_feed_says_nothing_more(place: Place) {
        let process = place.open().await;
        let feed = process.feed(POLLED).await;
        let mut follower = feed.follow(0);
        process.notes([1]).await;
        assert_eq!(hears(&mut follower).await, Some(1));

        feed.stop();
        tokio::time::sleep(A_WHILE).await;
        process.notes([2]).await;

        hears_nothing(&mut follower).await;
    }

    async fn an_event_nobody_can_read_does_not_silence_the_ones_behind_it_for_a_follower_past_it(place: Place) {
        let process = place.open().await;
        process.announces("noted", ["no number"]).await;
        let feed = process.feed(RUNG_FOR).await;
        let mut follower = feed.follow(feed.head());

        process.notes([2]).await;
        feed.ring();

        assert_eq!(hears(&mut follower).await, Some(2));
    }
}
