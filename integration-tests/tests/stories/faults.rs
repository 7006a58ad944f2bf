//! A fault of the server: its answer says nothing about our insides, the log has it once, and monitoring shows it.

use serde_json::json;
use sir0_contract::{
    status::GetStatusRequest,
    storefront::{CreateGameRequest, GetGameRequest},
};
use sir0_testkit::{Answer, Person, a_game, platform, process};
use tonic::Code;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tonic_types::StatusExt;

use crate::databases;

/// The text does not tell how the server works inside.
fn tells_nothing(text: &str) {
    let text = text.to_lowercase();
    for word in ["sql", "table", "games_words", "database", "panicked", ".rs", ".db"] {
        assert!(!text.contains(word), "`{word}` in {text}");
    }
}

async fn serving(person: &Person, service: &str) -> ServingStatus {
    let request = HealthCheckRequest { service: service.to_owned() };
    let answer = HealthClient::new(person.channel()).check(request).await.expect("an answer");
    answer.into_inner().status()
}

#[tokio::test]
async fn a_fault_of_ours_is_told_by_its_request_id_only_and_logged_once() {
    let server = process().await;
    let visitor = server.visitor();
    databases::run(&server.storefront_tables(), "DROP TABLE schedules; DROP TABLE games").await;

    let request = visitor.rest().request(http::Method::GET, "/api/games/7");
    let answer = Answer::to(request.header("x-request-id", "fault-over-rest")).await;
    let mut request = tonic::Request::new(GetGameRequest { game_id: 7 });
    request.metadata_mut().insert("x-request-id", "fault-over-grpc".parse().unwrap());
    let status = visitor.games().get_game(request).await.unwrap_err();

    assert_eq!(answer.status, 500);
    assert_eq!(answer.json["reason"], "INTERNAL_ERROR");
    assert_eq!(answer.header("x-request-id"), Some("fault-over-rest"));
    assert!(answer.json["details"].as_str().unwrap().contains("fault-over-rest"));
    tells_nothing(&answer.text);
    assert_eq!(status.code(), Code::Internal);
    assert!(status.message().contains("fault-over-grpc"));
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "INTERNAL_ERROR");
    assert_eq!(details.request_info().unwrap().request_id, "fault-over-grpc");
    tells_nothing(status.message());
    tells_nothing(&String::from_utf8_lossy(status.details()));
    let log = server.log();
    for id in ["fault-over-rest", "fault-over-grpc"] {
        let lines: Vec<_> = log.lines().filter(|line| line.contains(id)).collect();
        assert_eq!(lines.len(), 1, "{log}");
        let tells_why = ["no such table", "does not exist"];
        assert!(tells_why.iter().any(|why| lines[0].contains(why)), "{}", lines[0]);
    }
    assert_eq!(visitor.rest().get("/api/status").await.status, 200, "the process goes on");
}

#[tokio::test]
async fn a_database_that_does_not_work_shows_in_the_status_and_in_health() {
    let server = process().await;
    let visitor = server.visitor();
    let (accounts, games) = ("sir0.accounts.v1.AccountsService", "sir0.storefront.v1.GamesService");
    assert_eq!(serving(&visitor, "").await, ServingStatus::Serving);
    assert_eq!(serving(&visitor, games).await, ServingStatus::Serving);

    databases::breaks(&server.storefront_tables()).await;
    let mut answer = visitor.rest().get("/api/status").await;
    for _ in 0..100 {
        if answer.status == 500 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        answer = visitor.rest().get("/api/status").await;
    }

    assert_eq!(answer.status, 500);
    assert_eq!(answer.json["status"], "ERROR");
    assert!(answer.json["service"].is_string() && answer.json["timestamp"].is_string());
    assert!(answer.json["details"].as_str().unwrap().contains("storefront"), "{answer:?}");
    tells_nothing(&answer.text);
    let told = visitor.status().get_status(GetStatusRequest {}).await.unwrap().into_inner();
    assert_eq!(told.status, "ERROR");
    assert_eq!(serving(&visitor, "").await, ServingStatus::NotServing);
    assert_eq!(serving(&visitor, games).await, ServingStatus::NotServing);
    assert_eq!(serving(&visitor, accounts).await, ServingStatus::Serving);
}

#[tokio::test]
async fn a_store_whose_database_is_held_by_someone_else_says_try_again_and_reads_on() {
    let platform = platform().await;
    let studio = platform.publisher("Northlight").await;
    let held = databases::hold(&platform.storefront_tables()).await;

    let (status, answer) = tokio::join!(
        async {
            let request = CreateGameRequest {
                title: "Lanterns".to_owned(),
                genre: "Puzzle".to_owned(),
                price: Some(1.0),
                description: String::new(),
                request_id: None,
                ..Default::default()
            };
            studio.games().create_game(request).await.unwrap_err()
        },
        async { studio.rest().post("/api/games", &a_game("Harbours")).await }
    );
    let read = studio.rest().get("/api/games").await;
    held.let_go().await;
    let later = studio.rest().post("/api/games", &a_game("Anvils")).await;

    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status.get_error_details().error_info().unwrap().reason, "UNAVAILABLE");
    assert!(status.get_error_details().retry_info().is_some());
    tells_nothing(status.message());
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.header("retry-after").is_some());
    tells_nothing(&answer.text);
    assert_eq!(
        (read.status, &read.json),
        (200, &json!({"games": [], "totalSize": 0, "facets": []}))
    );
    assert_eq!(later.status, 201);
}
