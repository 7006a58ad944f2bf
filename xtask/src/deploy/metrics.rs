//! Our metrics, as dashboards, alerts and pages name them: each is measured, with the labels and the values named.

use std::collections::BTreeSet;

use anyhow::Result;

use super::read;
use crate::workspace;

/// The files that name our metrics.
const FILES: [&str; 8] = [
    "deploy/grafana/sir0.json",
    "deploy/prometheus/alerts.yml",
    "deploy/prometheus/adapter.yml",
    "deploy/kubernetes/base/scaling.yaml",
    "docs/operations.md",
    "docs/deployment.md",
    "docs/scaling.md",
    "docs/reliability.md",
];

/// Labels that Prometheus adds, and the codes of gRPC. They stand in no line of ours.
const OF_OTHERS: [&str; 5] = ["job", "instance", "namespace", "pod", "le"];
const CODES: [&str; 8] = [
    "Ok",
    "Internal",
    "Unknown",
    "DataLoss",
    "Unavailable",
    "NotFound",
    "Unauthenticated",
    "ResourceExhausted",
];

/// What the files name and this source does not measure.
pub(super) fn faults(source: &str) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for file in FILES {
        // In JSON, a query is a text within a text.
        let text = read(&workspace::root().join(file))?.replace("\\\"", "\"");
        for metric in names_in(&text) {
            if !is_measured(metric, source) {
                faults.push(format!("{file} asks for `{metric}`, which nothing measures"));
            }
        }
        for (label, value) in labels_in(&text) {
            if !is_label(label, source) {
                faults.push(format!("{file} asks for the label `{label}`, which no metric has"));
            } else if !is_value(value, source) {
                faults.push(format!("{file} asks for `{label}=\"{value}\"`, which never is"));
            }
        }
    }
    Ok(faults)
}

/// Whether the source names a metric where it is measured. A description alone does not count.
fn is_measured(metric: &str, source: &str) -> bool {
    let named = format!("\"{metric}\"");
    source.lines().any(|line| line.contains(&named) && !line.trim_start().starts_with('('))
}

fn is_label(label: &str, source: &str) -> bool {
    OF_OTHERS.contains(&label) || source.contains(&format!("\"{label}\" => "))
}

/// Whether the source holds this value. A pattern of several values is checked one by one. A wider pattern passes.
fn is_value(value: &str, source: &str) -> bool {
    value.split('|').all(|one| {
        let is_plain = one.chars().all(|it| it.is_ascii_alphanumeric() || "_-".contains(it));
        !is_plain
            || one.is_empty()
            || CODES.contains(&one)
            || source.contains(&format!("\"{one}\""))
    })
}

/// Our own metrics in a text, without what a histogram adds to its name.
fn names_in(text: &str) -> BTreeSet<&str> {
    let is_of_a_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    text.split(|character| !is_of_a_name(character))
        .filter(|word| word.starts_with("sir0_"))
        // Names of databases, which have no unit or plural of a metric.
        .filter(|word| word.matches('_').count() > 1)
        .map(|name| {
            let of_histogram = ["_bucket", "_sum", "_count"];
            of_histogram.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
        })
        .collect()
}

/// The labels that are asked of our own metrics, with what they are compared to.
fn labels_in(text: &str) -> BTreeSet<(&str, &str)> {
    let mut labels = BTreeSet::new();
    for (at, _) in text.match_indices("sir0_") {
        let rest = text.get(at..).unwrap_or_default();
        let end = rest.find(|it: char| !it.is_ascii_alphanumeric() && it != '_');
        let selector = end.and_then(|end| rest.get(end..)).unwrap_or_default();
        let Some((selector, _)) = selector.strip_prefix('{').and_then(|it| it.split_once('}'))
        else {
            continue;
        };
        for matcher in selector.split(',') {
            if let Some((label, value)) = matcher.split_once('=') {
                let label = label.trim().trim_end_matches('!');
                labels.insert((label, value.trim_start_matches('~').trim_matches('"')));
            }
        }
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_is_asked_for_by_its_buckets_and_known_by_its_name() {
        let query = "histogram_quantile(0.9, rate(sir0_call_seconds_bucket[5m])) / sir0_streams_open{a=\"b\"}";

        assert!(names_in(query).into_iter().eq(["sir0_call_seconds", "sir0_streams_open"]));
    }

    #[test]
    fn a_selector_names_labels_and_values() {
        let query = "sir0_calls_total{code=~\"Internal|Unknown\", door!=\"rest\"} / up{job=\"x\"}";

        let found = labels_in(query);

        assert!(found.into_iter().eq([("code", "Internal|Unknown"), ("door", "rest")]));
    }

    #[test]
    fn what_is_only_described_and_what_never_is_are_found() {
        let source = "(\"sir0_told_total\", \"told\"),\ncounter!(\"sir0_done_total\", \"outcome\" => \"well\")";

        assert!(is_measured("sir0_done_total", source) && !is_measured("sir0_told_total", source));
        assert!(is_label("outcome", source) && !is_label("result", source));
        assert!(is_value("well", source) && !is_value("success", source));
        assert!(is_value("well|Internal", source) && !is_value("well|badly", source));
    }
}
