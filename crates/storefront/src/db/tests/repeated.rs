//! Calls with an idempotency key: made once, kept for a day, and for no more keys of an account than are allowed.

use std::{sync::Arc, time::Duration};

use sir0_storage::once::{Asked, Claim, Claims, KNOWN_FOR, Lost, claim, within};

use super::*;

/// A protobuf message with one field, as any answer of a call is.
type Said = String;

fn asked(key: u8, user: i64, at: Timestamp) -> Asked {
    Asked { key: [key; 32], user, request: [7; 32], at, hides_answer: false }
}

fn claimed(asked: Asked) -> Arc<Claim> {
    Claims::default().claim(asked).expect("no other call has it")
}

impl StorefrontDb {
    /// Adds a game for this claim.
    async fn adds_for(&self, claim: &Arc<Claim>) -> storage::Result<Game> {
        let at = claim.asked().at;
        let adding = self.once(
            |game: &Game| -> Said { game.id.to_string() },
            async |tx| tx.add_game(lanterns(), None, at).await,
        );
        let (_, game) = within(Some(Arc::clone(claim)), adding).await?;
        Ok(game)
    }

    async fn games(&self) -> usize {
        self.lists(&everything(Sort::Newest)).await.len()
    }

    async fn knows(&self, key: u8, at: Timestamp) -> bool {
        self.database().kept(&[key; 32], at).await.expect("a table").is_some()
    }
}

on_every_engine! {
    async fn a_key_does_its_work_once_and_keeps_the_answer(db: StorefrontDb) {
        let first = claimed(asked(1, 1, NOON));
        let again = claimed(asked(1, 1, NOON));

        let game = db.adds_for(&first).await.expect("a new key");
        let refused = db.adds_for(&again).await.expect_err("a used key");

        assert!(first.is_kept() && !again.is_kept());
        assert!(matches!(refused, storage::Error::Repeated(Lost::Before)), "{refused:?}");
        assert_eq!((first.lost(), again.lost()), (None, Some(Lost::Before)));
        assert_eq!(db.games().await, 1);
        let kept = db.database().kept(&[1; 32], NOON).await.expect("a table").expect("kept");
        let answer: Said = prost::Message::decode(&*kept.answer.expect("no secret")).expect("a message");
        assert_eq!((kept.request, answer), (vec![7; 32], game.id.to_string()));
    }

    async fn an_answer_that_holds_a_secret_is_not_kept(db: StorefrontDb) {
        let hiding = claimed(Asked { hides_answer: true, ..asked(1, 1, NOON) });

        db.adds_for(&hiding).await.expect("a new key");

        let kept = db.database().kept(&[1; 32], NOON).await.expect("a table").expect("kept");
        assert_eq!(kept.answer, None);
    }

    async fn a_refusal_leaves_the_key_free(db: StorefrontDb) {
        let first = claimed(asked(1, 1, NOON));
        let refusing = db.once(|(): &()| Said::new(), async |tx| {
            tx.add_game(lanterns(), None, NOON).await?;
            Err(storage::Error::ReadOnly)
        });
        within(Some(Arc::clone(&first)), refusing).await.expect_err("it refuses");

        assert!(!first.is_kept() && !db.knows(1, NOON).await);
        db.adds_for(&claimed(asked(1, 1, NOON))).await.expect("a free key");
        assert_eq!(db.games().await, 1);
    }

    async fn a_key_is_new_again_after_its_day(db: StorefrontDb) {
        db.adds_for(&claimed(asked(1, 1, NOON))).await.expect("a new key");
        let day = NOON.after(KNOWN_FOR);
        let just_before = Timestamp::from_micros(day.micros() - 1);

        db.adds_for(&claimed(asked(1, 1, just_before))).await.expect_err("still known");
        assert!(!db.knows(1, day).await);
        db.adds_for(&claimed(asked(1, 1, day))).await.expect("new again");

        assert!(db.knows(1, day).await);
        assert_eq!(db.games().await, 2);
    }

    async fn old_keys_and_too_many_of_an_account_are_forgotten(db: StorefrontDb) {
        for key in 0..5 {
            let at = NOON.after(Duration::from_secs(u64::from(key)));
            db.adds_for(&claimed(asked(key, 1, at))).await.expect("a new key");
            db.adds_for(&claimed(asked(100 + key, i64::from(key) + 2, at))).await.expect("a new key");
        }
        let last = NOON.after(Duration::from_secs(4));

        db.database().forget_keys(last, NOON, 2).await.expect("a table");
        for key in 0..5 {
            assert_eq!(db.knows(key, NOON).await, key >= 3, "{key}");
            assert!(db.knows(100 + key, last).await, "{key}: others keep theirs");
        }

        db.database().forget_keys(last.after(KNOWN_FOR), last, 2).await.expect("a table");
        for key in (0..5).chain(100..105) {
            assert!(!db.knows(key, NOON).await, "{key}");
        }
    }

    async fn a_key_that_is_at_work_in_another_process_is_not_waited_for(db: StorefrontDb) {
        // On SQLite units of work take turns, and the second one finds the work of the first.
        if matches!(db, StorefrontDb::Sqlite(_)) {
            return;
        }
        let first = claimed(asked(1, 1, NOON));
        let second = claimed(asked(1, 1, NOON));
        let working = db.once(|_| Said::new(), async |tx| {
            let refused = db.adds_for(&second).await.expect_err("the key is at work");
            assert!(matches!(refused, storage::Error::Repeated(Lost::Running)), "{refused:?}");
            tx.add_game(lanterns(), None, NOON).await
        });

        within(Some(Arc::clone(&first)), working).await.expect("a new key");

        assert!(first.is_kept());
        assert_eq!(second.lost(), Some(Lost::Running));
        assert_eq!(db.games().await, 1);
        assert!(claim().is_none(), "and nothing of it is left in this task");
    }
}
