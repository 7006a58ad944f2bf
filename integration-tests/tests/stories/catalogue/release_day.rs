//! The whole way of a game, its DLC and its bundle: made, shown and planned in secret, heard when they come, and found by a
//! player; with REST alone, and with gRPC alone.

use std::collections::BTreeSet;

use bytes::Bytes;
use futures::stream;
use prost_types::Timestamp;
use sir0_contract::storefront::{
    CreateGameRequest, GamePage, ListGamesRequest, PageText, PublishGameRequest,
    UpdateGamePageRequest, UploadPictureRequest, media_service_client::MediaServiceClient,
    pages_service_client::PagesServiceClient, watch_games_response::Update,
};
use sir0_testkit::png;
use sir0_transcoding::HttpBody;

use super::*;

const TITLE: &str = "Ночной маяк";
const TAG: &str = "cosy";

/// Through which door someone comes.
#[derive(Clone, Copy)]
enum Door {
    Rest,
    Grpc,
}
use Door::{Grpc, Rest};

fn number(id: i64) -> i32 {
    i32::try_from(id).expect("an id")
}

/// Adds a draft, and answers with its id.
async fn drafts(by: &Person, door: Door, title: &str, kind: &str, of: &[i64]) -> i64 {
    let (base, bundled) = match kind {
        "dlc" => (of.first().copied(), &[][..]),
        _ => (None, of),
    };
    match door {
        Rest => {
            let mut game = with(a_draft(title), &json!({"kind": kind, "bundledGameIds": bundled}));
            if let Some(base) = base {
                game["baseGameId"] = json!(base);
            }
            adds(by, &game).await
        }
        Grpc => {
            let game = CreateGameRequest {
                title: title.to_owned(),
                genre: "Puzzle".to_owned(),
                price: Some(19.99),
                kind: kind.to_owned(),
                state: "draft".to_owned(),
                base_game_id: base.map(number),
                bundled_game_ids: bundled.iter().copied().map(number).collect(),
                ..CreateGameRequest::default()
            };
            by.games().create_game(game).await.expect("a game").into_inner().game_id.into()
        }
    }
}

/// Shows a game by a cover and a page.
async fn shows(by: &Person, door: Door, id: i64) {
    let cover = png(300, 450, 3);
    match door {
        Rest => {
            assert_eq!(by.uploads(id, "cover", cover).await.status, 201);
            let text = json!({"language": "de", "title": "Der Leuchtturm"});
            let page = json!({"page": {"tags": [TAG], "platforms": ["linux"], "texts": [text]}});
            let written = by.rest().put(&format!("/api/games/{id}/page"), &page).await;
            assert_eq!(written.status, 200, "{written:?}");
        }
        Grpc => {
            let (game_id, purpose) = (number(id), "cover".to_owned());
            let first = UploadPictureRequest { game_id, purpose, picture: None };
            let pieces = cover.chunks(500).map(|data| {
                let (content_type, data) = (String::new(), Bytes::copy_from_slice(data));
                let picture = Some(HttpBody { content_type, data });
                UploadPictureRequest { picture, ..UploadPictureRequest::default() }
            });
            let pieces: Vec<_> = std::iter::once(first).chain(pieces).collect();
            let mut media = MediaServiceClient::new(by.bearer());
            media.upload_picture(stream::iter(pieces)).await.expect("a picture");
            let text = PageText {
                language: "de".to_owned(),
                title: Some("Der Leuchtturm".to_owned()),
                ..PageText::default()
            };
            let page = GamePage {
                tags: vec![TAG.to_owned()],
                platforms: vec!["linux".to_owned()],
                texts: vec![text],
                ..GamePage::default()
            };
            let page = UpdateGamePageRequest { game_id, page: Some(page), revision: None };
            let mut pages = PagesServiceClient::new(by.bearer());
            pages.update_game_page(page).await.expect("a page");
        }
    }
}

/// Plans the release for this moment.
async fn plans(by: &Person, door: Door, id: i64, at: SystemTime) {
    match door {
        Rest => {
            let time = humantime_serde::re::humantime::format_rfc3339_millis(at).to_string();
            let plan = json!({"state": "released", "time": time});
            let planned = by.rest().post(&format!("/api/games/{id}:publish"), &plan).await;
            assert_eq!(planned.status, 200, "{planned:?}");
        }
        Grpc => {
            let (state, time) = ("released".to_owned(), Some(Timestamp::from(at)));
            let plan = PublishGameRequest { game_id: number(id), state, time };
            by.games().publish_game(plan).await.expect("a plan");
        }
    }
}

/// What a list finds: its games in order, and how many games have the tag.
async fn finds(by: &Person, door: Door, words: &str, tag: &str) -> (Vec<i64>, i64) {
    match door {
        Rest => {
            let path = format!("/api/games?kind=all&q={words}&tag={tag}&facets=tag");
            let found = by.rest().get(&path).await;
            assert_eq!(found.status, 200, "{found:?}");
            let games = found.json["games"].as_array().expect("games").iter();
            let ids = games.map(|game| game["gameId"].as_i64().expect("an id")).collect();
            let count = found.json["facets"][0]["values"][0]["count"].as_i64();
            (ids, count.unwrap_or_default())
        }
        Grpc => {
            let asked = ListGamesRequest {
                kind: "all".to_owned(),
                q: words.to_owned(),
                tag: tag.to_owned(),
                facets: vec!["tag".to_owned()],
                ..ListGamesRequest::default()
            };
            let found = by.games().list_games(asked).await.expect("a list").into_inner();
            let ids = found.games.iter().map(|game| game.game_id.into()).collect();
            let count = found.facets[0].values.first().map_or(0, |value| value.count);
            (ids, count.into())
        }
    }
}

async fn comes_to_its_release(door: Door) {
    let platform = platform().await;
    let (studio, player) = (platform.publisher("Northlight").await, platform.player("Ada").await);
    adds(&studio, &a_game("Harbours")).await;
    let game = drafts(&studio, door, TITLE, "game", &[]).await;
    let dlc = drafts(&studio, door, "Ночной маяк: Шторм", "dlc", &[game]).await;
    let bundle = drafts(&studio, door, "Ночной маяк: Всё", "bundle", &[game, dlc]).await;
    shows(&studio, door, game).await;
    let everything = WatchGamesRequest { kind: "all".to_owned(), ..WatchGamesRequest::default() };
    let mut heard = watches(&player, everything).await;
    let at = now() + Duration::from_secs(6);
    for id in [game, dlc, bundle] {
        plans(&studio, door, id, at).await;
        assert_eq!(player.rest().get(&format!("/api/games/{id}")).await.status, 404);
    }
    assert_eq!(finds(&player, door, "маяк", "").await, (vec![], 0));

    let mut added = BTreeSet::new();
    while added.len() < 3 {
        let Some(Update::Added(one)) = next(&mut heard).await.update else { panic!("they come") };
        assert!(now() >= at, "not before its hour");
        if i64::from(one.game_id) == game {
            assert!(one.cover.is_some_and(|cover| !cover.files.is_empty()) && one.tags == [TAG]);
        }
        added.insert(i64::from(one.game_id));
    }

    assert_eq!(added, [game, dlc, bundle].into());
    // As written, with a typo, in Latin letters, in another language, and by facet.
    for words in ["Ночной маяк", "ночнои мяак", "nochnoy mayak", "leuchtrum"] {
        let (found, _) = finds(&player, door, words, "").await;
        assert_eq!(found.first(), Some(&game), "{words}: {found:?}");
    }
    assert_eq!(finds(&player, door, "", TAG).await, (vec![game], 1));
}

#[tokio::test]
async fn a_game_with_a_dlc_and_a_bundle_comes_to_its_release_over_rest() {
    comes_to_its_release(Rest).await;
}

#[tokio::test]
async fn a_game_with_a_dlc_and_a_bundle_comes_to_its_release_over_grpc() {
    comes_to_its_release(Grpc).await;
}
