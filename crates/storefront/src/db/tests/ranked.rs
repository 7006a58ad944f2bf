//! Search by relevance: games whose title has all the words come first.

use sir0_storage::Database;

use super::*;

fn by_relevance(words: &str) -> Listing {
    Listing { words: Words::parse(words).ok(), ..everything(Sort::Relevance) }
}

impl StorefrontDb {
    async fn ranks(&self, words: &str) -> Vec<String> {
        let found = self.lists(&by_relevance(words)).await;
        titles(&found).into_iter().map(str::to_owned).collect()
    }

    /// Writes every game as a version without ranks and keys wrote it.
    async fn was_written_before(&self) {
        const UNMARK: &str = "UPDATE games SET words = $1, title_sort = $3, genre_fold = '', \
                              keys_version = 0, keys_revision = 0 WHERE game_id = $2";
        for game in self.lists(&everything(Sort::Newest)).await {
            let words = crate::domain::searched(&game.title, &game.description);
            let words: Vec<_> =
                words.split(' ').filter(|word| !word.starts_with('\u{E000}')).collect();
            macro_rules! unmark {
                ($database:expr) => {{
                    let mut tx = $database.write().await.expect("a turn to write");
                    let query = sqlx::query(UNMARK)
                        .bind(words.join(" "))
                        .bind(i64::from(game.id))
                        .bind(Vec::<u8>::new());
                    query.execute(&mut *tx).await.expect("a table");
                    tx.commit().await.expect("room on the disk");
                }};
            }
            match self.database() {
                Database::Sqlite(database) => unmark!(database),
                Database::Postgres(database) => unmark!(database),
            }
        }
    }
}

/// The third and the first have both words in their titles.
fn a_shelf() -> [NewGame; 6] {
    [
        a_new_game("Deep Lanterns", "Puzzle", 3, ""),
        a_new_game("Lanterns", "Puzzle", 2, "In the deep."),
        a_new_game("Lantern of the Déep", "Racing", 1, "Lanterns."),
        a_new_game("Deep", "Racing", 0, "A lantern."),
        a_new_game("Harbours", "Puzzle", 0, "Deep lanterns."),
        a_new_game("Lighthouse", "Puzzle", 0, ""),
    ]
}

on_every_engine! {
    async fn games_whose_title_has_all_the_words_come_first_and_the_newest_of_equals(db: StorefrontDb) {
        db.keeps(a_shelf()).await;

        assert_eq!(
            db.ranks("lant DEEP").await,
            ["Lantern of the Déep", "Deep Lanterns", "Harbours", "Deep", "Lanterns"]
        );
        assert_eq!(
            db.ranks("lant").await,
            ["Lantern of the Déep", "Lanterns", "Deep Lanterns", "Harbours", "Deep"]
        );
        assert_eq!(db.ranks("harb").await, ["Harbours"]);
        assert_eq!(db.ranks("a").await, ["Deep"]);
        assert_eq!(db.ranks("nobody").await, [""; 0]);
    }

    async fn a_genre_keeps_the_rank(db: StorefrontDb) {
        db.keeps(a_shelf()).await;

        let genre = Genre::parse("puzzle").ok();
        let found = db.lists(&Listing { genre, ..by_relevance("lant deep") }).await;

        assert_eq!(titles(&found), ["Deep Lanterns", "Harbours", "Lanterns"]);
    }

    async fn without_words_the_newest_comes_first(db: StorefrontDb) {
        db.keeps(a_shelf()).await;

        let alike = Listing { page_size: 4, ..everything(Sort::Relevance) };
        let newest = Listing { page_size: 4, ..everything(Sort::Newest) };

        let page = db.list(&alike).await.expect("a good list");
        assert_eq!(page, db.list(&newest).await.expect("a good list"));
        let (alike, newest) = (
            Listing { after: page.next.clone(), ..alike },
            Listing { after: page.next, ..newest },
        );
        assert_eq!(db.lists(&alike).await, db.lists(&newest).await);
        assert_eq!(alike.purpose(), newest.purpose());
    }

    async fn a_ranked_list_goes_on_exactly_where_a_page_ended(db: StorefrontDb) {
        db.keeps(a_shelf()).await;
        let whole = db.ranks("lant deep").await;

        for page_size in 1..=6_u16 {
            let (mut read, mut after) = (Vec::new(), None);
            loop {
                let listing = Listing { page_size, after, ..by_relevance("lant deep") };
                let page = db.list(&listing).await.expect("a good list");
                read.extend(titles(&page.games).into_iter().map(str::to_owned));
                let Some(next) = page.next else { break };
                after = Some(next);
            }
            assert_eq!(read, whole, "in pages of {page_size}");
        }
    }

    async fn the_rank_follows_a_change_of_the_title(db: StorefrontDb) {
        let kept = db.keeps(a_shelf()).await;
        let change = Change { title: Title::parse("Deeper Lantern").ok(), ..Change::default() };
        let (promoted, _) = kept[4].change(change).expect("another title");
        let change = Change {
            title: Title::parse("Torches").ok(),
            description: Description::parse("Lanterns of the deep.").ok(),
            ..Change::default()
        };
        let (demoted, _) = kept[2].change(change).expect("another title");

        assert!(db.saves(&kept[4], &promoted).await && db.saves(&kept[2], &demoted).await);

        assert_eq!(
            db.ranks("lant deep").await,
            ["Deeper Lantern", "Deep Lanterns", "Deep", "Torches", "Lanterns"]
        );
    }

    async fn games_of_an_older_version_are_found_behind_and_get_their_rank(db: StorefrontDb) {
        db.keeps(a_shelf()).await;
        db.was_written_before().await;
        let newest = ["Harbours", "Deep", "Lantern of the Déep", "Lanterns", "Deep Lanterns"];
        assert_eq!(db.ranks("lant deep").await, newest);

        // Also across pages: the place in the list is the one that the table has, not one worked out anew.
        let page = db.list(&Listing { page_size: 3, ..by_relevance("lant deep") }).await;
        let after = page.expect("a good list").next;
        let rest = db.lists(&Listing { after, ..by_relevance("lant deep") }).await;
        assert_eq!(titles(&rest), &newest[3..]);

        assert_eq!(db.key_games().await.expect("a table"), 6);

        assert_eq!(
            db.ranks("lant deep").await,
            ["Lantern of the Déep", "Deep Lanterns", "Harbours", "Deep", "Lanterns"]
        );
        assert_eq!(db.finds("deep lant harb").await, ["Harbours"]);
        assert_eq!(db.key_games().await.expect("a table"), 0, "done is done");
    }

    async fn many_games_of_an_older_version_all_get_their_rank(db: StorefrontDb) {
        // More than one batch, and some whose title has no word to mark.
        let games = (0..250).map(|at| a_new_game(if at % 50 == 0 { "!!!" } else { "Lanterns" }, "Puzzle", 0, "Deep."));
        db.keeps(games).await;
        db.was_written_before().await;

        assert_eq!(db.key_games().await.expect("a table"), 250);
        assert_eq!(db.key_games().await.expect("a table"), 0);
    }
}
