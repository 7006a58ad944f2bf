//! `sir0 config show`: every setting in effect, and where it comes from.

use std::fmt::Write;

use serde_json::{Value, json};
use sir0_settings::{Kind, Origin, Setting};

use crate::{
    Config,
    commands::{bare, say},
    config::settings,
};

/// In which form settings are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A file that `--config` takes, with the places in comments.
    #[default]
    Toml,
    /// An object with an entry for each key.
    Json,
}

/// Prints every setting with its value and the place where it was written. What may be a secret is left out.
pub fn show(config: &Config, format: Format) -> anyhow::Result<()> {
    Ok(say(&match format {
        Format::Toml => toml(config),
        Format::Json => json(config),
    })?)
}

/// A setting in effect.
struct Shown {
    setting: &'static Setting,
    /// Null where it is unset.
    value: Value,
    /// Whether something of the value is left out.
    is_cut: bool,
}

fn all(config: &Config) -> impl Iterator<Item = Shown> {
    let values = config.to_json();
    settings().iter().map(move |setting| {
        let path = format!("/{}", setting.key.replace('.', "/"));
        let value = values.pointer(&path).cloned().unwrap_or_default();
        let may_hold_a_secret =
            matches!(setting.kind, Kind::Database | Kind::Redis | Kind::Peer | Kind::Collector);
        match &value {
            Value::String(url) if may_hold_a_secret && bare(url) != *url => {
                Shown { setting, value: bare(url).into(), is_cut: true }
            }
            _ => Shown { setting, value, is_cut: false },
        }
    })
}

/// One line a setting: with its whole key, so that it can be searched for and the lines can stand in any order.
fn toml(config: &Config) -> String {
    let mut text = String::new();
    for Shown { setting: Setting { key, .. }, value, is_cut } in all(config) {
        let place = match config.sources.origins.get(key) {
            Some(origin) => origin.to_string(),
            None => "default".to_owned(),
        };
        let value = toml::Value::try_from(&value).ok();
        let line = match value {
            None => format!("# {key} is unset"),
            Some(value) if is_cut => {
                format!(
                    "# {key} = {value}  # {place}; without its secret, and so no line of a file"
                )
            }
            Some(value) => format!("{key} = {value}  # {place}"),
        };
        writeln!(text, "{line}").expect("a string grows");
    }
    text
}

fn json(config: &Config) -> String {
    let shown = all(config).map(|Shown { setting, value, is_cut }| {
        let (from, place) = match config.sources.origins.get(setting.key) {
            None => ("default", None),
            Some(place @ Origin::File { .. }) => ("file", Some(place)),
            Some(place @ Origin::Variable(_)) => ("environment", Some(place)),
            Some(place @ Origin::Flag(_)) => ("flag", Some(place)),
        };
        let place = place.map(ToString::to_string);
        let entry = json!({
            "value": value,
            "from": from,
            "place": place,
            "variable": setting.variable,
            "secret_left_out": is_cut,
        });
        (setting.key.to_owned(), entry)
    });
    let object = Value::Object(shown.collect());
    format!("{object:#}\n")
}
