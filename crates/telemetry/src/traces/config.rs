//! Where traces go, and how many.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use sir0_kernel::Origin;
use sir0_settings::{Kind, Setting};

/// The settings of [`Config`].
pub const SETTINGS: &[Setting] = &[
    Setting::new(
        "traces.endpoint",
        "SIR0_TRACES_ENDPOINT",
        Kind::Collector,
        "where traces go; unset, none are made",
    ),
    Setting::new(
        "traces.sample",
        "SIR0_TRACES_SAMPLE",
        Kind::Share,
        "the share of traces begun here that are kept",
    ),
];

/// Where traces go, and how many.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// A collector that speaks OTLP over gRPC, such as `http://localhost:4317`. Without one no trace is made.
    #[serde(deserialize_with = "origin")]
    pub endpoint: Option<String>,
    /// The share of traces begun here that are kept, from 0 to 1. A trace that a caller began is kept when the caller
    /// says so, whatever this share is.
    #[serde(deserialize_with = "share")]
    pub sample: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self { endpoint: None, sample: 1.0 }
    }
}

fn origin<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.as_deref().map(Origin::parse).transpose().map_err(D::Error::custom)?;
    Ok(text)
}

fn share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let share = f64::deserialize(deserializer)?;
    if (0.0..=1.0).contains(&share) {
        Ok(share)
    } else {
        Err(D::Error::custom("must be from 0 to 1"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(value: Value) -> Result<Config, serde_json::Error> {
        serde_json::from_value(value)
    }

    #[test]
    fn unless_a_collector_is_named_there_is_none_and_then_every_trace_is_kept() {
        assert_eq!(read(json!({})).expect("defaults"), Config { endpoint: None, sample: 1.0 });

        let named = read(json!({ "endpoint": "http://collector:4317", "sample": 0.25 }));

        let endpoint = Some("http://collector:4317".to_owned());
        assert_eq!(named.expect("good values"), Config { endpoint, sample: 0.25 });
        let none = Config { endpoint: None, sample: 0.0 };
        assert_eq!(read(json!({ "sample": 0 })).expect("a whole number"), none);
    }

    #[test]
    fn what_is_no_collector_is_refused_with_the_configuration() {
        for endpoint in [
            "",
            "collector:4317",
            "https://collector:4317",
            "http://collector:4317/v1/traces",
            "http://user:secret@collector:4317",
            "grpc://collector:4317",
        ] {
            assert!(read(json!({ "endpoint": endpoint })).is_err(), "{endpoint}");
        }
    }

    #[test]
    fn what_is_no_share_is_refused_with_the_configuration() {
        for sample in [json!(-0.1), json!(1.1), json!("all"), Value::Null] {
            assert!(read(json!({ "sample": sample })).is_err(), "{sample}");
        }
        assert!(read(json!({ "samples": 1.0 })).is_err());
    }
}
