//! Lists in pages while games come and go: nothing that stays is hidden, nothing is shown twice.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicUsize, Ordering},
};

use proptest::{prelude::*, test_runner::TestRunner};
use sir0_contract::storefront::{DeleteGameRequest, Game, ListGamesRequest, UpdateGameRequest};
use sir0_testkit::{GamesClient, platform};

use crate::pages::{adds, page};

/// What happens to the store between two pages.
#[derive(Clone, Debug)]
enum Happening {
    Added { title: String, cents: i32 },
    Removed(prop::sample::Index),
    Retitled(prop::sample::Index),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        ("[a-d]{1,2}", 0..4).prop_map(|(title, cents)| Happening::Added { title, cents }),
        any::<prop::sample::Index>().prop_map(Happening::Removed),
        any::<prop::sample::Index>().prop_map(Happening::Retitled),
    ]
}

/// A walk through a list, and what happens on the way.
#[derive(Clone, Debug)]
struct Walk {
    sort: &'static str,
    q: &'static str,
    page_size: i32,
    before: Vec<(String, i32)>,
    between: Vec<Vec<Happening>>,
}

fn walk() -> impl Strategy<Value = Walk> {
    let game = ("[a-d]{1,2}", 0..4);
    (
        prop::sample::select(vec!["newest", "title", "price"]),
        prop::sample::select(vec!["", "a"]),
        1..5,
        prop::collection::vec(game, 0..14),
        prop::collection::vec(prop::collection::vec(happening(), 0..4), 0..6),
    )
        .prop_map(|(sort, q, page_size, before, between)| Walk {
            sort,
            q,
            page_size,
            before,
            between,
        })
}

/// A walk that was taken.
#[derive(Default)]
struct Taken {
    /// The games of all pages.
    seen: Vec<Game>,
    /// Those that stayed as they were all the time.
    stayed: BTreeSet<i32>,
    /// Those that got another title, and with it perhaps another place.
    retitled: BTreeSet<i32>,
}

async fn take(games: &mut GamesClient, genre: &str, walk: Walk) -> Taken {
    let Walk { sort, q, page_size, before, between } = walk;
    let mut present = BTreeMap::new();
    for (title, cents) in before {
        let price = f64::from(cents) / 100.0;
        present.insert(adds(games, &title, genre, price).await, title);
    }
    let found = present.iter().filter(|(_, title)| title.starts_with(q));
    let mut taken = Taken { stayed: found.map(|(id, _)| *id).collect(), ..Taken::default() };

    let mut asked = ListGamesRequest {
        page_size,
        genre: genre.to_owned(),
        q: q.to_owned(),
        sort: sort.to_owned(),
        page_token: String::new(),
        ..ListGamesRequest::default()
    };
    let mut between = between.into_iter();
    loop {
        let page = page(games, &asked).await;
        assert!(page.games.len() <= usize::try_from(page_size).expect("positive"));
        taken.seen.extend(page.games);
        let Some(next) = page.next_page_token else { return taken };
        asked.page_token = next;
        for happening in between.next().unwrap_or_default() {
            happens(games, genre, happening, &mut present, &mut taken).await;
        }
    }
}

async fn happens(
    games: &mut GamesClient,
    genre: &str,
    happening: Happening,
    present: &mut BTreeMap<i32, String>,
    taken: &mut Taken,
) {
    let any = |index: prop::sample::Index, present: &BTreeMap<i32, String>| {
        let ids: Vec<_> = present.keys().copied().collect();
        (!ids.is_empty()).then(|| ids[index.index(ids.len())])
    };
    match happening {
        Happening::Added { title, cents } => {
            let id = adds(games, &title, genre, f64::from(cents) / 100.0).await;
            present.insert(id, title);
        }
        Happening::Removed(index) => {
            let Some(game_id) = any(index, present) else { return };
            games.delete_game(DeleteGameRequest { game_id }).await.expect("it is there");
            present.remove(&game_id);
            taken.stayed.remove(&game_id);
        }
        Happening::Retitled(index) => {
            let Some(game_id) = any(index, present) else { return };
            let title = Some("ab".to_owned());
            let change = UpdateGameRequest { game_id, title, ..UpdateGameRequest::default() };
            games.update_game(change).await.expect("it is there");
            // It may have moved behind or before the reader: shown once, twice or not at all.
            taken.stayed.remove(&game_id);
            taken.retitled.insert(game_id);
        }
    }
}

fn place(sort: &str, game: &Game) -> (String, i32) {
    match sort {
        "newest" => (String::new(), -game.game_id),
        "title" => (game.title.to_lowercase(), game.game_id),
        _ => (format!("{:012.2}", game.price), game.game_id),
    }
}

#[test]
fn pages_neither_repeat_nor_hide_games_that_stay_while_others_come_and_go() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (_platform, games) = runtime.block_on(async {
        let platform = platform().await;
        let games = platform.publisher("Northlight").await.games();
        (platform, games)
    });
    let config = ProptestConfig { cases: 32, failure_persistence: None, ..Default::default() };
    let cases = AtomicUsize::new(0);

    let outcome = TestRunner::new(config).run(&walk(), |walk| {
        let genre = format!("Genre {}", cases.fetch_add(1, Ordering::Relaxed));
        let sort = walk.sort;
        let Taken { seen, stayed, retitled } =
            runtime.block_on(take(&mut games.clone(), &genre, walk));

        let times = |id: i32| seen.iter().filter(|game| game.game_id == id).count();
        for id in stayed {
            prop_assert_eq!(times(id), 1, "game {} of {:?}", id, &seen);
        }
        for Game { game_id, .. } in &seen {
            prop_assert!(times(*game_id) == 1 || retitled.contains(game_id), "{:?}", &seen);
        }
        let places: Vec<_> = seen.iter().map(|game| place(sort, game)).collect();
        prop_assert!(places.is_sorted(), "{:?}", places);
        Ok(())
    });

    outcome.unwrap();
}
