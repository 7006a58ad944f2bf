//! A studio sees and watches its own games, public or not.

use std::collections::BTreeSet;

use sir0_contract::storefront::{
    WatchMyGamesRequest, WatchMyGamesResponse, watch_my_games_response::Update as Own,
};
use tonic::Streaming;

use super::*;

async fn watches_own(
    person: &Person,
    asked: WatchMyGamesRequest,
) -> Streaming<WatchMyGamesResponse> {
    person.games().watch_my_games(asked).await.expect("a stream").into_inner()
}

/// The token of the first message of a stream, which says where it begins.
async fn begins(stream: &mut Streaming<WatchMyGamesResponse>) -> String {
    let heard = timeout(LONG, stream.message()).await.expect("in time").expect("no refusal");
    heard.expect("an open stream").resume_token
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

#[tokio::test]
async fn a_studio_sees_and_watches_its_own_drafts() {
    let Stage { platform, studio, stranger, draft } = Stage::set().await;
    let asked = WatchMyGamesRequest { send_present: true, ..Default::default() };
    let mut own = watches_own(&studio, asked.clone()).await;
    let mut others = watches_own(&stranger, asked).await;
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

/// What a message is about, in short.
fn about(update: &Own) -> String {
    match update {
        Own::Present(own) => format!("present {}", own.game.as_ref().expect("a game").title),
        Own::Scheduled(own) => format!("scheduled {}", own.game.as_ref().expect("a game").title),
        Own::Added(game) => format!("added {}", game.title),
        Own::Changed(game) => format!("changed {}", game.title),
        Own::HandedOver(game) => format!("handed over {}", game.title),
        Own::InSync(_) => "in sync".to_owned(),
        Own::StartOver(_) => "start over".to_owned(),
        other => format!("{other:?}"),
    }
}

async fn studio_of(person: &Person) -> String {
    let studios = person.rest().get("/api/studios").await;
    studios.json["studios"][0]["studioId"].as_str().expect("an id").to_owned()
}

async fn is_let_in(person: &Person, owner: &Person, role: &str) {
    let path = format!("/api/studios/{}/invitations", studio_of(owner).await);
    let invited = owner.rest().post(&path, &json!({"role": role})).await;
    let secret = json!({"secret": invited.json["secret"]});
    let joined = person.rest().post("/api/invitations:accept", &secret).await;
    assert_eq!(joined.status, 200, "{joined:?}");
}

#[tokio::test]
async fn who_joins_a_studio_starts_over_with_its_games_and_who_leaves_it_without() {
    let Stage { platform: _platform, studio, stranger, .. } = Stage::set().await;
    let mut own = watches_own(&stranger, WatchMyGamesRequest::default()).await;
    let before = begins(&mut own).await;

    is_let_in(&stranger, &studio, "owner").await;
    adds(&stranger, &with(a_draft("Lighthouses"), &json!({"studioId": studio_of(&studio).await})))
        .await;

    let mut heard = Vec::new();
    while heard.last().is_none_or(|it| it != "in sync") {
        heard.push(about(&next_own(&mut own).await));
    }
    // What happens just then may be heard before as well.
    heard.retain(|it| it != "added Lighthouses");
    assert_eq!(heard[0], "start over");
    let games: BTreeSet<_> = heard[1..heard.len() - 1].iter().map(String::as_str).collect();
    assert_eq!(
        games,
        BTreeSet::from(["present Harbours", "present Lighthouses", "present Moonquake"])
    );
    // A token from before says nothing of the games of the other studio.
    let asked = WatchMyGamesRequest { resume_token: before, ..Default::default() };
    let mut again = watches_own(&stranger, asked).await;
    assert_eq!(about(&next_own(&mut again).await), "start over");

    let member = format!("/api/studios/{}/members/{}", studio_of(&studio).await, stranger.id);
    assert_eq!(studio.rest().delete(&member).await.status, 200);
    adds(&studio, &a_draft("Aftershocks")).await;
    let mut heard = Vec::new();
    while heard.last().is_none_or(|it| it != "in sync") {
        heard.push(about(&next_own(&mut own).await));
    }
    assert_eq!(heard, ["start over", "present Harbours", "in sync"]);
}

#[tokio::test]
async fn a_studio_that_is_given_a_game_hears_what_is_planned_for_it() {
    let stage = Stage::set().await;
    let (studio, stranger) = (&stage.studio, &stage.stranger);
    is_let_in(studio, stranger, "owner").await;
    let time = in_seconds(3600);
    let planned = stage.publishes(stage.draft, &json!({"state": "released", "time": time})).await;
    assert_eq!(planned.status, 200, "{planned:?}");
    let mut own = watches_own(stranger, WatchMyGamesRequest::default()).await;
    begins(&mut own).await;

    let to = json!({"studioId": studio_of(stranger).await});
    let given = studio.rest().post(&format!("/api/games/{}:handOver", stage.draft), &to).await;
    assert_eq!(given.status, 200, "{given:?}");

    assert_eq!(about(&next_own(&mut own).await), "changed Moonquake");
    let Own::Scheduled(scheduled) = next_own(&mut own).await else { panic!("it is planned") };
    assert!(scheduled.schedule.expect("a plan").release_time.is_some());
}
