//! Reset links: each is good once and in time, and an account has one.

use super::*;

async fn offers(db: &AccountsDb, user: UserId, hash: &[u8]) {
    work(db, async |tx| tx.offer_reset(user, hash, None, EVENING, false).await)
        .await
        .expect("a table");
}

async fn uses(db: &AccountsDb, hash: &[u8], at: Timestamp) -> bool {
    work(db, async |tx| tx.use_reset(hash, at).await).await.expect("a table").is_some()
}

on_every_engine! {
    async fn a_link_is_good_once_and_in_time(db: AccountsDb) {
        let ada = db.keeps("Ada", "ada@example.com").await.expect("a free name");
        offers(&db, ada, b"link").await;

        assert_eq!(db.reset_of(b"link", NOON).await.expect("a table"), Some(ada));
        assert_eq!(db.reset_of(b"another", NOON).await.expect("a table"), None);
        assert_eq!(db.reset_of(b"link", EVENING).await.expect("a table"), None, "too late");
        assert!(!uses(&db, b"another", NOON).await);
        assert!(!uses(&db, b"link", EVENING).await, "too late");
        assert!(uses(&db, b"link", NOON).await);
        assert!(!uses(&db, b"link", NOON).await, "used up");
    }

    async fn the_later_of_two_links_is_good_alone_and_that_of_another_account_stays(db: AccountsDb) {
        let ada = db.keeps("Ada", "ada@example.com").await.expect("a free name");
        let eve = db.keeps("Eve", "eve@example.com").await.expect("a free name");
        offers(&db, eve, b"of eve").await;
        offers(&db, ada, b"earlier").await;
        offers(&db, ada, b"later").await;

        assert!(!uses(&db, b"earlier", NOON).await);
        work(&db, async |tx| tx.drop_reset(ada).await).await.expect("a table");
        assert!(!uses(&db, b"later", NOON).await, "her own new password made it worthless");
        assert!(uses(&db, b"of eve", NOON).await);
    }

    async fn links_that_no_one_used_are_forgotten(db: AccountsDb) {
        let ada = db.keeps("Ada", "ada@example.com").await.expect("a free name");
        offers(&db, ada, b"link").await;

        work(&db, async |tx| tx.forget_resets(NOON).await).await.expect("a table");
        assert_eq!(db.reset_of(b"link", NOON).await.expect("a table"), Some(ada));
        work(&db, async |tx| tx.forget_resets(EVENING).await).await.expect("a table");
        assert_eq!(db.reset_of(b"link", NOON).await.expect("a table"), None);
    }

    async fn a_link_is_used_by_exactly_one_of_many(db: AccountsDb) {
        let ada = db.keeps("Ada", "ada@example.com").await.expect("a free name");
        for round in 0..races::rounds(&db) {
            offers(&db, ada, b"link").await;

            let winners = races::winners(|racer| {
                let db = db.clone();
                async move {
                    db.unit(async |tx| {
                        tx.account(ada).await?;
                        let is_good = tx.use_reset(b"link", NOON).await?.is_some();
                        if is_good {
                            tx.set_new_password(ada, &format!("hash {racer}"), NOON).await?;
                        }
                        Ok::<_, storage::Error>(is_good)
                    })
                    .await
                    .expect("a table")
                }
            });

            assert_eq!(winners.await, 1, "round {round}");
        }
    }

    async fn links_that_are_made_and_used_at_once_wait_for_each_other(db: AccountsDb) {
        let ada = db.keeps("Ada", "ada@example.com").await.expect("a free name");
        for round in 0..races::rounds(&db) {
            offers(&db, ada, b"link").await;

            let winners = races::winners(|racer| {
                let db = db.clone();
                async move {
                    db.unit(async |tx| {
                        if racer % 2 == 0 {
                            tx.hold_with_administrators(ada).await?;
                            tx.offer_reset(ada, b"link", None, EVENING, false).await?;
                            return Ok(true);
                        }
                        tx.account(ada).await?;
                        tx.use_reset(b"link", NOON).await?;
                        Ok::<_, storage::Error>(true)
                    })
                    .await
                    .expect("nobody waits in a circle")
                }
            });

            assert_eq!(winners.await, races::RACERS, "round {round}");
        }
    }
}
