//! The link that makes the first administrator.

use super::*;

/// Uses the link with this hash for an administrator of this number, and answers whether it was good.
async fn claims(db: &AccountsDb, hash: &[u8], number: usize, at: Timestamp) -> bool {
    let mut tx = db.begin().await.expect("a turn to write");
    let is_good = tx.use_setup(hash, at).await.expect("a table");
    if is_good {
        let (name, email) = (name(&format!("Root {number}")), email(&format!("r{number}@b.org")));
        tx.add_user(&name, &email, "hash", Role::Admin, at).await.expect("a free name");
    }
    tx.commit().await.expect("room on the disk");
    is_good
}

async fn offers(db: &AccountsDb, hash: &[u8]) -> bool {
    work(db, async |tx| tx.offer_setup(hash, EVENING).await).await.expect("a table")
}

on_every_engine! {
    async fn a_link_is_good_until_its_time_is_over(db: AccountsDb) {
        assert!(offers(&db, b"one").await);

        assert!(db.is_setup(b"one", NOON).await.expect("a table"));
        assert!(!db.is_setup(b"another", NOON).await.expect("a table"));
        assert!(!db.is_setup(b"one", EVENING).await.expect("a table"), "its hour is over");
        assert!(!claims(&db, b"one", 1, EVENING).await, "its hour is over");
        assert!(claims(&db, b"one", 1, NOON).await);
    }

    async fn the_later_of_two_links_is_good_alone(db: AccountsDb) {
        assert!(offers(&db, b"one").await && offers(&db, b"other").await);

        assert!(!claims(&db, b"one", 1, NOON).await);
        assert!(claims(&db, b"other", 1, NOON).await);
    }

    async fn no_link_is_made_or_good_where_an_administrator_is(db: AccountsDb) {
        assert!(!db.has_administrator().await.expect("a table"));
        assert!(offers(&db, b"one").await);
        let (name, email) = (name("Ada"), email("ada@example.com"));
        work(&db, async |tx| tx.add_user(&name, &email, "hash", Role::Admin, NOON).await)
            .await
            .expect("a free name");

        assert!(db.has_administrator().await.expect("a table"));
        assert!(!db.is_setup(b"one", NOON).await.expect("a table"));
        assert!(!claims(&db, b"one", 1, NOON).await);
        assert!(!offers(&db, b"other").await);
    }

    async fn a_link_that_makes_no_account_after_all_is_still_good(db: AccountsDb) {
        assert!(offers(&db, b"one").await);
        let mut tx = db.begin().await.expect("a turn to write");
        assert!(tx.use_setup(b"one", NOON).await.expect("a table"));
        drop(tx);

        assert!(claims(&db, b"one", 1, NOON).await);
    }
}
