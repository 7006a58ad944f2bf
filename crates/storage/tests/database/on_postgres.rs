//! PostgreSQL: many writers at once.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use sir0_storage::{Asked, Migration, Place as Address, Step, postgres as engine};

use crate::{NOON, hang_up_after};

#[path = "stories.rs"]
mod stories;

const NOTES: Migration = Migration {
    version: 1,
    name: "notes",
    sql: "CREATE TABLE notes (
              note BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
              text TEXT NOT NULL UNIQUE
          )",
};

const EVENTS: Migration = Migration {
    version: 2,
    name: "events",
    sql: include_str!("../../../../migrations/storefront/postgres/0002_events.sql"),
};

/// Where one database is. Every handle opened on it is a process of its own, as far as the database can tell.
struct Place {
    database: sir0_throwaway::Database,
}

impl Place {
    fn empty() -> Self {
        Self { database: sir0_throwaway::database() }
    }

    fn address(&self) -> engine::Address {
        let asked = Asked { url: Some(self.database.url()), password_file: None, connections: 10 };
        match Address::of(asked, Path::new(""), "") {
            Ok(Address::Postgres(address)) => *address,
            other => panic!("{other:?} is no server"),
        }
    }

    async fn open(&self) -> engine::Database {
        self.open_with(&[NOTES, EVENTS]).await.expect("a database")
    }

    async fn open_with(&self, migrations: &[Migration]) -> sir0_storage::Result<engine::Database> {
        engine::Database::open(&self.address(), migrations).await
    }

    async fn inspect(&self, migrations: &[Migration]) -> sir0_storage::Result<Vec<Step>> {
        engine::Database::inspect(&self.address(), migrations).await
    }
}

// SQLite shows it by what is lost. Here a commit ends also a transaction that somebody else left open, and what shows
// is the session: it holds its moment and its locks, and whatever it says outside a unit of work is never committed.
#[tokio::test(flavor = "multi_thread")]
async fn calls_cancelled_while_they_began_leave_no_session_inside_a_transaction() {
    const OPEN: &str = "
        SELECT COUNT(*)
          FROM pg_stat_activity
         WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    let place = Place::empty();
    let database = place.open().await;

    for round in 0..40_usize {
        drop(hang_up_after(round % 6, database.write()).await);

        let started = Instant::now();
        while place.database.psql(OPEN) != "0" {
            // Well before the server would end it by itself.
            assert!(started.elapsed() < Duration::from_secs(3), "left open, round {round}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

// SQLite has one writer at a time: nobody can come between a position and its commit.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reader_by_position_misses_nothing_of_many_writers_at_once() {
    const PROCESSES: i64 = 4;
    const WRITERS: i64 = 8;
    const EVENTS_EACH: i64 = 20;
    const ALL: i64 = PROCESSES * WRITERS * EVENTS_EACH;
    let place = Place::empty();
    let reader = place.open().await;
    let all_written = AtomicBool::new(false);

    let mut writers = Vec::new();
    for _ in 0..PROCESSES {
        let database = place.open().await;
        writers.extend((0..WRITERS).map(|_| {
            let database = database.clone();
            async move {
                for _ in 0..EVENTS_EACH {
                    let mut tx = database.write().await.expect("a connection");
                    some_time().await;
                    engine::announce(&mut tx, "noted", "", NOON).await.expect("a table");
                    some_time().await;
                    tx.commit().await.expect("room on the disk");
                }
            }
        }));
    }
    let writing = async {
        let writers = writers.into_iter().map(tokio::spawn);
        for written in futures::future::join_all(writers).await {
            written.expect("no writer panics");
        }
        all_written.store(true, Ordering::Release);
    };
    let reading = async {
        let mut seen = Vec::new();
        loop {
            let is_last = all_written.load(Ordering::Acquire);
            let position = seen.last().copied().unwrap_or(0);
            let rows = reader.events_after(position, 100).await.expect("a table");
            if is_last && rows.is_empty() {
                return seen;
            }
            seen.extend(rows.iter().map(|row| row.position));
        }
    };
    let (seen, ()) = futures::future::join(reading, writing).await;

    assert_eq!(seen, (1..=ALL).collect::<Vec<_>>());
}

/// A pause nobody can foresee, as work takes.
async fn some_time() {
    let random = RandomState::new().build_hasher().finish();
    tokio::time::sleep(Duration::from_micros(random % 3_000)).await;
}
