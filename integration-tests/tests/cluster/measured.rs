//! What Prometheus is told to read is there, under the names that alerts and the dashboard ask for.

use std::collections::BTreeSet;

use sir0_testkit::cluster;

const ALERTS: &str = include_str!("../../../deploy/prometheus/alerts.yml");
const DASHBOARD: &str = include_str!("../../../deploy/grafana/sir0.json");

/// Every metric of the proxy that is asked for.
fn asked_of_the_proxy(text: &str) -> BTreeSet<&str> {
    let is_of_a_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let words = text.split(|character| !is_of_a_name(character));
    words.filter(|word| word.starts_with("envoy_") && *word != "envoy_cluster_name").collect()
}

#[tokio::test]
async fn every_metric_of_the_proxy_that_is_asked_for_is_measured_for_each_service() {
    let cluster = cluster().await;
    let asked: BTreeSet<_> =
        asked_of_the_proxy(ALERTS).union(&asked_of_the_proxy(DASHBOARD)).copied().collect();

    let measured = cluster.envoy.measured().await;

    assert!(asked.len() >= 3, "{asked:?}");
    for name in asked {
        for service in ["accounts", "storefront", "storefront-websocket", "edge"] {
            let begins = format!("{name}{{envoy_cluster_name=\"{service}\"}} ");
            let there = measured.lines().any(|line| line.starts_with(&begins));
            assert!(there, "{begins}: not among {} lines", measured.lines().count());
        }
    }
}
