//! Approvals: each is good once, for one action of one session.

use super::*;

/// Whether this session may do this with the approval at this moment.
async fn uses(
    db: &AccountsDb,
    hash: &[u8],
    session: SessionId,
    action: Action,
    at: Timestamp,
) -> bool {
    work(db, async |tx| tx.use_confirmation(hash, session, action, at).await)
        .await
        .expect("a table")
}

async fn adds(db: &AccountsDb, hash: &[u8], session: SessionId, action: Action) {
    work(db, async |tx| tx.add_confirmation(hash, session, action, EVENING).await)
        .await
        .expect("a table");
}

fn of(user: i32) -> Action {
    Action::EndSessions(UserId::parse(user).expect("an id"))
}

on_every_engine! {
    async fn an_approval_is_good_for_one_action_of_one_session_once_and_in_time(db: AccountsDb) {
        let (here, there) = (SessionId::fresh(NOON), SessionId::fresh(NOON));
        adds(&db, b"approval", here, of(1)).await;

        assert!(!uses(&db, b"another", here, of(1), NOON).await);
        assert!(!uses(&db, b"approval", there, of(1), NOON).await);
        assert!(!uses(&db, b"approval", here, of(2), NOON).await);
        assert!(!uses(&db, b"approval", here, of(1), EVENING).await, "too late");
        assert!(uses(&db, b"approval", here, of(1), NOON).await);
        assert!(!uses(&db, b"approval", here, of(1), NOON).await, "used up");
    }

    async fn approvals_that_no_one_used_are_forgotten(db: AccountsDb) {
        let here = SessionId::fresh(NOON);
        adds(&db, b"approval", here, of(1)).await;

        work(&db, async |tx| tx.forget_confirmations(EVENING).await).await.expect("a table");

        assert!(!uses(&db, b"approval", here, of(1), NOON).await);
    }

    async fn an_approval_is_used_by_exactly_one_of_many(db: AccountsDb) {
        let here = SessionId::fresh(NOON);
        for round in 0..races::rounds(&db) {
            adds(&db, b"approval", here, of(1)).await;

            let winners = races::winners(|_| {
                let db = db.clone();
                async move { uses(&db, b"approval", here, of(1), NOON).await }
            });

            assert_eq!(winners.await, 1, "round {round}");
        }
    }
}
