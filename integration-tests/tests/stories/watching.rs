//! A client follows the store over gRPC: the present, then every change in the order of commits.

use std::collections::BTreeMap;

use sir0_contract::storefront::{UpdateGameRequest, WatchGamesRequest, WatchGamesResponse};
use sir0_testkit::GamesClient;

use crate::watcher::{a_store, adds, next, removes, reprices, told, watches};

async fn moves(games: &mut GamesClient, game_id: i32, genre: &str) {
    let genre = Some(genre.to_owned());
    let change = UpdateGameRequest { game_id, genre, ..UpdateGameRequest::default() };
    games.update_game(change).await.expect("it is there");
}

#[tokio::test]
async fn the_present_comes_first_and_then_every_change_in_the_order_of_commits() {
    let (_platform, visitor, mut games) = a_store().await;
    let (one, two) = (adds(&mut games, "Puzzle").await, adds(&mut games, "Racing").await);

    let asked = WatchGamesRequest { send_present: true, ..WatchGamesRequest::default() };
    let mut stream = watches(&visitor, asked).await;
    let mut present = Vec::new();
    for _ in 0..3 {
        present.push(next(&mut stream).await);
    }
    reprices(&mut games, one, 5).await;
    let three = adds(&mut games, "Puzzle").await;
    removes(&mut games, two).await;
    let mut changes = Vec::new();
    for _ in 0..3 {
        changes.push(next(&mut stream).await);
    }

    let say = |heard: &[WatchGamesResponse]| heard.iter().map(told).collect::<Vec<_>>();
    assert_eq!(
        say(&present),
        [format!("present {one} r1"), format!("present {two} r1"), "in sync".to_owned()]
    );
    assert_eq!(
        say(&changes),
        [format!("changed {one} r2"), format!("added {three} r1"), format!("removed {two} r1")]
    );
    assert!(present.iter().chain(&changes).all(|heard| !heard.resume_token.is_empty()));
}

#[tokio::test]
async fn many_writers_are_heard_by_all_in_one_order_that_each_game_agrees_with() {
    let (platform, visitor, _) = a_store().await;
    let mut first = watches(&visitor, WatchGamesRequest::default()).await;
    let mut second = watches(&visitor, WatchGamesRequest::default()).await;
    let studio = platform.visitor().signs_in("Northlight").await;

    let writers = (0..8).map(|_| {
        let mut games = studio.games();
        tokio::spawn(async move {
            let id = adds(&mut games, "Puzzle").await;
            for cents in 1..5 {
                reprices(&mut games, id, cents).await;
            }
            removes(&mut games, id).await;
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("every writer succeeds");
    }
    let mut heard = (Vec::new(), Vec::new());
    for _ in 0..8 * 6 {
        heard.0.push(next(&mut first).await.update);
        heard.1.push(next(&mut second).await);
    }

    assert_eq!(heard.0, heard.1.iter().map(|heard| heard.update.clone()).collect::<Vec<_>>());
    let mut of_game = BTreeMap::<String, Vec<String>>::new();
    for said in heard.1.iter().map(told) {
        let mut words = said.split(' ');
        let (what, id, revision) = (words.next(), words.next(), words.next());
        let line = format!("{} {}", what.unwrap(), revision.unwrap());
        of_game.entry(id.unwrap().to_owned()).or_default().push(line);
    }
    assert_eq!(of_game.len(), 8);
    for said in of_game.values() {
        assert_eq!(
            said,
            &["added r1", "changed r2", "changed r3", "changed r4", "changed r5", "removed r5"]
        );
    }
}

#[tokio::test]
async fn a_change_that_changes_nothing_is_heard_by_no_one() {
    let (_platform, visitor, mut games) = a_store().await;
    let id = adds(&mut games, "Puzzle").await;
    let mut stream = watches(&visitor, WatchGamesRequest::default()).await;

    reprices(&mut games, id, 0).await;
    reprices(&mut games, id, 7).await;

    assert_eq!(told(&next(&mut stream).await), format!("changed {id} r2"));
}

#[tokio::test]
async fn a_watcher_may_keep_to_some_games_or_to_a_genre() {
    let (_platform, visitor, mut games) = a_store().await;
    let (one, two) = (adds(&mut games, "Puzzle").await, adds(&mut games, "Racing").await);
    let by_id = WatchGamesRequest { game_ids: vec![two], send_present: true, ..Default::default() };
    let by_genre =
        WatchGamesRequest { genre: "pUZZLE".to_owned(), send_present: true, ..Default::default() };
    let mut by_id = watches(&visitor, by_id).await;
    let mut by_genre = watches(&visitor, by_genre).await;
    // The present is what is there when it is read, and not when it was asked for.
    for (stream, id) in [(&mut by_id, two), (&mut by_genre, one)] {
        assert_eq!(told(&next(stream).await), format!("present {id} r1"));
        assert_eq!(told(&next(stream).await), "in sync");
    }

    reprices(&mut games, one, 5).await;
    moves(&mut games, one, "Racing").await;
    reprices(&mut games, one, 6).await;
    moves(&mut games, two, "Puzzle").await;
    removes(&mut games, one).await;
    removes(&mut games, two).await;

    for expected in [format!("changed {two} r2"), format!("removed {two} r2")] {
        assert_eq!(told(&next(&mut by_id).await), expected);
    }
    for expected in [
        format!("changed {one} r2"),
        // It leaves the genre: heard once more, and then no more.
        format!("changed {one} r3"),
        format!("changed {two} r2"),
        format!("removed {two} r2"),
    ] {
        assert_eq!(told(&next(&mut by_genre).await), expected);
    }
}
