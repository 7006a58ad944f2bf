//! The doorbell between processes. The poll comes once an hour here, so an event that is heard was rung for.

use std::time::{Duration, Instant};

use sir0_feed::{Config, Feed, Follower};

use crate::{
    LONG, Noted, POLLED, RUNG_FOR, hears,
    place::{Place, Process, on_every_engine, redis_at},
};

/// Two processes that follow one table, and a listener in the first.
struct Two {
    here: Feed<Noted>,
    listener: Follower<Noted>,
    elsewhere: Process,
    bell: Feed<Noted>,
}

impl Two {
    /// Connected by the database, or by a Redis.
    async fn at(place: &Place, redis: Option<&sir0_throwaway::Redis>, config: Config) -> Self {
        let redis = || redis.map(|redis| redis_at(&redis.url()));
        let here = place.open().await.feed_through(redis(), config).await;
        let elsewhere = place.open().await;
        let bell = elsewhere.feed_through(redis(), config).await;
        Self { listener: here.follow(here.head()), here, elsewhere, bell }
    }

    /// The other process commits it and rings.
    async fn announces(&self, number: u32) {
        self.elsewhere.notes([number]).await;
        self.bell.ring();
    }

    /// A ring is lost when no process listens yet. So it is repeated until it is heard. The next ring is then between
    /// two processes that listen.
    async fn hear_each_other(&mut self, first: u32) {
        let heard_at = self.here.head() + 1;
        self.elsewhere.notes([first]).await;
        within(LONG, async || {
            self.bell.ring();
            self.here.head() >= heard_at
        })
        .await;
        assert_eq!(hears(&mut self.listener).await, Some(first));
    }
}

async fn within(limit: Duration, holds: impl AsyncFn() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < limit, "it does not come true");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

// Processes that share a file have no server that could ring for them.
#[tokio::test(flavor = "multi_thread")]
async fn postgresql_rings_in_every_process_where_there_is_no_redis() {
    let place = Place::on_postgres();
    let mut two = Two::at(&place, None, RUNG_FOR).await;
    two.hear_each_other(0).await;

    for number in 1..=20 {
        two.announces(number).await;
        assert_eq!(hears(&mut two.listener).await, Some(number));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_whose_connection_was_lost_hears_what_it_missed_and_what_comes_next() {
    let place = Place::on_postgres();
    let mut two = Two::at(&place, None, RUNG_FOR).await;
    two.hear_each_other(0).await;

    let server = place.server.as_ref().expect("it is on a server");
    server
        .psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'");
    two.announces(1).await;
    assert_eq!(hears(&mut two.listener).await, Some(1));
    two.announces(2).await;

    assert_eq!(hears(&mut two.listener).await, Some(2));
}

on_every_engine! {
    async fn redis_rings_in_every_process_that_shares_it(place: Place) {
        let redis = sir0_throwaway::Redis::start();
        let mut two = Two::at(&place, Some(&redis), RUNG_FOR).await;
        two.hear_each_other(0).await;

        for number in 1..=20 {
            two.announces(number).await;
            assert_eq!(hears(&mut two.listener).await, Some(number));
        }
    }

    async fn without_its_redis_a_feed_finds_by_polling_what_nobody_can_ring_for(place: Place) {
        let mut redis = sir0_throwaway::Redis::start();
        let mut two = Two::at(&place, Some(&redis), POLLED).await;
        two.hear_each_other(0).await;

        redis.kill();

        for number in 1..=3 {
            two.announces(number).await;
            assert_eq!(hears(&mut two.listener).await, Some(number));
        }
    }

    async fn a_redis_that_comes_back_rings_again_and_what_it_missed_is_heard(place: Place) {
        let mut redis = sir0_throwaway::Redis::start();
        let mut two = Two::at(&place, Some(&redis), RUNG_FOR).await;
        two.hear_each_other(0).await;

        redis.kill();
        two.announces(1).await;
        redis.start_again();

        // A process that listens anew looks for what was announced meanwhile, without another ring.
        assert_eq!(hears(&mut two.listener).await, Some(1));
        two.hear_each_other(2).await;
    }
}
