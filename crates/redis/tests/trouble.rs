//! What callers are promised, whatever Redis does.
#![cfg(unix)]

use std::{
    future::Future,
    io::Write,
    time::{Duration, Instant},
};

use bytes::Bytes;
use sir0_redis::{Config, Error, Notice, Redis, Subscription};
use sir0_throwaway as throwaway;
use tempfile::NamedTempFile;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::task::AbortOnDropHandle;

/// Long enough for two busy cores; only a failing test waits for it.
const LONG: Duration = Duration::from_secs(20);
/// How long values are kept, where that does not matter.
const A_MINUTE: Duration = Duration::from_mins(1);

/// Patient, so that a busy machine is not mistaken for a slow Redis.
fn patient(redis: &throwaway::Redis) -> Config {
    Config { patience: Duration::from_secs(1), ..as_usual(redis) }
}

fn as_usual(redis: &throwaway::Redis) -> Config {
    Config { url: Some(redis.url()), ..Config::default() }
}

fn open(config: &Config) -> Redis {
    Redis::open(config).expect("a URL that can be read")
}

/// Tries until it holds.
async fn becomes<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < LONG, "it never happened that {what}");
        sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until values can be written and read.
async fn works(client: &Redis) {
    becomes("values are kept", || async {
        client.put("works", Bytes::from_static(b"yes"), A_MINUTE);
        client.get("works").await.is_some()
    })
    .await;
}

async fn next(subscription: &mut Subscription) -> Notice {
    timeout(LONG, subscription.next()).await.expect("something is heard")
}

fn message(text: &str) -> Notice {
    Notice::Message(text.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_instance_keeps_another_reads() {
    let redis = throwaway::Redis::start();
    let (one, other) = (open(&patient(&redis)), open(&patient(&redis)));
    works(&one).await;
    works(&other).await;

    one.put("game:7", Bytes::from_static(b"Lanterns"), A_MINUTE);

    becomes("the other reads it", || async {
        other.get("game:7").await.as_deref() == Some(b"Lanterns")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_is_kept_no_longer_than_it_may_be() {
    let redis = throwaway::Redis::start();
    let client = open(&patient(&redis));
    works(&client).await;

    client.put("brief", Bytes::from_static(b"x"), Duration::from_millis(300));
    client.put("later", Bytes::from_static(b"x"), A_MINUTE);
    becomes("both were written", || async { client.get("later").await.is_some() }).await;
    sleep(Duration::from_millis(400)).await;

    assert_eq!(client.get("brief").await, None);
    assert!(client.get("later").await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_come_back_as_they_are_and_so_does_garbage() {
    let redis = throwaway::Redis::start();
    let client = open(&patient(&redis));
    works(&client).await;
    let every_byte = (0..=u8::MAX).collect::<Bytes>();

    client.put("bytes", every_byte.clone(), A_MINUTE);
    let _ = redis.cli(&["SET", "garbage", "\u{1}not ours"]);

    becomes("they are kept", || async { client.get("bytes").await.is_some() }).await;
    assert_eq!(client.get("bytes").await, Some(every_byte));
    assert_eq!(client.get("garbage").await, Some(Bytes::from_static(b"\x01not ours")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_value_or_too_large_a_value_is_none_and_everything_else_goes_on() {
    let redis = throwaway::Redis::start();
    let client = open(&patient(&redis));
    works(&client).await;
    let longest = Bytes::from(vec![7; Redis::MAX_VALUE_BYTES]);

    let _ = redis.cli(&["LPUSH", "list", "x"]);
    let _ = redis.cli(&["SETRANGE", "giant", &(64 * Redis::MAX_VALUE_BYTES).to_string(), "x"]);
    client.put("too long", Bytes::from(vec![7; Redis::MAX_VALUE_BYTES + 1]), A_MINUTE);
    client.put("longest", longest.clone(), A_MINUTE);
    becomes("the longest is kept", || async { client.get("longest").await.is_some() }).await;

    for _ in 0..10 {
        assert_eq!(client.get("list").await, None);
        assert_eq!(client.get("giant").await, None);
        assert_eq!(client.get("too long").await, None);
    }
    assert_eq!(client.get("longest").await, Some(longest));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_appears_later_is_found() {
    let mut redis = throwaway::Redis::start();
    redis.kill();
    let client = open(&patient(&redis));
    let mut rings = client.subscribe("games");

    let began = Instant::now();
    for _ in 0..100 {
        assert_eq!(client.get("works").await, None);
    }
    assert!(began.elapsed() < Duration::from_secs(1), "took {:?}", began.elapsed());
    redis.start_again();

    works(&client).await;
    assert_eq!(next(&mut rings).await, Notice::Reconnected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_comes_back_empty_is_filled_again() {
    let mut redis = throwaway::Redis::start();
    let client = open(&patient(&redis));

    for _ in 0..2 {
        works(&client).await;
        client.put("old", Bytes::from_static(b"x"), A_MINUTE);
        becomes("it is kept", || async { client.get("old").await.is_some() }).await;

        redis.kill();
        assert_eq!(client.get("old").await, None);
        redis.start_again();

        works(&client).await;
        assert_eq!(client.get("old").await, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_redis_costs_a_moment_in_all_and_is_used_again_when_it_thaws() {
    let redis = throwaway::Redis::start();
    let client = open(&as_usual(&redis));
    works(&client).await;
    redis.freeze();

    let began = Instant::now();
    let mut slow = 0;
    for _ in 0..200 {
        let asked = Instant::now();
        assert_eq!(client.get("works").await, None);
        slow += u32::from(asked.elapsed() >= Duration::from_millis(20));
        sleep(Duration::from_millis(10)).await;
    }

    // Three calls wait for an answer. The rest of the limit is room for a busy machine.
    assert!(slow < 20, "{slow} of 200 calls were slow, {:?} in all", began.elapsed());
    redis.thaw();
    works(&client).await;
}

/// Answers everything that is said to it with the same bytes, and tells where it is.
async fn a_liar(answer: &'static [u8]) -> (Config, AbortOnDropHandle<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let url = format!("redis://{}", listener.local_addr().expect("a port"));
    let lie = tokio::spawn(async move {
        let mut talks = JoinSet::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            talks.spawn(async move {
                let mut said = [0; 4096];
                while stream.read(&mut said).await.is_ok_and(|bytes| bytes > 0) {
                    if stream.write_all(answer).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    let config = Config { url: Some(url), patience: Duration::from_secs(1), ..Config::default() };
    (config, AbortOnDropHandle::new(lie))
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_liar_says_is_taken_for_nothing() {
    for answer in [
        b"HTTP/1.1 400 Bad Request\r\n\r\n".as_slice(),
        b"\0\xff\xfe",
        b"$-7\r\n",
        b"*1000000000\r\n",
        b":7\r\n:7\r\n:7\r\n:7\r\n",
        b"-ERR no\r\n-ERR no\r\n",
    ] {
        let (config, _liar) = a_liar(answer).await;
        let client = open(&config);
        let rings = client.subscribe("games");

        let began = Instant::now();
        for _ in 0..100 {
            client.put("game", Bytes::from_static(b"x"), A_MINUTE);
            client.publish("games", "7");
            let value = client.get("game").await;
            assert_eq!(value, None, "{}", answer.escape_ascii());
            sleep(Duration::from_millis(5)).await;
        }

        // Only an answer that never ends is waited for, and only three times.
        assert!(began.elapsed() < Duration::from_secs(8), "{}", answer.escape_ascii());
        drop(rings);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_never_waits() {
    let redis = throwaway::Redis::start();
    let client = open(&as_usual(&redis));
    works(&client).await;
    redis.freeze();

    let began = Instant::now();
    for number in 0..20_000_u32 {
        client.put("game", Bytes::from(vec![0; 10_000]), A_MINUTE);
        client.publish("games", number.to_string());
    }

    assert!(began.elapsed() < Duration::from_secs(5), "took {:?}", began.elapsed());
    redis.thaw();
    works(&client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_right_password_opens_it() {
    let redis = throwaway::Redis::start();
    let _ = redis.cli(&["CONFIG", "SET", "requirepass", "open sesame"]);
    let file = |password: &str| {
        let mut file = NamedTempFile::new().expect("a file");
        writeln!(file, "{password}").expect("written");
        file
    };
    let (right, wrong) = (file("open sesame"), file("hush"));
    let with = |file: &NamedTempFile| {
        let password_file = Some(file.path().to_owned());
        open(&Config { password_file, ..patient(&redis) })
    };
    let (right, wrong, without) = (with(&right), with(&wrong), open(&patient(&redis)));

    works(&right).await;

    right.check().await.expect("the password");
    for client in [wrong, without] {
        let refused = client.check().await.expect_err("no password");
        assert!(matches!(refused, Error::Refused(_)), "{refused:?}");
        assert!(!format!("{refused:?}").contains("hush"), "{refused:?}");
        assert_eq!(client.get("works").await, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_says_what_is_wrong() {
    let mut redis = throwaway::Redis::start();
    let client = open(&patient(&redis));

    client.check().await.expect("it runs");
    redis.freeze();
    let frozen = client.check().await.expect_err("it is frozen");
    redis.thaw();
    redis.kill();
    let gone = client.check().await.expect_err("it is gone");

    assert!(matches!(frozen, Error::Silent(_)), "{frozen:?}");
    assert!(matches!(gone, Error::Unreachable(_)), "{gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_instance_says_another_hears() {
    let redis = throwaway::Redis::start();
    let (one, other) = (open(&patient(&redis)), open(&patient(&redis)));
    works(&one).await;
    let mut games = other.subscribe("games");
    let mut sessions = other.subscribe("sessions");

    assert_eq!(next(&mut games).await, Notice::Reconnected);
    assert_eq!(next(&mut sessions).await, Notice::Reconnected);
    one.publish("games", "7");
    one.publish("sessions", "");
    one.publish("games", "8");

    assert_eq!(next(&mut games).await, message("7"));
    assert_eq!(next(&mut games).await, message("8"));
    assert_eq!(next(&mut sessions).await, message(""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_is_told_when_it_may_have_missed_something() {
    let mut redis = throwaway::Redis::start();
    let client = open(&patient(&redis));
    let mut rings = client.subscribe("games");
    assert_eq!(next(&mut rings).await, Notice::Reconnected);

    for _ in 0..2 {
        redis.kill();
        redis.start_again();

        assert_eq!(next(&mut rings).await, Notice::Reconnected);
        works(&client).await;
        client.publish("games", "again");
        assert_eq!(next(&mut rings).await, message("again"));
    }
}

/// To a listener, a frozen Redis is a network that swallows everything: the connection stays open.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_on_which_nothing_comes_any_more_is_noticed_within_two_seconds() {
    let redis = throwaway::Redis::start();
    let client = open(&patient(&redis));
    let mut rings = client.subscribe("games");
    assert_eq!(next(&mut rings).await, Notice::Reconnected);

    redis.freeze();
    sleep(Duration::from_secs(2)).await;
    redis.thaw();

    assert_eq!(next(&mut rings).await, Notice::Reconnected);
    works(&client).await;
    client.publish("games", "7");
    assert_eq!(next(&mut rings).await, message("7"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_is_too_slow_is_told_that_it_missed_something() {
    let redis = throwaway::Redis::start();
    let client = open(&patient(&redis));
    let mut rings = client.subscribe("games");
    assert_eq!(next(&mut rings).await, Notice::Reconnected);

    let many = "for number = 1, 1000 do redis.call('publish', 'games', number) end";
    let _ = redis.cli(&["EVAL", many, "0"]);
    sleep(Duration::from_millis(500)).await;

    let mut messages = 0;
    let mut missed = 0;
    while let Ok(rung) = timeout(Duration::from_millis(200), rings.next()).await {
        match rung {
            Notice::Message(_) => messages += 1,
            Notice::Reconnected => missed += 1,
        }
    }
    assert!(messages < 1000, "{messages} messages are too many to keep");
    assert!(missed >= 1, "{messages} messages, and not a word about the others");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_behind() {
    let redis = throwaway::Redis::start();
    let client = open(&patient(&redis));
    let mut rings = client.subscribe("games");
    works(&client).await;
    assert_eq!(next(&mut rings).await, Notice::Reconnected);
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    assert!(tasks() > 0, "something runs in the background");

    drop(client.clone());
    works(&client).await;
    drop(rings);
    drop(client);

    becomes("every task ends", || async { tasks() == 0 }).await;
    // The command that asks is connected too.
    becomes("every connection is closed", || async {
        redis.cli(&["CLIENT", "LIST"]).lines().filter(|line| !line.is_empty()).count() == 1
    })
    .await;
}

#[tokio::test]
async fn what_happens_is_counted() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let numbers = recorder.handle();
    let _here = metrics::set_default_local_recorder(&recorder);
    let mut redis = throwaway::Redis::start();
    let client = open(&patient(&redis));
    let tells = |line: &str| {
        let text = numbers.render();
        assert!(text.lines().any(|told| told.starts_with(line)), "no `{line}` in\n{text}");
    };

    tells("sir0_redis_up 0");
    works(&client).await;
    client.get("unknown").await;
    tells("sir0_redis_up 1");
    for asked in [
        r#"op="get",outcome="ok""#,
        r#"op="get",outcome="miss""#,
        r#"op="put",outcome="ok""#,
        r#"op="ping",outcome="ok""#,
    ] {
        tells(&format!("sir0_redis_calls_total{{{asked}}}"));
    }
    tells(r#"sir0_redis_call_seconds{op="get""#);
    redis.kill();
    becomes("it is known to be away", || async {
        client.get("works").await;
        numbers.render().contains("sir0_redis_up 0")
    })
    .await;
    tells(r#"sir0_redis_calls_total{op="get",outcome="away"}"#);
    redis.start_again();
    works(&client).await;
    tells("sir0_redis_up 1");
    tells(r#"sir0_redis_reconnects_total{connection="calls"} 1"#);
}
