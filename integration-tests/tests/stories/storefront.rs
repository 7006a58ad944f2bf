//! A studio lists games and players see them: every word of the documented contract, over REST and gRPC.

use http::Method;
use prost::Message;
use serde_json::{Value, json};
use sir0_contract::{
    calls,
    storefront::{
        CreateGameRequest, DeleteGameRequest, GetGameRequest, ListGamesRequest, ListGamesResponse,
        UpdateGameRequest,
    },
};
use sir0_testkit::{Answer, Person, a_game, platform};
use tonic::Code;
use tonic_types::StatusExt;

use crate::grpc_web;

/// Adds a game and answers with its id.
async fn adds(studio: &Person, game: &Value) -> i64 {
    let added = studio.rest().post("/api/games", game).await;
    assert_eq!(added.status, 201, "{added:?}");
    added.json["gameId"].as_i64().expect("a JSON number")
}

fn is_refused(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert!(answer.json["error"].as_str().is_some_and(|error| !error.is_empty()), "{answer:?}");
    assert!(answer.json["details"].as_str().is_some_and(|text| !text.is_empty()), "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn a_game_is_added_read_listed_changed_and_removed_in_the_documented_words() {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await;
    let (rest, reader) = (studio.rest(), platform.visitor().rest());
    let lanterns =
        json!({"title": "Lanterns", "genre": "Puzzle", "price": 19.99, "description": "Light."});

    let added = rest.post("/api/games", &lanterns).await;
    let path = format!("/api/games/{}", added.json["gameId"]);
    let read = reader.get(&path).await;
    let listed = reader.get("/api/games").await;
    let changed = rest
        .put(
            &path,
            &json!({"title": "Lanterns II", "genre": "Puzzle", "price": 5, "description": ""}),
        )
        .await;
    let read_again = reader.get(&path).await;
    let removed = rest.delete(&path).await;

    assert_eq!(added.status, 201);
    assert_eq!(added.json["message"], "Game added successfully");
    assert_eq!(added.json["title"], "Lanterns");
    assert_eq!(read.status, 200);
    assert_eq!(read.json["title"], "Lanterns");
    assert_eq!(read.json["price"], 19.99);
    assert_eq!(listed.status, 200);
    assert_eq!(listed.json, json!({"games": [read.json], "totalSize": 1, "facets": []}));
    assert_eq!(changed.status, 200);
    assert_eq!(changed.json["message"], "Game updated successfully");
    assert_eq!(read_again.json["title"], "Lanterns II");
    assert_eq!(read_again.json["price"], 5.0);
    assert_eq!(read_again.json["description"], "");
    assert_eq!(removed.status, 200);
    assert_eq!(removed.json, json!({"message": "Game deleted successfully"}));
    for gone in
        [reader.get(&path).await, rest.put(&path, &lanterns).await, rest.delete(&path).await]
    {
        is_refused(&gone, 404);
        assert_eq!(gone.json["error"], "Game not found");
    }
    assert_eq!(
        reader.get("/api/games").await.json,
        json!({"games": [], "totalSize": 0, "facets": []})
    );
}

#[tokio::test]
async fn all_five_fields_are_there_with_their_types_also_when_zero_or_empty() {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await;
    let id = adds(&studio, &json!({"title": "Free", "genre": "Puzzle", "price": 0})).await;
    let reader = platform.visitor().rest();

    let alone = reader.get(&format!("/api/games/{id}")).await.json;
    let listed = reader.get("/api/games").await.json["games"][0].clone();

    for game in [alone, listed] {
        assert_eq!(game["gameId"].as_i64(), Some(id));
        assert_eq!(game["title"], "Free");
        assert_eq!(game["genre"], "Puzzle");
        assert_eq!(game["price"].as_f64(), Some(0.0));
        assert_eq!(game["description"].as_str(), Some(""));
    }
}

#[tokio::test]
async fn grpc_says_the_same_in_its_own_types() {
    let platform = platform().await;
    let mut games = platform.publisher("Northlight").await.games();

    let request = CreateGameRequest {
        title: " Lanterns ".to_owned(),
        genre: "Puzzle".to_owned(),
        price: Some(0.1),
        description: String::new(),
        request_id: None,
        ..Default::default()
    };
    let added = games.create_game(request).await.unwrap().into_inner();
    let game_id = added.game_id;
    let read = games.get_game(GetGameRequest { game_id }).await.unwrap().into_inner().game.unwrap();
    let listed = games.list_games(ListGamesRequest::default()).await.unwrap().into_inner();
    let change = UpdateGameRequest { game_id, price: Some(0.0), ..UpdateGameRequest::default() };
    let changed = games.update_game(change).await.unwrap().into_inner();
    let removed = games.delete_game(DeleteGameRequest { game_id }).await.unwrap().into_inner();
    let gone = games.get_game(GetGameRequest { game_id }).await.unwrap_err();

    assert_eq!(
        (added.message.as_str(), added.title.as_str()),
        ("Game added successfully", "Lanterns")
    );
    assert_eq!((read.price, read.revision), (0.1, 1));
    assert_eq!(listed.games, [read]);
    assert_eq!(listed.next_page_token, None);
    assert_eq!((changed.message.as_str(), changed.revision), ("Game updated successfully", 2));
    assert_eq!(removed.message, "Game deleted successfully");
    assert_eq!(gone.code(), Code::NotFound);
    assert_eq!(gone.get_details_error_info().unwrap().reason, "GAME_NOT_FOUND");
}

#[tokio::test]
async fn a_browser_over_grpc_web_reads_the_same_list() {
    let platform = platform().await;
    adds(&platform.publisher("Northlight").await, &a_game("Lanterns")).await;
    let visitor = platform.visitor();
    let list = calls().find(|call| call.name == "ListGames").expect("a call");

    let over_web = grpc_web::makes(&visitor, list, &[]).await;
    let over_grpc = visitor.games().list_games(ListGamesRequest::default()).await.unwrap();

    let message = over_web.message.expect("a message before the trailers");
    assert_eq!(over_web.code, Code::Ok);
    assert_eq!(ListGamesResponse::decode(&message[..]).unwrap(), over_grpc.into_inner());
}

#[tokio::test]
async fn games_are_read_by_all_and_written_by_publishers_and_administrators_only() {
    let platform = platform().await;
    let (nobody, player) = (platform.visitor(), platform.player("Ada").await);
    let (studio, root) = (platform.publisher("Northlight").await, platform.admin("Root").await);

    let unknown = nobody.rest().post("/api/games", &a_game("Lanterns")).await;
    let denied = player.rest().post("/api/games", &a_game("Lanterns")).await;

    is_refused(&unknown, 401);
    is_refused(&denied, 403);
    assert!(nobody.rest().get("/api/games").await.json["games"].as_array().unwrap().is_empty());
    assert_eq!(studio.rest().post("/api/games", &a_game("Lanterns")).await.status, 201);
    assert_eq!(root.rest().post("/api/games", &a_game("Harbours")).await.status, 201);
}

#[tokio::test]
async fn what_is_left_out_of_a_change_stays_and_a_change_of_nothing_is_refused() {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await;
    let rest = studio.rest();
    let path = format!("/api/games/{}", adds(&studio, &a_game("Lanterns")).await);

    let cheaper = rest.put(&path, &json!({"price": 4.5})).await;
    let after = rest.get(&path).await.json;
    let nothing = rest.put(&path, &json!({})).await;
    let only_a_revision = rest.put(&path, &json!({"revision": 2})).await;
    let same = rest.put(&path, &json!({"price": 4.5})).await;

    assert_eq!(cheaper.status, 200);
    assert_eq!(after["price"], 4.5);
    assert_eq!(after["title"], "Lanterns");
    assert_eq!(after["genre"], "Puzzle");
    assert_eq!(after["description"], "Light finds a way.");
    is_refused(&nothing, 400);
    is_refused(&only_a_revision, 400);
    assert_eq!((same.status, &same.json["revision"]), (200, &json!(2)), "nothing changed");
}

#[tokio::test]
async fn a_change_based_on_an_older_revision_is_told_to_read_again() {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await;
    let path = format!("/api/games/{}", adds(&studio, &a_game("Lanterns")).await);

    let first = studio.rest().put(&path, &json!({"price": 1, "revision": 1})).await;
    let second = studio.rest().put(&path, &json!({"price": 2, "revision": 1})).await;

    assert_eq!((first.status, &first.json["revision"]), (200, &json!(2)));
    is_refused(&second, 409);
    assert_eq!(second.json["reason"], "STALE_REVISION");
    assert_eq!(studio.rest().get(&path).await.json["price"], 1.0);
}

#[tokio::test]
async fn an_id_is_never_used_again_also_not_after_a_restart() {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await;
    let first = adds(&studio, &a_game("Lanterns")).await;
    studio.rest().delete(&format!("/api/games/{first}")).await;

    let second = adds(&studio, &a_game("Harbours")).await;
    studio.rest().delete(&format!("/api/games/{second}")).await;
    let _platform = platform.restart().await;
    let third = adds(&studio, &a_game("Anvils")).await;

    assert!(first < second && second < third, "{first} {second} {third}");
    assert_eq!(studio.rest().get(&format!("/api/games/{second}")).await.status, 404);
}

#[tokio::test]
async fn a_bad_game_is_refused_with_every_bad_field_named() {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await;
    let rest = studio.rest();
    let named = |answer: &Answer| {
        is_refused(answer, 400);
        let fields = answer.json["fields"].as_array().expect("the fields").clone();
        let names = fields.iter().map(|field| field["field"].as_str().unwrap().to_owned());
        let names: Vec<_> = names.collect();
        for name in &names {
            assert!(answer.json["details"].as_str().unwrap().contains(name), "{answer:?}");
        }
        names
    };
    let price = |price: f64| json!({"title": "Lanterns", "genre": "Puzzle", "price": price});

    let all = json!({"title": "", "genre": "\u{202e}", "price": -1, "description": "a\u{0}b"});
    let all = rest.post("/api/games", &all).await;
    let none = rest.post("/api/games", &json!({})).await;
    let types = json!({"title": 5, "genre": [], "price": "12", "colour": "red"});
    let types = rest.post("/api/games", &types).await;

    assert_eq!(named(&all), ["title", "genre", "price", "description"]);
    assert_eq!(named(&none), ["title", "genre", "price"]);
    let mut found = named(&types);
    found.sort();
    assert_eq!(found, ["colour", "genre", "price", "title"]);
    for bad in [0.001, 19.999, -0.01, 1e6, 1e308] {
        assert_eq!(named(&rest.post("/api/games", &price(bad)).await), ["price"], "{bad}");
    }
    for good in [0.0, 0.01, 0.1, 19.99, 999_999.99] {
        let id = adds(&studio, &price(good)).await;
        assert_eq!(rest.get(&format!("/api/games/{id}")).await.json["price"], good);
    }
}

#[tokio::test]
async fn what_is_no_request_is_refused_by_name() {
    let platform = platform().await;
    let rest = platform.publisher("Northlight").await.rest();

    for id in ["0", "-1", "abc", "2147483648", "1.5", "%78"] {
        let answer = rest.get(&format!("/api/games/{id}")).await;
        is_refused(&answer, 400);
        assert!(answer.json["details"].as_str().unwrap().contains("`gameId`"), "{answer:?}");
    }
    for body in ["", "nonsense", "[]", "5", "{\"title\":"] {
        let answer = rest.sends(Method::POST, "/api/games", body).await;
        is_refused(&answer, 400);
        assert!(answer.json["details"].as_str().unwrap().contains("body"), "{answer:?}");
    }
    let unknown_path = rest.get("/api/gamez").await;
    let wrong_method = rest.sends(Method::PATCH, "/api/games/1", "{}").await;
    let wrong_query = rest.get("/api/games?pagesize=3").await;

    is_refused(&unknown_path, 404);
    is_refused(&wrong_method, 405);
    let allowed = wrong_method.header("allow").expect("what is allowed");
    for method in ["GET", "PUT", "DELETE"] {
        assert!(allowed.contains(method), "{allowed}");
    }
    is_refused(&wrong_query, 400);
    assert!(wrong_query.json["details"].as_str().unwrap().contains("pagesize"));
}

#[tokio::test]
async fn the_status_says_what_the_contract_says() {
    let platform = platform().await;

    let status = platform.visitor().rest().get("/api/status").await;

    assert_eq!(status.status, 200);
    assert_eq!(status.json["status"], "OK");
    assert!(status.json["service"].as_str().is_some_and(|name| !name.is_empty()));
    let timestamp = status.json["timestamp"].as_str().expect("a text");
    assert!(timestamp.ends_with('Z'), "{timestamp} is in UTC");
    humantime_serde::re::humantime::parse_rfc3339(timestamp).expect("RFC 3339");
    assert!(status.json.get("details").is_none_or(Value::is_null));
}
