//! What is planned comes once, whichever instances are up.

use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime},
};

use humantime_serde::re::humantime::{format_rfc3339_seconds, parse_rfc3339};
use serde_json::json;
use sir0_contract::storefront::{WatchGamesRequest, watch_games_response::Update};
use sir0_testkit::{LONG, a_game, cluster};
use tokio::time::timeout;

/// So many are planned for one second.
const PLANNED: usize = 20;

fn now() -> SystemTime {
    #[expect(clippy::disallowed_methods, reason = "a client has a clock")]
    SystemTime::now()
}

#[tokio::test]
async fn releases_that_are_planned_for_a_second_come_once_within_one_though_an_instance_was_killed()
{
    let mut cluster = cluster().await;
    let studio = cluster.publisher("Northlight").await;
    let mut draft = a_game("Moonquake");
    draft["state"] = json!("draft");
    let mut drafts = BTreeSet::new();
    for _ in 0..PLANNED {
        let added = studio.rest().post("/api/games", &draft).await;
        drafts.insert(added.json["gameId"].as_i64().expect("an id"));
    }
    // Heard at an instance that lives.
    let watched = cluster.storefronts[1].meets(&studio);
    let mut stream = watched
        .games()
        .watch_games(WatchGamesRequest::default())
        .await
        .expect("a stream")
        .into_inner();
    let time = format_rfc3339_seconds(now() + Duration::from_secs(6)).to_string();
    for id in &drafts {
        let planned = studio
            .rest()
            .post(&format!("/api/games/{id}:publish"), &json!({"state": "released", "time": time}))
            .await;
        assert_eq!(planned.status, 200, "{planned:?}");
    }
    cluster.storefronts[0].kill_9().await;

    let due = parse_rfc3339(&time).expect("our own");
    let mut heard = BTreeSet::new();
    let mut latest = Duration::ZERO;
    while heard.len() < PLANNED {
        let message = timeout(LONG, stream.message()).await.expect("in time").expect("no refusal");
        let Some(Update::Added(game)) = message.expect("an open stream").update else { continue };
        let late = now().duration_since(due).unwrap_or_else(|early| panic!("{early}"));
        latest = latest.max(late);
        assert!(drafts.contains(&i64::from(game.game_id)));
        assert!(heard.insert(game.game_id), "game {} came twice", game.game_id);
        assert_eq!((game.revision, &*game.state), (2, "released"));
    }

    // A second is promised. A machine that does other things too may take longer, so that is not asked of a test.
    println!("the last of {PLANNED} came {latest:?} after its second");
    assert!(latest < Duration::from_secs(5), "{latest:?}");
    // What else is heard is what is done from now on: nothing came twice.
    let open = studio.rest().post("/api/games", &a_game("Daylight")).await;
    loop {
        let message = timeout(LONG, stream.message()).await.expect("in time").expect("no refusal");
        match message.expect("an open stream").update.expect("something") {
            Update::Heartbeat(_) => {}
            Update::Added(game) => {
                assert_eq!(json!(game.game_id), open.json["gameId"]);
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    for id in &drafts {
        let game = watched.rest().get(&format!("/api/games/{id}")).await;
        assert_eq!((game.status, &game.json["revision"]), (200, &json!(2)), "{game:?}");
    }
}
