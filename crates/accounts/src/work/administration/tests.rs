//! Accounts that are locked, given another role and reset: who is left, and what begins no more.

use sir0_kernel::SessionId;
use sir0_throwaway::on_every_engine;

use super::*;
use crate::db::tests::{EVENING, NOON, an_empty_database, email, name, races, work};

/// Makes an administrator of this number.
async fn an_administrator(db: &AccountsDb, number: usize) -> UserId {
    let (name, email) = (name(&format!("Root {number}")), email(&format!("r{number}@b.org")));
    work(db, async |tx| tx.add_user(&name, &email, "hash", Role::Admin, NOON).await)
        .await
        .expect("a free name")
}

/// What an administrator does to an account, as the call does it.
async fn takes(
    db: &AccountsDb,
    by: UserId,
    user: UserId,
    measure: Measure,
) -> Result<(), AccountsError> {
    let by = By::Administrator(by);
    db.unit(async |tx| {
        let (administrators, account) = held(tx, by, user).await?;
        apply(tx, by, &administrators, account, measure, EVENING).await.map(drop)
    })
    .await
}

/// Whether it was done. Two who wait for each other would be a fault of the database.
async fn took(db: &AccountsDb, by: UserId, user: UserId, measure: Measure) -> bool {
    let taken = takes(db, by, user, measure).await;
    assert!(!matches!(taken, Err(AccountsError::Database(_))), "{taken:?}");
    taken.is_ok()
}

/// The administrators who can sign in.
async fn administrators(db: &AccountsDb) -> Vec<UserId> {
    let search = Search { role: Some(Role::Admin), ..Search::default() };
    let (accounts, _) = find(db, &search, None, 100).await.expect("a table");
    let signing_in = accounts.into_iter().filter(|account| !account.locks.is_shut());
    signing_in.map(|account| account.user.id).collect()
}

async fn does(db: &AccountsDb, user: UserId, measure: Measure) {
    change_account(db, user, measure, EVENING).await.expect("an operator may");
}

on_every_engine! {
    async fn an_account_that_is_locked_begins_no_session_and_one_that_is_opened_does(db: AccountsDb) {
        let (ada, [session]) = db.ada_signs_in().await;
        let proof = db.proof("ada@example.com").await;

        does(&db, ada, Measure::Disable).await;
        assert!(!db.begins(SessionId::fresh(NOON), &proof).await);
        assert_eq!(db.ended_at(NOON).await, [session]);
        does(&db, ada, Measure::Enable).await;
        assert!(db.begins(SessionId::fresh(NOON), &proof).await);

        does(&db, ada, Measure::RequireNewPassword).await;
        assert!(!db.begins(SessionId::fresh(NOON), &proof).await);
        does(&db, ada, Measure::Enable).await;
        assert!(!db.begins(SessionId::fresh(NOON), &proof).await, "it needs a new password still");
        work(&db, async |tx| tx.set_new_password(ada, "new hash", EVENING).await).await.expect("hers");
        assert!(!db.begins(SessionId::fresh(NOON), &proof).await, "of the old password");
        assert!(db.begins(SessionId::fresh(NOON), &db.proof("ada@example.com").await).await);
    }

    async fn a_version_from_before_begins_no_session_of_a_locked_account_either(db: AccountsDb) {
        let ada = db.keeps("Ada", "ada@example.com").await.expect("a free name");
        assert!(db.begins_before(ada, NOON).await);

        for measure in [Measure::Disable, Measure::RequireNewPassword] {
            does(&db, ada, measure).await;
            assert!(!db.begins_before(ada, EVENING).await, "{measure:?}");
            does(&db, ada, Measure::Enable).await;
        }
        assert!(!db.begins_before(ada, EVENING).await, "it needs a new password still");
        work(&db, async |tx| tx.set_new_password(ada, "new hash", EVENING).await).await.expect("hers");
        assert!(db.begins_before(ada, EVENING).await);
        does(&db, ada, Measure::Disable).await;
        assert!(db.begins_before(ada, NOON).await, "what `copy` writes was begun before");
    }

    async fn whoever_is_no_administrator_any_more_changes_nobody(db: AccountsDb) {
        let [one, two, three] = [
            an_administrator(&db, 1).await,
            an_administrator(&db, 2).await,
            an_administrator(&db, 3).await,
        ];

        takes(&db, one, two, Measure::Disable).await.expect("an administrator");
        let refused = takes(&db, two, one, Measure::Disable).await;
        assert!(matches!(refused, Err(AccountsError::NoAdministrator)), "{refused:?}");
        let refused = takes(&db, two, two, Measure::Enable).await;
        assert!(matches!(refused, Err(AccountsError::NoAdministrator)), "{refused:?}");

        takes(&db, one, three, Measure::SetRole(Role::Player)).await.expect("an administrator");
        let refused = takes(&db, one, one, Measure::RequireNewPassword).await;
        assert!(matches!(refused, Err(AccountsError::LastAdministrator)), "{refused:?}");
        assert_eq!(administrators(&db).await, [one]);
    }

    async fn two_administrators_who_disable_each_other_leave_one(db: AccountsDb) {
        let [one, two] = [an_administrator(&db, 1).await, an_administrator(&db, 2).await];

        for round in 0..races::rounds(&db) {
            let took = races::winners(|racer| {
                let db = db.clone();
                let (by, user) = if racer % 2 == 0 { (one, two) } else { (two, one) };
                let measure = match racer / 2 % 3 {
                    0 => Measure::Disable,
                    1 => Measure::RequireNewPassword,
                    _ => Measure::SetRole(Role::Publisher),
                };
                async move { took(&db, by, user, measure).await }
            })
            .await;

            assert!(took > 0, "round {round}");
            assert_eq!(administrators(&db).await.len(), 1, "round {round}");
            for user in [one, two] {
                does(&db, user, Measure::SetRole(Role::Admin)).await;
                does(&db, user, Measure::Enable).await;
                work(&db, async |tx| tx.set_new_password(user, "hash", EVENING).await)
                    .await
                    .expect("an account");
            }
        }
    }

    async fn administrators_who_disable_each_other_in_a_ring_leave_one(db: AccountsDb) {
        let mut ring = Vec::new();
        for number in 0..races::RACERS {
            ring.push(an_administrator(&db, number).await);
        }
        // A ring of 32 takes 32 rows each time: fewer rounds than a race of two.
        for round in 0..races::rounds(&db).min(40) {
            races::winners(|racer| {
                let (db, ring) = (db.clone(), ring.clone());
                async move {
                    let (by, user) = (ring[racer], ring[(racer + 1) % ring.len()]);
                    took(&db, by, user, Measure::Disable).await
                }
            })
            .await;

            assert!(!administrators(&db).await.is_empty(), "round {round}");
            for user in &ring {
                does(&db, *user, Measure::Enable).await;
            }
        }
    }

    async fn no_session_slips_in_behind_an_account_that_is_being_disabled(db: AccountsDb) {
        let ada = db.keeps("Ada", "ada@example.com").await.expect("a free name");
        let mut begun = 0;

        for round in 0..races::rounds(&db) {
            let proof = db.proof("ada@example.com").await;
            begun += races::winners(|racer| {
                let (db, proof) = (db.clone(), proof.clone());
                async move {
                    if racer != round % races::RACERS {
                        return db.begins(SessionId::fresh(NOON), &proof).await;
                    }
                    does(&db, ada, Measure::Disable).await;
                    false
                }
            })
            .await;

            let ended = db.ended_at(NOON).await.len();
            assert_eq!(ended, begun, "every session that began is over, round {round}");
            assert!(!db.begins(SessionId::fresh(NOON), &proof).await);
            does(&db, ada, Measure::Enable).await;
        }
    }

    async fn accounts_are_found_by_what_is_known_of_them(db: AccountsDb) {
        let root = an_administrator(&db, 1).await;
        let mut known = Vec::new();
        for (name, address) in [("Ada", "ada@b.org"), ("adam", "adam@b.org"), ("Eve", "eve@b.org")] {
            known.push(db.keeps(name, address).await.expect("free names"));
        }
        let [ada, adam, eve] = known[..] else { panic!("three") };
        does(&db, adam, Measure::Disable).await;
        let finds = async |search: Search| {
            let (accounts, next) = find(&db, &search, None, 100).await.expect("a table");
            assert_eq!(next, None);
            accounts.into_iter().map(|account| account.user.id).collect::<Vec<_>>()
        };
        let any = Search::default();
        let named = |prefix: &str| Search { username: Some(prefix.to_owned()), ..any.clone() };

        assert_eq!(finds(any.clone()).await, [root, ada, adam, eve]);
        assert_eq!(finds(named("ad")).await, [ada, adam]);
        assert_eq!(finds(named("ada")).await, [ada, adam]);
        assert_eq!(finds(named("d")).await, []);
        assert_eq!(finds(named("%")).await, [], "a sign of a pattern is a sign of a name");
        let by_email = Search { email: Some(email("EVE@b.org")), ..any.clone() };
        assert_eq!(finds(by_email.clone()).await, [eve]);
        assert_eq!(finds(Search { username: Some("ad".to_owned()), ..by_email }).await, []);
        let disabled = |disabled| Search { disabled: Some(disabled), ..any.clone() };
        assert_eq!(finds(disabled(true)).await, [adam]);
        assert_eq!(finds(disabled(false)).await, [root, ada, eve]);
        let role = |role| Search { role: Some(role), ..any.clone() };
        assert_eq!(finds(role(Role::Admin)).await, [root]);
        assert_eq!(finds(Search { role: Some(Role::Player), ..disabled(false) }).await, [ada, eve]);

        let (page, next) = find(&db, &any, None, 3).await.expect("a table");
        assert_eq!((page.len(), next), (3, Some(adam)));
        let (page, next) = find(&db, &any, next, 3).await.expect("a table");
        assert_eq!((page[0].user.id, page.len(), next), (eve, 1, None));
    }
}
