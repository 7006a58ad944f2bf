//! Accounts: kept, found, changed.

use super::*;
use crate::db::{postgres, sqlite};

/// The accounts whose key is to be made are looked up in an index of them, whose condition cannot have a parameter.
#[test]
fn the_index_of_accounts_to_key_is_that_of_the_version() {
    let condition = format!(
        "name_key IS NULL OR name_key_version <> {} OR name_key_of IS DISTINCT FROM username",
        Username::KEY_VERSION
    );
    for statement in [
        postgres::users::TO_KEY,
        sqlite::users::TO_KEY,
        include_str!("../../../../../migrations/accounts/postgres/0003_name_keys.sql"),
        include_str!("../../../../../migrations/accounts/sqlite/0003_name_keys.sql"),
    ] {
        assert!(statement.contains(&condition), "{condition} is not in {statement}");
    }
}

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

    async fn a_name_is_taken_by_one_that_differs_only_in_what_no_one_sees(db: AccountsDb) {
        for (at, names) in [["Strauß", "STRAUSS"], ["ΣΟΦΟΣ", "σοφος"], ["Ada  Lovelace", "ada lovelace"], ["coco", "СОСО"]]
            .iter()
            .enumerate()
        {
            db.keeps(names[0], &format!("first{at}@example.com")).await.expect("a free name");
            let refused = db.keeps(names[1], &format!("second{at}@example.com")).await;
            assert!(matches!(refused, Err(storage::Error::Taken(_))), "{names:?}: {refused:?}");
            let taken = db.taken(&name(names[1]), &email("x@example.com"), None).await;
            assert_eq!(taken.expect("a table"), Taken { username: true, email: false }, "{names:?}");
        }
    }

    async fn of_accounts_whose_names_fall_together_the_older_keeps_it(db: AccountsDb) {
        let names = ["Strauß", "STRAUSS", "Ada", "STRAU\u{AD}SS"];
        let mut ids = Vec::new();
        for (at, name) in names.iter().enumerate() {
            ids.push(db.was_kept_before(name, &format!("u{at}@example.com")).await);
        }
        let sharing = async || {
            let sharing = db.sharing_a_name(9).await.expect("a table");
            sharing.into_iter().map(|(id, _)| id).collect::<Vec<_>>()
        };
        assert!(sharing().await.is_empty(), "it is not known yet");

        assert_eq!(db.key_names().await.expect("a table"), 4);

        assert_eq!(sharing().await, [ids[1], ids[3]]);
        assert_eq!(db.key_names().await.expect("a table"), 0, "done is done");
        let younger = db.stored("u1@example.com").await.expect("they sign in as before").user;
        let moved = User { email: email("other@example.com"), ..younger };
        work(&db, async |tx| tx.save_user(&moved, EVENING).await).await.expect("it keeps its name");
        let older = db.stored("u0@example.com").await.expect("kept").user;
        let renamed = User { username: name("Richard"), ..older };
        work(&db, async |tx| tx.save_user(&renamed, EVENING).await).await.expect("a free name");
        assert_eq!(db.key_names().await.expect("a table"), 1, "the name is free");
        assert_eq!(sharing().await, [ids[3]]);
    }

    async fn the_older_account_takes_its_name_back_from_one_that_was_faster(db: AccountsDb) {
        let older = db.was_kept_before("Strauß", "older@example.com").await;
        let faster = db.keeps("STRAUSS", "faster@example.com").await.expect("no key is there yet");

        db.key_names().await.expect("a table");

        let sharing = db.sharing_a_name(9).await.expect("a table");
        assert_eq!(sharing.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [faster]);
        assert!(older < faster);
    }

    async fn a_name_that_an_older_version_changed_gets_its_key_anew(db: AccountsDb) {
        let id = db.keeps("Ada", "ada@example.com").await.expect("a free name");
        db.was_renamed_before(id, "Strauß").await;

        assert_eq!(db.key_names().await.expect("a table"), 1);

        db.keeps("STRAUSS", "x@example.com").await.expect_err("it is taken");
        db.keeps("Ada", "y@example.com").await.expect("it is free again");
    }
}
