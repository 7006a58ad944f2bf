//! Products that are added many at a time, with what their importers call them.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use sir0_kernel::{GameId, StudioId, UserId};

use super::*;
use crate::domain::{Field, GamePage, Label, beginning, bulk::ImportKey};

fn key(name: &str) -> ImportKey {
    ImportKey::parse(name).expect("a key")
}

fn made() -> Made {
    Made { by: UserId::parse(7).ok(), at: NOON }
}

/// A new product of a studio, as an import makes it.
fn product(id: GameId, title: &str, studio: Option<StudioId>, state: State) -> Game {
    let NewGame { genre, price, description, .. } = lanterns();
    Game {
        id,
        title: Title::parse(title).expect("a title"),
        genre,
        price,
        description,
        revision: 1,
        studio,
        kind: Kind::Game,
        standing: Standing::new(state, "2031-05-01".parse().ok(), NOON),
        base: None,
        bundled: [].into(),
        shown: None,
        traits: None,
    }
}

impl StorefrontDb {
    async fn imports(&self, games: &[(ImportKey, Game)]) -> storage::Result<()> {
        self.imports_with_pages(games, &[]).await
    }

    async fn imports_with_pages(
        &self,
        games: &[(ImportKey, Game)],
        pages: &[(GameId, GamePage)],
    ) -> storage::Result<()> {
        self.unit(async |tx| tx.add_games(games, pages, made()).await).await
    }

    async fn ids(&self, count: u16) -> Vec<GameId> {
        let giving = self.unit(async |tx| tx.next_ids(count).await);
        giving.await.expect("a table")
    }
}

on_every_engine! {
    async fn a_page_is_imported_with_its_product_and_stands_in_its_history(db: StorefrontDb) {
        let id = db.ids(1).await[0];
        let tags = vec![Label::parse("cosy; 'dark' \\").expect("a tag")];
        let page = GamePage { tags, ..GamePage::default() };
        let traits = Some(Arc::new(page.traits(1)));
        let game = Game { traits, ..product(id, "Lanterns", None, State::Released) };
        let plain = product(GameId::drawn(), "Plain", None, State::Draft);
        let games = [(key("a"), game.clone()), (key("b"), plain.clone())];

        db.imports_with_pages(&games, &[(id, page.clone())]).await.expect("good products");

        assert_eq!(db.any_game(id).await.expect("a table").expect("a game").traits, game.traits);
        assert_eq!(db.page(id).await.expect("a table"), Some((1, page)));
        assert_eq!(db.any_game(plain.id).await.expect("a table").expect("a game").traits, None);
        let past = db.changes(id, None, 1).await.expect("a table").remove(0);
        assert!(past.differences.iter().any(|it| it.field == Field::Tags), "{past:?}");
    }

    async fn what_is_imported_is_as_if_it_had_been_added_one_by_one(db: StorefrontDb) {
        let studio = Some(StudioId::fresh(NOON));
        let ids = db.ids(2).await;
        let words = "Ünï \"quoted\" \\ 'and' 😀 lines";
        let games = [
            (key("a"), product(ids[0], "Lanterns", studio, State::Released)),
            (key("b"), product(ids[1], words, studio, State::Announced)),
            (key("c"), Game { base: Some(ids[0]), ..product(GameId::drawn(), "Secret", studio, State::Draft) }),
            (key("a"), Game { bundled: [ids[0], ids[1]].into(), ..product(GameId::drawn(), "Both", None, State::Draft) }),
        ];

        db.imports(&games).await.expect("room on the disk");

        let mut events = db.events().await;
        for (_, game) in &games {
            let held = db.any_game(game.id).await.expect("a table");
            assert_eq!(held.as_ref(), Some(game));
            let noted = db.changes(game.id, None, 10).await.expect("a table");
            assert_eq!(noted.len(), 1);
            assert_eq!((noted[0].by, noted[0].at, noted[0].revision), (made().by, NOON, 1));
            assert_eq!(noted[0].differences, beginning(game));
            let event = events.remove(0);
            let expected = GameEvent::beginning(game.clone()).announcement(NOON);
            assert_eq!((event.kind.as_str(), event.payload), (expected.kind, expected.payload));
        }
        assert_eq!(db.finds("quoted").await, [words]);
        assert_eq!(titles(&db.lists(&everything(Sort::Title)).await), ["Lanterns", words]);
        let single = db.keeps([lanterns()]).await.remove(0);
        assert!(single.id > ids[1], "{single:?}");
        assert_eq!(db.key_games().await.expect("a table"), 0, "they have their keys and words");
    }

    async fn a_key_names_one_product_of_each_studio_and_nobody_takes_it_twice(db: StorefrontDb) {
        let [north, south] = [1, 2].map(|at| Some(StudioId::fresh(Timestamp::from_micros(at))));
        let ids = db.ids(3).await;
        let game = |at: usize, studio| product(ids[at], "Lanterns", studio, State::Released);
        db.imports(&[(key("a"), game(0, north)), (key("a"), game(1, south))]).await.expect("two studios");

        let twice = db.imports(&[(key("b"), game(2, north)), (key("a"), product(GameId::drawn(), "Twice", north, State::Draft))]).await;

        assert!(matches!(twice, Err(storage::Error::Taken(_))), "{twice:?}");
        assert_eq!(db.any_game(ids[2]).await.expect("a table"), None, "all of them or none");
        let asked: HashSet<_> = [(north, key("a")), (south, key("a")), (None, key("a")), (north, key("b"))].into();
        let known = db.unit(async |tx| tx.imported(&asked).await).await.expect("a table");
        assert_eq!(known, HashMap::from([((north, key("a")), ids[0]), ((south, key("a")), ids[1])]));
        let keys = db.keys_of(&ids).await.expect("a table");
        assert_eq!(keys, HashMap::from([((north, ids[0]), key("a")), ((south, ids[1]), key("a"))]));
    }

    async fn ids_are_given_in_numbers_and_never_twice(db: StorefrontDb) {
        let (first, second) = (db.ids(3).await, db.ids(2).await);
        let single = db.keeps([lanterns()]).await.remove(0).id;
        let third = db.ids(1).await;

        let all: Vec<_> = first.into_iter().chain(second).chain([single]).chain(third).collect();
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), 7);
        assert!(all.is_sorted(), "{all:?}");
        assert_eq!(db.ids(0).await, []);
    }

    async fn an_export_reads_everything_of_its_kinds_and_studios_by_id(db: StorefrontDb) {
        let [north, south] = [1, 2].map(|at| Some(StudioId::fresh(Timestamp::from_micros(at))));
        let ids = db.ids(4).await;
        let of = |at: usize, kind, studio| Game { kind, ..product(ids[at], "Lanterns", studio, State::Released) };
        let games = [
            (key("a"), of(0, Kind::Game, north)),
            (key("b"), of(1, Kind::Dlc, north)),
            (key("c"), of(2, Kind::Software, south)),
            (key("d"), of(3, Kind::Game, None)),
            (key("e"), product(GameId::drawn(), "Secret", north, State::Draft)),
        ];
        db.imports(&games).await.expect("room on the disk");
        let drawn = games[4].1.id;
        let exports = async |studios: Option<&[StudioId]>, kinds: &[Kind], rows| {
            let (mut all, mut after) = (Vec::new(), None);
            loop {
                let bounds = Bounds { rows, bytes: 100_000 };
                let read = db.export(studios, kinds, after, bounds).await.expect("a table");
                let Some(last) = read.last() else { return all };
                after = Some(last.id);
                all.extend(read.into_iter().map(|game| game.id));
            }
        };

        let games_and_software = [Kind::Game, Kind::Software];
        for rows in [1, 2, 100] {
            assert_eq!(exports(None, &games_and_software, rows).await, [ids[0], ids[2], ids[3], drawn]);
            let north = north.as_slice();
            assert_eq!(exports(Some(north), &games_and_software, rows).await, [ids[0], drawn]);
            assert_eq!(exports(Some(north), &[Kind::Dlc], rows).await, [ids[1]]);
        }
        assert_eq!(exports(Some(&[]), &Kind::ALL, 10).await, []);
    }
}
