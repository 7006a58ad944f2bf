//! Answers that are kept: the same words at every door, the first time and every time after, and new ones after a
//! change.

use prost::Message;
use serde_json::json;
use sir0_contract::{
    Call, calls,
    storefront::{GetGameRequest, GetGameResponse, ListGamesRequest, ListGamesResponse},
};
use sir0_testkit::{Person, Running, a_game, platform};
use sir0_transcoding::write_part;

use crate::grpc_web;

/// Games whose texts JSON, protobuf and base64 write in different ways.
async fn a_store() -> (Running, Person, Vec<i32>) {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await;
    let mut ids = Vec::new();
    for (title, price, description) in [
        ("Lanterns", 19.99, String::new()),
        ("\"Quoted\" \\ & <b>", 0.0, "Two\nlines, and a\ttab.".to_owned()),
        ("灯台 \u{1f3ee} Ünïcode", 999_999.99, "\u{2028}é".repeat(2000)),
        ("Plain", 0.1, "x".repeat(4000)),
    ] {
        let mut game = a_game(title);
        game["price"] = json!(price);
        game["description"] = json!(description);
        let added = studio.rest().post("/api/games", &game).await;
        assert_eq!(added.status, 201, "{added:?}");
        let id = added.json["gameId"].as_i64().expect("a number");
        ids.push(i32::try_from(id).expect("a small one"));
    }
    (platform, studio, ids)
}

fn named(name: &str) -> &'static Call {
    calls().find(|call| call.name == name).expect("a call of the contract")
}

/// What REST has to say of a message, written anew from one that a client has decoded.
fn in_json(call: &Call, message: &impl Message) -> String {
    let binding = &call.rest.as_ref().expect("a REST form").bindings[0];
    let mut json = Vec::new();
    let wire = message.encode_to_vec();
    write_part(binding.response, call.response, &wire, &mut json).expect("its own bytes");
    String::from_utf8(json).expect("JSON is text")
}

#[tokio::test]
async fn a_game_reads_alike_at_every_door_the_first_time_and_every_time_after() {
    let (_platform, visitor, ids) = a_store().await;
    let call = named("GetGame");

    for game_id in ids {
        for time in 1..=3 {
            let request = GetGameRequest { game_id };
            let message = visitor.games().get_game(request).await.expect("a game").into_inner();
            let web = grpc_web::makes(&visitor, call, &request.encode_to_vec()).await;
            let rest = visitor.rest().get(&format!("/api/games/{game_id}")).await;

            assert_eq!(message.game.as_ref().map(|game| game.game_id), Some(game_id));
            assert_eq!(rest.text, in_json(call, &message), "time {time}");
            let web = GetGameResponse::decode(&*web.message.expect("a message")).expect("a game");
            assert_eq!(web, message, "time {time}");
        }
    }
}

#[tokio::test]
async fn a_page_reads_alike_at_every_door_the_first_time_and_every_time_after() {
    let (_platform, visitor, ids) = a_store().await;
    let call = named("ListGames");

    for page_size in [1, 2, 100] {
        let mut seen = Vec::new();
        let mut request = ListGamesRequest { page_size, ..ListGamesRequest::default() };
        loop {
            let token = &request.page_token;
            let path = format!("/api/games?pageSize={page_size}&pageToken={token}");
            let rest = [visitor.rest().get(&path).await, visitor.rest().get(&path).await];
            let web = grpc_web::makes(&visitor, call, &request.encode_to_vec()).await;
            let page = visitor.games().list_games(request.clone()).await.expect("a page");
            let page = page.into_inner();

            for rest in rest {
                assert_eq!(rest.text, in_json(call, &page), "{path}");
            }
            let web = ListGamesResponse::decode(&*web.message.expect("a message")).expect("games");
            assert_eq!(web, page, "{path}");
            seen.extend(page.games.iter().map(|game| game.game_id));
            match page.next_page_token {
                Some(next) => request.page_token = next,
                None => break,
            }
        }
        assert_eq!(seen, ids.iter().rev().copied().collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn who_changed_a_game_reads_the_change_at_every_door() {
    let (_platform, studio, ids) = a_store().await;
    let (rest, path) = (studio.rest(), format!("/api/games/{}", ids[0]));

    for (price, revision) in (1..=10).zip(2..) {
        assert_eq!(rest.put(&path, &json!({"price": price})).await.status, 200);

        let request = GetGameRequest { game_id: ids[0] };
        let game = studio.games().get_game(request).await.expect("a game").into_inner().game;
        assert_eq!(game.expect("it is there").revision, revision);
        assert_eq!(rest.get(&path).await.json["price"], json!(f64::from(price)));
        let listed = rest.get("/api/games").await.json["games"].clone();
        assert_eq!(listed[3]["price"], json!(f64::from(price)));
    }
    assert_eq!(rest.delete(&path).await.status, 200);
    assert_eq!(rest.get(&path).await.status, 404);
    assert_eq!(rest.get("/api/games").await.json["games"].as_array().map(Vec::len), Some(3));
}
