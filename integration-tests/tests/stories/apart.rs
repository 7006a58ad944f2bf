//! Services apart: each part in a separate process, as far as its clients and the other parts can tell.

use std::time::{Duration, Instant};

use serde_json::json;
use sir0_contract::{calls, storefront::WatchGamesRequest};
use sir0_testkit::{Answer, LONG, Person, Split, a_game, split, split_with};
use tokio::time::{sleep, timeout};
use tonic::Code;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::{
    grpc_web, untyped,
    watcher::{adds, next, told, watches},
};

const LINGER: Duration = Duration::from_secs(1);

/// Asks again until the answer has this status. The storefront hears of keys and sessions a little later.
async fn until(status: u16, mut ask: impl AsyncFnMut() -> Answer) -> Answer {
    let asking = timeout(LONG, async {
        loop {
            let answer = ask().await;
            if answer.status == status {
                return answer;
            }
            sleep(Duration::from_millis(5)).await;
        }
    });
    asking.await.unwrap_or_else(|_| panic!("no answer has the status {status}"))
}

async fn adds_when_trusted(person: &Person, title: &str) -> Answer {
    until(201, async || person.rest().post("/api/games", &a_game(title)).await).await
}

#[tokio::test]
async fn a_token_from_accounts_opens_the_storefront_until_it_is_given_back() {
    let platform = split().await;
    let signed_in = platform.publisher("Northlight").await;
    let studio = platform.storefront.meets(&signed_in);

    adds_when_trusted(&studio, "Lanterns").await;
    let logout = json!({"token": signed_in.token()});
    assert_eq!(signed_in.rest().post("/api/users/logout", &logout).await.status, 200);
    let begun = Instant::now();
    until(401, async || studio.rest().post("/api/games", &a_game("Harbours")).await).await;
    let waited = begun.elapsed();

    println!("a logout at accounts was heard at the storefront after {waited:?}");
    assert!(waited < Duration::from_secs(1), "after {waited:?}");
}

#[tokio::test]
async fn an_outage_of_accounts_signs_nobody_out_and_a_logout_before_it_is_remembered() {
    let mut platform = split().await;
    let stays = platform.publisher("Northlight").await;
    let leaves = stays.signs_in("Northlight").await;
    let (studio, gone) = (platform.storefront.meets(&stays), platform.storefront.meets(&leaves));
    adds_when_trusted(&studio, "Lanterns").await;
    let logout = json!({"token": leaves.token()});
    assert_eq!(leaves.rest().post("/api/users/logout", &logout).await.status, 200);
    until(401, async || gone.rest().post("/api/games", &a_game("Harbours")).await).await;

    platform.accounts.stops().await;
    let during = studio.rest().post("/api/games", &a_game("Tides")).await;
    let gone_during = gone.rest().post("/api/games", &a_game("Ebbs")).await;
    platform.accounts.starts_again().await;
    let again = stays.signs_in("Northlight").await;

    assert_eq!(during.status, 201, "{}", during.text);
    assert_eq!(gone_during.status, 401, "{}", gone_during.text);
    adds_when_trusted(&platform.storefront.meets(&again), "Buoys").await;
}

#[tokio::test]
async fn each_part_answers_its_own_calls_and_says_of_others_that_they_are_elsewhere() {
    let platform = split().await;
    let parts = [
        ("sir0.accounts.", &platform.accounts),
        ("sir0.storefront.", &platform.storefront),
        ("sir0.status.", &platform.edge),
    ];

    for call in calls() {
        for (package, part) in parts {
            let visitor = part.visitor();
            let code = untyped::makes(&visitor, call, untyped::request(call, &[])).await;
            let is_its_own = call.service.starts_with(package);
            let what = format!("{} at {package}: {code:?}", call.path);
            assert_eq!(code == Code::Unavailable, !is_its_own, "{what}");
            assert_ne!(code, Code::Unimplemented, "{what}");
            let over_web = grpc_web::makes(&visitor, call, &untyped::request(call, &[])).await;
            assert_eq!(over_web.code == Code::Unavailable, !is_its_own, "{what}");
        }
    }
    for (path, at_accounts, at_storefront, at_edge) in [
        ("/api/users/7", 401, 503, 503),
        ("/api/users/login", 405, 405, 405),
        ("/api/games", 503, 200, 503),
        ("/api/games:watch?genre=x&genre=y", 503, 400, 503),
        ("/api/status", 503, 503, 200),
        ("/.well-known/jwks.json", 200, 503, 503),
        ("/ws", 503, 426, 503),
        ("/media/nothing", 503, 404, 503),
        ("/docs", 503, 503, 200),
        ("/docs/openapi.json", 503, 503, 404),
        ("/openapi.json", 503, 503, 200),
        ("/postman.json", 503, 503, 200),
        ("/postman-environment.json", 503, 503, 200),
        ("/metrics", 200, 200, 200),
        ("/api/nothing", 404, 404, 404),
        ("/.well-known/nothing", 404, 404, 404),
    ] {
        for ((package, part), expected) in
            parts.into_iter().zip([at_accounts, at_storefront, at_edge])
        {
            let answer = part.visitor().rest().get(path).await;
            assert_eq!(answer.status, expected, "{path} at {package}: {}", answer.text);
            match expected {
                404 => assert_eq!(answer.json["error"], "Not found", "{path} at {package}"),
                503 => {
                    assert_eq!(answer.json["error"], "Unavailable", "{path} at {package}");
                    assert_eq!(answer.json["reason"], "UNAVAILABLE", "{path} at {package}");
                    assert_eq!(answer.header("retry-after"), Some("1"), "{path} at {package}");
                }
                _ => {}
            }
        }
    }
}

/// What a part says of the health of one of its services.
async fn health(person: &Person, service: &str) -> Result<ServingStatus, Code> {
    let asked = HealthCheckRequest { service: service.to_owned() };
    let answer = HealthClient::new(person.channel()).check(asked).await;
    answer.map(|answer| answer.into_inner().status()).map_err(|status| status.code())
}

#[tokio::test]
async fn each_part_tells_the_health_of_what_it_serves() {
    let Split { accounts, storefront, edge, .. } = &split().await;

    for (part, own, foreign) in [
        (accounts, "sir0.accounts.v1.AccountsService", "sir0.storefront.v1.GamesService"),
        (storefront, "sir0.storefront.v1.GamesService", "sir0.status.v1.StatusService"),
        (edge, "sir0.status.v1.StatusService", "sir0.accounts.v1.AccountsService"),
    ] {
        let visitor = part.visitor();
        assert_eq!(health(&visitor, "").await, Ok(ServingStatus::Serving));
        assert_eq!(health(&visitor, own).await, Ok(ServingStatus::Serving), "{own}");
        assert_eq!(health(&visitor, foreign).await, Err(Code::NotFound), "{foreign}");
    }
}

#[tokio::test]
async fn the_edge_tells_who_does_not_work_and_when_it_does_again() {
    let mut platform = split().await;
    let edge = platform.edge.visitor();
    let well = until(200, async || edge.rest().get("/api/status").await).await;

    platform.storefront.stops().await;
    let ill = until(500, async || edge.rest().get("/api/status").await).await;
    let of_itself = health(&edge, "").await;
    platform.storefront.starts_again().await;
    let back = until(200, async || edge.rest().get("/api/status").await).await;

    assert_eq!((&well.json["service"], &well.json["status"]), (&json!("sir0"), &json!("OK")));
    assert_eq!(ill.json["status"], "ERROR");
    assert_eq!(ill.json["details"], "not working: storefront");
    assert_eq!(of_itself, Ok(ServingStatus::Serving), "the edge itself works");
    assert_eq!(back.json["status"], "OK");
}

#[tokio::test]
async fn a_part_that_stops_says_so_before_its_port_closes() {
    let mut platform = split_with(|config| config.limits.linger = LINGER).await;
    let visitor = platform.storefront.visitor();
    assert_eq!(health(&visitor, "").await, Ok(ServingStatus::Serving));
    let begun = Instant::now();

    let (noticed, ()) = tokio::join!(
        async {
            while health(&visitor, "").await == Ok(ServingStatus::Serving) {
                sleep(Duration::from_millis(5)).await;
            }
            let noticed = begun.elapsed();
            let last_word = health(&visitor, "sir0.storefront.v1.GamesService").await;
            assert_eq!(last_word, Ok(ServingStatus::NotServing));
            // On a new connection: a client that has not noticed yet is still served.
            assert_eq!(visitor.rest().get("/api/games").await.status, 200);
            noticed
        },
        platform.storefront.stops(),
    );

    assert!(noticed < LINGER / 2, "noticed after {noticed:?}");
    assert!(begun.elapsed() >= LINGER, "stopped after {:?}", begun.elapsed());
    assert_eq!(health(&visitor, "").await, Err(Code::Unavailable), "the port is closed");
}

#[tokio::test]
async fn watchers_of_the_storefront_hear_what_a_studio_of_accounts_changes() {
    let platform = split().await;
    let visitor = platform.storefront.visitor();
    let studio = platform.storefront.meets(&platform.publisher("Northlight").await);
    adds_when_trusted(&studio, "Harbours").await;
    let mut socket = visitor.socket().await;
    socket.subscribes("game_updates").await;
    let mut stream = watches(&visitor, WatchGamesRequest::default()).await;

    let added = adds(&mut studio.games(), "Puzzle").await;

    assert_eq!(told(&next(&mut stream).await), format!("added {added} r1"));
    let heard = socket.hears().await.to_string();
    assert!(heard.contains(&format!("\"gameId\":{added}")), "{heard}");
}
