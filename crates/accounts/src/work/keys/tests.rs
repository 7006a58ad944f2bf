//! The keys that sign tokens, as several instances make, seal and follow them.

use std::{path::Path, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use sir0_storage::{DatabaseConfig, Location};
use sir0_throwaway::on_every_engine;

use super::*;
use crate::db::tests::races::{RACERS, rounds};

const NOON: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
const EVENING: Timestamp = Timestamp::from_micros(1_800_021_600_000_000);
const DAY: Duration = Duration::from_hours(24);
const ROTATION: Rotation = Rotation {
    every: Duration::from_hours(30 * 24),
    notice: Duration::from_hours(1),
    token_life: DAY,
};

fn vault(secret: u8) -> Vault {
    Vault::with(&[secret; 32]).expect("a key of 32 bytes")
}

async fn an_empty_database(url: &str) -> AccountsDb {
    let asked = DatabaseConfig { url: Some(url), password_file: None, connections: 64 };
    let place = Location::of(asked, Path::new(""), "").expect("a place");
    AccountsDb::open(&place).await.expect("a database").0
}

async fn opens(db: &AccountsDb, file: Option<SigningKey>, now: Timestamp) -> Keyring {
    Keyring::open(db, vault(7), file, ROTATION, now).await.expect("keys")
}

async fn stages(db: &AccountsDb, now: Timestamp) -> Vec<Stage> {
    let known = db.signing_keys().await.expect("a table");
    known.stages(ROTATION, now).map(|(_, stage)| stage).collect()
}

async fn rotates(db: &AccountsDb, why: Why, now: Timestamp) -> SignerRow {
    rotate(db, &vault(7), ROTATION, why, now).await.expect("no one else does")
}

fn published(ring: &Keyring) -> String {
    ring.keys.get().expect("known").to_json()
}

on_every_engine! {
    async fn instances_that_begin_at_once_share_one_first_key_and_its_secrets(db: AccountsDb) {
        let begun = (0..8).map(|_| {
            let db = db.clone();
            tokio::spawn(async move {
                let ring = opens(&db, None, NOON).await;
                let first = digest(&SHA256, ring.signers.at(NOON).to_der()).as_ref().to_vec();
                let secret = ring.secret(&db, "pepper", first.into()).await.expect("a secret");
                (ring.signers.at(NOON).kid().to_owned(), secret)
            })
        });
        let begun = futures::future::join_all(begun.collect::<Vec<_>>()).await;
        let begun: Vec<_> = begun.into_iter().map(|it| it.expect("no one panics")).collect();

        assert!(begun.windows(2).all(|pair| pair[0] == pair[1]));
        assert_eq!(stages(&db, NOON).await, [Stage::Signs]);
    }

    async fn the_key_of_a_file_is_the_first_one_and_no_later_one(db: AccountsDb) {
        let file = || SigningKey::generate().expect("random numbers");
        let (first, later) = (file(), file());
        let kid = first.kid().to_owned();

        opens(&db, Some(first), NOON).await;
        let ring = opens(&db, Some(later), EVENING).await;

        assert_eq!(ring.signers.at(EVENING).kid(), kid);
        assert_eq!(stages(&db, EVENING).await, [Stage::Signs]);
    }

    async fn of_many_that_make_the_next_key_at_once_one_succeeds(db: AccountsDb) {
        opens(&db, None, NOON).await;

        for (round, day) in (1..=rounds(&db)).zip(1..) {
            let now = NOON.after(day * DAY);
            // In every second round, every third of them says that the keys have leaked.
            let leaks = move |racer: usize| round % 2 == 0 && racer.is_multiple_of(3);
            let why = move |racer: usize| if leaks(racer) { Why::Leaked } else { Why::Time };
            let racers = (0..RACERS).map(|racer| {
                let db = db.clone();
                tokio::spawn(async move { rotate(&db, &vault(7), ROTATION, why(racer), now).await })
            });
            let raced = futures::future::join_all(racers.collect::<Vec<_>>()).await;
            let mut made = 0;
            for raced in raced {
                match raced.expect("no racer panics") {
                    Ok(_) => made += 1,
                    Err(KeysError::Pending(_) | KeysError::Taken) => {}
                    Err(fault) => panic!("{fault:?}"),
                }
            }

            let known = db.signing_keys().await.expect("a table");
            let generations: Vec<_> = known.0.iter().map(|key| key.generation).collect();
            let expected: Vec<_> = (1..).take(generations.len()).collect();
            assert_eq!(generations, expected, "no generation twice, and none left out, round {round}");
            let begun = known.0.iter().filter(|key| key.made == now).count();
            assert!(made >= 1 && begun == made, "each that said so made one: {made}, {begun}, round {round}");
            assert!(made == 1 || round % 2 == 0, "{made} were made in round {round}");
        }
    }

    async fn instances_whose_time_has_come_publish_one_key_and_sign_with_it_later(db: AccountsDb) {
        let rings = [opens(&db, None, NOON).await, opens(&db, None, NOON).await, opens(&db, None, NOON).await];
        let first = rings[0].signers.at(NOON).kid().to_owned();
        let due = NOON.after(ROTATION.every).before(ROTATION.notice);

        let renewing = rings.clone().map(|ring| {
            let db = db.clone();
            tokio::spawn(async move { ring.renew(&db, due).await.expect("keys") })
        });
        futures::future::join_all(renewing).await;
        // One that lost the race hears of the key in its next round.
        for ring in &rings {
            ring.renew(&db, due).await.expect("keys");
        }

        let signs_from = NOON.after(ROTATION.every);
        assert_eq!(stages(&db, due).await, [Stage::Signs, Stage::Next(signs_from)]);
        let set = published(&rings[0]);
        for ring in &rings {
            assert_eq!(published(ring), set);
            let before = signs_from.before(Duration::from_micros(1));
            assert_eq!(ring.signers.at(before).kid(), first, "not before the notice is over");
            assert_ne!(ring.signers.at(signs_from).kid(), first);
            assert!(set.contains(ring.signers.at(signs_from).kid()), "published before it signs");
        }
    }

    async fn a_key_is_believed_until_its_last_token_expired_and_its_private_half_is_forgotten_then(db: AccountsDb) {
        let ring = opens(&db, None, NOON).await;
        let first = ring.signers.at(NOON).kid().to_owned();
        let next = rotates(&db, Why::Time, NOON).await;
        let end = next.signs_from.after(DAY).after(ROTATION.notice);

        ring.renew(&db, end.before(Duration::from_micros(1))).await.expect("keys");
        assert!(published(&ring).contains(&first));
        assert_ne!(ring.signers.at(end).kid(), first);

        ring.renew(&db, end).await.expect("keys");
        assert!(!published(&ring).contains(&first));
        let known = db.signing_keys().await.expect("a table");
        assert_eq!(known.0[0].private, None);
        assert!(known.0[1].private.is_some());

        // A clock that jumps back finds keys to sign and to verify with.
        ring.renew(&db, NOON).await.expect("keys");
        assert!(published(&ring).contains(ring.signers.at(NOON).kid()));
        assert!(published(&ring).contains(&first), "its tokens are not expired at that time");
    }

    async fn a_leaked_key_is_never_believed_again_whatever_the_clock_says(db: AccountsDb) {
        let ring = opens(&db, None, NOON).await;
        let first = ring.signers.at(NOON).kid().to_owned();
        let next = rotates(&db, Why::Leaked, NOON).await;

        assert!(next.signs_from <= NOON.after(Duration::from_secs(15)));
        ring.renew(&db, NOON).await.expect("keys");
        assert!(published(&ring).contains(&next.kid), "known before it signs");
        ring.renew(&db, next.signs_from).await.expect("keys");
        assert!(!published(&ring).contains(&first));
        ring.renew(&db, NOON).await.expect("keys");
        assert!(!published(&ring).contains(&first), "also when the clock jumped back");
        assert_eq!(ring.signers.at(NOON).kid(), next.kid);
    }

    async fn a_longer_life_of_tokens_keeps_the_key_that_signs_them_for_longer(db: AccountsDb) {
        opens(&db, None, NOON).await;
        let longer = Rotation { token_life: 10 * DAY, ..ROTATION };
        Keyring::open(&db, vault(7), None, longer, NOON).await.expect("keys");
        opens(&db, None, NOON).await;
        let next = rotates(&db, Why::Time, NOON).await;

        let end = next.signs_from.after(10 * DAY).after(ROTATION.notice);
        assert_eq!(stages(&db, next.signs_from).await, [Stage::Verifies(end), Stage::Signs]);
    }

    async fn a_key_that_an_operator_made_for_shorter_tokens_is_kept_for_those_that_are_made(db: AccountsDb) {
        let ring = opens(&db, None, NOON).await;
        let shorter = Rotation { token_life: Duration::from_mins(1), ..ROTATION };
        let next = rotate(&db, &vault(7), shorter, Why::Time, NOON).await.expect("made");
        ring.renew(&db, NOON).await.expect("keys");
        let last = rotates(&db, Why::Time, next.signs_from).await;

        let end = last.signs_from.after(DAY).after(ROTATION.notice);
        assert_eq!(stages(&db, last.signs_from).await[1..], [Stage::Verifies(end), Stage::Signs]);
    }

    async fn the_database_without_the_sealing_key_gives_up_no_key(db: AccountsDb) {
        let ring = opens(&db, None, NOON).await;
        ring.secret(&db, "pepper", b"a secret of 32 bytes or so....".to_vec().into()).await.expect("a secret");
        let key = ring.signers.at(NOON);
        let lies = db.signing_keys().await.expect("a table").0[0].private.clone().expect("a key");
        let secret = db.secret("pepper").await.expect("a table").expect("a secret");

        // The last 32 bytes of PKCS#8 are the private key itself, here behind the public one or before it.
        assert!(!lies.windows(16).any(|part| key.to_der().windows(16).any(|own| own == part)));
        assert!(!secret.windows(8).any(|part| part == b"a secret"));
        let other = Keyring::open(&db, vault(8), None, ROTATION, NOON).await;
        assert!(matches!(other.err(), Some(KeysError::Sealed { .. })));
    }

    async fn what_is_sealed_is_sealed_anew_under_a_new_sealing_key(db: AccountsDb) {
        let ring = opens(&db, None, NOON).await;
        let kid = ring.signers.at(NOON).kid().to_owned();
        ring.secret(&db, "pepper", b"secret".to_vec().into()).await.expect("a secret");

        let both = vault(8).opening_also(&[7; 32]);
        let ring = Keyring::open(&db, both, None, ROTATION, NOON).await.expect("keys");
        ring.secret(&db, "pepper", Vec::new().into()).await.expect("a secret");

        let ring = Keyring::open(&db, vault(8), None, ROTATION, NOON).await.expect("the old one is needed no more");
        assert_eq!(ring.signers.at(NOON).kid(), kid);
        assert_eq!(*ring.secret(&db, "pepper", Vec::new().into()).await.expect("a secret"), b"secret");
    }

    async fn with_a_lost_sealing_key_an_operator_begins_anew(db: AccountsDb) {
        let ring = opens(&db, None, NOON).await;
        ring.secret(&db, PEPPER, b"secret".to_vec().into()).await.expect("a secret");

        for why in [Why::Time, Why::Leaked] {
            let refused = rotate(&db, &vault(8), ROTATION, why, NOON).await;
            assert!(matches!(refused, Err(KeysError::Sealed { .. })), "no server could sign with it");
        }
        let next = rotate(&db, &vault(8), ROTATION, Why::SealingKeyLost, NOON).await.expect("made");

        let ring = Keyring::open(&db, vault(8), None, ROTATION, NOON).await.expect("keys");
        assert_eq!(ring.signers.at(NOON).kid(), next.kid);
        ring.secret(&db, PEPPER, Vec::new().into()).await.expect("a new secret");
    }
}
