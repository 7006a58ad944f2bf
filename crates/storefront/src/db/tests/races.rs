//! Things that can happen once, tried by many at the same time.

use super::*;

const RACERS: i64 = 32;

/// How often a race is run. On PostgreSQL a fault shows only now and then. The one writer of SQLite leaves nothing to
/// chance.
const fn rounds(db: &StorefrontDb) -> usize {
    match db {
        StorefrontDb::Sqlite(_) => 2,
        StorefrontDb::Postgres(_) => 100,
    }
}

/// How many of the racers won.
async fn winners<F>(racers: impl Iterator<Item = F>) -> usize
where
    F: Future<Output = bool> + Send + 'static,
{
    let racers: Vec<_> = racers.map(tokio::spawn).collect();
    let mut winners = 0;
    for racer in racers {
        winners += usize::from(racer.await.expect("no racer panics"));
    }
    winners
}

on_every_engine! {
    async fn a_game_is_removed_by_exactly_one_of_many(db: StorefrontDb) {
        for round in 0..rounds(&db) {
            let game = db.keeps([lanterns()]).await.remove(0);

            let winners = winners((0..RACERS).map(|_| {
                let db = db.clone();
                async move { db.removes(game.id).await.is_some() }
            }))
            .await;

            assert_eq!(winners, 1, "in round {round}");
        }
    }

    async fn a_revision_is_overwritten_by_exactly_one_of_many(db: StorefrontDb) {
        for round in 0..rounds(&db) {
            let game = db.keeps([lanterns()]).await.remove(0);

            let winners = winners((0..RACERS).map(|racer| {
                let db = db.clone();
                let price = Some(Price::from_minor(racer));
                let (changed, _) =
                    game.change(Change { price, ..Change::default() }).expect("another price");
                let game = game.clone();
                async move { db.saves(&game, &changed).await }
            }))
            .await;

            assert_eq!(winners, 1, "in round {round}");
            assert_eq!(db.game(game.id).await.expect("a table").expect("kept").revision, 2);
        }
    }

    async fn changes_read_and_written_in_one_unit_of_work_are_all_kept(db: StorefrontDb) {
        let game = db.keeps([a_new_game("Lanterns", "Puzzle", 0, "")]).await.remove(0);

        let winners = winners((0..RACERS).map(|_| {
            let db = db.clone();
            async move {
                let mut tx = db.begin().await.expect("a turn to write");
                let read = tx.game(game.id).await.expect("a table").expect("kept");
                let price = Some(Price::from_minor(read.price.minor() + 1));
                let (dearer, event) =
                    read.change(Change { price, ..Change::default() }).expect("another price");
                let saved = tx.save_game(&read, &dearer, &event, MADE).await.expect("a good game");
                tx.commit().await.expect("room on the disk");
                saved
            }
        }))
        .await;

        let game = db.game(game.id).await.expect("a table").expect("kept");
        assert_eq!(winners, 32);
        assert_eq!((game.price.minor(), game.revision), (RACERS, 33), "no change was lost");
        assert_eq!(db.database().number_events().await.expect("a table").head, RACERS);
    }

    async fn games_added_at_the_same_time_share_no_id(db: StorefrontDb) {
        let added: Vec<_> = (0..RACERS)
            .map(|_| {
                let db = db.clone();
                tokio::spawn(async move { db.keeps([lanterns()]).await.remove(0).id })
            })
            .collect();
        let mut ids = std::collections::BTreeSet::new();
        for id in added {
            ids.insert(id.await.expect("no racer panics"));
        }

        assert_eq!(ids.len(), 32);
    }
}
