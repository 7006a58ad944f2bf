//! Lists in pages: how large they are, and which tokens open the next one.

use serde_json::json;
use sir0_contract::storefront::{CreateGameRequest, ListGamesRequest, ListGamesResponse};
use sir0_testkit::{GamesClient, platform};
use tonic::Code;
use tonic_types::StatusExt;

/// Adds a game and answers with its id.
pub(crate) async fn adds(games: &mut GamesClient, title: &str, genre: &str, price: f64) -> i32 {
    let request = CreateGameRequest {
        title: title.to_owned(),
        genre: genre.to_owned(),
        price: Some(price),
        description: String::new(),
        request_id: None,
        ..Default::default()
    };
    games.create_game(request).await.expect("a good game").into_inner().game_id
}

/// Reads a page.
pub(crate) async fn page(games: &mut GamesClient, asked: &ListGamesRequest) -> ListGamesResponse {
    games.list_games(asked.clone()).await.expect("a page").into_inner()
}

async fn a_list_of_three() -> (sir0_testkit::Running, GamesClient, String) {
    let platform = platform().await;
    let mut games = platform.publisher("Northlight").await.games();
    for title in ["Anvils", "Bridges", "Candles"] {
        adds(&mut games, title, "Puzzle", 1.0).await;
    }
    let asked = ListGamesRequest {
        page_size: 1,
        genre: "Puzzle".to_owned(),
        ..ListGamesRequest::default()
    };
    let token = page(&mut games, &asked).await.next_page_token.expect("two more games");
    (platform, games, token)
}

#[tokio::test]
async fn a_page_token_that_is_forged_or_of_another_list_is_refused() {
    let (platform, mut games, token) = a_list_of_three().await;
    let watch = platform
        .visitor()
        .rest()
        .stream("/api/games:watch?sendPresent=true", "application/x-ndjson", &[])
        .await;
    let resume = in_sync_token(watch).await;
    let mut changed = token.clone();
    let last = if changed.pop() == Some('A') { 'B' } else { 'A' };
    changed.push(last);
    let asked = |genre: &str, sort: &str, q: &str, page_token: &str| ListGamesRequest {
        page_size: 1,
        page_token: page_token.to_owned(),
        genre: genre.to_owned(),
        sort: sort.to_owned(),
        q: q.to_owned(),
        ..ListGamesRequest::default()
    };

    for (genre, sort, q, token) in [
        ("Puzzle", "", "", "forged"),
        ("Puzzle", "", "", &changed[..]),
        ("Puzzle", "", "", &resume[..]),
        ("Puzzle", "title", "", &token[..]),
        ("Puzzle", "price", "", &token[..]),
        ("Racing", "", "", &token[..]),
        ("", "", "", &token[..]),
        ("Puzzle", "", "bridges", &token[..]),
    ] {
        let refused = games.list_games(asked(genre, sort, q, token)).await.unwrap_err();

        assert_eq!(refused.code(), Code::InvalidArgument, "{genre} {sort} {q} {token}");
        let bad = refused.get_details_bad_request().unwrap().field_violations;
        assert_eq!(bad[0].field, "page_token");
    }
    let good = asked("pUZZle", "newest", "", &token);
    assert_eq!(page(&mut games, &good).await.games[0].title, "Bridges");
}

async fn in_sync_token(mut watch: sir0_testkit::EventStream) -> String {
    loop {
        let heard = watch.next_json().await.expect("an open stream");
        if heard.get("inSync").is_some() {
            return heard["resumeToken"].as_str().expect("a text").to_owned();
        }
    }
}

#[tokio::test]
async fn the_page_size_may_change_on_the_way_and_a_token_outlives_a_restart() {
    let (platform, _, token) = a_list_of_three().await;
    let platform = platform.restart().await;
    let mut games = platform.visitor().games();

    let asked = ListGamesRequest {
        page_size: 2,
        genre: "Puzzle".to_owned(),
        page_token: token,
        ..ListGamesRequest::default()
    };
    let rest = page(&mut games, &asked).await;

    assert_eq!(
        rest.games.iter().map(|game| &game.title[..]).collect::<Vec<_>>(),
        ["Bridges", "Anvils"]
    );
    assert_eq!(rest.next_page_token, None);
}

#[tokio::test]
async fn a_page_holds_a_hundred_games_unless_asked_and_never_more_than_a_thousand() {
    let platform = platform().await;
    let mut games = platform.publisher("Northlight").await.games();
    for number in 0..101 {
        adds(&mut games, &format!("Game {number}"), "Puzzle", 1.0).await;
    }
    let rest = platform.visitor().rest();
    let read = async |query: &str| {
        let answer = rest.get(&format!("/api/games{query}")).await;
        let games = answer.json["games"].as_array().expect("games").len();
        (games, answer.json.get("nextPageToken").cloned())
    };

    let (usual, next) = read("").await;
    let next = next.expect("a token, because one game is left").as_str().unwrap().to_owned();

    assert_eq!(usual, 100);
    assert_eq!(read(&format!("?pageToken={next}")).await, (1, None));
    assert_eq!(read("?pageSize=0").await.0, 100);
    assert_eq!(read("?pageSize=7").await.0, 7);
    assert_eq!(read("?pageSize=2147483647").await, (101, None));
}

#[tokio::test]
async fn every_page_says_how_many_games_the_list_has() {
    let (platform, mut games, token) = a_list_of_three().await;
    let rest = platform.visitor().rest();

    for (query, total) in [
        ("", 3),
        ("?pageSize=3&sort=title", 3),
        ("?q=bridges", 1),
        ("?genre=Racing", 0),
        ("?pageSize=2", 3),
        (&format!("?genre=Puzzle&pageToken={token}")[..], 3),
    ] {
        for _again in 0..2 {
            let answer = rest.get(&format!("/api/games{query}")).await;
            assert_eq!(answer.json["totalSize"], json!(total), "{query}");
        }
    }
    assert_eq!(page(&mut games, &ListGamesRequest::default()).await.total_size, Some(3));
    adds(&mut games, "Docks", "Puzzle", 1.0).await;
    assert_eq!(page(&mut games, &ListGamesRequest::default()).await.total_size, Some(4));
}
