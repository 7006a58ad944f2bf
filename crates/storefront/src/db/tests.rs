//! What the storefront asks of a database, tested on every engine.

use std::{fmt::Debug, path::Path};

use proptest::{
    strategy::Strategy,
    test_runner::{Config, TestRunner},
};
use sir0_kernel::{Price, Timestamp};
use sir0_storage::{DatabaseConfig, EventRow, Location};
use sir0_throwaway::{Empty, on_every_engine};

use super::*;
use crate::domain::{
    Bounds, Change, Description, Game, GameEvent, Genre, Kind, Listing, Made, NewGame, OwnListing,
    Public, Schedule, Sort, Standing, State, Title, Words,
};

/// Runs each story of many cases on every engine, each case in an empty store. Another engine is another line.
macro_rules! for_all_on_every_engine {
    ($(async fn $name:ident($db:ident: StorefrontDb, $case:ident: $kind:ident in $cases:expr) $body:block)*) => {$(
        mod $name {
            use super::*;

            async fn story($db: StorefrontDb, $case: $kind) $body

            #[test]
            fn on_sqlite() { for_all($cases, &Empty::on_sqlite(), story); }

            #[test]
            fn on_postgres() { for_all($cases, &Empty::on_postgres(), story); }
        }
    )*};
}

mod bulk;
mod games;
mod history;
mod keys;
mod pages;
mod pictures;
mod plans;
mod races;
mod ranked;
mod repeated;
mod requests;
mod rooms;
mod scripts;
mod search;
mod standings;
mod store;

const NOON: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
const MADE: Made = Made { by: None, at: NOON };

async fn an_empty_database(url: &str) -> StorefrontDb {
    let asked = DatabaseConfig { url: Some(url), password_file: None, connections: 64 };
    let place = Location::of(asked, Path::new(""), "").expect("a place");
    StorefrontDb::open(&place).await.expect("a database").0
}

/// Runs the story for each case in one database, emptied before each.
fn for_all<C: Debug>(
    cases: impl Strategy<Value = C>,
    empty: &Empty,
    story: impl AsyncFn(StorefrontDb, C),
) {
    let runtime = tokio::runtime::Runtime::new().expect("threads to run on");
    let config = Config { cases: 64, failure_persistence: None, ..Config::default() };
    let db = runtime.block_on(an_empty_database(empty.url()));
    let told = TestRunner::new(config).run(&cases, |case| {
        runtime.block_on(async {
            db.removes_all().await;
            story(db.clone(), case).await;
        });
        Ok(())
    });
    if let Err(counterexample) = told {
        panic!("{counterexample}");
    }
}

fn a_new_game(title: &str, genre: &str, price_minor: i64, description: &str) -> NewGame {
    NewGame::released(
        Title::parse(title).expect("a title"),
        Genre::parse(genre).expect("a genre"),
        Price::from_minor(price_minor),
        Description::parse(description).expect("a description"),
    )
}

fn lanterns() -> NewGame {
    a_new_game("Lanterns", "Puzzle", 1999, "Light finds a way.")
}

fn everything(sort: Sort) -> Listing {
    Listing { sort, kind: Some(Kind::Game), page_size: 1000, ..Listing::default() }
}

fn titles(games: &[Game]) -> Vec<&str> {
    games.iter().map(|game| game.title.as_str()).collect()
}

impl StorefrontDb {
    /// Keeps these games, all of them at once.
    async fn keeps(&self, games: impl IntoIterator<Item = NewGame>) -> Vec<Game> {
        let mut tx = self.begin().await.expect("a turn to write");
        let mut kept = Vec::new();
        for game in games {
            kept.push(tx.add_game(game, None, NOON).await.expect("a good game"));
        }
        tx.commit().await.expect("room on the disk");
        kept
    }

    async fn saves(&self, before: &Game, game: &Game) -> bool {
        let genre_before = before.genre.clone();
        let changed = GameEvent::Changed { game: game.clone(), genre_before, studio_before: None };
        self.save_game(before, game, &changed, MADE).await.expect("a good game")
    }

    async fn removes(&self, id: sir0_kernel::GameId) -> Option<Game> {
        let game = self.game(id).await.expect("a table")?;
        let (withdrawn, removed) = game.withdraw().expect("a game that everyone sees");
        let is_withdrawn = self.save_game(&game, &withdrawn, &removed, MADE).await;
        is_withdrawn.expect("a table").then_some(game)
    }

    /// What was announced so far, in order.
    async fn events(&self) -> Vec<EventRow> {
        self.database().number_events().await.expect("a table");
        self.database().events_after(0, 1_000).await.expect("a table")
    }

    async fn removes_all(&self) {
        let games = self
            .present_after(None, Bounds { rows: u16::MAX, bytes: usize::MAX })
            .await
            .expect("a table");
        for game in games {
            self.removes(game.id).await;
        }
    }

    async fn lists(&self, listing: &Listing) -> Vec<Game> {
        self.list(listing).await.expect("a good list").games
    }

    async fn finds(&self, words: &str) -> Vec<String> {
        let words = Some(Words::parse(words).expect("words"));
        let found = self.lists(&Listing { words, ..everything(Sort::Title) }).await;
        titles(&found).into_iter().map(str::to_owned).collect()
    }
}
