//! A studio prepares a game in secret, plans when it becomes public, and takes it out of the store again.

use std::time::{Duration, SystemTime};

use humantime_serde::re::humantime::{format_rfc3339_seconds, parse_rfc3339};
use serde_json::{Value, json};
use sir0_contract::storefront::{
    GetGameRequest, WatchGamesRequest, WatchMyGamesRequest, WatchMyGamesResponse,
    watch_my_games_response::Update as Own,
};
use sir0_testkit::{Answer, LONG, Person, Running, a_game, platform};
use tokio::time::{sleep, timeout};
use tonic::{Code, Streaming};

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

/// The next message of a stream of someone's games, past heartbeats.
async fn next_own(stream: &mut Streaming<WatchMyGamesResponse>) -> Own {
    loop {
        let heard = timeout(LONG, stream.message()).await.expect("in time").expect("no refusal");
        match heard.expect("an open stream").update.expect("something") {
            Own::Heartbeat(_) => {}
            update => return update,
        }
    }
}

/// Every answer in which a stranger could find a game by this word.
async fn all_lists(visitor: &Person, word: &str) -> Vec<String> {
    let mut answers = Vec::new();
    for kind in ["", "game", "dlc", "bundle", "all"] {
        for sort in ["relevance", "newest", "title", "price"] {
            for filter in
                ["", "&genre=puzzle", &format!("&q={word}"), &format!("&q={word}&genre=Puzzle")]
            {
                let path = format!("/api/games?kind={kind}&sort={sort}{filter}");
                answers.push(format!("{path} {}", visitor.rest().get(&path).await.json));
            }
        }
    }
    let rest = visitor.rest();
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
        let plan = json!({"state": "released", "time": in_seconds(3600)});
        assert_eq!(studio.rest().post(&format!("{own}:publish"), &plan).await.status, 200);
        assert_eq!(
            studio.rest().put(&own, &json!({"releaseDate": "2031-05-01"})).await.status,
            200
        );
        assert_eq!(studio.rest().post(&format!("{own}:unschedule"), &json!({})).await.status, 200);
    }

    for answer in all_lists(&visitor, "moonquake").await {
        let answer = answer.to_lowercase();
        assert!(!answer.replace("q=moonquake", "").contains("moonquake"), "{answer}");
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

#[tokio::test]
async fn a_studio_sees_and_watches_its_own_drafts() {
    let Stage { platform, studio, stranger, draft } = Stage::set().await;
    let asked = WatchMyGamesRequest { send_present: true, ..Default::default() };
    let mut own =
        studio.games().watch_my_games(asked.clone()).await.expect("a stream").into_inner();
    let mut others = stranger.games().watch_my_games(asked).await.expect("a stream").into_inner();
    let Own::Present(present) = next_own(&mut own).await else { panic!("the draft comes first") };
    assert_eq!(i64::from(present.game.expect("a game").game_id), draft);
    assert!(matches!(next_own(&mut own).await, Own::InSync(_)));

    let seen = studio.rest().get(&format!("/api/games/{draft}:mine")).await;
    assert_eq!((&seen.json["game"]["state"], seen.json.get("schedule")), (&json!("draft"), None));
    let listed = studio.rest().get("/api/games:mine?state=draft").await;
    assert_eq!(listed.json["games"][0]["gameId"], json!(draft));
    let root = platform.admin("Root").await;
    assert_eq!(root.rest().get(&format!("/api/games/{draft}:mine")).await.status, 200);

    let path = format!("/api/games/{draft}");
    studio.rest().put(&path, &json!({"price": 5})).await;
    let Own::Changed(changed) = next_own(&mut own).await else { panic!("its price changed") };
    assert_eq!((changed.revision, &*changed.state), (2, "draft"));
    let time = in_seconds(3600);
    let planned = studio
        .rest()
        .post(&format!("{path}:publish"), &json!({"state": "released", "time": time}))
        .await;
    assert_eq!(planned.json["message"], "Game scheduled successfully", "{planned:?}");
    assert_eq!(planned.json["schedule"]["releaseTime"], json!(time));
    assert_eq!((&planned.json["state"], &planned.json["revision"]), (&json!("draft"), &json!(2)));
    let Own::Scheduled(scheduled) = next_own(&mut own).await else { panic!("it was planned") };
    assert!(scheduled.schedule.expect("a plan").release_time.is_some());
    studio.rest().delete(&path).await;
    let Own::Changed(withdrawn) = next_own(&mut own).await else { panic!("it was withdrawn") };
    assert_eq!((withdrawn.revision, &*withdrawn.state), (3, "withdrawn"));
    assert_eq!(studio.rest().get("/api/games:mine").await.json["games"], json!([]));
    let seen = studio.rest().get(&format!("{path}:mine")).await;
    assert_eq!(
        (&seen.json["game"]["state"], seen.json.get("schedule")),
        (&json!("withdrawn"), None)
    );

    let Own::Present(theirs) = next_own(&mut others).await else { panic!("their own game") };
    assert_eq!(theirs.game.expect("a game").title, "Harbours");
    assert!(matches!(next_own(&mut others).await, Own::InSync(_)));
    let game = adds(&stranger, &a_draft("Lighthouses")).await;
    let Own::Added(added) = next_own(&mut others).await else { panic!("nothing else was theirs") };
    assert_eq!(i64::from(added.game_id), game);
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
        assert!(late < Duration::from_secs(1), "{late:?}");
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

#[tokio::test]
async fn what_no_product_can_be_is_refused_by_its_field_and_nothing_is_kept() {
    let Stage { platform: _platform, studio, stranger, draft } = Stage::set().await;
    let game = adds(&studio, &a_game("Lanterns")).await;
    let dlc =
        adds(&studio, &with(a_game("More"), &json!({"kind": "dlc", "baseGameId": game}))).await;
    let bundle =
        adds(&studio, &with(a_game("All"), &json!({"kind": "bundle", "bundledGameIds": [game]})))
            .await;
    let theirs = adds(&stranger, &a_game("Foreign")).await;
    let many: Vec<_> = (1..=101).collect();
    for (parts, field) in [
        (json!({"kind": "ship"}), "kind"),
        (json!({"kind": "all"}), "kind"),
        (json!({"state": "withdrawn"}), "state"),
        (json!({"releaseDate": "soon"}), "releaseDate"),
        (json!({"releaseDate": "2027-02-29"}), "releaseDate"),
        (json!({"kind": "dlc"}), "baseGameId"),
        (json!({"baseGameId": game}), "baseGameId"),
        (json!({"kind": "dlc", "baseGameId": 0}), "baseGameId"),
        (json!({"kind": "dlc", "baseGameId": dlc}), "baseGameId"),
        (json!({"kind": "dlc", "baseGameId": bundle}), "baseGameId"),
        (json!({"kind": "dlc", "baseGameId": theirs}), "baseGameId"),
        (json!({"kind": "dlc", "baseGameId": 2_000_000}), "baseGameId"),
        (json!({"kind": "bundle"}), "bundledGameIds"),
        (json!({"bundledGameIds": [game]}), "bundledGameIds"),
        (json!({"kind": "bundle", "bundledGameIds": [game, game]}), "bundledGameIds"),
        (json!({"kind": "bundle", "bundledGameIds": [bundle]}), "bundledGameIds"),
        (json!({"kind": "bundle", "bundledGameIds": [theirs]}), "bundledGameIds"),
        (json!({"kind": "bundle", "bundledGameIds": [draft]}), "bundledGameIds"),
        (json!({"kind": "bundle", "bundledGameIds": many}), "bundledGameIds"),
    ] {
        let answer = studio.rest().post("/api/games", &with(a_game("Never"), &parts)).await;
        assert_eq!((answer.status, faults(&answer)), (400, vec![field]), "{parts} {answer:?}");
    }
    let bundle = format!("/api/games/{bundle}");
    for (path, body, field) in [
        (
            bundle.clone(),
            json!({"bundledGameIds": [bundle.rsplit('/').next().and_then(|id| id.parse::<i64>().ok())]}),
            "bundledGameIds",
        ),
        (format!("/api/games/{game}"), json!({"bundledGameIds": [dlc]}), "bundledGameIds"),
        (bundle.clone(), json!({"releaseDate": "1.1.2030"}), "releaseDate"),
    ] {
        let answer = studio.rest().put(&path, &body).await;
        assert_eq!((answer.status, faults(&answer)), (400, vec![field]), "{body} {answer:?}");
    }
    let publish = format!("/api/games/{draft}:publish");
    for (body, field) in [
        (json!({}), "state"),
        (json!({"state": "draft", "time": in_seconds(60)}), "state"),
        (json!({"state": "released", "time": "2020-01-01T00:00:00Z"}), "time"),
        (json!({"state": "released", "time": "2999-01-01T00:00:00Z"}), "time"),
        (json!({"state": "released", "time": "tomorrow"}), "time"),
    ] {
        let answer = studio.rest().post(&publish, &body).await;
        assert_eq!((answer.status, faults(&answer)), (400, vec![field]), "{body} {answer:?}");
    }
    let late = json!({"state": "released", "time": in_seconds(60)});
    assert_eq!(studio.rest().post(&publish, &late).await.status, 200);
    let later = json!({"state": "announced", "time": in_seconds(120)});
    assert_eq!(refused(&studio.rest().post(&publish, &later).await), (400, "NOT_PUBLISHABLE"));
    let mine = studio.rest().get("/api/games:mine").await;
    assert_eq!(mine.json["games"].as_array().map(Vec::len), Some(4), "{mine:?}");
}
