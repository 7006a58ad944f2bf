//! Accounts: kept, found, changed.

use super::*;

on_every_engine! {
    async fn an_account_is_found_by_its_id_and_by_its_email_in_any_case(db: AccountsDb) {
        let id = db.keeps("Ada", "Ada@Example.com").await.expect("a free name");

        let user = db.user(id).await.expect("a table").expect("kept");
        let found = db.stored("aDA@exAMPLE.com").await.expect("kept");

        assert_eq!(found.user, user);
        assert_eq!(found.password_hash, "hash");
        assert_eq!((user.username.as_str(), user.email.as_str()), ("Ada", "Ada@Example.com"));
        assert_eq!((user.role, user.created), (Role::Player, NOON));
    }

    async fn an_account_that_is_not_there_is_none(db: AccountsDb) {
        let nobody = UserId::parse(i32::MAX).expect("positive");

        assert_eq!(db.user(nobody).await.expect("a table"), None);
        assert!(db.stored("nobody@example.com").await.is_none());
    }

    async fn a_name_or_an_email_is_taken_whatever_its_case_and_width(db: AccountsDb) {
        let ada = db.keeps("Ada", "ada@example.com").await.expect("a free name");

        for (username, address) in [("ADA", "other@example.com"), ("ＡＤＡ", "x@example.com"), ("Eve", "ADA@example.COM")] {
            let refused = db.keeps(username, address).await.expect_err("taken");
            assert!(matches!(refused, storage::Error::Taken(_)), "{refused:?}");
        }

        let taken = async |username: &str, address: &str, except| {
            db.taken(&name(username), &email(address), except).await.expect("a table")
        };
        assert_eq!(taken("aDa", "x@example.com", None).await, Taken { username: true, email: false });
        assert_eq!(taken("Eve", "ADA@example.com", None).await, Taken { username: false, email: true });
        assert_eq!(taken("ada", "ada@example.com", Some(ada)).await, Taken::default(), "her own");
    }

    async fn a_refused_account_leaves_nothing_behind(db: AccountsDb) {
        db.keeps("Ada", "ada@example.com").await.expect("a free name");

        db.keeps("Ada", "second@example.com").await.expect_err("a taken name");

        assert!(db.stored("second@example.com").await.is_none());
        db.keeps("Second", "second@example.com").await.expect("the email is still free");
    }

    async fn a_change_is_kept_and_may_not_take_what_is_someone_elses(db: AccountsDb) {
        let id = db.keeps("Ada", "ada@example.com").await.expect("a free name");
        db.keeps("Eve", "eve@example.com").await.expect("a free name");
        let ada = db.user(id).await.expect("a table").expect("kept");
        let countess = User { username: name("Countess"), role: Role::Admin, ..ada.clone() };

        work(&db, async |tx| tx.save_user(&countess, EVENING).await).await.expect("free names");
        assert_eq!(db.user(id).await.expect("a table"), Some(countess.clone()));

        let thief = User { email: email("EVE@example.com"), ..ada };
        let refused = work(&db, async |tx| tx.save_user(&thief, EVENING).await).await;
        assert!(matches!(refused, Err(storage::Error::Taken(_))), "{refused:?}");
        assert_eq!(db.user(id).await.expect("a table"), Some(countess));
    }

    async fn a_hash_is_renewed_only_while_it_is_the_one_that_was_proved(db: AccountsDb) {
        let id = db.keeps("Ada", "ada@example.com").await.expect("a free name");

        work(&db, async |tx| tx.refresh_hash(id, "renewed", "hash").await).await.expect("a table");
        work(&db, async |tx| tx.set_password(id, "another password", EVENING).await).await.expect("a table");
        work(&db, async |tx| tx.refresh_hash(id, "stale", "renewed").await).await.expect("a table");

        let kept = db.stored("ada@example.com").await.expect("kept").password_hash;
        assert_eq!(kept, "another password");
    }

    async fn names_that_look_like_sql_are_only_names(db: AccountsDb) {
        let hostile = "'); DROP TABLE users; --";
        let id = db.keeps(hostile, "'or'1'='1@example.com").await.expect("a good name");

        assert_eq!(db.user(id).await.expect("a table").expect("kept").username.as_str(), hostile);
        assert!(db.stored("ada@example.com").await.is_none());
    }
}
