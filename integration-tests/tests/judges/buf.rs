//! `buf curl`: a client from another house, over native gRPC and over gRPC-Web, by reflection (v1).

use serde_json::{Value, json};
use sir0_testkit::{Process, a_game, process};
use tokio::process::Command;

use crate::judge::{Listener, hear, judge};

const GAMES: &str = "sir0.storefront.v1.GamesService";
/// The second as browsers have it, without HTTP/2.
const PROTOCOLS: [&[&str]; 2] =
    [&["--protocol", "grpc", "--http2-prior-knowledge"], &["--protocol", "grpcweb"]];

fn buf_curl(platform: &Process, protocol: &[&str], method: &str, message: &Value) -> Command {
    let url = format!("http://{}/{GAMES}/{method}", platform.address());
    let mut buf = judge("buf");
    buf.arg("curl").args(protocol).args(["--data", &message.to_string(), &url]);
    buf
}

/// Adds a game of this title. Answers with its id.
async fn added(platform: &Process, title: &str) -> i64 {
    let studio = platform.publisher("Northlight").await;
    let added = studio.rest().post("/api/games", &a_game(title)).await;
    added.json["gameId"].as_i64().expect("an id")
}

#[tokio::test]
async fn a_game_reads_the_same_over_grpc_and_grpc_web() {
    let platform = process().await;
    let id = added(&platform, "Lanterns").await;

    for protocol in PROTOCOLS {
        let game = json!({"gameId": id});
        let read = hear(&mut buf_curl(&platform, protocol, "GetGame", &game)).await.json();

        assert_eq!(read["game"]["title"], "Lanterns", "{protocol:?}");
        assert_eq!(read["game"]["price"], 19.99, "{protocol:?}");
    }
}

#[tokio::test]
async fn a_refusal_has_its_code_and_its_details_over_grpc_and_grpc_web() {
    let platform = process().await;

    for protocol in PROTOCOLS {
        let unknown = json!({"gameId": 404});
        let refused = hear(&mut buf_curl(&platform, protocol, "GetGame", &unknown)).await;

        // buf takes eight times the code of the status.
        assert_eq!(refused.code, Some(8 * 5), "{protocol:?}: {refused:?}");
        let error: Value = serde_json::from_str(&refused.complained).expect("an error in JSON");
        assert_eq!(error["code"], "not_found", "{protocol:?}");
        assert_eq!(error["details"][0]["type"], "google.rpc.ErrorInfo", "{protocol:?}");
    }
}

#[tokio::test]
async fn a_watcher_hears_the_present_and_a_change_over_grpc_and_grpc_web() {
    let platform = process().await;
    let studio = platform.publisher("Northlight").await;

    for protocol in PROTOCOLS {
        let added = studio.rest().post("/api/games", &a_game("Lanterns")).await;
        let id = &added.json["gameId"];
        let watch = json!({"sendPresent": true, "gameIds": [id]});
        let mut watcher = Listener::start(&mut buf_curl(&platform, protocol, "WatchGames", &watch));
        let present = watcher.next().await;
        let in_sync = watcher.next().await;

        let path = format!("/api/games/{id}");
        studio.rest().put(&path, &json!({"price": 4.5})).await;

        let changed = watcher.next().await;
        assert_eq!(present["present"]["gameId"], *id, "{protocol:?}");
        assert_eq!(in_sync["inSync"], json!({}), "{protocol:?}");
        assert_eq!(changed["changed"]["price"], 4.5, "{protocol:?}");
    }
}
