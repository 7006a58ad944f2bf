//! `schemathesis`: a thousand requests made up from `/openapi.json`, and every answer held against it.

use std::{fs, time::Duration};

use serde_json::Value;
use sir0_testkit::{Person, Process, a_game, process};

use crate::judge::{hear_within, judge};

/// For each operation and phase.
const MOST_EXAMPLES: &str = "40";
const PATIENCE: Duration = Duration::from_mins(4);
const PHASES: &str = "examples,coverage,fuzzing";
/// The answers are the documented ones, and what breaks the document is refused.
const ANSWERS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                       response_schema_conformance,negative_data_rejection,ignored_auth";
/// A known path with another method is answered with 405, and with the methods it takes.
const METHODS: &str = "unsupported_method,allow_header_conformance";
/// Their answers never end, so the judge would wait for them in vain; the stories of watching judge them instead.
const ENDLESS: [&str; 4] = ["watchGames", "watchMyGames", "watchSecurityEvents", "importGames"];

/// The document without the answers that any call may give. With them every status is a documented one, and the
/// judge could not tell an unexpected refusal from a promised one.
async fn strict_document(visitor: &Person) -> Value {
    let mut document = visitor.rest().get("/openapi.json").await.json;
    for operation in operations(&mut document) {
        let responses = operation["responses"].as_object_mut().expect("an operation answers");
        responses.remove("default").expect("a refusal that any call can meet is documented");
    }
    document
}

fn operations(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    let paths = document["paths"].as_object_mut().expect("a document has paths");
    paths.values_mut().filter_map(Value::as_object_mut).flat_map(|verbs| verbs.values_mut())
}

/// Gives the judge what made-up numbers hardly ever hit: an account and a game that exist. The judge signs in only when
/// it is told to.
fn settings(user: i32, game: &Value) -> String {
    format!(
        "[auth]
         auto-signup = false
         [[operations]]
         include-operation-id = ['getGame', 'updateGame']
         parameters = {{ game_id = {game} }}
         [[operations]]
         include-operation-id = ['getUser', 'updateUser']
         parameters = {{ user_id = {user} }}"
    )
}

/// Sends the judge to the platform, signed in or not.
async fn is_judged(platform: &Process, studio: &Person, headers: &[&str], checks: &str) {
    let added = studio.rest().post("/api/games", &a_game("Lanterns")).await;
    let mut document = strict_document(&platform.visitor()).await;
    let folder = tempfile::tempdir().expect("a folder for the judge");
    let (config, schema) =
        (folder.path().join("schemathesis.toml"), folder.path().join("api.json"));
    fs::write(&config, settings(studio.id, &added.json["gameId"])).expect("the folder takes files");
    fs::write(&schema, document.to_string()).expect("the folder takes files");

    let mut schemathesis = judge("schemathesis");
    schemathesis.current_dir(folder.path()).arg("--config-file").arg(config);
    schemathesis.arg("run").arg(schema).args(headers);
    schemathesis.args(["--url", &format!("http://{}", platform.address()), "--no-color"]);
    schemathesis.args(["--phases", PHASES, "--checks", checks, "--max-examples", MOST_EXAMPLES]);
    // Always the same requests: what fails here fails again when it is looked into.
    schemathesis.args(["--seed", "1", "--continue-on-failure"]);
    schemathesis.args(ENDLESS.iter().flat_map(|name| ["--exclude-operation-id", name]));
    let verdict = hear_within(PATIENCE, &mut schemathesis).await.approved();

    let total = operations(&mut document).count();
    let judged = format!("{} selected / {total} total", total - ENDLESS.len());
    assert!(verdict.contains(&judged), "{judged} in {verdict}");
}

#[tokio::test]
async fn a_stranger_gets_nothing_but_documented_answers() {
    let platform = process().await;
    let studio = platform.publisher("Northlight").await;

    is_judged(&platform, &studio, &[], ANSWERS).await;
}

#[tokio::test]
async fn a_publisher_gets_nothing_but_documented_answers() {
    let platform = process().await;
    let studio = platform.publisher("Northlight").await;
    let bearer = format!("Authorization: Bearer {}", studio.token());

    is_judged(&platform, &studio, &["--header", &bearer], ANSWERS).await;
}

#[tokio::test]
async fn a_known_path_says_which_methods_it_takes() {
    let platform = process().await;
    let studio = platform.publisher("Northlight").await;

    is_judged(&platform, &studio, &[], METHODS).await;
}
