//! A studio adds a game and the answer is lost: sent again with the same id, the request makes no other game.

use serde_json::{Value, json};
use sir0_contract::storefront::{CreateGameRequest, CreateGameResponse, WatchGamesRequest};
use sir0_testkit::{GamesClient, a_game, platform};
use tonic::Code;
use tonic_types::StatusExt;

use crate::watcher::{a_store, next, removes, reprices, told, watches};

fn asked(title: &str, request_id: &str) -> CreateGameRequest {
    CreateGameRequest {
        title: title.to_owned(),
        genre: "Puzzle".to_owned(),
        price: Some(1.0),
        description: String::new(),
        request_id: Some(request_id.to_owned()),
    }
}

async fn adds(games: &mut GamesClient, request: CreateGameRequest) -> CreateGameResponse {
    games.create_game(request).await.expect("a good game").into_inner()
}

fn named(game: &Value, request_id: &str) -> Value {
    let mut game = game.clone();
    game["requestId"] = json!(request_id);
    game
}

#[tokio::test]
async fn a_request_that_is_sent_again_makes_no_other_game_and_is_announced_once() {
    let (_platform, visitor, mut games) = a_store().await;
    let mut stream = watches(&visitor, WatchGamesRequest::default()).await;

    let first = adds(&mut games, asked("Lanterns", "a")).await;
    let again = adds(&mut games, asked("Lanterns", "a")).await;
    let differs = adds(&mut games, asked("Torches", "a")).await;
    let other = adds(&mut games, asked("Lanterns", "b")).await;

    assert_eq!((&again, &differs), (&first, &first));
    assert_ne!(other.game_id, first.game_id);
    assert_eq!(told(&next(&mut stream).await), format!("added {} r1", first.game_id));
    assert_eq!(told(&next(&mut stream).await), format!("added {} r1", other.game_id));
    let listed = visitor.rest().get("/api/games").await.json["games"].clone();
    assert_eq!(listed.as_array().map(Vec::len), Some(2), "{listed}");
}

#[tokio::test]
async fn the_answer_to_a_repeated_request_outlives_the_game_and_a_restart() {
    let (platform, _, mut games) = a_store().await;
    let first = adds(&mut games, asked("Lanterns", "a")).await;
    let studio = platform.visitor().signs_in("Northlight").await;

    reprices(&mut games, first.game_id, 5).await;
    assert_eq!(adds(&mut games, asked("Lanterns", "a")).await, first);
    removes(&mut games, first.game_id).await;
    assert_eq!(adds(&mut games, asked("Lanterns", "a")).await, first);

    let _platform = platform.restart().await;
    assert_eq!(adds(&mut studio.games(), asked("Lanterns", "a")).await, first);
    let gone = studio.rest().get(&format!("/api/games/{}", first.game_id)).await;
    assert_eq!(gone.status, 404, "it was not made again");
}

#[tokio::test]
async fn over_rest_a_repeated_request_is_created_again_in_the_same_words() {
    let platform = platform().await;
    let (studio, other) =
        (platform.publisher("Northlight").await, platform.publisher("Southlight").await);
    let lanterns = named(&a_game("Lanterns"), "7f3c0c52-6d7b-4d0e-9a39-5f4a8b1f2c11");

    let first = studio.rest().post("/api/games", &lanterns).await;
    let again = studio.rest().post("/api/games", &lanterns).await;
    let of_another = other.rest().post("/api/games", &lanterns).await;
    let of_nobody = platform.visitor().rest().post("/api/games", &lanterns).await;

    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.json, again.json);
    assert_eq!(of_another.status, 201);
    assert_ne!(of_another.json["gameId"], first.json["gameId"]);
    assert_eq!(of_nobody.status, 401);
}

#[tokio::test]
async fn a_request_that_races_itself_makes_one_game() {
    let (platform, visitor, games) = a_store().await;

    let racers: Vec<_> = (0..16)
        .map(|_| {
            let mut games = games.clone();
            tokio::spawn(async move { adds(&mut games, asked("Lanterns", "a")).await })
        })
        .collect();
    let mut made = Vec::new();
    for racer in racers {
        made.push(racer.await.expect("no racer panics"));
    }

    assert!(made.iter().all(|answer| *answer == made[0]), "{made:?}");
    let listed = visitor.rest().get("/api/games").await.json["games"].clone();
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    drop(platform);
}

#[tokio::test]
async fn a_refused_request_may_be_corrected_under_the_same_id() {
    let (_platform, _, mut games) = a_store().await;

    let refused = games.create_game(asked("", "a")).await.unwrap_err();
    let corrected = adds(&mut games, asked("Lanterns", "a")).await;

    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(corrected.title, "Lanterns");
}

#[tokio::test]
async fn what_cannot_name_a_request_is_refused_by_name() {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await;
    let too_long = "x".repeat(65);

    for bad in ["", " ", "a b", "a\n", "\u{e9}", "\u{1f3ee}", &too_long] {
        let status = studio.games().create_game(asked("Lanterns", bad)).await.unwrap_err();
        let answer = studio.rest().post("/api/games", &named(&a_game("Lanterns"), bad)).await;

        assert_eq!(status.code(), Code::InvalidArgument, "{bad:?}");
        let fields = status.get_details_bad_request().unwrap().field_violations;
        assert_eq!(fields.len(), 1, "{fields:?}");
        assert_eq!(fields[0].field, "request_id");
        assert_eq!(answer.status, 400, "{bad:?}");
        assert_eq!(answer.json["fields"][0]["field"], "requestId", "{answer:?}");
    }
    let longest = "~".repeat(64);
    let answer = studio.rest().post("/api/games", &named(&a_game("Lanterns"), &longest)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
}
