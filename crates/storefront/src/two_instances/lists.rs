//! Lists, as an instance answers them whose index misses changes.

use prost::Message;
use sir0_contract_storefront::{self as pb, ListGamesResponse};

use super::*;
use crate::{
    convert::store,
    domain::{
        Band, Dimension, FrontPage, GameEvent, GamePage, Label, Listing, Made, Page, Standing,
        UpdatePicks,
    },
};

fn all() -> Listing {
    Listing { page_size: 10, ..Listing::default() }
}

/// A list that only the index answers.
fn all_counted() -> Listing {
    Listing { facets: vec![Dimension::Genre], ..all() }
}

/// An instance of a store with two games, which are in its index.
async fn with_two_games(db: &StorefrontDb) -> Storefront {
    let storefront = instance(db).await;
    let game = |title| {
        NewGame::released(
            Title::parse(title).expect("a title"),
            Genre::parse("Puzzle").expect("a genre"),
            Price::from_minor(100),
            Description::parse("").expect("a description"),
        )
    };
    let games = ["Lanterns", "Harbours"].map(game).into();
    assert_eq!(storefront.stock(games).await.expect("an empty store"), 2);
    let listing = all_counted();
    let answer = |page: &Page| convert::page(page, &listing, storefront.currency, &storefront.seal);
    storefront.page(&listing, answer).await.expect("an index");
    storefront
}

/// What is answered if the index was found to answer it.
async fn answered(storefront: &Storefront, listing: &Listing) -> ListGamesResponse {
    let answer = |page: &Page| convert::page(page, listing, storefront.currency, &storefront.seal);
    let page = storefront.page_of_index(listing, answer).await;
    let page = page.expect("a database and an index");
    ListGamesResponse::decode(page.framed().message()).expect("a message")
}

/// How many games are picked, as an instance answers it.
async fn picked_of(storefront: &Storefront) -> usize {
    let answer = |front: &FrontPage| store::front_page(front, storefront.currency);
    let page = storefront.front_page(answer).await.expect("a database and an index");
    let page = pb::GetFrontPageResponse::decode(page.framed().message()).expect("a message");
    page.lists.iter().filter(|list| list.name == "picked").map(|list| list.games.len()).sum()
}

on_every_engine! {
    async fn sql_answers_where_changes_were_missed_a_moment_ago(db: StorefrontDb) {
        let storefront = Box::pin(with_two_games(&db)).await;
        // Nothing fills the index again.
        storefront.shared.stopping.cancel();
        storefront.miss_changes().await;

        let answered = Box::pin(answered(&storefront, &all())).await;

        assert_eq!((answered.games.len(), answered.total_size), (2, Some(2)));
    }

    async fn what_only_the_index_knows_waits_until_it_is_whole_again(db: StorefrontDb) {
        let storefront = Box::pin(with_two_games(&db)).await;
        storefront.miss_changes().await;

        let answered = Box::pin(answered(&storefront, &all_counted())).await;

        assert_eq!((answered.games.len(), answered.total_size), (2, Some(2)));
        assert_eq!(answered.facets[0].values[0].count, 2);
    }

    async fn a_game_that_left_a_list_elsewhere_is_not_in_it(db: StorefrontDb) {
        let (storefront, elsewhere) = (Box::pin(with_two_games(&db)).await, Box::pin(instance(&db)).await);
        // It hears of nothing more.
        storefront.shared.stopping.cancel();
        let update = UpdateGame { id: GameId::parse(1).expect("an id"), change: price(900), revision: None };
        let changed = elsewhere.change(an_administrator(), update, whatever(), convert::changed);
        Box::pin(changed).await.expect("made");

        let cheap = Listing { band: Some(Band::Under5), ..all() };
        let answered = Box::pin(answered(&storefront, &cheap)).await;

        let titles: Vec<_> = answered.games.iter().map(|game| &*game.title).collect();
        assert_eq!(titles, ["Harbours"]);
    }

    async fn a_change_by_an_older_version_takes_no_tag_from_the_index(db: StorefrontDb) {
        let storefront = Box::pin(with_two_games(&db)).await;
        let bounds = crate::domain::Bounds { rows: 1, bytes: 1 };
        let before = db.present_after(None, bounds).await.expect("a table").remove(0);
        let tags = vec![Label::parse("cosy").expect("a tag")];
        let page = GamePage { tags, ..GamePage::default() };
        let (game, _) = before.with_page(&page).expect("another page");
        // It knows neither tags nor since when everyone sees the game.
        let standing = Standing { listed: None, ..game.standing };
        let event = GameEvent::Changed {
            game: Game { traits: None, standing, ..game.clone() },
            genre_before: game.genre.clone(),
            studio_before: None,
        };
        let (none, made) = (GamePage::default(), Made { by: None, at: Timestamp::from_micros(1) });

        let saving = db.unit(async |tx| {
            tx.save_page((&before, &none), (&game, &page), &event, made).await
        });
        assert!(saving.await.expect("a table"));

        let cosy = Listing { tag: page.tags.first().cloned(), ..all_counted() };
        let answer = |page: &Page| convert::page(page, &cosy, storefront.currency, &storefront.seal);
        let answer = Box::pin(storefront.page(&cosy, answer)).await.expect("an index");
        let answer = ListGamesResponse::decode(answer.framed().message()).expect("a message");
        assert_eq!(answer.total_size, Some(1));
    }

    async fn the_front_page_follows_what_another_instance_does(db: StorefrontDb) {
        let one = Box::pin(with_two_games(&db)).await;
        let two = Box::pin(instance(&db)).await;
        let bounds = crate::domain::Bounds { rows: 1, bytes: 1 };
        let id = db.present_after(None, bounds).await.expect("a table")[0].id;
        assert_eq!(Box::pin(picked_of(&two)).await, 0);

        let update = UpdatePicks { games: vec![id], revision: None };
        Box::pin(one.update_picks(an_administrator(), update, |_| pb::UpdatePicksResponse::default()))
            .await
            .expect("a game");
        assert_eq!(Box::pin(picked_of(&two)).await, 1, "at once: who asks reads which are picked");

        Box::pin(one.remove(an_administrator(), id, whatever(), convert::removed))
            .await
            .expect("it is there");
        let gone = async {
            while Box::pin(picked_of(&two)).await > 0 {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        let within = std::time::Duration::from_secs(20);
        tokio::time::timeout(within, gone).await.expect("it hears of that");
    }
}
