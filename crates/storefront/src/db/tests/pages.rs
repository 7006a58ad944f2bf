//! Lists, a page at a time, while games come and go between the pages.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{collection::vec, option, prelude::*, sample::Index};
use sir0_kernel::GameId;

use super::*;
use crate::domain::PageToken;

/// What happens to the store between two pages.
#[derive(Clone, Debug)]
enum Between {
    Added(NewGame),
    Removed(Index),
    /// Made another, which may move it in the order and out of the filter.
    Changed(Index, NewGame),
}

/// A list, read page by page from a store that is busy.
#[derive(Clone, Debug)]
struct Reading {
    games: Vec<NewGame>,
    between: Vec<Vec<Between>>,
    sort: Sort,
    genre: Option<&'static str>,
    words: Option<&'static str>,
    page_sizes: Vec<u16>,
}

/// Few different values, so that many games are equal in the order and the id has to decide.
fn any_game() -> impl Strategy<Value = NewGame> {
    let title =
        prop::sample::select(vec!["Lantern", "lantern", "Lanterns", "Éclair", "Zug", "zugzwang 2"]);
    let genre = prop::sample::select(vec!["Puzzle", "puzzle", "Racing"]);
    (title, genre, 0..4_i64)
        .prop_map(|(title, genre, price)| a_new_game(title, genre, price, "A light lance."))
}

fn any_reading() -> impl Strategy<Value = Reading> {
    let change = prop_oneof![
        any_game().prop_map(Between::Added),
        any::<Index>().prop_map(Between::Removed),
        (any::<Index>(), any_game()).prop_map(|(at, game)| Between::Changed(at, game)),
    ];
    (
        vec(any_game(), 0..40),
        vec(vec(change, 0..4), 0..12),
        prop::sample::select(vec![Sort::Relevance, Sort::Newest, Sort::Title, Sort::Price]),
        option::of(prop::sample::select(vec!["Puzzle", "PUZZLE", "Racing"])),
        option::of(prop::sample::select(vec!["lan", "zug light", "eclair", "li", "l"])),
        vec(1..8_u16, 1..4),
    )
        .prop_map(|(games, between, sort, genre, words, page_sizes)| Reading {
            games,
            between,
            sort,
            genre,
            words,
            page_sizes,
        })
}

/// The store as it is while a list is read: which games are in it, and which were never touched.
struct Store {
    db: StorefrontDb,
    games: BTreeMap<GameId, Game>,
    touched: BTreeSet<GameId>,
}

impl Store {
    async fn of(db: StorefrontDb, games: Vec<NewGame>) -> Self {
        let games = db.keeps(games).await.into_iter().map(|game| (game.id, game)).collect();
        Self { db, games, touched: BTreeSet::new() }
    }

    fn pick(&self, at: Index) -> Option<Game> {
        let count = self.games.len();
        (count > 0).then(|| self.games.values().nth(at.index(count)).cloned()).flatten()
    }

    async fn suffers(&mut self, change: Between) {
        match change {
            Between::Added(game) => {
                let game = self.db.keeps([game]).await.remove(0);
                self.touched.insert(game.id);
                self.games.insert(game.id, game);
            }
            Between::Removed(at) => {
                let Some(game) = self.pick(at) else { return };
                assert_eq!(self.db.removes(game.id).await.as_ref(), Some(&game));
                self.touched.insert(game.id);
                self.games.remove(&game.id);
            }
            Between::Changed(at, other) => {
                let Some(game) = self.pick(at) else { return };
                let NewGame { title, genre, price, description, .. } = other;
                let revision = game.revision + 1;
                let changed = Game { title, genre, price, description, revision, ..game.clone() };
                assert!(self.db.saves(&game, &changed).await);
                self.touched.insert(changed.id);
                self.games.insert(changed.id, changed);
            }
        }
    }

    /// Which games the list has to show, whatever happened meanwhile.
    fn untouched(&self, matches: impl Fn(&Game) -> bool) -> BTreeSet<GameId> {
        let stayed = self.games.values().filter(|game| !self.touched.contains(&game.id));
        stayed.filter(|game| matches(game)).map(|game| game.id).collect()
    }
}

fn plain(text: &str) -> String {
    text.to_lowercase().replace('é', "e")
}

/// Whether a text has the words: a model of the search that is not SQL.
fn has(text: &str, words: &str) -> bool {
    let text = plain(text);
    let tokens: Vec<_> = text.split(|c: char| !c.is_alphanumeric()).collect();
    words.split(' ').all(|word| tokens.iter().any(|token| token.starts_with(word)))
}

/// Whether a list shows the game: a model of the filters that is not SQL.
fn shows(game: &Game, genre: Option<&str>, words: Option<&str>) -> bool {
    let text = format!("{} {}", game.title.as_str(), game.description.as_str());
    genre.is_none_or(|genre| plain(genre) == plain(game.genre.as_str()))
        && words.is_none_or(|words| has(&text, words))
}

/// The order, as a model that is not SQL.
fn place(game: &Game, sort: Sort, words: Option<&str>) -> (i64, Vec<u8>, i32) {
    let id = game.id.get();
    match sort {
        Sort::Relevance => {
            let elsewhere = words.is_some_and(|words| !has(game.title.as_str(), words));
            (elsewhere.into(), Vec::new(), -id)
        }
        Sort::Newest => (-i64::from(id), Vec::new(), 0),
        Sort::Title => (0, game.title.sort_key(), id),
        Sort::Price => (game.price.minor(), Vec::new(), id),
        Sort::PriceDown | Sort::Release | Sort::ReleaseUp => panic!("no order of SQL"),
    }
}

for_all_on_every_engine! {
    async fn pages_neither_repeat_nor_hide_a_game_that_stays(db: StorefrontDb, reading: Reading in any_reading()) {
        let Reading { games, between, sort, genre, words, page_sizes } = reading;
        let mut store = Store::of(db.clone(), games).await;
        let mut between = between.into_iter();
        let mut page_sizes = page_sizes.into_iter().cycle();
        let mut seen: Vec<Game> = Vec::new();
        let mut after: Option<PageToken> = None;

        loop {
            let listing = Listing {
                sort,
                kind: Some(Kind::Game),
                genre: genre.map(|genre| Genre::parse(genre).expect("a genre")),
                words: words.map(|words| Words::parse(words).expect("words")),
                page_size: page_sizes.next().expect("endless"),
                after,
                ..Listing::default()
            };
            let page = db.list(&listing).await.expect("a good list");
            assert!(page.games.len() <= listing.page_size.into());
            for game in &page.games {
                assert_eq!(store.games.get(&game.id), Some(game), "as it is now");
                assert!(shows(game, genre, words), "{game:?} is filtered out");
            }
            seen.extend(page.games);
            let Some(next) = page.next else { break };
            after = Some(next);
            for change in between.next().unwrap_or_default() {
                store.suffers(change).await;
            }
        }

        let places: Vec<_> = seen.iter().map(|game| place(game, sort, words)).collect();
        assert!(places.is_sorted_by(|one, next| one < next), "out of order: {places:?}");
        let untouched = store.untouched(|game| shows(game, genre, words));
        let shown: Vec<_> = seen.iter().map(|game| game.id).filter(|id| untouched.contains(id)).collect();
        assert_eq!(shown.len(), untouched.len(), "each exactly once: {shown:?} of {untouched:?}");
    }

    async fn a_page_token_says_that_more_follows_only_when_more_follows(db: StorefrontDb, count: usize in 0..12_usize) {
        db.keeps((0..count).map(|_| lanterns())).await;

        for page_size in 1..=12_u16 {
            let page = db.list(&Listing { page_size, ..everything(Sort::Price) }).await.expect("a good list");

            assert_eq!(page.next.is_some(), count > usize::from(page_size), "{count} in {page_size}");
            assert_eq!(page.games.len(), count.min(page_size.into()));
        }
    }
}
