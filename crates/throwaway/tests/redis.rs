//! What callers rely on: a Redis that can be killed, frozen and found again where it was.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::Duration,
};

use sir0_throwaway::Redis;

#[test]
fn what_was_set_is_read() {
    let redis = Redis::start();

    assert_eq!(redis.cli(&["SET", "game", "Lanterns"]), "OK");

    assert_eq!(redis.cli(&["GET", "game"]), "Lanterns");
}

#[test]
fn a_redis_that_was_killed_comes_back_empty_at_the_same_place() {
    let mut redis = Redis::start();
    let url = redis.url();
    let _ = redis.cli(&["SET", "game", "Lanterns"]);

    redis.kill();
    assert!(TcpStream::connect(("127.0.0.1", redis.port())).is_err(), "nobody listens");
    redis.start_again();

    assert_eq!(redis.cli(&["DBSIZE"]), "0");
    assert_eq!(redis.url(), url);
}

#[test]
fn a_frozen_redis_says_nothing_until_it_is_thawed() {
    let redis = Redis::start();
    let mut connection = TcpStream::connect(("127.0.0.1", redis.port())).expect("it listens");
    connection.set_read_timeout(Some(Duration::from_millis(200))).expect("not zero");
    let mut answer = [0; 5];

    redis.freeze();
    connection.write_all(b"PING\r\n").expect("an open connection");
    let silence = connection.read_exact(&mut answer).expect_err("it is frozen");
    redis.thaw();
    connection.set_read_timeout(None).expect("no limit");
    connection.read_exact(&mut answer).expect("it goes on");

    assert_eq!(silence.kind(), ErrorKind::WouldBlock);
    assert_eq!(&answer, b"+PONG");
}

#[test]
fn a_redis_that_is_dropped_is_gone() {
    let redis = Redis::start();
    let port = redis.port();

    drop(redis);

    assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "nobody listens");
}
