//! What every database promises the services above it. Compiled once for each engine.

use sir0_kernel::Timestamp;
use sir0_storage::{AFTER, Announcement, BOUNDS, Bounds, Error, Migration, PRUNE, Step, StepState};

use super::{EVENTS, NOTES, Place, engine};
use crate::{NOON, hang_up_after};

pub(super) async fn write_note(
    database: &engine::Database,
    text: &str,
) -> sir0_storage::Result<()> {
    database
        .unit(async |tx| {
            sqlx::query("INSERT INTO notes (text) VALUES ($1)")
                .bind(text)
                .execute(&mut **tx)
                .await?;
            Ok(())
        })
        .await
}

pub(super) async fn notes(database: &engine::Database) -> Vec<String> {
    let notes = sqlx::query_scalar("SELECT text FROM notes ORDER BY note");
    notes.fetch_all(database.reader()).await.expect("a table")
}

pub(super) async fn announce(database: &engine::Database, count: usize) {
    let mut tx = database.write().await.expect("a turn to write");
    for number in 0..count {
        engine::announce(&mut tx, &noted(number.to_string(), NOON)).await.expect("a table");
    }
    tx.commit().await.expect("room on the disk");
    database.number_events().await.expect("a table");
}

/// Records events that were announced at these microseconds.
async fn announce_at(database: &engine::Database, micros: &[i64]) {
    let mut tx = database.write().await.expect("a turn to write");
    for at in micros {
        let noted = noted(at.to_string(), Timestamp::from_micros(*at));
        engine::announce(&mut tx, &noted).await.expect("a table");
    }
    tx.commit().await.expect("room on the disk");
    database.number_events().await.expect("a table");
}

/// Nothing is as young.
const FOR_EVER: Timestamp = Timestamp::from_micros(253_402_300_799_000_000);

pub(super) fn noted(payload: impl Into<String>, at: Timestamp) -> Announcement {
    Announcement { kind: "noted", payload: payload.into(), at }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledged_write_outlives_calls_cancelled_while_they_began() {
    let place = Place::empty();
    let database = place.open().await;
    let mut acknowledged = Vec::new();

    for round in 0..400_usize {
        drop(hang_up_after(round % 8, database.write()).await);
        let text = format!("note {round}");
        write_note(&database, &text).await.expect("a turn to write");
        acknowledged.push(text);
    }

    // Read through another handle, which sees only what is committed.
    assert_eq!(notes(&place.open().await).await, acknowledged);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_cancelled_half_way_through_its_work_leaves_nothing_behind() {
    let place = Place::empty();
    let database = place.open().await;

    for steps in 0..40 {
        hang_up_after(steps, async {
            write_note(&database, &format!("one of {steps}")).await?;
            let mut tx = database.write().await?;
            sqlx::query("INSERT INTO notes (text) VALUES ('half')").execute(&mut *tx).await?;
            std::future::pending::<sir0_storage::Result<()>>().await
        })
        .await;
    }
    write_note(&database, "the next").await.expect("a turn to write");

    let kept = notes(&place.open().await).await;
    assert!(!kept.contains(&"half".to_owned()), "{kept:?}");
    assert_eq!(kept.last().map(String::as_str), Some("the next"));
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_is_dropped_never_was() {
    let place = Place::empty();
    let database = place.open().await;

    let mut tx = database.write().await.expect("a turn to write");
    sqlx::query("INSERT INTO notes (text) VALUES ('gone')")
        .execute(&mut *tx)
        .await
        .expect("a table");
    drop(tx);

    assert_eq!(notes(&database).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_take_turns_and_neither_is_refused() {
    let place = Place::empty();
    let databases = [place.open().await, place.open().await];

    let writers = databases.iter().enumerate().flat_map(|(process, database)| {
        (0..16).map(move |writer| async move {
            for note in 0..4 {
                let text = format!("{process} {writer} {note}");
                write_note(database, &text).await.expect("a turn in time");
            }
        })
    });
    futures::future::join_all(writers).await;

    assert_eq!(notes(&databases[0]).await.len(), 128);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_stands_still_while_others_write() {
    let place = Place::empty();
    let database = place.open().await;
    let count = "SELECT COUNT(*) FROM notes";
    let mut snapshot = database.snapshot().await.expect("a connection");
    let before: i64 = sqlx::query_scalar(count).fetch_one(&mut *snapshot).await.expect("a table");

    write_note(&database, "later").await.expect("a turn to write");

    let after: i64 = sqlx::query_scalar(count).fetch_one(&mut *snapshot).await.expect("a table");
    assert_eq!((before, after), (0, 0));
    assert_eq!(notes(&database).await, ["later"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_cannot_write() {
    let place = Place::empty();
    let database = place.open().await;

    let insert = sqlx::query("INSERT INTO notes (text) VALUES ('sneaked in')");
    insert.execute(database.reader()).await.expect_err("a reader only reads");

    assert_eq!(notes(&database).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_be_unique_is_refused_as_taken() {
    let place = Place::empty();
    let database = place.open().await;
    write_note(&database, "mine").await.expect("a free text");

    let refused = write_note(&database, "mine").await.expect_err("a text that is there");

    assert!(matches!(refused, Error::Taken(_)), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn migrating_twice_changes_nothing() {
    let place = Place::empty();
    let first = place.open().await;
    write_note(&first, "kept").await.expect("a turn to write");
    let key = first.sealing_key().await.expect("made by the migration");
    first.close().await;

    let second = place.open().await;

    assert_eq!(notes(&second).await, ["kept"]);
    assert_eq!(second.sealing_key().await.expect("made by the migration"), key);
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_start_at_the_same_time_migrate_once() {
    let place = Place::empty();
    let starts = (0..8).map(|_| place.open_with(&[NOTES, EVENTS]));
    let started = futures::future::join_all(starts).await;

    let databases: Vec<_> = started.into_iter().map(|it| it.expect("a turn to migrate")).collect();
    let mut keys = Vec::new();
    for database in &databases {
        keys.push(database.sealing_key().await.expect("made by one of them"));
    }
    keys.dedup();
    assert_eq!(keys.len(), 1, "one migration made one key");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_program_opens_what_a_newer_one_migrated() {
    let place = Place::empty();
    let newer = place.open().await;
    write_note(&newer, "kept").await.expect("a turn to write");

    let older = place.open_with(&[NOTES]).await.expect("steps only ever add");

    assert_eq!(notes(&older).await, ["kept"]);
    let seen = place.inspect(&[NOTES]).await.expect("a database");
    assert_eq!(seen.len(), 2);
    assert_eq!(Step::newer(&seen), ["2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_was_edited_after_it_ran_stops_the_start() {
    let place = Place::empty();
    place.open().await.close().await;

    let edited = Migration { sql: "CREATE TABLE notes (note BIGINT)", ..NOTES };
    let refused =
        place.open_with(&[edited, EVENTS]).await.expect_err("another file of that number");
    let seen = place.inspect(&[edited, EVENTS]).await.expect_err("another file of that number");

    assert!(matches!(refused, Error::Migrate(_)), "{refused:?}");
    assert_eq!(seen.to_string(), refused.to_string(), "who only looks says the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_of_events_is_understood() {
    let place = Place::empty();
    let database = place.open().await;

    for statement in [engine::ANNOUNCE, engine::ANNOUNCE_ALL, AFTER, BOUNDS, PRUNE] {
        engine::prepare(&database, statement)
            .await
            .unwrap_or_else(|fault| panic!("{statement}: {fault:?}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_are_recorded_together_have_their_order() {
    let place = Place::empty();
    let database = place.open().await;
    let many: Vec<_> = (0..300).map(|number| noted(format!("{{\"n\":{number}}}"), NOON)).collect();

    let mut tx = database.write().await.expect("a turn to write");
    engine::announce_all(&mut tx, &many).await.expect("a table");
    engine::announce_all(&mut tx, &[]).await.expect("nothing to do");
    tx.commit().await.expect("room on the disk");
    database.number_events().await.expect("a table");

    let events = database.events_after(0, 1_000).await.expect("a table");
    let read: Vec<_> = events.iter().map(|row| row.payload.clone()).collect();
    assert_eq!(read, many.into_iter().map(|it| it.payload).collect::<Vec<_>>());
    assert!(events.iter().all(|row| (row.kind.as_str(), row.announced_at) == ("noted", NOON)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_cannot_be_understood_does_not_prepare() {
    let place = Place::empty();
    let database = place.open().await;

    assert!(engine::prepare(&database, "SELECT text FROM nots").await.is_err());
    assert!(engine::prepare(&database, "SELECT FROM notes WHERE").await.is_err());
}

/// Changes a note, and announces it, in one statement.
const CHANGE_NOTE: &str = engine::announcing!(
    "
    UPDATE notes
       SET text = $4
     WHERE text = $5
 RETURNING note"
);

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_nothing_is_not_announced_and_what_is_refused_neither() {
    let place = Place::empty();
    let database = place.open().await;
    write_note(&database, "mine").await.expect("a free text");
    write_note(&database, "yours").await.expect("a free text");
    let change = async |from: &'static str, to: &'static str| {
        let announcement = noted(to, NOON);
        database.change(CHANGE_NOTE, &announcement, |it| it.bind(to).bind(from)).await
    };

    assert!(change("mine", "ours").await.expect("a table"));
    assert!(!change("mine", "lost").await.expect("a table"));
    let refused = change("yours", "ours").await.expect_err("a text that is there");
    assert!(matches!(refused, Error::Taken(_)), "{refused:?}");

    database.number_events().await.expect("a table");
    let events = database.events_after(0, 10).await.expect("a table");
    let payloads: Vec<_> = events.iter().map(|row| row.payload.as_str()).collect();
    assert_eq!(payloads, ["ours"]);
    assert_eq!(notes(&database).await, ["ours", "yours"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_read_in_the_order_of_their_commits() {
    let place = Place::empty();
    let database = place.open().await;
    assert_eq!(database.event_bounds().await.expect("a table"), Bounds { resumable: 0, head: 0 });

    announce(&database, 5).await;

    let events = database.events_after(2, 2).await.expect("a table");
    let read: Vec<_> = events.iter().map(|row| (row.position, row.payload.as_str())).collect();
    assert_eq!(read, [(3, "2"), (4, "3")]);
    assert_eq!(database.event_bounds().await.expect("a table"), Bounds { resumable: 0, head: 5 });
}

#[tokio::test(flavor = "multi_thread")]
async fn forgetting_old_events_never_reuses_a_position() {
    let place = Place::empty();
    let database = place.open().await;
    announce(&database, 5).await;

    database.prune_events(2, FOR_EVER).await.expect("a turn to write");
    assert_eq!(database.event_bounds().await.expect("a table"), Bounds { resumable: 3, head: 5 });
    database.prune_events(0, FOR_EVER).await.expect("a turn to write");
    announce(&database, 1).await;

    let head = database.event_bounds().await.expect("a table").head;
    assert_eq!(head, 6, "after everything was forgotten too");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_are_young_stay_with_all_behind_them_however_many_there_are() {
    let place = Place::empty();
    let database = place.open().await;
    announce_at(&database, &[1, 2, 30, 4, 31]).await;

    database.prune_events(1, Timestamp::from_micros(30)).await.expect("a turn to write");

    let left = database.events_after(0, 10).await.expect("a table");
    let left: Vec<_> = left.iter().map(|row| row.position).collect();
    assert_eq!(left, [3, 4, 5], "the fourth is old, and a gap would be a loss that nobody notices");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_event_stays_so_that_the_position_is_known() {
    let place = Place::empty();
    let database = place.open().await;
    announce(&database, 5).await;

    database.prune_events(0, FOR_EVER).await.expect("a turn to write");

    let bounds = database.event_bounds().await.expect("a table");
    assert_eq!(bounds.head, 5, "the latest always stays: it tells how far the positions got");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_database_says_that_it_is_not_available() {
    let place = Place::empty();
    let database = place.open().await;
    database.check().await.expect("open");

    database.close().await;

    let refused = database.check().await.expect_err("closed");
    assert!(matches!(refused, Error::Unavailable(_)), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_finds_the_writer_busy_still_ends() {
    let place = Place::empty();
    let database = place.open().await;
    let busy = database.write().await.expect("a turn to write");

    let check = tokio::spawn({
        let database = database.clone();
        async move { database.check().await }
    });
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    drop(busy);

    check.await.expect("no panic").expect("a turn after the other");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moment_is_read_as_it_was_written() {
    let place = Place::empty();
    let database = place.open().await;
    let moments = [
        -62_135_596_800_000_000,
        -1,
        0,
        946_684_799_999_999,
        NOON.micros(),
        253_402_300_799_999_999,
    ];

    let mut tx = database.write().await.expect("a turn to write");
    for micros in moments {
        let at = Timestamp::from_micros(micros);
        engine::announce(&mut tx, &noted("", at)).await.expect("a table");
    }
    tx.commit().await.expect("room on the disk");
    database.number_events().await.expect("a table");

    let rows = database.events_after(0, 10).await.expect("a table");
    assert_eq!(rows.iter().map(|row| row.announced_at.micros()).collect::<Vec<_>>(), moments);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_database_lacks_is_told_without_giving_it() {
    let place = Place::empty();
    let states = async || -> Vec<StepState> {
        let steps = place.inspect(&[NOTES, EVENTS]).await.expect("a database or none");
        steps.into_iter().map(|step| step.state).collect()
    };

    assert_eq!(states().await, [StepState::Missing, StepState::Missing]);
    assert_eq!(states().await, [StepState::Missing, StepState::Missing], "and nothing was made");

    place.open_with(&[NOTES]).await.expect("a database");
    assert_eq!(states().await, [StepState::Present, StepState::Missing]);
}
