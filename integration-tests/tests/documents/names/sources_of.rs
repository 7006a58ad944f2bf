//! What the pages say that our own sources have to say as well: metrics, reasons, alerts and tests. Labels of metrics
//! are looked up by `cargo xtask deploy`.

use std::fs;

use tonic_health::pb::health_check_response::ServingStatus;

use super::{all_are_without_fault, words};
use crate::{
    page::{pages, root},
    sources,
};

/// Words that look like a name of ours but belong to another program, or are no name at all.
const OF_OTHERS: [&str; 3] = [
    "RUST_BACKTRACE", // of Rust
    "SHOUTING_CASE",  // a way of writing
    "THE_REQUEST_ID", // for the reader to replace
];

#[test]
fn every_metric_on_a_page_is_measured() {
    let sources = sources::text();

    all_are_without_fault(&pages(), |page| {
        let is_of_it =
            |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
        let named = words(&page.text, is_of_it).into_iter();
        let is_known = |name: &str| {
            let ends = ["_bucket", "_sum", "_count"];
            let metric = ends.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
            let krate = name.trim_start_matches("sir0_");
            sources.contains(&format!("\"{metric}\"")) || root().join("crates").join(krate).is_dir()
        };
        let named = named.filter(|name| name.starts_with("sir0_") && !is_known(name));
        named.map(str::to_owned).collect()
    });
}

/// The words of gRPC itself: `NOT_FOUND` and its like.
fn words_of_grpc() -> Vec<String> {
    let shout = |name: String| {
        let parts = name.split_inclusive(|letter: char| letter.is_lowercase());
        parts.fold(String::new(), |shouted, part| {
            let ends_a_word = shouted.ends_with(|it: char| it.is_uppercase())
                && part.starts_with(char::is_uppercase)
                && part.len() > 1;
            let gap = if ends_a_word { "_" } else { "" };
            format!("{shouted}{gap}{}", part.to_uppercase())
        })
    };
    let codes = (0..17).map(|code| shout(format!("{:?}", tonic::Code::from(code))));
    codes.chain([ServingStatus::NotServing.as_str_name().to_owned()]).collect()
}

#[test]
fn every_name_of_code_on_a_page_is_in_the_code() {
    let mut code = sources::text() + &words_of_grpc().join("\n");
    for file in ["deploy/envoy/envoy.yaml", "docker-compose.yml", "deploy/make-secrets.sh"] {
        code += &fs::read_to_string(root().join(file)).expect("a file of ours");
    }

    all_are_without_fault(&pages(), |page| {
        let is_name = |span: &String| {
            let shouted = span.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_');
            let spoken = span.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_');
            shouted && span.contains('_') || spoken && span.matches('_').count() > 3
        };
        let is_ours = |span: &String| !OF_OTHERS.contains(&span.as_str());
        let spans = page.spans().into_iter();
        let named = spans.filter(|span| is_name(span) && is_ours(span));
        named.filter(|name| !code.contains(name)).collect()
    });
}

#[test]
fn a_code_of_grpc_is_known_as_it_is_written() {
    let words = words_of_grpc();

    for word in ["OK", "NOT_FOUND", "DATA_LOSS", "RESOURCE_EXHAUSTED", "NOT_SERVING"] {
        assert!(words.contains(&word.to_owned()), "{word} in {words:?}");
    }
}

#[test]
fn every_alert_on_a_page_can_fire() {
    let rules = fs::read_to_string(root().join("deploy/prometheus/alerts.yml")).expect("rules");

    all_are_without_fault(&pages(), |page| {
        let named = words(&page.text, |letter| letter.is_ascii_alphanumeric()).into_iter();
        let named = named.filter(|name| name.starts_with("Sir0"));
        let lost = named.filter(|name| !rules.contains(&format!("- alert: {name}\n")));
        lost.map(str::to_owned).collect()
    });
}

#[test]
fn every_name_of_others_is_on_a_page() {
    let pages = pages();

    for name in OF_OTHERS {
        assert!(pages.iter().any(|page| page.text.contains(name)), "{name} is on no page any more");
    }
}
