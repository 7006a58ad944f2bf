//! What is counted: calls by method, door and code, and what is open.

use sir0_contract::{
    calls,
    storefront::{GetGameRequest, WatchGamesRequest},
};
use sir0_testkit::{Person, Process, a_game, process};

use crate::{grpc_web, untyped};

/// The number on the line with this name and these labels; 0 when there is none.
async fn metric(person: &Person, name: &str, labels: &[&str]) -> f64 {
    let page = person.rest().get("/metrics").await;
    assert!(page.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")));
    let line = page.text.lines().find(|line| {
        let is_it = line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']));
        is_it && labels.iter().all(|label| line.contains(label))
    });
    let number = line.and_then(|line| line.rsplit_once(' ')).map(|(_, number)| number.parse());
    number.unwrap_or(Ok(0.0)).expect("a number")
}

/// Waits until a metric has this value: what is counted when a stream ends is counted a moment later.
async fn becomes(person: &Person, name: &str, labels: &[&str], expected: f64) {
    for _ in 0..200 {
        if (metric(person, name, labels).await - expected).abs() < 0.5 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{name} {labels:?} is {}, not {expected}", metric(person, name, labels).await);
}

async fn a_server() -> (Process, Person) {
    let server = process().await;
    let visitor = server.visitor();
    (server, visitor)
}

#[tokio::test]
async fn calls_are_counted_by_method_door_and_code() {
    let (_server, visitor) = a_server().await;
    let get = calls().find(|call| call.name == "GetGame").expect("a call");
    let list = calls().find(|call| call.name == "ListGames").expect("a call");

    visitor.rest().get("/api/games").await;
    visitor.rest().get("/api/games").await;
    visitor.rest().get("/api/games/7").await;
    visitor.rest().get("/api/games/seven").await;
    visitor.games().get_game(GetGameRequest { game_id: 7 }).await.unwrap_err();
    untyped::makes(&visitor, list, Vec::new()).await;
    grpc_web::makes(&visitor, list, &[]).await;
    grpc_web::makes(&visitor, get, &untyped::request(get, &[])).await;

    let list = "method=\"/sir0.storefront.v1.GamesService/ListGames\"";
    let get = "method=\"/sir0.storefront.v1.GamesService/GetGame\"";
    for (method, door, code, count) in [
        (list, "rest", "Ok", 2.0),
        (list, "grpc", "Ok", 1.0),
        (list, "grpc-web", "Ok", 1.0),
        (get, "rest", "NotFound", 1.0),
        (get, "rest", "InvalidArgument", 1.0),
        (get, "grpc", "NotFound", 1.0),
        (get, "grpc-web", "InvalidArgument", 1.0),
    ] {
        let (door, code) = (format!("door=\"{door}\""), format!("code=\"{code}\""));
        becomes(&visitor, "sir0_calls_total", &[method, &door, &code], count).await;
    }
    let rest = "door=\"rest\"";
    becomes(&visitor, "sir0_call_seconds_count", &[list, rest], 2.0).await;
    becomes(&visitor, "sir0_call_seconds_bucket", &[list, rest, "le=\"+Inf\""], 2.0).await;
}

#[tokio::test]
async fn streams_and_sockets_are_counted_while_they_are_open() {
    let (_server, visitor) = a_server().await;
    becomes(&visitor, "sir0_streams_open", &[], 0.0).await;

    let grpc = visitor.games().watch_games(WatchGamesRequest::default()).await.unwrap();
    let rest = visitor.rest().stream("/api/games:watch", "text/event-stream", &[]).await;
    becomes(&visitor, "sir0_streams_open", &[], 2.0).await;
    let mut socket = visitor.socket().await;
    socket.subscribes("game_updates").await;

    becomes(&visitor, "sir0_streams_open", &[], 3.0).await;
    becomes(&visitor, "sir0_websockets_open", &[], 1.0).await;

    drop((grpc, rest, socket));

    becomes(&visitor, "sir0_streams_open", &[], 0.0).await;
    becomes(&visitor, "sir0_websockets_open", &[], 0.0).await;
    let watch = "method=\"/sir0.storefront.v1.GamesService/WatchGames\"";
    for door in ["door=\"grpc\"", "door=\"rest\""] {
        let labels = [watch, door, "code=\"Cancelled\""];
        becomes(&visitor, "sir0_calls_total", &labels, 1.0).await;
    }
}

#[tokio::test]
async fn every_number_says_what_it_means_and_is_named_by_its_unit() {
    let server = process().await;
    let studio = server.publisher("Northlight").await;
    let added = studio.rest().post("/api/games", &a_game("Lanterns")).await;
    assert_eq!(added.status, 201);
    let visitor = server.visitor();
    visitor.rest().get("/api/games").await;
    visitor.rest().get("/api/games/1").await;
    let mut socket = visitor.socket().await;
    socket.subscribes("game_updates").await;
    becomes(&visitor, "sir0_websockets_open", &[], 1.0).await;

    let page = visitor.rest().get("/metrics").await.text;

    let kinds = page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let kinds: Vec<_> = kinds.collect();
    assert!(kinds.len() > 20, "{page}");
    for (name, kind) in kinds {
        assert!(page.contains(&format!("# HELP {name} ")), "{name} does not say what it is");
        assert_eq!(kind == "counter", name.ends_with("_total"), "{name} is a {kind}");
        assert!(kind != "histogram" || name.ends_with("_seconds"), "{name} is a {kind}");
        for odd in ["_ms", "_millis", "_kb", "_mb", "_percent"] {
            assert!(!name.ends_with(odd), "{name} is in no base unit");
        }
    }
    for name in [
        "sir0_build_info{version=\"",
        "sir0_data_folder_free_bytes ",
        "sir0_data_folder_total_bytes ",
        "process_resident_memory_bytes ",
        "process_cpu_seconds_total ",
        "process_open_fds ",
        "process_max_fds ",
        "process_start_time_seconds ",
        "process_threads ",
    ] {
        assert!(page.lines().any(|line| line.starts_with(name)), "no {name} in {page}");
    }
}
