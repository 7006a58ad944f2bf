//! What is limited for all instances, whatever Redis does.
#![cfg(unix)]

use std::time::{Duration, Instant};

use bytes::Bytes;
use sir0_redis::{Config, Redis, Taken};
use sir0_throwaway as throwaway;
use tokio::time::sleep;

const LONG: Duration = Duration::from_secs(20);
const SECOND: Duration = Duration::from_secs(1);
const A_MINUTE: Duration = Duration::from_mins(1);

/// Patient, so that a busy machine is not mistaken for a slow Redis.
fn open(redis: &throwaway::Redis) -> Redis {
    let config =
        Config { url: Some(redis.url()), patience: Duration::from_secs(1), ..Config::default() };
    Redis::open(&config).expect("a URL that can be read")
}

/// Waits until it answers.
async fn works(client: &Redis) {
    let began = Instant::now();
    while client.take("works", SECOND, A_MINUTE).await.is_none() {
        assert!(began.elapsed() < LONG, "it never answered");
        sleep(Duration::from_millis(5)).await;
    }
}

async fn takes(client: &Redis, key: &str) -> Taken {
    client.take(key, SECOND, A_MINUTE).await.expect("Redis answers")
}

/// Writes these bytes under a key, and waits until they are there.
async fn keeps(client: &Redis, key: &str, bytes: &'static [u8]) {
    client.put(key, Bytes::from_static(bytes), A_MINUTE);
    let began = Instant::now();
    while client.get(key).await.as_deref() != Some(bytes) {
        assert!(began.elapsed() < LONG, "it was never kept");
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_count_together() {
    let redis = throwaway::Redis::start();
    let (one, other) = (open(&redis), open(&redis));
    works(&one).await;
    works(&other).await;

    let mut free = 0;
    for round in 0..45 {
        let (first, second) = tokio::join!(takes(&one, "ada"), takes(&other, "ada"));
        free += usize::from(first.is_free) + usize::from(second.is_free);
        assert!(first.left < 60 && second.left < 60, "in round {round}");
    }

    // One more is free for each second that it took.
    assert!((60..=66).contains(&free), "{free}");
    let next = takes(&one, "ada").await;
    assert!(!next.is_free && next.left == 0 && next.wait <= SECOND, "{next:?}");
    assert!(takes(&one, "eve").await.is_free, "each key has a limit");
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_and_moments_that_cannot_be_count_as_nothing() {
    let redis = throwaway::Redis::start();
    let client = open(&redis);
    works(&client).await;

    let garbage: [&[u8]; 7] =
        [b"\xff\xfe", b"nan", b"inf", b"-1", b"1e300", b"9999999999999999999", b"{\"a\":1}"];
    for bytes in garbage {
        keeps(&client, "ada", bytes).await;
        let taken = takes(&client, "ada").await;
        assert!(taken.is_free && taken.left == 59, "{bytes:?}: {taken:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_gone_says_nothing_and_is_not_waited_for() {
    let redis = throwaway::Redis::start();
    let client = open(&redis);
    works(&client).await;
    drop(redis);

    let began = Instant::now();
    for _ in 0..1_000 {
        assert_eq!(client.take("ada", SECOND, A_MINUTE).await, None);
    }

    assert!(began.elapsed() < LONG, "{:?}", began.elapsed());
}
