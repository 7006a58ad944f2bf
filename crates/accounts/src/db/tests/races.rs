//! Things that can happen once, tried by many at the same time.

use super::*;

const RACERS: usize = 32;

/// How many of the racers won.
async fn winners<F>(race: impl Fn(usize) -> F) -> usize
where
    F: Future<Output = bool> + Send + 'static,
{
    let racers: Vec<_> = (0..RACERS).map(|racer| tokio::spawn(race(racer))).collect();
    let finished = futures::future::join_all(racers).await;
    finished.into_iter().filter(|won| *won.as_ref().expect("no racer panics")).count()
}

on_every_engine! {
    async fn a_session_is_ended_by_exactly_one_of_many(db: AccountsDb) {
        let (_, [session]) = db.ada_signs_in().await;

        let winners = winners(|_| {
            let db = db.clone();
            async move {
                let mut tx = db.begin().await.expect("a turn to write");
                let ended = tx.end_session(session, EVENING).await.expect("a table");
                if let Some(ended) = &ended {
                    tx.announce(ended, EVENING).await.expect("a table");
                }
                tx.commit().await.expect("room on the disk");
                ended.is_some()
            }
        })
        .await;

        assert_eq!(winners, 1);
        assert_eq!(db.database().event_bounds().await.expect("a table").head, 1, "announced once");
    }

    async fn a_name_goes_to_exactly_one_of_many(db: AccountsDb) {
        let winners = winners(|racer| {
            let db = db.clone();
            let username = if racer % 2 == 0 { "Ada" } else { "ＡＤＡ" };
            async move {
                match db.keeps(username, &format!("ada{racer}@example.com")).await {
                    Ok(_) => true,
                    Err(storage::Error::Taken(_)) => false,
                    Err(fault) => panic!("{fault:?}"),
                }
            }
        })
        .await;

        assert_eq!(winners, 1);
    }

    async fn an_email_goes_to_exactly_one_of_many(db: AccountsDb) {
        let winners = winners(|racer| {
            let db = db.clone();
            let address = if racer % 2 == 0 { "ada@example.com" } else { "ADA@example.com" };
            async move { db.keeps(&format!("Ada {racer}"), address).await.is_ok() }
        })
        .await;

        assert_eq!(winners, 1);
    }

    async fn no_session_slips_in_behind_a_password_that_is_being_changed(db: AccountsDb) {
        let (ada, [_]) = db.ada_signs_in().await;

        // One changes the password and ends what is open, the others sign in with the old one.
        let begun = winners(|racer| {
            let db = db.clone();
            async move {
                if racer != RACERS / 2 {
                    return db.begins(SessionId::fresh(NOON), ada, "hash").await;
                }
                work(&db, async |tx| {
                    tx.set_password(ada, "another password", EVENING).await?;
                    tx.end_sessions_of(ada, None, EVENING).await
                })
                .await
                .expect("a table");
                false
            }
        })
        .await;

        let ended = db.ended_at(NOON).await.len();
        assert_eq!(ended, begun + 1, "every session that the old password began is over");
        assert!(!db.begins(SessionId::fresh(NOON), ada, "hash").await);
    }
}
