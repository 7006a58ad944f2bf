//! Second factors, recovery codes, trusted devices and challenges: each one-time thing is used by exactly one of many.

use std::time::Duration;

use sir0_kernel::{DeviceId, FactorId};

use super::*;
use crate::domain::{ChallengeToken, Factor, FactorName, TrustedDevice, Wanted};

fn a_factor() -> Factor {
    let (id, name) = (FactorId::fresh(NOON), FactorName::parse("Phone").expect("a name"));
    Factor { id, name, is_confirmed: false, created: NOON }
}

async fn ada(db: &AccountsDb) -> UserId {
    db.keeps("Ada", "ada@example.com").await.expect("a free name")
}

/// Adds a factor of this account, which guards it from step 100 on.
async fn guards(db: &AccountsDb, user: UserId) -> FactorId {
    let factor = a_factor();
    work(db, async |tx| {
        tx.add_factor(user, &factor, b"sealed").await?;
        assert!(
            tx.confirm_factor(factor.id, user, 100, NOON.before(Duration::from_secs(1)), NOON)
                .await?
        );
        tx.recount_factors(user).await
    })
    .await
    .expect("a table");
    factor.id
}

async fn uses_step(db: &AccountsDb, user: UserId, factor: FactorId, step: i64) -> bool {
    work(db, async |tx| tx.use_step(user, factor, step).await).await.expect("a table")
}

async fn uses_code(db: &AccountsDb, user: UserId, hash: &[u8]) -> bool {
    work(db, async |tx| tx.use_recovery_code(user, hash).await).await.expect("a table")
}

async fn waits(db: &AccountsDb, hash: &[u8]) {
    let proved = db.proof("ada@example.com").await;
    let client = ClientId::parse(Some("launcher")).expect("a client");
    let waiting = Waiting { proved, wanted: Wanted { client, device: None, is_refreshable: true } };
    work(db, async |tx| tx.add_challenge(hash, &waiting, EVENING).await).await.expect("a table");
}

async fn tries(db: &AccountsDb, hash: &[u8], at: Timestamp) -> bool {
    work(db, async |tx| tx.try_challenge(hash, at).await).await.expect("a table")
}

async fn uses_challenge(db: &AccountsDb, hash: &[u8]) -> bool {
    work(db, async |tx| tx.use_challenge(hash).await).await.expect("a table")
}

fn a_device(at: Timestamp) -> TrustedDevice {
    TrustedDevice::new(None, None, at)
}

async fn trusts(db: &AccountsDb, user: UserId, device: &TrustedDevice, hash: &[u8]) {
    work(db, async |tx| tx.add_device(user, device, hash).await).await.expect("a table");
}

async fn known(db: &AccountsDb, hash: &[u8], address: &str, at: Timestamp) -> Option<DeviceId> {
    db.known_device(hash, &email(address), at).await.expect("a table")
}

on_every_engine! {
    async fn a_factor_guards_from_its_first_code_on_and_is_confirmed_once(db: AccountsDb) {
        let (ada, factor) = (ada(&db).await, a_factor());
        let (since, later) = (NOON.before(Duration::from_secs(1)), NOON.after(Duration::from_secs(1)));
        work(&db, async |tx| tx.add_factor(ada, &factor, b"sealed").await).await.expect("a table");

        assert_eq!(db.proof("ada@example.com").await.factors, 0);
        assert!(db.guarding_factors(ada).await.expect("a table").is_empty());
        assert!(!uses_step(&db, ada, factor.id, 7).await, "it guards nothing yet");
        assert!(db.waiting_factor(factor.id, ada, later).await.expect("a table").is_none(), "too late");
        let confirm = async |since| {
            work(&db, async |tx| {
                let confirmed = tx.confirm_factor(factor.id, ada, 100, since, NOON).await?;
                Ok((confirmed, tx.recount_factors(ada).await?))
            })
            .await
            .expect("a table")
        };
        assert_eq!(confirm(later).await, (false, 0));
        assert_eq!(confirm(since).await, (true, 1));
        assert_eq!(confirm(since).await, (false, 1), "once");
        assert_eq!(db.proof("ada@example.com").await.factors, 1);
        assert!(!uses_step(&db, ada, factor.id, 100).await, "the code that confirmed it is used");
        assert!(uses_step(&db, ada, factor.id, 101).await);
        assert!(!uses_step(&db, ada, factor.id, 99).await, "a clock that jumped back opens nothing");
    }

    async fn no_session_begins_by_a_password_alone_once_a_factor_guards(db: AccountsDb) {
        let ada = ada(&db).await;
        let before = db.proof("ada@example.com").await;
        let factor = guards(&db, ada).await;
        let after = db.proof("ada@example.com").await;

        assert!(!db.begins(SessionId::fresh(NOON), &before).await, "what was proved is not enough now");
        assert!(db.begins(SessionId::fresh(NOON), &after).await);
        let left = work(&db, async |tx| {
            assert!(tx.remove_factor(factor, ada).await?);
            tx.recount_factors(ada).await
        });
        assert_eq!(left.await.expect("a table"), 0);
        assert!(!db.begins(SessionId::fresh(NOON), &after).await);
    }

    async fn a_factor_of_another_account_is_none(db: AccountsDb) {
        let (ada, eve) = (ada(&db).await, db.keeps("Eve", "eve@example.com").await.expect("free"));
        let factor = guards(&db, ada).await;

        assert!(!uses_step(&db, eve, factor, 200).await);
        let removed = work(&db, async |tx| tx.remove_factor(factor, eve).await).await;
        assert!(!removed.expect("a table"));
        assert!(uses_step(&db, ada, factor, 200).await);
    }

    async fn a_challenge_takes_five_codes_and_is_used_once(db: AccountsDb) {
        ada(&db).await;
        waits(&db, b"challenge").await;

        assert!(db.challenge(b"challenge", EVENING).await.expect("a table").is_none(), "too late");
        assert!(!tries(&db, b"challenge", EVENING).await && !tries(&db, b"another", NOON).await);
        for _ in 0..ChallengeToken::MOST_CODES {
            let waiting = db.challenge(b"challenge", NOON).await.expect("a table").expect("it waits");
            assert_eq!(waiting.wanted.client.as_str(), "launcher");
            assert!(waiting.wanted.is_refreshable);
            assert!(tries(&db, b"challenge", NOON).await);
        }
        assert!(!tries(&db, b"challenge", NOON).await);
        assert!(db.challenge(b"challenge", NOON).await.expect("a table").is_none());
        assert!(uses_challenge(&db, b"challenge").await && !uses_challenge(&db, b"challenge").await);
    }

    async fn a_device_is_trusted_by_one_account_for_its_time_until_it_is_forgotten(db: AccountsDb) {
        let (ada, eve) = (ada(&db).await, db.keeps("Eve", "eve@example.com").await.expect("free"));
        let device = a_device(NOON);
        trusts(&db, ada, &device, b"token").await;

        assert_eq!(known(&db, b"token", "ADA@example.com", NOON).await, Some(device.id));
        assert_eq!(known(&db, b"token", "eve@example.com", NOON).await, None);
        assert_eq!(known(&db, b"other", "ada@example.com", NOON).await, None);
        assert_eq!(known(&db, b"token", "ada@example.com", device.expires).await, None);
        let used = work(&db, async |tx| tx.use_device(device.id, eve, None, NOON).await).await;
        assert!(!used.expect("a table"));
        let used = work(&db, async |tx| tx.use_device(device.id, ada, None, EVENING).await).await;
        assert!(used.expect("a table"));
        assert_eq!(db.devices_of(ada, NOON).await.expect("a table")[0].seen, EVENING);
        let forgotten = work(&db, async |tx| tx.forget_device(device.id, eve).await).await;
        assert!(!forgotten.expect("a table"));
        let forgotten = work(&db, async |tx| tx.forget_devices_of(ada).await).await;
        assert_eq!(forgotten.expect("a table"), 1);
        assert_eq!(known(&db, b"token", "ada@example.com", NOON).await, None);
    }

    async fn the_oldest_device_makes_room_for_another_one(db: AccountsDb) {
        let ada = ada(&db).await;
        let all = TrustedDevice::MOST + 1;
        for number in 0..all {
            let at = NOON.after(Duration::from_secs(number.unsigned_abs()));
            trusts(&db, ada, &a_device(at), format!("token {number}").as_bytes()).await;
        }

        let devices = db.devices_of(ada, NOON).await.expect("a table");

        assert_eq!(i64::try_from(devices.len()).expect("few"), TrustedDevice::MOST);
        assert_eq!(known(&db, b"token 0", "ada@example.com", NOON).await, None);
        assert!(known(&db, b"token 1", "ada@example.com", NOON).await.is_some());
    }

    async fn the_code_of_a_step_is_used_by_exactly_one_of_many(db: AccountsDb) {
        let ada = ada(&db).await;
        let factor = guards(&db, ada).await;
        for round in 0..races::rounds(&db) {
            let step = 101 + i64::try_from(round).expect("few");
            let winners = races::winners(|_| {
                let db = db.clone();
                async move { uses_step(&db, ada, factor, step).await }
            });
            assert_eq!(winners.await, 1, "round {round}");
        }
    }

    async fn a_recovery_code_is_used_by_exactly_one_of_many(db: AccountsDb) {
        let ada = ada(&db).await;
        for round in 0..races::rounds(&db) {
            work(&db, async |tx| tx.add_recovery_codes(ada, &[b"code".to_vec()]).await).await.expect("a table");
            let winners = races::winners(|_| {
                let db = db.clone();
                async move { uses_code(&db, ada, b"code").await }
            });
            assert_eq!(winners.await, 1, "round {round}");
        }
    }

    async fn a_challenge_is_used_by_exactly_one_of_many(db: AccountsDb) {
        ada(&db).await;
        for round in 0..races::rounds(&db) {
            waits(&db, b"challenge").await;
            let winners = races::winners(|_| {
                let db = db.clone();
                async move { uses_challenge(&db, b"challenge").await }
            });
            assert_eq!(winners.await, 1, "round {round}");
        }
    }

    async fn of_codes_at_the_same_time_no_more_than_five_are_tried(db: AccountsDb) {
        ada(&db).await;
        for round in 0..races::rounds(&db) {
            waits(&db, b"challenge").await;
            let winners = races::winners(|_| {
                let db = db.clone();
                async move { tries(&db, b"challenge", NOON).await }
            });
            assert_eq!(i64::try_from(winners.await).expect("few"), ChallengeToken::MOST_CODES, "round {round}");
            assert!(uses_challenge(&db, b"challenge").await);
        }
    }

    async fn a_session_and_a_first_factor_at_the_same_time_leave_no_session_without_it(db: AccountsDb) {
        let ada = ada(&db).await;
        for round in 0..races::rounds(&db).min(50) {
            let proved = db.proof("ada@example.com").await;
            let sessions: Vec<_> = (0..8).map(|_| SessionId::fresh(NOON)).collect();
            let factor = a_factor();
            let guarding = work(&db, async |tx| {
                tx.user(ada).await?;
                tx.add_factor(ada, &factor, b"sealed").await?;
                tx.confirm_factor(factor.id, ada, 1, NOON.before(Duration::from_secs(1)), NOON).await?;
                tx.recount_factors(ada).await?;
                tx.end_sessions_of(ada, None, NOON).await
            });
            let beginning = sessions.iter().map(|session| db.begins(*session, &proved));
            let (guarded, _) = tokio::join!(guarding, futures::future::join_all(beginning));
            guarded.expect("a table");

            let left = db.sessions_of(ada, NOON, None, 100).await.expect("a table");
            assert!(left.is_empty(), "round {round}: {left:?}");
            work(&db, async |tx| {
                tx.user(ada).await?;
                tx.remove_factor(factor.id, ada).await?;
                tx.recount_factors(ada).await
            })
            .await
            .expect("a table");
        }
    }
}
