//! What callers rely on: a server that is there at once, keeps what it must, and is gone when it is dropped.

use std::{
    env,
    io::{BufRead, BufReader},
    net::TcpStream,
    path::PathBuf,
    process::{Command, Stdio},
    thread::{self, sleep},
    time::{Duration, Instant},
};

use sir0_throwaway::{Postgres, database};

const LONG: Duration = Duration::from_secs(20);

#[test]
fn a_fresh_database_is_empty_and_speaks_utf_8() {
    let database = database();

    let tables = database.psql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'");
    let encoding = database.psql("SHOW server_encoding");

    assert_eq!((tables.as_str(), encoding.as_str()), ("0", "UTF8"));
    assert_eq!(database.psql("SELECT 'Лампы', 1"), "Лампы|1");
}

#[test]
fn two_databases_know_nothing_of_each_other() {
    let (one, other) = (database(), database());

    one.psql("CREATE TABLE games (title TEXT)");

    assert_eq!(other.psql("SELECT to_regclass('games') IS NULL"), "t");
}

#[test]
fn a_database_is_gone_when_it_is_dropped_though_someone_is_connected() {
    let (watcher, database) = (database(), database());
    let name = database.psql("SELECT current_database()");
    let url = database.url().to_owned();
    let asleep = thread::spawn(move || {
        Command::new("psql").args(["-X", "-d", &url, "-c", "SELECT pg_sleep(60)"]).output()
    });
    let sleeping = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND wait_event = 'PgSleep'"
    );
    within(LONG, || watcher.psql(&sleeping) == "1");

    drop(database);

    let left = watcher.psql(&format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'"));
    assert_eq!(left, "0");
    let told = asleep.join().expect("no panic").expect("psql starts");
    assert!(!told.status.success(), "its connection was ended");
}

#[test]
fn a_durable_server_that_is_killed_keeps_what_was_committed() {
    let mut server = Postgres::start_durable();
    server.create_database("store");
    let (port, url) = (server.port(), server.url("store"));
    server.psql("store", "CREATE TABLE games (title TEXT); INSERT INTO games VALUES ('Lanterns')");

    for _ in 0..2 {
        server.kill_hard();
        // A killed process holds its port for a moment yet.
        within(LONG, || !is_open(port));
        server.start_again();
    }

    assert_eq!(server.psql("store", "SELECT title FROM games"), "Lanterns");
    assert_eq!((server.port(), server.url("store")), (port, url));
}

#[test]
fn a_server_takes_the_settings_it_is_given() {
    let server = Postgres::start_with(&[("max_connections", "17")]);

    assert_eq!(server.psql("postgres", "SHOW max_connections"), "17");
    assert_eq!(server.psql("postgres", "SHOW fsync"), "on");
}

#[test]
fn a_server_that_is_dropped_is_gone_with_its_folder() {
    let server = Postgres::start();
    let (port, folder) = (server.port(), server.folder().to_owned());
    assert!(is_open(port) && folder.is_dir());

    drop(server);

    assert!(!is_open(port), "nobody listens");
    assert!(!folder.exists(), "nothing is left behind");
}

#[test]
fn a_server_ends_with_its_owner_also_when_that_is_killed() {
    let mut owner = Command::new(env::current_exe().expect("a test knows where it is"))
        .args(["--exact", "an_owner_to_be_killed", "--ignored", "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("a test can be run again");
    let said = BufReader::new(owner.stdout.take().expect("a piped stream is there once"));
    let told = said.lines().find_map(|line| {
        let line = line.expect("UTF-8");
        let (port, folder) = line.strip_prefix("port ")?.split_once(" keeps ")?;
        Some((port.parse().expect("a port"), PathBuf::from(folder)))
    });
    let (port, folder) = told.expect("it started a server");
    assert!(is_open(port), "it is the server's");

    owner.kill().expect("it runs");
    owner.wait().expect("it is a child");

    within(LONG, || !is_open(port) && !folder.exists());
}

#[test]
#[ignore = "the test above runs it, to kill it"]
fn an_owner_to_be_killed() {
    let server = Postgres::start();
    // Written on a new line, because the runner has begun one.
    println!("\nport {} keeps {}", server.port(), server.folder().display());
    sleep(Duration::from_mins(1));
}

fn within(limit: Duration, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < limit, "it does not come true");
        sleep(Duration::from_millis(20));
    }
}

fn is_open(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}
