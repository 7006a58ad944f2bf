//! Units of work of SQLite that share a transaction.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

use futures::future::join_all;
use sir0_storage::{Error, Result};
use tokio::{task::JoinHandle, time::sleep};

use super::{Place, engine, notes, stories::noted, write_note};
use crate::NOON;

/// A statement that begins with a note of its own, so that it can be told from others.
const ADD_NOTE: &str = engine::announcing!(
    "
    INSERT INTO notes (text)
    VALUES ($4)
 RETURNING note"
);

/// Units of work that all wait behind one transaction, in this order, until they are let go.
struct Queue<T> {
    ahead: engine::Tx,
    waiting: Vec<JoinHandle<T>>,
}

impl<T: Send + 'static> Queue<T> {
    async fn behind(database: &engine::Database) -> Self {
        Self { ahead: database.write().await.expect("a turn to write"), waiting: vec![] }
    }

    async fn add(&mut self, unit: impl Future<Output = T> + Send + 'static) {
        self.waiting.push(tokio::spawn(unit));
        // Until it waits: the next one is behind it.
        sleep(Duration::from_millis(5)).await;
    }

    /// Lets them go. Those that panicked have no answer.
    async fn answers(self) -> Vec<Option<T>> {
        drop(self.ahead);
        join_all(self.waiting).await.into_iter().map(Result::ok).collect()
    }
}

/// How many transactions were committed to the log of a database. Of the last frame of each, the header tells the size of
/// the database (sqlite.org/fileformat2.html, 4.1).
fn commits(database: &Path) -> usize {
    const HEADER: usize = 32;
    const FRAME: usize = 24 + 4096;

    let log = std::fs::read(database.with_extension("db-wal")).expect("a log");
    let frames = log.get(HEADER..).unwrap_or_default().chunks_exact(FRAME);
    frames.filter(|frame| frame[4..8] != [0; 4]).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn units_that_wait_share_a_commit_and_a_lone_one_has_its_own() {
    let place = Place::empty();
    let database = place.open().await;
    let before = commits(&place.file);
    for number in 0..3 {
        write_note(&database, &format!("alone {number}")).await.expect("a turn to write");
    }
    assert_eq!(commits(&place.file) - before, 3);

    let mut queue = Queue::behind(&database).await;
    for number in 0..8 {
        let database = database.clone();
        queue.add(async move { write_note(&database, &format!("unit {number}")).await }).await;
    }
    for number in 0..8 {
        let database = database.clone();
        let announcement = noted(number.to_string(), NOON);
        queue
            .add(async move {
                let bind = |it: engine::Statement| it.bind(format!("change {number}"));
                database.change(ADD_NOTE, &announcement, bind).await.map(|_| ())
            })
            .await;
    }
    let answers = queue.answers().await;

    assert!(answers.iter().all(|answer| matches!(answer, Some(Ok(())))), "{answers:?}");
    assert_eq!(commits(&place.file) - before, 4, "sixteen units shared one");
    assert_eq!(notes(&place.open().await).await.len(), 19);
    let events = database.events_after(0, 100).await.expect("a table");
    let order: Vec<_> = events.iter().map(|event| event.payload.as_str()).collect();
    assert_eq!(order, ["0", "1", "2", "3", "4", "5", "6", "7"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_refuses_panics_or_is_gone_takes_nothing_of_the_others_along() {
    let place = Place::empty();
    let database = place.open().await;
    let mut queue = Queue::behind(&database).await;
    for kind in ["kept", "refused", "panicked", "gone", "kept as well"] {
        let database = database.clone();
        queue
            .add(async move {
                let unit = database.unit(async |tx| {
                    let add = sqlx::query("INSERT INTO notes (text) VALUES ($1)").bind(kind);
                    add.execute(&mut **tx).await?;
                    match kind {
                        "refused" => Err(Error::ReadOnly),
                        "panicked" => panic!("as asked"),
                        "gone" => std::future::pending().await,
                        _ => Ok(()),
                    }
                });
                if kind == "gone" {
                    return tokio::time::timeout(Duration::from_millis(200), unit)
                        .await
                        .unwrap_or(Err(Error::ReadOnly));
                }
                unit.await
            })
            .await;
    }

    let answers = queue.answers().await;

    let said: Vec<_> = answers.iter().map(|it| it.as_ref().map(Result::is_ok)).collect();
    assert_eq!(said, [Some(true), Some(false), None, Some(false), Some(true)]);
    assert_eq!(notes(&place.open().await).await, ["kept", "kept as well"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_for_what_another_wrote_is_answered_once_that_is_committed() {
    let place = Place::empty();
    let (database, beside) = (place.open().await, place.open().await);
    let mut queue = Queue::behind(&database).await;
    for role in ["writes", "finds it taken", "changes nothing", "refuses", "holds the commit up"] {
        let (database, beside) = (database.clone(), beside.clone());
        queue
            .add(async move {
                let answer = match role {
                    "writes" | "finds it taken" => write_note(&database, "mine").await,
                    "changes nothing" => {
                        let nothing = engine::announcing!(
                            "UPDATE notes SET text = $4 WHERE text <> 'mine' RETURNING note"
                        );
                        let announcement = noted("", NOON);
                        let change = database.change(nothing, &announcement, |it| it.bind("x"));
                        assert!(!change.await.expect("a table"));
                        Ok(())
                    }
                    "refuses" => {
                        let refusing = database.unit(async |tx| {
                            let count = sqlx::query_scalar("SELECT COUNT(*) FROM notes");
                            let count: i64 = count.fetch_one(&mut **tx).await?;
                            assert_eq!(count, 1, "it sees what is not committed");
                            Err(Error::ReadOnly)
                        });
                        refusing.await
                    }
                    _ => {
                        let waiting = database.unit(async |_| {
                            sleep(Duration::from_millis(100)).await;
                            Ok(())
                        });
                        waiting.await
                    }
                };
                // Another process sees only what is committed.
                assert_eq!(notes(&beside).await, ["mine"], "{role}");
                answer
            })
            .await;
    }

    let answers = queue.answers().await;

    let said: Vec<_> = answers.iter().map(|it| it.as_ref().map(Result::is_ok)).collect();
    assert_eq!(said, [Some(true), Some(false), Some(true), Some(false), Some(true)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_event_cannot_be_written_does_not_happen() {
    let place = Place::empty();
    let database = place.open().await;
    let deny = "CREATE TRIGGER deny BEFORE INSERT ON events WHEN NEW.payload = 'denied'
                BEGIN SELECT RAISE(ABORT, 'denied'); END";
    let mut tx = database.write().await.expect("a turn to write");
    sqlx::raw_sql(deny).execute(&mut *tx).await.expect("a table");
    tx.commit().await.expect("room on the disk");
    let mut queue = Queue::behind(&database).await;
    for payload in ["first", "denied", "last"] {
        let database = database.clone();
        let announcement = noted(payload, NOON);
        queue
            .add(async move {
                database.change(ADD_NOTE, &announcement, |it| it.bind(payload)).await
            })
            .await;
    }

    let answers = queue.answers().await;

    assert!(matches!(answers[..], [Some(Ok(true)), Some(Err(_)), Some(Ok(true))]), "{answers:?}");
    assert_eq!(notes(&place.open().await).await, ["first", "last"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_engine_ends_the_transaction_all_of_the_group_is_refused() {
    let place = Place::empty();
    let database = place.open().await;
    for ending in ["ROLLBACK", "INSERT OR ROLLBACK INTO notes (text) VALUES ('first')"] {
        let mut queue = Queue::behind(&database).await;
        for kind in ["first", "ends it", "last"] {
            let database = database.clone();
            queue
                .add(async move {
                    if kind != "ends it" {
                        return write_note(&database, kind).await;
                    }
                    let unit = database.unit(async |tx| {
                        sqlx::query("INSERT INTO notes (text) VALUES ('half')")
                            .execute(&mut **tx)
                            .await?;
                        // As SQLite does by itself when, for instance, the disk is full.
                        sqlx::raw_sql(ending).execute(&mut **tx).await?;
                        Ok(())
                    });
                    unit.await
                })
                .await;
        }

        let answers = queue.answers().await;

        let [Some(Err(first)), Some(Err(_)), Some(last)] = &answers[..] else {
            panic!("{ending}: {answers:?}")
        };
        assert!(first.is_passing(), "{ending}: {first:?}");
        assert!(last.is_ok(), "it found a new group: {last:?}");
        assert_eq!(notes(&place.open().await).await, ["last"], "{ending}");
        let mut tx = database.write().await.expect("a turn to write");
        sqlx::query("DELETE FROM notes").execute(&mut *tx).await.expect("a table");
        tx.commit().await.expect("room on the disk");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_database_refuses_the_group_and_goes_on_when_there_is_room() {
    let place = Place::empty();
    let database = place.open().await;
    write_note(&database, "before").await.expect("room");
    let set = async |pragma: &'static str| {
        let mut tx = database.write().await.expect("a turn to write");
        sqlx::raw_sql(pragma).execute(&mut *tx).await.expect("a setting");
    };
    set("PRAGMA max_page_count = 40").await;
    let mut queue = Queue::behind(&database).await;
    for size in [10, 100_000, 1_000_000, 20] {
        let (database, text) = (database.clone(), "x".repeat(size));
        queue.add(async move { write_note(&database, &text).await }).await;
    }

    let answers = queue.answers().await;

    let kept = notes(&place.open().await).await;
    for (answer, size) in answers.iter().zip([10, 100_000, 1_000_000, 20]) {
        let is_there = kept.contains(&"x".repeat(size));
        match answer.as_ref().expect("no panic") {
            Ok(()) => assert!(is_there, "{size}"),
            Err(full) => assert!(full.is_passing() && !is_there, "{size}: {full:?}"),
        }
    }
    assert!(answers[2].as_ref().is_some_and(Result::is_err), "it cannot have found room");
    set("PRAGMA max_page_count = 100000").await;
    write_note(&database, &"y".repeat(1_000_000)).await.expect("room again");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_finds_its_turn_while_groups_follow_each_other() {
    let place = Place::empty();
    let (busy, other) = (place.open().await, place.open().await);
    let is_over = AtomicBool::new(false);
    let writers = (0..16).map(async |writer| {
        let mut number = 0;
        while !is_over.load(Relaxed) {
            let text = format!("busy {writer} {number}");
            write_note(&busy, &text).await.expect("a turn to write");
            number += 1;
        }
        number
    });
    let others = async {
        for number in 0..5 {
            write_note(&other, &format!("other {number}")).await.expect("a turn in time");
        }
        is_over.store(true, Relaxed);
    };

    let (written, ()) = tokio::join!(join_all(writers), others);

    assert_eq!(notes(&busy).await.len(), written.iter().sum::<usize>() + 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_before_the_end_is_done_and_what_comes_later_is_refused() {
    let place = Place::empty();
    let database = place.open().await;
    let mut queue = Queue::behind(&database).await;
    for number in 0..4 {
        let database = database.clone();
        queue.add(async move { write_note(&database, &format!("unit {number}")).await }).await;
    }
    let closing = tokio::spawn({
        let database = database.clone();
        async move { database.close().await }
    });
    sleep(Duration::from_millis(20)).await;
    let late = tokio::spawn({
        let database = database.clone();
        async move { write_note(&database, "late").await }
    });
    sleep(Duration::from_millis(20)).await;

    let answers = queue.answers().await;

    assert!(answers.iter().all(|answer| matches!(answer, Some(Ok(())))), "{answers:?}");
    let refused = late.await.expect("no panic").expect_err("closed");
    assert!(matches!(refused, Error::Unavailable(_)), "{refused:?}");
    closing.await.expect("no panic");
    assert_eq!(notes(&place.open().await).await.len(), 4);
    assert_eq!(std::fs::metadata(place.file.with_extension("db-wal")).map_or(0, |it| it.len()), 0);
}
