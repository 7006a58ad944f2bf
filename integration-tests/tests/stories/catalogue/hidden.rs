//! A stranger finds no trace of what a studio prepares.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sir0_contract::storefront::GetGameRequest;
use tonic::Code;

use super::*;
use crate::watcher::resuming;

/// Every answer in which a stranger could find a game by this word.
async fn all_lists(visitor: &Person, word: &str) -> Vec<String> {
    let mut answers = Vec::new();
    for kind in ["", "game", "dlc", "bundle", "all"] {
        for sort in ["relevance", "newest", "title", "price"] {
            for filter in [
                "",
                "&genre=puzzle",
                "&platform=web",
                &format!("&q={word}"),
                &format!("&q={word}&genre=Puzzle"),
                &format!("&tag={word}&facets=tag"),
            ] {
                let path = format!("/api/games?kind={kind}&sort={sort}{filter}");
                answers.push(format!("{path} {}", visitor.rest().get(&path).await.json));
            }
        }
    }
    let rest = visitor.rest();
    let front = "/api/store/front-page";
    answers.push(format!("{front} {}", rest.get(front).await.json));
    let watch = "/api/games:watch?sendPresent=true&kind=all";
    let mut present = rest.stream(watch, "application/x-ndjson", &[]).await;
    loop {
        let line = present.next_json().await.expect("an open stream");
        if line.get("inSync").is_some() {
            break;
        }
        answers.push(line.to_string());
    }
    answers
}

/// Has an administrator put games on the front page.
async fn are_picked(platform: &Running, ids: &[i64]) {
    let root = platform.admin("Root").await;
    let picked = root.rest().put("/api/store/picks", &json!({"gameIds": ids})).await;
    assert_eq!(picked.status, 200, "{picked:?}");
}

#[tokio::test]
async fn a_stranger_finds_no_trace_of_a_draft() {
    let Stage { platform, studio, stranger, draft } = Stage::set().await;
    let dlc = json!({"kind": "dlc", "baseGameId": draft});
    let dlc = adds(&studio, &with(a_draft("Moonquake Aftershocks"), &dlc)).await;
    let bundle = json!({"kind": "bundle", "bundledGameIds": [draft, dlc]});
    let bundle = adds(&studio, &with(a_draft("Moonquake Complete"), &bundle)).await;
    let visitor = platform.visitor();
    let mut stream =
        watches(&visitor, WatchGamesRequest { kind: "all".to_owned(), ..Default::default() }).await;
    let mut socket = visitor.socket().await;
    socket.subscribes("game_updates").await;

    for id in [draft, dlc, bundle] {
        let own = format!("/api/games/{id}");
        assert_eq!(studio.rest().put(&own, &json!({"price": 4})).await.status, 200);
        let title = json!({"language": "de", "title": "Moonquake auf Deutsch"});
        let page = json!({"page": {"tags": ["moonquake"], "platforms": ["web"], "texts": [title]}});
        assert_eq!(studio.rest().put(&format!("{own}/page"), &page).await.status, 200);
        let plan = json!({"state": "released", "time": in_seconds(3600)});
        assert_eq!(studio.rest().post(&format!("{own}:publish"), &plan).await.status, 200);
        assert_eq!(
            studio.rest().put(&own, &json!({"releaseDate": "2031-05-01"})).await.status,
            200
        );
        assert_eq!(studio.rest().post(&format!("{own}:unschedule"), &json!({})).await.status, 200);
    }
    are_picked(&platform, &[draft, dlc, bundle]).await;

    for answer in all_lists(&visitor, "moonquake").await {
        let answer = answer.to_lowercase();
        assert!(
            !answer.replace("q=moonquake", "").replace("tag=moonquake", "").contains("moonquake"),
            "{answer}"
        );
    }
    // Whoever asks for it is told what they are told of an id that nothing has.
    let none = 2_000_000;
    for id in [draft, dlc, bundle] {
        for by in [&visitor, &stranger] {
            let (is, is_not) = (format!("/api/games/{id}"), format!("/api/games/{none}"));
            let plain = |answer: Answer| {
                let details = answer.json["details"]
                    .as_str()
                    .map(|it| it.replace(&none.to_string(), "it").replace(&id.to_string(), "it"));
                (
                    answer.status,
                    answer.json["reason"].clone(),
                    answer.json["error"].clone(),
                    details,
                )
            };
            let rest = by.rest();
            assert_eq!(plain(rest.get(&is).await), plain(rest.get(&is_not).await));
            assert_eq!(
                plain(rest.get(&format!("{is}:mine")).await),
                plain(rest.get(&format!("{is_not}:mine")).await)
            );
            assert_eq!(
                plain(rest.put(&is, &json!({"price": 1})).await),
                plain(rest.put(&is_not, &json!({"price": 1})).await)
            );
            assert_eq!(plain(rest.delete(&is).await), plain(rest.delete(&is_not).await));
            for (call, body) in [
                ("publish", json!({"state": "released"})),
                ("publish", json!({"state": "released", "time": in_seconds(60)})),
                ("unschedule", json!({})),
                ("handOver", json!({"studioId": "studio_01arz3ndektsv4rrffq69g5fav"})),
            ] {
                let answers = (
                    rest.post(&format!("{is}:{call}"), &body).await,
                    rest.post(&format!("{is_not}:{call}"), &body).await,
                );
                assert_eq!(plain(answers.0), plain(answers.1), "{call}");
            }
            let request =
                |game_id: i64| GetGameRequest { game_id: i32::try_from(game_id).expect("an id") };
            let refused = by.games().get_game(request(id)).await.expect_err("it is hidden");
            assert_eq!(refused.code(), Code::NotFound);
        }
        for named in [
            json!({"kind": "dlc", "baseGameId": id}),
            json!({"kind": "bundle", "bundledGameIds": [id]}),
        ] {
            let unknown =
                json!({"kind": named["kind"], "baseGameId": none, "bundledGameIds": [none]});
            let unknown: Value = unknown
                .as_object()
                .expect("an object")
                .iter()
                .filter(|(name, _)| named.get(name.as_str()).is_some())
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect::<serde_json::Map<_, _>>()
                .into();
            let of_draft =
                stranger.rest().post("/api/games", &with(a_draft("Theft"), &named)).await;
            let of_none =
                stranger.rest().post("/api/games", &with(a_draft("Theft"), &unknown)).await;
            assert_eq!((of_draft.status, &of_draft.json), (400, &of_none.json));
        }
    }
    // The next thing that everyone hears is the next thing that everyone sees.
    let open = adds(&studio, &a_game("Daylight")).await;
    assert_eq!(told(&next(&mut stream).await), format!("added {open} r1"));
    assert_eq!(socket.hears().await["game"]["gameId"], json!(open));
    assert_eq!(visitor.rest().get("/api/games").await.json["totalSize"], 2);
}

/// Every number that could be read from a token where one of eight bytes lies in it.
fn numbers_in(token: &str) -> Vec<u64> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).expect("tokens are base64url");
    let windows = bytes.windows(8).map(|window| window.try_into().expect("eight bytes"));
    windows.flat_map(|eight| [u64::from_be_bytes(eight), u64::from_le_bytes(eight)]).collect()
}

#[tokio::test]
async fn a_token_does_not_tell_a_stranger_how_much_was_done_in_secret() {
    let Stage { platform, studio, draft, .. } = Stage::set().await;
    let visitor = platform.visitor();
    let resume_token = async || {
        let asked = WatchGamesRequest { send_present: true, ..Default::default() };
        let mut stream = watches(&visitor, asked).await;
        assert!(told(&next(&mut stream).await).starts_with("present"));
        next(&mut stream).await.resume_token
    };

    let before = [resume_token().await, resume_token().await];
    for price in 1..10 {
        let path = format!("/api/games/{draft}");
        assert_eq!(studio.rest().put(&path, &json!({"price": price})).await.status, 200);
    }
    let after = resume_token().await;

    // A position of the feed of so young a store is a small number. By chance, one window in 2^44 reads as one.
    for token in before.iter().chain([&after]) {
        let small: Vec<_> = numbers_in(token).into_iter().filter(|it| *it < 1 << 20).collect();
        assert_eq!(small, Vec::<u64>::new(), "{token}");
    }
    assert_ne!(before[0], before[1], "tokens that are alike show that nothing happened");
    assert_eq!(before[0].len(), after.len());
    let [token, _] = before;
    let mut stream = watches(&visitor, resuming(&token)).await;
    let open = adds(&studio, &a_game("Daylight")).await;
    assert_eq!(told(&next(&mut stream).await), format!("added {open} r1"));
}
