//! The keys by which games are sorted and compared, and those that an older version wrote.

use super::*;
use crate::{
    db::{postgres, sqlite},
    domain::KEYS_VERSION,
};

/// Titles in the root order of CLDR.
const IN_ORDER: [&str; 14] = [
    "'Round Midnight",
    "100 Rats",
    "20 Rats",
    "Ångström",
    "apfel",
    "Apfel",
    "Äpfel",
    "Öl",
    "Oslo",
    "zebra",
    "Zebra",
    "αλφα",
    "Ель",
    "王者荣耀",
];

/// The games whose keys are to be made are looked up in an index of them, whose condition cannot have a parameter.
#[test]
fn the_index_of_games_to_key_is_that_of_the_version() {
    let condition = format!("keys_version <> {KEYS_VERSION} OR keys_revision <> revision");
    for statement in [
        postgres::games::TO_KEY,
        sqlite::games::TO_KEY,
        include_str!("../../../../../migrations/storefront/postgres/0005_keys.sql"),
        include_str!("../../../../../migrations/storefront/sqlite/0005_keys.sql"),
    ] {
        assert!(statement.contains(&condition), "{condition} is not in {statement}");
    }
}

impl StorefrontDb {
    /// Changes every game to another genre, as a version without keys does it on PostgreSQL, and as the migration finds
    /// games of it in a file.
    async fn was_changed_before(&self, genre: &str) {
        const BESIDE: &str = "UPDATE games SET genre = $1, genre_key = $2, revision = revision + 1";
        const FOUND: &str =
            "UPDATE games SET genre = $1, genre_key = $2, genre_fold = $2, revision = revision + 1";
        let before = Genre::parse(genre).expect("a genre").key_before();
        macro_rules! change {
            ($database:expr, $change:expr) => {{
                let mut tx = $database.write().await.expect("a turn to write");
                let query = sqlx::query($change).bind(genre).bind(before);
                query.execute(&mut *tx).await.expect("a table");
                tx.commit().await.expect("room on the disk");
            }};
        }
        match self.database() {
            storage::Database::Sqlite(database) => change!(database, FOUND),
            storage::Database::Postgres(database) => change!(database, BESIDE),
        }
    }

    async fn has_of(&self, genre: &str) -> usize {
        let genre = Some(Genre::parse(genre).expect("a genre"));
        let mut found = Vec::new();
        for sort in [Sort::Newest, Sort::Title, Sort::Price] {
            found.push(
                self.lists(&Listing { genre: genre.clone(), ..everything(sort) }).await.len(),
            );
        }
        assert_eq!(found, [found[0]; 3], "in every order");
        found[0]
    }
}

on_every_engine! {
    async fn titles_are_sorted_as_a_reader_sorts_them(db: StorefrontDb) {
        let mut games = IN_ORDER.map(|title| a_new_game(title, "Puzzle", 0, ""));
        games.reverse();
        db.keeps(games).await;

        let listed = db.lists(&everything(Sort::Title)).await;

        assert_eq!(titles(&listed), IN_ORDER);
    }

    async fn a_genre_is_the_same_whatever_its_case_in_full(db: StorefrontDb) {
        for (genre, asked) in
            [("Straßenrennen", "STRASSENRENNEN"), ("ΣΟΦΟΣ", "σοφος"), ("ＲＰＧ", "rpg"), ("so\u{AD}lo", "SOLO")]
        {
            db.keeps([a_new_game("Lanterns", genre, 0, "")]).await;
            assert_eq!(db.has_of(asked).await, 1, "{asked}");
        }
    }

    async fn what_an_older_version_writes_is_found_meanwhile_and_afterwards(db: StorefrontDb) {
        db.keeps([a_new_game("Lanterns", "Puzzle", 0, "")]).await;

        db.was_changed_before("Racing").await;
        assert_eq!((db.has_of("RACING").await, db.has_of("Puzzle").await), (1, 0));
        db.was_changed_before("Straßenrennen").await;
        assert_eq!(db.key_games().await.expect("a table"), 1);

        assert_eq!((db.has_of("STRASSENRENNEN").await, db.has_of("Racing").await), (1, 0));
        assert_eq!(db.key_games().await.expect("a table"), 0, "done is done");
    }

    async fn a_change_of_the_price_leaves_keys_to_be_made_that_an_older_version_left(db: StorefrontDb) {
        db.keeps([a_new_game("Lanterns", "Puzzle", 0, "")]).await;
        db.was_changed_before("Straßenrennen").await;
        let game = db.lists(&everything(Sort::Newest)).await.remove(0);
        let price = Some(Price::from_minor(999));
        let (cheaper, _) = game.change(Change { price, ..Change::default() }).expect("a price");

        assert!(db.saves(&game, &cheaper).await);

        assert_eq!(db.key_games().await.expect("a table"), 1);
        assert_eq!(db.has_of("STRASSENRENNEN").await, 1);
    }
}
