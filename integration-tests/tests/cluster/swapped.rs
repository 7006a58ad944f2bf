//! An address changes hands between two services, while calls go on.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use serde_json::json;
use sir0_testkit::{Answer, Person, cluster};
use tokio::task::JoinHandle;

use super::adds;

/// How calls went.
#[derive(Debug, Default)]
struct Tally {
    right: usize,
    /// 503, which says that trying again is safe and helps.
    again: usize,
    wrong: Vec<String>,
}

impl Tally {
    /// Whatever the service says of itself is right, and "try again" is allowed for a moment.
    fn counts(&mut self, call: &str, answer: &Answer, says: &str) {
        match answer.status {
            200 if answer.text.contains(says) => self.right += 1,
            503 => self.again += 1,
            status => self.wrong.push(format!("{call}: {status} {}", answer.text)),
        }
    }
}

/// Reads and changes what both services have, until it is told to stop.
fn calls(studio: &Person, game: &str, stop: &Arc<AtomicBool>) -> JoinHandle<Tally> {
    let (rest, stop, game) = (studio.rest(), Arc::clone(stop), game.to_owned());
    let profile = format!("/api/users/{}", studio.id);
    tokio::spawn(async move {
        let mut tally = Tally::default();
        let change = |path: &str, body: &serde_json::Value| {
            Answer::to(rest.request(http::Method::PUT, path).json(body))
        };
        for round in 0.. {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            tally.counts("read a game", &rest.get(&game).await, "Lanterns");
            tally.counts("read a profile", &rest.get(&profile).await, "Northlight");
            let price = json!({"price": f64::from(round % 90) + 1.0});
            tally.counts("change a game", &change(&game, &price).await, "updated");
            let name = json!({"username": "Northlight"});
            tally.counts("change a profile", &change(&profile, &name).await, "updated");
        }
        tally
    })
}

#[tokio::test]
async fn a_service_at_an_address_that_was_another_ones_gets_none_of_its_calls() {
    let mut cluster = cluster().await;
    let studio = cluster.publisher("Northlight").await;
    let added = adds(&studio, "Lanterns").await;
    let game = format!("/api/games/{}", added.json["gameId"]);
    let stop = Arc::new(AtomicBool::new(false));
    let calls: Vec<_> = (0..3).map(|_| calls(&studio, &game, &stop)).collect();

    // The proxy cannot know where the two instances are now, so it goes on without them.
    cluster.swaps(0, 0).await;
    cluster.is_seen_as(1, 2).await;
    // And back.
    cluster.swaps(0, 0).await;
    cluster.is_whole().await;

    stop.store(true, Ordering::Relaxed);
    let (mut right, mut again) = (0, 0);
    for tally in calls {
        let tally = tally.await.expect("calls do not panic");
        assert_eq!(tally.wrong, Vec::<String>::new(), "{} were right", tally.right);
        (right, again) = (right + tally.right, again + tally.again);
    }
    println!("two swaps: {right} calls were right, {again} were to be tried again");
    assert!(right > 40, "calls went on meanwhile: {right}");
    assert_eq!(studio.rest().get(&game).await.status, 200);
}
