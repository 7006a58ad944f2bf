//! Sessions: begun by a login, ended once, remembered as long as their token could be used.

use super::*;

on_every_engine! {
    async fn a_session_begins_only_for_the_password_that_is_still_the_accounts(db: AccountsDb) {
        let (_, [session]) = db.ada_signs_in().await;
        let proof = db.proof("ada@example.com").await;

        let older = StoredUser { password_hash: "an older hash".to_owned(), ..proof.clone() };
        assert!(!db.begins(SessionId::fresh(NOON), &older).await);
        let mut nobody = proof;
        nobody.user.id = UserId::parse(i32::MAX).expect("positive");
        assert!(!db.begins(SessionId::fresh(NOON), &nobody).await);

        assert_eq!(db.ends(session).await.map(|ended| ended.session), Some(session));
    }

    async fn a_session_begins_only_with_the_role_that_is_still_the_accounts(db: AccountsDb) {
        let (_, [_]) = db.ada_signs_in().await;
        let proof = db.proof("ada@example.com").await;

        let admin = User { role: Role::Admin, ..proof.user.clone() };
        work(&db, async |tx| tx.save_user(&admin, EVENING).await).await.expect("her own name");

        assert!(!db.begins(SessionId::fresh(NOON), &proof).await, "its token would say player");
        assert!(db.begins(SessionId::fresh(NOON), &db.proof("ada@example.com").await).await);
    }

    async fn a_session_ends_once(db: AccountsDb) {
        let (_, [session, other]) = db.ada_signs_in().await;

        let ended = db.ends(session).await;

        assert_eq!(ended, Some(SessionEnded { session, expires: MIDNIGHT }));
        assert_eq!(db.ends(session).await, None);
        assert_eq!(db.ends(SessionId::fresh(NOON)).await, None, "one that never was");
        assert_eq!(db.ended_at(NOON).await, [session], "and not {other}");
    }

    async fn an_ended_session_is_remembered_as_long_as_its_token_could_be_used(db: AccountsDb) {
        let (_, [session]) = db.ada_signs_in().await;
        db.ends(session).await;

        let last_moment = Timestamp::from_micros(MIDNIGHT.micros() - 1);

        assert_eq!(db.ended_at(last_moment).await, [session]);
        assert_eq!(db.ended_at(MIDNIGHT).await, []);
    }

    async fn a_new_password_ends_every_session_but_the_one_that_set_it(db: AccountsDb) {
        let (ada, [here, phone, tablet]) = db.ada_signs_in().await;
        db.keeps("Eve", "eve@example.com").await.expect("a free name");
        assert!(db.begins(SessionId::fresh(NOON), &db.proof("eve@example.com").await).await);
        db.ends(phone).await;

        let ended = work(&db, async |tx| tx.end_sessions_of(ada, Some(here), EVENING).await).await;

        let ended: Vec<_> = ended.expect("a table").into_iter().map(|ended| ended.session).collect();
        assert_eq!(ended, [tablet], "the phone had ended before");
        let mut over = [phone, tablet];
        over.sort();
        assert_eq!(db.ended_at(NOON).await, over);
    }

    async fn another_role_ends_every_session(db: AccountsDb) {
        let (ada, sessions) = db.ada_signs_in::<3>().await;

        let ended = work(&db, async |tx| tx.end_sessions_of(ada, None, EVENING).await).await;

        assert_eq!(ended.expect("a table").len(), sessions.len());
    }

    async fn a_session_that_expired_by_itself_is_not_ended_again(db: AccountsDb) {
        let (ada, [_]) = db.ada_signs_in().await;

        let ended = work(&db, async |tx| tx.end_sessions_of(ada, None, MIDNIGHT).await).await;

        assert_eq!(ended.expect("a table"), []);
    }

    async fn sessions_are_forgotten_only_after_they_expired(db: AccountsDb) {
        let (_, [session]) = db.ada_signs_in().await;

        work(&db, async |tx| tx.forget_sessions(MIDNIGHT).await).await.expect("a table");
        assert!(db.ends(session).await.is_some(), "it expires at midnight and not before");

        let after = Timestamp::from_micros(MIDNIGHT.micros() + 1);
        work(&db, async |tx| tx.forget_sessions(after).await).await.expect("a table");
        assert_eq!(db.ended_at(NOON).await, []);
    }

    async fn the_end_of_a_session_and_its_event_happen_together_or_not_at_all(db: AccountsDb) {
        use sir0_feed::Event;
        let (_, [kept, dropped]) = db.ada_signs_in().await;

        for (session, keep) in [(kept, true), (dropped, false)] {
            let mut tx = db.begin().await.expect("a turn to write");
            let ended = tx.end_session(session, EVENING).await.expect("a table").expect("open");
            tx.announce(&AccountsEvent::SessionEnded(ended).announcement(EVENING)).await.expect("a table");
            if keep {
                tx.commit().await.expect("room on the disk");
            }
        }

        db.database().number_events().await.expect("a table");
        let rows = db.database().events_after(0, 10).await.expect("a table");
        let events: Vec<_> = rows.iter().map(|row| AccountsEvent::read(&row.kind, &row.payload)).collect();
        let [Ok(AccountsEvent::SessionEnded(ended))] = &events[..] else { panic!("one event, not {events:?}") };
        assert_eq!(*ended, SessionEnded { session: kept, expires: MIDNIGHT });
        assert_eq!(db.ended_at(NOON).await, [kept]);
    }
}
