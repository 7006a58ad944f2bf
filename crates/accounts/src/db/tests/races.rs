//! Things that can happen once, tried by many at the same time.

use std::time::Duration;

use super::*;
use crate::domain::{Lane, LaneNames, LaneRules, Place, Toll};

pub(crate) const RACERS: usize = 32;

/// How often a race is run. On PostgreSQL a fault shows only now and then. The one writer of SQLite leaves nothing to
/// chance.
pub(crate) const fn rounds(db: &AccountsDb) -> usize {
    match db {
        AccountsDb::Sqlite(_) => 2,
        AccountsDb::Postgres(_) => 200,
    }
}

/// How many of the racers won.
pub(crate) async fn winners<F>(race: impl Fn(usize) -> F) -> usize
where
    F: Future<Output = bool> + Send + 'static,
{
    let racers: Vec<_> = (0..RACERS).map(|racer| tokio::spawn(race(racer))).collect();
    let finished = futures::future::join_all(racers).await;
    finished.into_iter().filter(|won| *won.as_ref().expect("no racer panics")).count()
}

/// Whether the name and the e-mail were free.
async fn wins(db: &AccountsDb, username: &str, address: &str) -> bool {
    match db.keeps(username, address).await {
        Ok(_) => true,
        Err(storage::Error::Taken(_)) => false,
        Err(fault) => panic!("{fault:?}"),
    }
}

on_every_engine! {
    async fn a_session_is_ended_by_exactly_one_of_many(db: AccountsDb) {
        db.keeps("Ada", "ada@example.com").await.expect("a free name");
        let proof = db.proof("ada@example.com").await;

        for round in 1..=rounds(&db) {
            let session = SessionId::fresh(NOON);
            assert!(db.begins(session, &proof).await);

            let winners = winners(|_| {
                let db = db.clone();
                async move {
                    let mut tx = db.begin().await.expect("a turn to write");
                    let ended = tx.end_session(session, EVENING).await.expect("a table");
                    if let Some(ended) = &ended {
                        tx.announce(&AccountsEvent::SessionEnded(*ended).announcement(EVENING)).await.expect("a table");
                    }
                    tx.commit().await.expect("room on the disk");
                    ended.is_some()
                }
            })
            .await;

            assert_eq!(winners, 1, "in round {round}");
            let events = db.database().number_events().await.expect("a table").head;
            assert_eq!(usize::try_from(events), Ok(round), "announced once");
        }
    }

    async fn a_setup_link_makes_exactly_one_administrator_of_many(db: AccountsDb) {
        // With an administrator no link is good, so each round takes away the role of the last one.
        for round in 0..rounds(&db) {
            let link = round.to_be_bytes();
            let offered = work(&db, async |tx| tx.offer_setup(&link, EVENING).await).await;
            assert!(offered.expect("a table"), "in round {round}");

            let winners = winners(|racer| {
                let db = db.clone();
                async move {
                    let mut tx = db.begin().await.expect("a turn to write");
                    let is_good = tx.use_setup(&link, NOON).await.expect("a table");
                    if is_good {
                        let (name, email) = (name(&format!("R{round}")), email(&format!("r{racer}.{round}@b.org")));
                        tx.add_user(&name, &email, "hash", Role::Admin, NOON).await.expect("a free name");
                    }
                    tx.commit().await.expect("room on the disk");
                    is_good
                }
            })
            .await;

            assert_eq!(winners, 1, "in round {round}");
            let id = UserId::parse(i32::try_from(round + 1).expect("few")).expect("an id");
            let root = db.user(id).await.expect("a table").expect("just added");
            let player = User { role: Role::Player, ..root };
            work(&db, async |tx| tx.save_user(&player, NOON).await).await.expect("a table");
        }
    }

    async fn a_name_goes_to_exactly_one_of_many(db: AccountsDb) {
        for round in 0..rounds(&db) {
            let winners = winners(|racer| {
                let db = db.clone();
                let username = if racer % 2 == 0 { "Ada" } else { "ＡＤＡ" };
                let (username, address) = (format!("{username} {round}"), format!("ada{racer}.{round}@example.com"));
                async move { wins(&db, &username, &address).await }
            })
            .await;

            assert_eq!(winners, 1, "in round {round}");
        }
    }

    async fn an_email_goes_to_exactly_one_of_many(db: AccountsDb) {
        for round in 0..rounds(&db) {
            let winners = winners(|racer| {
                let db = db.clone();
                let address = if racer % 2 == 0 { "ada" } else { "ADA" };
                let (username, address) = (format!("Ada {round} {racer}"), format!("{address}{round}@example.com"));
                async move { wins(&db, &username, &address).await }
            })
            .await;

            assert_eq!(winners, 1, "in round {round}");
        }
    }

    async fn no_session_slips_in_behind_a_password_that_is_being_changed(db: AccountsDb) {
        let mut begun = 0;
        let ada = db.keeps("Ada", "ada@example.com").await.expect("a free name");

        for round in 0..rounds(&db) {
            let old = db.proof("ada@example.com").await;

            // One racer changes the password and ends the open sessions. The others sign in with the old password.
            begun += winners(|racer| {
                let (db, old) = (db.clone(), old.clone());
                async move {
                    if racer != round % RACERS {
                        return db.begins(SessionId::fresh(NOON), &old).await;
                    }
                    work(&db, async |tx| {
                        tx.user(ada).await?.expect("kept");
                        tx.set_password(ada, &format!("password {round}"), EVENING).await?;
                        tx.end_sessions_of(ada, None, EVENING).await
                    })
                    .await
                    .expect("a table");
                    false
                }
            })
            .await;

            let ended = db.ended_at(NOON).await.len();
            assert_eq!(ended, begun, "every session that the old password began is over, round {round}");
            assert!(!db.begins(SessionId::fresh(NOON), &old).await);
        }
    }

    async fn no_session_slips_in_behind_a_role_that_is_being_changed(db: AccountsDb) {
        let mut begun = 0;
        let ada = db.keeps("Ada", "ada@example.com").await.expect("a free name");

        for round in 0..rounds(&db) {
            let old = db.proof("ada@example.com").await;

            begun += winners(|racer| {
                let (db, old) = (db.clone(), old.clone());
                async move {
                    if racer != round % RACERS {
                        return db.begins(SessionId::fresh(NOON), &old).await;
                    }
                    work(&db, async |tx| {
                        let user = tx.user(ada).await?.expect("kept");
                        let role = if user.role == Role::Admin { Role::Player } else { Role::Admin };
                        tx.save_user(&User { role, ..user }, EVENING).await?;
                        tx.end_sessions_of(ada, None, EVENING).await
                    })
                    .await
                    .expect("a table");
                    false
                }
            })
            .await;

            let ended = db.ended_at(NOON).await.len();
            assert_eq!(ended, begun, "every session that carried the old role is over, round {round}");
            assert!(!db.begins(SessionId::fresh(NOON), &old).await);
        }
    }

    async fn several_instances_key_names_while_accounts_are_made(db: AccountsDb) {
        const NAMES: usize = 120;
        let mut older = Vec::new();
        for at in 0..NAMES {
            older.push(db.was_kept_before(&format!("Strauß {at}"), &format!("o{at}@example.com")).await);
            db.was_kept_before(&format!("STRAUSS {at}"), &format!("y{at}@example.com")).await;
        }
        let keying = (0..3).map(|_| {
            let db = db.clone();
            // One may find that another was faster, and looks again in its next round.
            tokio::spawn(async move { _ = db.key_names().await })
        });
        let making = (0..NAMES).map(|at| {
            let db = db.clone();
            tokio::spawn(async move { _ = wins(&db, &format!("strauss {at}"), &format!("n{at}@example.com")).await })
        });
        let working: Vec<_> = keying.chain(making).collect();
        for done in futures::future::join_all(working).await {
            done.expect("no one panics");
        }
        while db.key_names().await.expect("no one else is at it") > 0 {}

        let sharing = db.sharing_a_name(1000).await.expect("a table");
        let sharing: std::collections::BTreeSet<_> = sharing.into_iter().map(|(id, _)| id).collect();
        assert!(sharing.len() >= NAMES);
        assert!(older.iter().all(|id| !sharing.contains(id)), "the oldest has the name");
    }

    async fn of_many_guesses_at_once_none_is_free_beyond_those_that_one_after_another_has(db: AccountsDb) {
        let rules = LaneRules { most_failures: 100, shut_for: Duration::from_hours(1) };
        let toll = rules.toll(&Lane::Elsewhere, NOON);
        let names = LaneNames::under(&[7; 32]);

        for round in 0..rounds(&db) {
            let place = names.place(&email(&format!("ada{round}@example.com")), &Lane::Elsewhere);
            let winners = winners(|_| {
                let (db, place) = (db.clone(), place.clone());
                async move { charges(&db, &place, &toll).await }
            })
            .await;

            assert_eq!(winners, 20, "the twentieth failure delays the next, round {round}");
            let state = db.lane(&place).await.expect("a table").expect("charged");
            assert_eq!(state.failures, 20, "round {round}");
        }
    }

    async fn of_many_guesses_at_once_one_is_the_last(db: AccountsDb) {
        let rules = LaneRules { most_failures: 10, shut_for: Duration::from_hours(1) };
        let toll = rules.toll(&Lane::Elsewhere, NOON);
        let names = LaneNames::under(&[7; 32]);

        for round in 0..rounds(&db) {
            let place = names.place(&email(&format!("ada{round}@example.com")), &Lane::Elsewhere);
            for _ in 0..9 {
                assert!(charges(&db, &place, &toll).await);
            }

            let winners = winners(|_| {
                let (db, place) = (db.clone(), place.clone());
                async move { charges(&db, &place, &toll).await }
            })
            .await;

            assert_eq!(winners, 1, "in round {round}");
        }
    }
}

/// Whether the lane took one more attempt.
async fn charges(db: &AccountsDb, place: &Place, toll: &Toll) -> bool {
    db.unit(async |tx| tx.charge_lane(place, toll).await).await.expect("a table").is_some()
}
