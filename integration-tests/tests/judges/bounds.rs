//! Every bound of the contract, before the running server and before `protovalidate`: what keeps a bound is refused by
//! neither, and what lies just beyond it by both, with the name of its field.

mod asked;
mod probes;
mod recipes;

use std::fs;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use sir0_contract::FILE_DESCRIPTOR_SET;
use sir0_testkit::platform;

use crate::judge::{hear, judge};
use probes::Probe;
use recipes::Stage;

/// A script that asks protovalidate.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/web/bounds.js");

#[tokio::test]
async fn the_server_draws_every_bound_where_the_contract_says_it_is() {
    let platform = platform().await;
    // The least id there is belongs to someone who is in no studio.
    platform.player("Ada").await;
    let admin = platform.admin("Northlight").await;
    let stage = Stage::with(&admin).await;
    let probes = probes::all(&stage);

    let verdicts = of_protovalidate(&probes).await;

    assert_eq!(verdicts.len(), probes.len());
    for (probe, broken) in probes.iter().zip(verdicts) {
        let expected: &[&str] = if probe.is_beyond { &[probe.field.json_name()] } else { &[] };
        // A text that breaks one bound may break another of the same field.
        assert!(broken.iter().all(|field| expected.contains(&&**field)), "{probe}: {broken:?}");
        assert_eq!(broken.is_empty(), expected.is_empty(), "protovalidate on {probe}");

        let (status, refused) = asked::of(&admin, probe).await;
        let decides = match probe.field.full_name() {
            // What is approved decides what its subject has to be.
            "sir0.accounts.v1.ConfirmActionRequest.action" => &["subject"][..],
            // What kind a product is decides what it belongs to and holds.
            "sir0.storefront.v1.CreateGameRequest.kind" => &["baseGameId", "bundledGameIds"],
            // What is in a bundle has to be there, and only a bundle holds something.
            "sir0.storefront.v1.CreateGameRequest.base_game_id" => &["baseGameId"],
            "sir0.storefront.v1.CreateGameRequest.bundled_game_ids"
            | "sir0.storefront.v1.UpdateGameRequest.bundled_game_ids" => &["bundledGameIds"],
            _ => &[],
        };
        if !probe.is_beyond && refused.len() == 1 && decides.contains(&&*refused[0]) {
            continue;
        }
        assert_eq!(refused, expected, "the server on {probe}: {status}");
        // What keeps every bound may be refused for what it says or for how things stand, and many wrong passwords are too many.
        let is_known =
            if probe.is_beyond { &[400][..] } else { &[200, 201, 400, 401, 403, 404, 429] };
        assert!(is_known.contains(&status), "the server answers {status} to {probe}");
    }
}

/// The fields of each message that break a bound.
async fn of_protovalidate(probes: &[Probe]) -> Vec<Vec<String>> {
    let folder = tempfile::tempdir().expect("a folder for the judge");
    let (descriptors, messages) =
        (folder.path().join("descriptors.binpb"), folder.path().join("messages.json"));
    let asked: Vec<Value> = probes
        .iter()
        .map(|probe| {
            let wire = BASE64_STANDARD.encode(probe.wire());
            json!({"type": probe.field.parent_message().full_name(), "wire": wire})
        })
        .collect();
    fs::write(&descriptors, FILE_DESCRIPTOR_SET).expect("the folder takes files");
    fs::write(&messages, Value::Array(asked).to_string()).expect("the folder takes files");
    let verdicts = hear(judge("node").arg(SCRIPT).arg(descriptors).arg(messages)).await.json();
    serde_json::from_value(verdicts).expect("a list of names for each message")
}
