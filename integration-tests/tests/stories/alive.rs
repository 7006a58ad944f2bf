//! The one story that has to wait: silence. Tests begin in the order of their names, so this one is told beside others.

use std::time::{Duration, Instant};

use sir0_contract::storefront::WatchGamesRequest;
use tokio::time::timeout;

use crate::watcher::{a_store, adds, next, resuming, told, watches};

#[tokio::test]
async fn a_silent_stream_says_every_fifteen_seconds_that_it_is_alive() {
    let (_platform, visitor, mut games) = a_store().await;
    let begun = Instant::now();
    let mut stream = watches(&visitor, WatchGamesRequest::default()).await;

    let first = stream.message().await.expect("no refusal").expect("an open stream");
    let heard = timeout(Duration::from_secs(20), stream.message()).await.expect("in time");
    let heard = heard.expect("no refusal").expect("an open stream");
    let waited = begun.elapsed();
    let one = adds(&mut games, "Puzzle").await;
    let mut resumed = watches(&visitor, resuming(&heard.resume_token)).await;

    assert_eq!((told(&first), told(&heard)), ("heartbeat".to_owned(), "heartbeat".to_owned()));
    assert!((14..18).contains(&waited.as_secs()), "after {waited:?}");
    assert_eq!(told(&next(&mut resumed).await), format!("added {one} r1"));
}
