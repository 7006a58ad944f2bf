//! Requests that are sent again, and that race themselves.

use std::time::Duration;

use sir0_kernel::{GameId, UserId};

use super::*;
use crate::domain::{Created, RequestId, RequestKey};

fn request(caller: i32, id: &str) -> RequestKey {
    let caller = UserId::parse(caller).expect("a positive id");
    RequestKey::of(caller, &RequestId::parse(id).expect("a good id"))
}

impl StorefrontDb {
    /// Adds a game for a request, and its event, unless the request did before. Answers what the request made.
    async fn creates(&self, game: NewGame, request: &RequestKey, at: Timestamp) -> Created {
        let mut tx = self.begin().await.expect("a turn to write");
        let game = tx.add_game(game, None, at).await.expect("a good game");
        let created = tx.note_request(request, &game, at).await.expect("a table");
        if created.id == game.id {
            tx.announce(&GameEvent::Added(game).announcement(at)).await.expect("a table");
            tx.commit().await.expect("room on the disk");
        }
        created
    }

    async fn counts(&self) -> (usize, i64) {
        let games = self.lists(&everything(Sort::Newest)).await.len();
        (games, self.database().number_events().await.expect("a table").head)
    }
}

on_every_engine! {
    async fn a_request_sent_again_is_answered_with_the_game_it_made(db: StorefrontDb) {
        let first = db.creates(lanterns(), &request(1, "a"), NOON).await;
        let again = db.creates(lanterns(), &request(1, "a"), NOON).await;
        let other_content = db.creates(a_new_game("Torches", "Puzzle", 1, ""), &request(1, "a"), NOON).await;

        assert_eq!((&again, &other_content), (&first, &first));
        assert_eq!(db.counts().await, (1, 1));
    }

    async fn another_id_and_another_caller_are_other_requests(db: StorefrontDb) {
        let one = db.creates(lanterns(), &request(1, "a"), NOON).await;
        let two = db.creates(lanterns(), &request(1, "A"), NOON).await;
        let three = db.creates(lanterns(), &request(2, "a"), NOON).await;

        assert!(one.id != two.id && two.id != three.id && one.id != three.id);
        assert_eq!(db.counts().await, (3, 3));
    }

    async fn the_answer_stays_the_same_when_the_game_is_changed_and_removed(db: StorefrontDb) {
        let first = db.creates(lanterns(), &request(1, "a"), NOON).await;
        let game = db.game(first.id).await.expect("a table").expect("kept");
        let change = Change { title: Title::parse("Torches").ok(), ..Change::default() };
        let (changed, _) = game.change(change).expect("another title");

        assert!(db.saves(&game, &changed).await);
        assert_eq!(db.creates(lanterns(), &request(1, "a"), NOON).await, first);

        db.removes(first.id).await;
        assert_eq!(db.creates(lanterns(), &request(1, "a"), NOON).await, first);
        assert_eq!(db.counts().await.0, 0, "it was not made again");
    }

    async fn a_request_that_failed_is_not_known(db: StorefrontDb) {
        let mut tx = db.begin().await.expect("a turn to write");
        let game = tx.add_game(lanterns(), None, NOON).await.expect("a good game");
        tx.note_request(&request(1, "a"), &game, NOON).await.expect("a table");
        drop(tx);

        let made = db.creates(lanterns(), &request(1, "a"), NOON).await;

        assert_eq!(db.game(made.id).await.expect("a table").expect("kept").title, made.title);
    }

    async fn a_request_is_forgotten_after_its_time_and_not_before(db: StorefrontDb) {
        let soon = NOON.after(Duration::from_micros(1));
        let first = db.creates(lanterns(), &request(1, "a"), NOON).await;

        db.forget_requests(NOON).await.expect("a table");
        assert_eq!(db.creates(lanterns(), &request(1, "a"), soon).await, first);

        db.forget_requests(soon).await.expect("a table");
        assert_ne!(db.creates(lanterns(), &request(1, "a"), soon).await, first);
        assert_eq!(db.counts().await, (2, 2));
    }

    async fn a_request_that_races_itself_makes_one_game_and_one_event(db: StorefrontDb) {
        let rounds = match &db {
            StorefrontDb::Sqlite(_) => 2,
            StorefrontDb::Postgres(_) => 30,
        };
        for round in 1..=rounds {
            let request = request(1, &format!("round-{round}"));
            let racers: Vec<_> = (0..32)
                .map(|_| {
                    let (db, request) = (db.clone(), request.clone());
                    tokio::spawn(async move { db.creates(lanterns(), &request, NOON).await.id })
                })
                .collect();
            let mut made: Vec<GameId> = Vec::new();
            for racer in racers {
                made.push(racer.await.expect("no racer panics"));
            }
            made.dedup();

            assert_eq!(made.len(), 1, "in round {round}");
            assert!(db.game(made[0]).await.expect("a table").is_some());
        }
        assert_eq!(db.counts().await, (rounds, i64::try_from(rounds).expect("a few")));
    }
}
