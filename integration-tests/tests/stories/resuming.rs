//! A stream that broke goes on where it was: nothing is missed and nothing comes twice.

use proptest::{prelude::*, test_runner::TestRunner};
use sir0_contract::storefront::WatchGamesRequest;
use sir0_testkit::{GamesClient, LONG};
use tokio::time::timeout;
use tonic::Code;
use tonic_types::StatusExt;

use crate::{
    databases,
    watcher::{a_store, adds, next, removes, reprices, resuming, told, watches},
};

/// What happens to the store, in one word each.
fn script() -> impl Strategy<Value = (Vec<u8>, Vec<prop::sample::Index>)> {
    let breaks = prop::collection::vec(any::<prop::sample::Index>(), 1..4);
    (prop::collection::vec(0..4_u8, 1..24), breaks)
}

/// Plays the script. Answers with what was committed, in order.
async fn play(games: &mut GamesClient, script: &[u8]) -> Vec<String> {
    let (mut present, mut committed) = (Vec::<(i32, u32)>::new(), Vec::new());
    for (step, word) in (1_u32..).zip(script) {
        match (word, present.last_mut()) {
            (0, _) | (_, None) => {
                let id = adds(games, "Puzzle").await;
                present.push((id, 1));
                committed.push(format!("added {id} r1"));
            }
            (1, Some((id, revision))) => {
                let (id, revision) = (*id, *revision);
                removes(games, id).await;
                present.pop();
                committed.push(format!("removed {id} r{revision}"));
            }
            (_, Some((id, revision))) => {
                reprices(games, *id, step).await;
                *revision += 1;
                committed.push(format!("changed {id} r{revision}"));
            }
        }
    }
    committed
}

#[test]
fn resuming_anywhere_replays_exactly_what_was_missed() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (_platform, visitor, games) = runtime.block_on(a_store());
    let config = ProptestConfig { cases: 16, failure_persistence: None, ..Default::default() };

    let outcome = TestRunner::new(config).run(&script(), |(script, breaks)| {
        runtime.block_on(async {
            let mut stream = watches(&visitor, WatchGamesRequest::default()).await;
            let mut committed = play(&mut games.clone(), &script).await;
            let mut tokens = Vec::new();
            for expected in &committed {
                let heard = next(&mut stream).await;
                prop_assert_eq!(&told(&heard), expected);
                tokens.push(heard.resume_token);
            }
            for broken in breaks {
                let broken = broken.index(tokens.len());
                let mut resumed = watches(&visitor, resuming(&tokens[broken])).await;
                for expected in committed.iter().skip(broken + 1) {
                    prop_assert_eq!(&told(&next(&mut resumed).await), expected);
                }
                // And nothing more: what comes next is what happens next.
                let id = adds(&mut games.clone(), "Puzzle").await;
                let heard = next(&mut resumed).await;
                committed.push(format!("added {id} r1"));
                prop_assert_eq!(Some(&told(&heard)), committed.last());
                tokens.push(heard.resume_token);
            }
            Ok(())
        })
    });

    outcome.unwrap();
}

#[tokio::test]
async fn a_token_that_was_never_given_or_is_ahead_of_everything_is_refused() {
    let (platform, visitor, mut games) = a_store().await;
    let mut stream = watches(&visitor, WatchGamesRequest::default()).await;
    for _ in 0..3 {
        adds(&mut games, "Puzzle").await;
    }
    let mut tokens = Vec::new();
    for _ in 0..3 {
        tokens.push(next(&mut stream).await.resume_token);
    }
    drop(stream);
    let forged = visitor.games().watch_games(resuming("forged")).await.unwrap_err();

    // As after a backup was restored: the last two changes never happened.
    let _platform = platform
        .restart_after(async |tables| {
            databases::run(tables, "DELETE FROM games WHERE game_id > 1").await;
            databases::forgets_after(tables, 1).await;
        })
        .await;
    let ahead = visitor.games().watch_games(resuming(&tokens[2])).await.unwrap_err();
    let over_rest = format!("/api/games:watch?resumeToken={}", tokens[2]);
    let over_rest = visitor.rest().get(&over_rest).await;
    let good = visitor.games().watch_games(resuming(&tokens[0])).await;

    assert_eq!(forged.code(), Code::InvalidArgument);
    assert_eq!(forged.get_details_bad_request().unwrap().field_violations[0].field, "resume_token");
    assert_eq!(ahead.code(), Code::OutOfRange);
    assert_eq!(ahead.get_details_error_info().unwrap().reason, "RESUME_TOKEN_AHEAD");
    assert_eq!((over_rest.status, &over_rest.json["reason"]), (400, &"RESUME_TOKEN_AHEAD".into()));
    assert!(good.is_ok());
}

#[tokio::test]
async fn a_token_older_than_what_is_kept_is_told_to_start_over_with_the_present() {
    let (platform, visitor, mut games) = a_store().await;
    let mut stream = watches(&visitor, WatchGamesRequest::default()).await;
    let one = adds(&mut games, "Puzzle").await;
    let token = next(&mut stream).await.resume_token;
    reprices(&mut games, one, 5).await;
    let two = adds(&mut games, "Puzzle").await;
    drop(stream);

    let platform = platform
        .restart_after(async |tables| {
            let forget = "DELETE FROM events WHERE position < (SELECT MAX(position) FROM events)";
            databases::run(tables, forget).await;
        })
        .await;
    let mut stream = watches(&visitor, resuming(&token)).await;
    let mut games = platform.visitor().signs_in("Northlight").await.games();
    let mut heard = Vec::new();
    for _ in 0..4 {
        heard.push(told(&next(&mut stream).await));
    }
    reprices(&mut games, two, 9).await;
    heard.push(told(&next(&mut stream).await));

    assert_eq!(
        heard,
        [
            "start over".to_owned(),
            format!("present {one} r2"),
            format!("present {two} r1"),
            "in sync".to_owned(),
            format!("changed {two} r2"),
        ]
    );
}

#[tokio::test]
async fn a_server_that_stops_says_so_and_its_last_token_resumes_on_the_next_one() {
    let (platform, visitor, mut games) = a_store().await;
    let mut stream = watches(&visitor, WatchGamesRequest::default()).await;
    let one = adds(&mut games, "Puzzle").await;
    assert_eq!(told(&next(&mut stream).await), format!("added {one} r1"));

    let stopping = tokio::spawn(platform.restart());
    let last = next(&mut stream).await;
    let end = timeout(LONG, stream.message()).await.expect("in time");
    let platform = stopping.await.expect("it starts again");
    let mut games = platform.visitor().signs_in("Northlight").await.games();
    reprices(&mut games, one, 5).await;
    let mut resumed = watches(&visitor, resuming(&last.resume_token)).await;

    assert_eq!(told(&last), "going away");
    assert!(matches!(end, Ok(None)), "the stream ends in order: {end:?}");
    assert_eq!(told(&next(&mut resumed).await), format!("changed {one} r2"));
}
