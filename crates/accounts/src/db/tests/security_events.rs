//! What happened to accounts: kept at the positions of the feed, never changed, forgotten when it is old.

use super::*;
use crate::domain::{EventFilter, EventPlace, Kind, SecurityEvent};

const EVERYTHING: EventFilter = EventFilter { user: None, kind: None, since: EventPlace::ALWAYS };

fn user(id: i32) -> UserId {
    UserId::parse(id).expect("an id")
}

fn signed_in(id: i32, at: Timestamp) -> SecurityEvent {
    SecurityEvent::new(Kind::SIGNED_IN, at).about(user(id)).with("it \u{1F511} \"went\" well")
}

fn announcement(event: &SecurityEvent) -> Announcement {
    AccountsEvent::Security(Box::new(event.clone())).announcement(event.at)
}

/// These events, as they are kept.
fn kept<const EVENTS: usize>(events: [&SecurityEvent; EVENTS]) -> [String; EVENTS] {
    events.map(|event| announcement(event).payload)
}

async fn happens(db: &AccountsDb, events: &[SecurityEvent]) {
    work(db, async |tx| {
        for event in events {
            tx.announce(&announcement(event)).await?;
        }
        Ok(())
    })
    .await
    .expect("a table");
    db.database().number_events().await.expect("a feed");
}

async fn listed(db: &AccountsDb, filter: &EventFilter) -> Vec<String> {
    let behind = EventPlace::before(EventPlace::NEVER);
    let events = db.security_events(filter, behind, 1_000).await.expect("a table");
    events.into_iter().map(|it| it.payload).collect()
}

/// Runs a statement that is to be refused, and answers with how it was refused.
async fn refused(db: &AccountsDb, statement: &'static str) -> String {
    macro_rules! run {
        ($database:expr) => {{
            let mut tx = $database.write().await.expect("a turn to write");
            sqlx::query(statement).execute(&mut *tx).await.expect_err("it is refused").to_string()
        }};
    }
    match db.database() {
        storage::Database::Sqlite(database) => run!(database),
        storage::Database::Postgres(database) => run!(database),
    }
}

on_every_engine! {
    async fn the_latest_events_come_first_and_filters_keep_what_they_say(db: AccountsDb) {
        let (first, second) = (signed_in(1, NOON), signed_in(2, EVENING));
        let third = SecurityEvent::new(Kind::EMAIL_CHANGED, EVENING).about(user(1));
        happens(&db, &[first.clone(), second.clone()]).await;
        happens(&db, std::slice::from_ref(&third)).await;

        let of_ada = EventFilter { user: Some(user(1)), ..EVERYTHING };
        let of_kind = EventFilter { kind: Some(Kind::SIGNED_IN), ..EVERYTHING };
        let of_both = EventFilter { kind: Some(Kind::SIGNED_IN), ..of_ada.clone() };
        let late = EventFilter { since: EVENING, ..EVERYTHING };
        assert_eq!(listed(&db, &EVERYTHING).await, kept([&third, &second, &first]));
        assert_eq!(listed(&db, &of_ada).await, kept([&third, &first]));
        assert_eq!(listed(&db, &of_kind).await, kept([&second, &first]));
        assert_eq!(listed(&db, &of_both).await, kept([&first]));
        assert_eq!(listed(&db, &late).await, kept([&third, &second]));
        let before = db.security_events(&EVERYTHING, EventPlace::before(EVENING), 9).await;
        let before: Vec<_> = before.expect("a table").into_iter().map(|it| it.payload).collect();
        assert_eq!(before, kept([&first]));
    }

    async fn events_of_one_moment_are_on_one_page_each(db: AccountsDb) {
        let all = [1, 2, 3, 4, 5].map(|id| signed_in(id, NOON));
        happens(&db, &all).await;

        let (mut behind, mut seen) = (EventPlace::before(MIDNIGHT), Vec::new());
        loop {
            let page = db.security_events(&EVERYTHING, behind, 2).await.expect("a table");
            let Some(last) = page.last() else { break };
            behind = EventPlace { at: NOON, position: last.position };
            seen.extend(page.into_iter().map(|it| it.payload));
        }

        let [first, second, third, fourth, fifth] = &all;
        assert_eq!(seen, kept([fifth, fourth, third, second, first]));
    }

    async fn an_event_lies_at_its_position_in_the_feed_also_when_the_feed_forgot_it(db: AccountsDb) {
        happens(&db, &[signed_in(1, NOON), signed_in(2, NOON)]).await;
        let in_feed = db.database().events_after(0, 9).await.expect("a feed");

        db.database().prune_events(1, sir0_kernel::Timestamp::from_micros(253_402_300_799_000_000)).await.expect("a feed");

        let kept: Vec<KeptEvent> = db.security_events_after(0, 9).await.expect("a table");
        let positions = |kept: &[KeptEvent]| kept.iter().map(|it| it.position).collect::<Vec<_>>();
        let feed: Vec<_> = in_feed.iter().map(|row| row.position).collect();
        assert_eq!(positions(&kept), feed);
        let rest = db.security_events_after(feed[0], 9).await.expect("a table");
        assert_eq!(positions(&rest), feed[1..]);
    }

    async fn what_did_not_happen_is_not_told(db: AccountsDb) {
        let mut tx = db.begin().await.expect("a turn to write");
        tx.announce(&announcement(&signed_in(1, NOON))).await.expect("a table");
        drop(tx);

        happens(&db, &[signed_in(2, NOON)]).await;

        assert_eq!(listed(&db, &EVERYTHING).await, kept([&signed_in(2, NOON)]));
    }

    async fn nothing_changes_an_event(db: AccountsDb) {
        happens(&db, &[signed_in(1, NOON)]).await;

        let refused = refused(&db, "UPDATE security_events SET user_id = 2").await;

        assert!(refused.contains("security events are never changed"), "{refused}");
        assert_eq!(listed(&db, &EVERYTHING).await, kept([&signed_in(1, NOON)]));
    }

    async fn old_events_are_forgotten_a_batch_at_a_time_and_later_ones_stay(db: AccountsDb) {
        let old = [1, 2, 3].map(|id| signed_in(id, NOON));
        happens(&db, &[&old[..], &[signed_in(4, EVENING)]].concat()).await;

        let forgets = async || {
            work(&db, async |tx| tx.forget_security_events(EVENING, 2).await).await.expect("a table")
        };
        let batches = [forgets().await, forgets().await, forgets().await];

        assert_eq!(batches, [2, 1, 0]);
        assert_eq!(listed(&db, &EVERYTHING).await, kept([&signed_in(4, EVENING)]));
    }

    async fn what_strangers_cause_takes_a_bounded_room_and_takes_it_from_nothing_else(db: AccountsDb) {
        let refused = |at| SecurityEvent::new(Kind::ATTEMPTS_REFUSED, at).counting(7);
        happens(&db, &[signed_in(1, NOON), refused(NOON), refused(NOON), refused(EVENING)]).await;

        let forgotten = work(&db, async |tx| {
            tx.forget_security_events_of(&Kind::ATTEMPTS_REFUSED, 1, 1_000).await
        });

        assert_eq!(forgotten.await.expect("a table"), 2);
        assert_eq!(listed(&db, &EVERYTHING).await, kept([&refused(EVENING), &signed_in(1, NOON)]));
    }

    async fn who_does_one_thing_again_and_again_keeps_the_latest_and_hides_nothing_else(db: AccountsDb) {
        let renamed = |at| SecurityEvent::new(Kind::USERNAME_CHANGED, at).about(user(1));
        let stolen = SecurityEvent::new(Kind::EMAIL_CHANGED, NOON).about(user(1));
        let other = SecurityEvent::new(Kind::USERNAME_CHANGED, NOON).about(user(2));
        happens(&db, &[stolen.clone(), other.clone(), renamed(NOON), renamed(NOON)]).await;
        happens(&db, &[renamed(EVENING), renamed(MIDNIGHT)]).await;

        let busy = |since, usual| db.busy_accounts(since, usual);
        let found = busy(NOON, 3).await.expect("a table");
        assert_eq!(found, [(user(1), Kind::USERNAME_CHANGED)]);
        assert_eq!(busy(EVENING, 3).await.expect("a table"), [], "it was long ago");
        let forgets = async || {
            let (ada, kind) = (user(1), Kind::USERNAME_CHANGED);
            work(&db, async |tx| tx.forget_security_events_of_account(ada, &kind, 2, 1).await)
                .await
                .expect("a table")
        };
        assert_eq!([forgets().await, forgets().await, forgets().await], [1, 1, 0]);

        let left = kept([&renamed(MIDNIGHT), &renamed(EVENING), &other, &stolen]);
        assert_eq!(listed(&db, &EVERYTHING).await, left);
    }
}
