//! A studio prepares a game in secret, plans when it becomes public, and takes it out of the store again.

mod bad_input;
mod front;
mod hidden;
mod history;
mod own;
mod pages;
mod pictures;
mod release_day;

use std::time::{Duration, SystemTime};

use humantime_serde::re::humantime::{format_rfc3339_seconds, parse_rfc3339};
use serde_json::{Value, json};
use sir0_contract::storefront::WatchGamesRequest;
use sir0_testkit::{Answer, LONG, Person, Running, a_game, platform};
use tokio::time::{sleep, timeout};

use crate::watcher::{next, told, watches};

/// A store, a studio with a draft, and another studio, to which it is a secret.
struct Stage {
    platform: Running,
    studio: Person,
    stranger: Person,
    draft: i64,
}

fn a_draft(title: &str) -> Value {
    with(a_game(title), &json!({"state": "draft"}))
}

fn with(mut game: Value, more: &Value) -> Value {
    let fields = game.as_object_mut().expect("a game is an object");
    fields.extend(more.as_object().expect("so is this").clone());
    game
}

async fn adds(person: &Person, game: &Value) -> i64 {
    let added = person.rest().post("/api/games", game).await;
    assert_eq!(added.status, 201, "{added:?}");
    added.json["gameId"].as_i64().expect("an id")
}

impl Stage {
    async fn set() -> Self {
        let platform = platform().await;
        let studio = platform.publisher("Northlight").await;
        let stranger = platform.publisher("Southlight").await;
        adds(&stranger, &a_game("Harbours")).await;
        let draft = adds(&studio, &a_draft("Moonquake")).await;
        Self { platform, studio, stranger, draft }
    }

    async fn publishes(&self, id: i64, body: &Value) -> Answer {
        self.studio.rest().post(&format!("/api/games/{id}:publish"), body).await
    }
}

fn refused(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.json["reason"].as_str().unwrap_or("nothing"))
}

/// What is at fault, if fields are.
fn faults(answer: &Answer) -> Vec<&str> {
    let fields = answer.json["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
    fields.iter().filter_map(|fault| fault["field"].as_str()).collect()
}

fn now() -> SystemTime {
    #[expect(clippy::disallowed_methods, reason = "a client has a clock")]
    SystemTime::now()
}

/// A moment in about so many seconds, half a second behind a whole one, as the server writes it too.
fn in_seconds(seconds: u64) -> String {
    let at = now() + Duration::from_secs(seconds);
    let text = format_rfc3339_seconds(at).to_string();
    text.replace('Z', ".500Z")
}

/// Reads a game until it is in this state. What one instance hears of, another may hear a moment later.
async fn sees(visitor: &Person, path: &str, state: &str) {
    let seeing = async {
        loop {
            let game = visitor.rest().get(path).await;
            if game.status == 200 && game.json["state"] == json!(state) {
                return;
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LONG, seeing).await.expect("it is so by now");
}

#[tokio::test]
async fn a_game_becomes_public_at_the_moment_that_was_planned_and_everyone_hears_it_once() {
    let stage = Stage::set().await;
    let visitor = stage.platform.visitor();
    let mut stream = watches(&visitor, WatchGamesRequest::default()).await;
    let (id, path) = (stage.draft, format!("/api/games/{}", stage.draft));
    let [announce, release] = [1, 3].map(in_seconds);

    let planned = stage.publishes(id, &json!({"state": "announced", "time": announce})).await;
    assert_eq!(planned.status, 200, "{planned:?}");
    let planned = stage.publishes(id, &json!({"state": "released", "time": release})).await;
    assert_eq!(planned.json["schedule"], json!({"announceTime": announce, "releaseTime": release}));
    assert_eq!(visitor.rest().get(&path).await.status, 404);

    for (what, at, state) in [("added", &announce, "announced"), ("changed", &release, "released")]
    {
        let heard = next(&mut stream).await;
        let late = now().duration_since(parse_rfc3339(at).expect("our own"));
        assert!(told(&heard).starts_with(what), "{heard:?}");
        let late = late.unwrap_or_else(|early| panic!("{what} {early}"));
        assert!(
            late < Duration::from_secs(5),
            "a second is promised, on a machine that is not busy: {late:?}"
        );
        sees(&visitor, &path, state).await;
    }
    let seen = stage.studio.rest().get(&format!("{path}:mine")).await;
    assert_eq!((seen.json.get("schedule"), &seen.json["game"]["revision"]), (None, &json!(3)));
    assert!(seen.json["game"]["releaseTime"].is_string(), "{seen:?}");
    // Nothing is heard twice.
    let open = adds(&stage.studio, &a_game("Daylight")).await;
    assert_eq!(told(&next(&mut stream).await), format!("added {open} r1"));
}

#[tokio::test]
async fn what_was_withdrawn_is_gone_for_everyone_and_comes_back_as_the_same_game() {
    let Stage { platform, studio, .. } = Stage::set().await;
    let visitor = platform.visitor();
    let id = adds(&studio, &a_game("Lanterns")).await;
    let path = format!("/api/games/{id}");
    let released = visitor.rest().get(&path).await.json["releaseTime"].clone();
    let mut stream = watches(&visitor, WatchGamesRequest::default()).await;

    assert_eq!(studio.rest().delete(&path).await.status, 200);
    assert_eq!(told(&next(&mut stream).await), format!("removed {id} r1"));
    assert_eq!(visitor.rest().get(&path).await.status, 404);
    assert_eq!(refused(&studio.rest().delete(&path).await), (404, "GAME_NOT_FOUND"));
    let late = studio.rest().put(&path, &json!({"price": 3})).await;
    assert_eq!(refused(&late), (404, "GAME_NOT_FOUND"), "it is gone for its studio too");
    let back = studio.rest().post(&format!("{path}:publish"), &json!({"state": "released"})).await;

    assert_eq!((back.status, &back.json["revision"]), (200, &json!(3)), "{back:?}");
    assert_eq!(told(&next(&mut stream).await), format!("added {id} r3"));
    let game = visitor.rest().get(&path).await;
    assert_eq!((&game.json["price"], &game.json["releaseTime"]), (&json!(19.99), &released));
    let again = studio.rest().post(&format!("{path}:publish"), &json!({"state": "released"})).await;
    assert_eq!(again.json["revision"], json!(3), "nothing changes");
    let early =
        studio.rest().post(&format!("{path}:publish"), &json!({"state": "announced"})).await;
    assert_eq!(refused(&early), (400, "NOT_PUBLISHABLE"));
}

#[tokio::test]
async fn what_belongs_to_a_game_is_not_public_before_it() {
    let stage = Stage::set().await;
    let (studio, draft) = (&stage.studio, stage.draft);
    let dlc = json!({"kind": "dlc", "baseGameId": draft});
    let public = studio.rest().post("/api/games", &with(a_game("Aftershocks"), &dlc)).await;
    assert_eq!((public.status, faults(&public)), (400, vec!["baseGameId"]), "{public:?}");
    let dlc = adds(studio, &with(a_draft("Aftershocks"), &dlc)).await;
    let bundle = json!({"kind": "bundle", "bundledGameIds": [draft, dlc]});
    let bundle = adds(studio, &with(a_draft("Complete"), &bundle)).await;

    for id in [dlc, bundle] {
        assert_eq!(
            refused(&stage.publishes(id, &json!({"state": "released"})).await),
            (400, "NOT_PUBLISHABLE")
        );
    }
    for id in [draft, dlc, bundle] {
        let out = stage.publishes(id, &json!({"state": "released"})).await;
        assert_eq!(out.status, 200, "{out:?}");
    }

    let visitor = stage.platform.visitor();
    let seen = visitor.rest().get(&format!("/api/games/{bundle}")).await;
    assert_eq!(seen.json["bundledGameIds"], json!([draft, dlc]));
    let seen = visitor.rest().get(&format!("/api/games/{dlc}")).await;
    assert_eq!((&seen.json["kind"], &seen.json["baseGameId"]), (&json!("dlc"), &json!(draft)));
    let games = visitor.rest().get("/api/games").await;
    assert_eq!(games.json["totalSize"], 2, "a list of games has no other product: {games:?}");
    assert_eq!(visitor.rest().get("/api/games?kind=all").await.json["totalSize"], 4);
    let secret = adds(studio, &a_draft("Secret")).await;
    let path = format!("/api/games/{bundle}");
    let leak = studio.rest().put(&path, &json!({"bundledGameIds": [draft, secret]})).await;
    assert_eq!((leak.status, faults(&leak)), (400, vec!["bundledGameIds"]), "{leak:?}");
    assert_eq!(studio.rest().put(&path, &json!({"bundledGameIds": [dlc]})).await.status, 200);
}

#[tokio::test]
async fn what_is_planned_and_then_forgotten_does_not_come() {
    let stage = Stage::set().await;
    let visitor = stage.platform.visitor();
    let mut stream = watches(&visitor, WatchGamesRequest::default()).await;
    let soon = in_seconds(2);
    assert_eq!(
        stage.publishes(stage.draft, &json!({"state": "released", "time": soon})).await.status,
        200
    );
    let path = format!("/api/games/{}", stage.draft);

    for _ in 0..2 {
        let forgotten = stage.studio.rest().post(&format!("{path}:unschedule"), &json!({})).await;
        assert_eq!(forgotten.status, 200, "repeating it is harmless: {forgotten:?}");
    }

    sleep(Duration::from_secs(3)).await;
    let open = adds(&stage.studio, &a_game("Daylight")).await;
    assert_eq!(told(&next(&mut stream).await), format!("added {open} r1"));
    assert_eq!(visitor.rest().get(&path).await.status, 404);
}
