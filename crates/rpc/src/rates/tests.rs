//! Limits under floods of names, and as clients read them.

use http::HeaderMap;

use super::{shelves::Shelves, *};

fn a_minute(most: u32) -> Limiter {
    Limiter::new("address", Rate::a_minute(most).expect("a limit"))
}

fn told(tell: impl FnOnce(&mut HeaderMap)) -> [String; 2] {
    let mut headers = HeaderMap::new();
    tell(&mut headers);
    standing::HEADERS.map(|name| headers[name].to_str().expect("plain text").to_owned())
}

#[tokio::test(start_paused = true)]
async fn so_many_are_free_at_once_and_then_one_after_the_other() {
    let limiter = a_minute(60);

    for left in (0..60).rev() {
        assert_eq!(limiter.take("ada").map(|it| it.left()), Ok(left));
    }

    let exceeded = limiter.take("ada").expect_err("the sixty-first");
    assert_eq!(exceeded.wait(), Duration::from_secs(1));
    assert!(limiter.take("eve").is_ok(), "each name has a limit");
    tokio::time::advance(Duration::from_secs(3)).await;
    let next: Vec<_> = (0..4).map(|_| limiter.take("ada").is_ok()).collect();
    assert_eq!(next, [true, true, true, false]);
    tokio::time::advance(Duration::from_mins(1)).await;
    assert_eq!(limiter.take("ada").map(|it| it.left()), Ok(59));
}

#[tokio::test(start_paused = true)]
async fn a_client_reads_what_is_left_and_when_more_is() {
    let limiter = a_minute(120);

    let first = limiter.take(1).expect("free");
    assert_eq!(told(|it| first.tell(it)), ["\"address\";r=119;t=1", "\"address\";q=120;w=60"]);
    while limiter.take(1).is_ok() {}
    let exceeded = limiter.take(1).expect_err("too many");
    assert_eq!(told(|it| exceeded.tell(it)), ["\"address\";r=0;t=1", "\"address\";q=120;w=60"]);
    let all = a_minute(1).take(1).expect("free");
    assert_eq!(told(|it| all.tell(it))[0], "\"address\";r=0;t=60");
}

#[tokio::test(start_paused = true)]
async fn a_million_names_shut_out_nobody_and_free_none_who_does_much() {
    let limiter = a_minute(60);
    while limiter.take("busy").is_ok() {}

    for name in 0..1_000_000_u32 {
        assert!(limiter.take(name).is_ok(), "{name} came for the first time");
        if name % 50_000 == 0 {
            assert!(limiter.take("busy").is_err(), "after {name} others");
        }
    }

    assert!(limiter.take("busy").is_err());
    assert!(limiter.take("a newcomer").is_ok());
    let bytes = Shelves::entries() * size_of::<[u64; 2]>();
    assert_eq!(bytes, 1 << 20, "whoever comes");
}

#[test]
fn no_limit_is_none() {
    assert_eq!(Rate::a_minute(0), None);
    let most = Rate::a_minute(u32::MAX).expect("a limit");
    assert!(Limiter::new("all", most).take(1).is_ok());
}

#[tokio::test(start_paused = true)]
async fn of_ten_thousand_at_once_as_many_pass_as_are_free() {
    let limiter = a_minute(100);

    let passed: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| (0..1_250).filter(|_| limiter.take("ada").is_ok()).count()))
            .collect();
        threads.into_iter().map(|it| it.join().expect("no panic")).sum()
    });

    // The threads are outside of the runtime, whose clock stands: at most some more by the clock on the wall.
    assert!((100..=101).contains(&passed), "{passed}");
}

/// Answers over Redis, patiently, so that a busy machine is not mistaken for a slow Redis.
async fn a_redis(server: &sir0_throwaway::Redis) -> sir0_redis::Redis {
    let patience = Duration::from_secs(1);
    let url = Some(server.url());
    let config = sir0_redis::Config { url, patience, ..sir0_redis::Config::default() };
    let redis = sir0_redis::Redis::open(&config).expect("a URL that can be read");
    for _ in 0..2_000 {
        if redis.take("works", Duration::from_secs(1), Duration::from_mins(1)).await.is_some() {
            return redis;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it never answered");
}

fn shared(most: u32, redis: Option<sir0_redis::Redis>) -> SharedLimiter {
    SharedLimiter::new("secrets", Rate::a_minute(most).expect("a limit"), redis)
}

async fn free(limiter: &SharedLimiter, name: &str, times: usize) -> usize {
    let mut free = 0;
    for _ in 0..times {
        free += usize::from(limiter.take(name).await.is_ok());
    }
    free
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_share_a_limit_over_redis_and_have_one_each_without() {
    let server = sir0_throwaway::Redis::start();
    let redis = [a_redis(&server).await, a_redis(&server).await];
    let [one, other] = redis.map(|redis| shared(32, Some(redis)));

    assert_eq!(free(&one, "ada", 32).await, 32);
    // A sixteenth is given whatever Redis says, and one more for each two seconds that it took.
    let more = free(&other, "ada", 32).await;
    assert!((2..=4).contains(&more), "{more}");

    drop(server);
    assert_eq!(free(&other, "eve", 40).await, 32, "each process by itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_refuses_everything_shuts_nobody_out() {
    let server = sir0_throwaway::Redis::start();
    let redis = a_redis(&server).await;
    let liar = shared(32, Some(redis.clone()));
    // All is used up, says Redis, of names that nobody asked for.
    for name in ["ada", "eve"] {
        let key = format!("limit:secrets:{name}");
        for _ in 0..40 {
            redis.take(&key, Duration::from_secs(2), Duration::from_mins(1)).await;
        }
    }

    for name in ["ada", "eve"] {
        assert!(liar.take(name).await.is_ok(), "who asks for the first time is let in");
        assert!(liar.take(name).await.is_ok());
        assert!(liar.take(name).await.is_err(), "and not who asks for much");
    }
}
