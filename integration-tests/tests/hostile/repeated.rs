//! The program is killed between a change and its answer: sent again with the same key, the change is made once.

use std::time::Duration;

use http::Method;
use sir0_testkit::{a_game, process};
use tokio::time::sleep;

use crate::kept::Kept;

const ROUNDS: u64 = 100;

/// The first kill comes before any machine has committed.
const EARLIEST: Duration = Duration::from_micros(100);
/// A call that has not committed by then never does, and the test is to end and say so.
const LATEST: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_answer_a_kill_took_is_made_once_and_answered_again() {
    let mut process = process().await;
    let studio = process.publisher("Northlight").await;
    let (mut ids, mut replayed) = (Vec::new(), 0);
    let mut moment = EARLIEST;
    for round in 0..ROUNDS {
        let key = format!("round-{round}");
        let rest = studio.rest();
        let adding = tokio::spawn({
            let body = a_game(&format!("Game {round}"));
            let request = rest.request(Method::POST, "/api/games").json(&body);
            request.header("idempotency-key", &key).send()
        });
        sleep(moment).await;
        process.kill_9().await;
        drop(adding.await);
        process.starts_again().await;

        let rest = studio.rest();
        let request = rest.request(Method::POST, "/api/games");
        let request = request.json(&a_game(&format!("Game {round}")));
        let again = rest.changes(request.header("idempotency-key", &key)).await;
        assert_eq!(again.status, 201, "round {round}: {again:?}");
        let committed = again.header("idempotency-replayed").is_some();
        replayed += u64::from(committed);
        // What a call takes is the machine's: the kill goes later until it finds the commit, and from there on around it.
        moment = if committed { moment * 2 / 3 } else { LATEST.min(moment * 5 / 4) };
        let id = again.json["gameId"].as_i64().expect("an id");
        ids.push(i32::try_from(id).expect("a small number"));
    }

    let tables = process.storefront_tables();
    assert!(process.terminate().await.success());
    let kept = Kept::read(&tables).await;
    assert_eq!(kept.count(), ids.len(), "one game a round");
    kept.has_each_once(&ids);
    kept.is_consistent();
    assert!(replayed > 0 && replayed < ROUNDS, "some were killed after the commit: {replayed}");
}
