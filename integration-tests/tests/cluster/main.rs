//! The platform in many processes, as it is deployed, while some of them die.

mod measured;
mod planned;
mod swapped;

use std::{path::Path, time::Duration};

use serde_json::json;
use sir0_contract::accounts_internal::{
    WatchEndedSessionsRequest, trust_service_client::TrustServiceClient,
};
use sir0_testkit::{Answer, Cluster, LONG, Person, Plan, a_game, cluster};
use tokio::time::{Instant, sleep};
use tonic::Code;

/// Asks until the answer has this status, and returns how long that took.
async fn becomes(person: &Person, path: &str, status: u16) -> Duration {
    let begun = Instant::now();
    loop {
        let answer = person.rest().get(path).await;
        if answer.status == status {
            return begun.elapsed();
        }
        assert!(begun.elapsed() < LONG, "{path} answers {answer:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn adds(studio: &Person, title: &str) -> Answer {
    let added = studio.rest().post("/api/games", &a_game(title)).await;
    assert_eq!(added.status, 201, "{added:?}");
    added
}

#[tokio::test]
async fn every_instance_has_what_was_done_at_any_and_nothing_is_left_of_them() {
    let cluster = cluster().await;
    let folder = cluster.folder().to_owned();
    let studio = cluster.publisher("Northlight").await;
    let added = adds(&studio, "Lanterns").await;
    let path = format!("/api/games/{}", added.json["gameId"]);

    for storefront in &cluster.storefronts {
        let read = storefront.meets(&studio).rest().get(&path).await;
        assert_eq!(
            (read.status, &read.json["title"]),
            (200, &json!("Lanterns")),
            "{}",
            storefront.name()
        );
        assert_eq!(adds(&storefront.meets(&studio), "Harbours").await.status, 201);
    }
    studio.rest().post("/api/users/logout", &json!({"token": studio.token()})).await;
    for storefront in &cluster.storefronts {
        let refused = storefront.meets(&studio).rest().delete(&path).await;
        assert_eq!(refused.status, 401, "{}", storefront.name());
    }
    let status = cluster.visitor().rest().get("/api/status").await;
    assert_eq!((status.status, &status.json["status"]), (200, &json!("OK")));

    let ids = pids(cluster);
    assert_eq!(ids.len(), 6);
    for id in ids {
        let process = format!("/proc/{id}");
        for _ in 0..200 {
            if !Path::new(&process).exists() {
                break;
            }
            sleep(Duration::from_millis(10)).await;
        }
        assert!(!Path::new(&process).exists(), "{id} outlived its cluster");
    }
    assert!(!folder.exists());
}

/// The process ids of the instances. The cluster ends here.
fn pids(mut cluster: Cluster) -> Vec<u32> {
    cluster.instances().map(|instance| instance.pid()).collect()
}

#[tokio::test]
async fn what_services_ask_each_other_and_their_metrics_end_at_the_proxy() {
    let cluster = cluster().await;
    let visitor = cluster.visitor();

    let mut trust = TrustServiceClient::new(visitor.channel());
    let asked = WatchEndedSessionsRequest::default();
    let refused = trust.watch_ended_sessions(asked).await.expect_err("it ends at the proxy");
    let metrics = visitor.rest().get("/metrics").await;
    let behind = cluster.storefronts[0].visitor().rest().get("/metrics").await;

    assert_eq!(refused.code(), Code::Unimplemented);
    assert_eq!((metrics.status, &metrics.json["reason"]), (404, &json!("NOT_FOUND")));
    assert_eq!(behind.status, 200);
}

#[tokio::test]
async fn a_reader_does_not_notice_that_an_instance_was_killed() {
    let mut cluster = cluster().await;
    let studio = cluster.publisher("Northlight").await;
    let added = adds(&studio, "Lanterns").await;
    let (path, rest) = (format!("/api/games/{}", added.json["gameId"]), studio.rest());
    let profile = format!("/api/users/{}", studio.id);

    cluster.storefronts[0].kill_9().await;
    cluster.accounts[1].kill_9().await;
    for _ in 0..100 {
        assert_eq!(rest.get(&path).await.status, 200);
        assert_eq!(rest.get(&profile).await.status, 200);
    }
    cluster.storefronts[0].starts_again().await;
    cluster.accounts[1].starts_again().await;
    cluster.is_whole().await;

    let reborn = cluster.storefronts[0].meets(&studio);
    becomes(&reborn, &path, 200).await;
    assert_eq!(rest.get(&path).await.json["title"], "Lanterns");
}

#[tokio::test]
async fn a_service_says_try_again_while_its_database_is_down_and_the_other_one_goes_on() {
    let mut cluster = Plan { own_databases: true, ..Plan::default() }.starts().await;
    let studio = cluster.publisher("Northlight").await;
    let (ada, profile) = (&studio, format!("/api/users/{}", studio.id));
    let added = adds(&studio, "Lanterns").await;
    let path = format!("/api/games/{}", added.json["gameId"]);

    cluster.storefront_db.kill_hard();
    let refused = studio.rest().post("/api/games", &a_game("Harbours")).await;
    let read = ada.rest().get(&profile).await;
    becomes(&cluster.visitor(), "/api/status", 500).await;
    cluster.storefront_db.start_again();
    let back = becomes(&cluster.visitor(), "/api/status", 200).await;

    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.header("retry-after").is_some());
    assert_eq!(read.status, 200);
    becomes(&studio, &path, 200).await;
    adds(&studio, "Harbours").await;
    println!("the status is good again {back:?} after the database is");
}

#[tokio::test]
async fn redis_may_go_and_come_back_empty_and_no_answer_is_different() {
    let mut cluster = cluster().await;
    let studio = cluster.publisher("Northlight").await;
    let added = adds(&studio, "Lanterns").await;
    let path = format!("/api/games/{}", added.json["gameId"]);
    let changes_and_reads = async |price: f64| {
        let changed = studio.rest().put(&path, &json!({"price": price})).await;
        assert_eq!(changed.status, 200, "{changed:?}");
        for storefront in &cluster.storefronts {
            assert_eq!(storefront.visitor().rest().get(&path).await.json["price"], price);
        }
    };

    changes_and_reads(1.5).await;
    cluster.redis.kill();
    changes_and_reads(2.5).await;
    cluster.redis.start_again();
    changes_and_reads(3.5).await;
}
