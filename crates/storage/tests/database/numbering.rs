//! How events get their positions on PostgreSQL: after their commit, from the first process that asks.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher, Hasher, RandomState},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use futures::future::{join, join_all};
use sir0_storage::Numbered;

use super::{Place, engine, stories::noted};
use crate::NOON;

/// How a version before this one announced: with a position, inside the transaction of the change.
const ANNOUNCE_OF_OLDER_VERSION: &str = "
      WITH next AS (UPDATE feed_head SET position = position + 1 RETURNING position)
    INSERT INTO events (position, kind, payload, announced_at)
    SELECT position, $1, $2, now()
      FROM next
 RETURNING position";

/// Commits an event, which has no position yet.
async fn commits(database: &engine::Database, payload: &str) {
    let mut tx = database.write().await.expect("a connection");
    engine::announce(&mut tx, &noted(payload, NOON)).await.expect("a table");
    tx.commit().await.expect("room on the disk");
}

async fn announces_as_an_older_version(tx: &mut engine::Tx, payload: &str) -> i64 {
    let query = sqlx::query_scalar(ANNOUNCE_OF_OLDER_VERSION).bind("noted").bind(payload);
    query.fetch_one(&mut **tx).await.expect("a table")
}

/// What can be read, with the positions.
async fn told(database: &engine::Database) -> Vec<(i64, String)> {
    let rows = database.events_after(0, 100_000).await.expect("a table");
    rows.into_iter().map(|row| (row.position, row.payload)).collect()
}

async fn numbers(database: &engine::Database) -> Numbered {
    database.number_events().await.expect("a table")
}

/// A pause of unpredictable length, as work takes.
async fn some_time() {
    let random = RandomState::new().build_hasher().finish();
    tokio::time::sleep(Duration::from_micros(random % 3_000)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_the_commit_of_anybody_else() {
    let place = Place::empty();
    let database = place.open().await;
    let mut slow = database.write().await.expect("a connection");
    engine::announce(&mut slow, &noted("slow", NOON)).await.expect("a table");

    commits(&database, "quick").await;
    assert_eq!(numbers(&database).await, Numbered { head: 1, moved: 1 });
    slow.commit().await.expect("room on the disk");
    assert_eq!(numbers(&database).await, Numbered { head: 2, moved: 1 });

    assert_eq!(told(&database).await, [(1, "quick".to_owned()), (2, "slow".to_owned())]);
    assert_eq!(numbers(&database).await, Numbered { head: 2, moved: 0 });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_process_left_gets_its_position_from_the_next_one() {
    let place = Place::empty();
    let killed = place.open().await;
    commits(&killed, "left").await;
    killed.close().await;

    let next = place.open().await;
    assert_eq!(told(&next).await, []);
    assert_eq!(numbers(&next).await.head, 1);

    assert_eq!(told(&next).await, [(1, "left".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_events_get_their_positions_in_parts_and_all_of_them() {
    let place = Place::empty();
    let database = place.open().await;
    place.database.psql(
        "INSERT INTO outbox (kind, payload, announced_at)
         SELECT 'noted', n, now() FROM generate_series(1, 25000) AS n",
    );

    assert_eq!(numbers(&database).await, Numbered { head: 25_000, moved: 25_000 });

    let expected: Vec<_> = (1..=25_000).map(|number: i64| (number, number.to_string())).collect();
    assert_eq!(told(&database).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_version_comes_behind_what_was_committed_before() {
    let place = Place::empty();
    let database = place.open().await;
    commits(&database, "new 1").await;
    commits(&database, "new 2").await;

    let mut older = database.write().await.expect("a connection");
    assert_eq!(announces_as_an_older_version(&mut older, "old 3").await, 3);
    assert_eq!(announces_as_an_older_version(&mut older, "old 4").await, 4);
    older.commit().await.expect("room on the disk");
    commits(&database, "new 5").await;
    let mut dropped = database.write().await.expect("a connection");
    assert_eq!(announces_as_an_older_version(&mut dropped, "never").await, 6);
    drop(dropped);

    assert_eq!(numbers(&database).await.head, 5);
    let expected = [(1, "new 1"), (2, "new 2"), (3, "old 3"), (4, "old 4"), (5, "new 5")];
    let expected = expected.map(|(position, payload)| (position, payload.to_owned()));
    assert_eq!(told(&database).await, expected);
}

// SQLite has one writer at a time, so no other writer can come between a position and its commit.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reader_by_position_misses_nothing_of_many_writers_of_two_versions_at_once() {
    const PROCESSES: usize = 4;
    const WRITERS: usize = 3;
    const EVENTS_EACH: usize = 40;
    const ALL: usize = PROCESSES * WRITERS * EVENTS_EACH;
    /// Adds one to a thing, and so holds it until the commit.
    const ADD: &str = "
        UPDATE notes
           SET text = CAST(CAST(text AS BIGINT) + 1 AS TEXT)
         WHERE note = $1
     RETURNING text";
    let place = Place::empty();
    let reader = place.open().await;
    place.database.psql("INSERT INTO notes (text) VALUES ('0'), ('1000'), ('2000'), ('3000')");
    let all_written = AtomicBool::new(false);

    let mut writers = Vec::new();
    for process in 0..PROCESSES {
        let database = place.open().await;
        writers.extend((0..WRITERS).map(|writer| {
            let database = database.clone();
            async move {
                for event in 0..EVENTS_EACH {
                    let thing = i64::try_from((writer + event) % 4 + 1).expect("a few");
                    let mut tx = database.write().await.expect("a connection");
                    let add = sqlx::query_scalar(ADD).bind(thing);
                    let text: String = add.fetch_one(&mut *tx).await.expect("it is there");
                    some_time().await;
                    if process == 0 {
                        announces_as_an_older_version(&mut tx, &text).await;
                    } else {
                        engine::announce(&mut tx, &noted(text, NOON)).await.expect("a table");
                    }
                    some_time().await;
                    tx.commit().await.expect("room on the disk");
                    if process > 1 {
                        numbers(&database).await;
                    }
                }
            }
        }));
    }
    let writing = async {
        for written in join_all(writers.into_iter().map(tokio::spawn)).await {
            written.expect("no writer panics");
        }
        all_written.store(true, Ordering::Release);
    };
    let reading = async {
        let mut seen: Vec<(i64, String)> = Vec::new();
        loop {
            let is_last = all_written.load(Ordering::Acquire);
            if is_last {
                numbers(&reader).await;
            }
            let position = seen.last().map_or(0, |(position, _)| *position);
            let rows = reader.events_after(position, 100).await.expect("a table");
            if is_last && rows.is_empty() {
                return seen;
            }
            seen.extend(rows.into_iter().map(|row| (row.position, row.payload)));
        }
    };
    let (seen, ()) = join(reading, writing).await;

    let positions: Vec<_> = seen.iter().map(|(position, _)| *position).collect();
    assert_eq!(positions, (1..=i64::try_from(ALL).expect("a few")).collect::<Vec<_>>());
    let mut things: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for (_, payload) in &seen {
        let number: i64 = payload.parse().expect("a number");
        things.entry(number / 1_000).or_default().push(number % 1_000);
    }
    for (thing, numbers) in things {
        let in_order: Vec<_> = (1..).take(numbers.len()).collect();
        assert_eq!(numbers, in_order, "the changes of {thing} are in the order of their commits");
    }
}
