//! Log lines on standard error: quiet and readable for people, one JSON object a line for machines.

mod json;
mod text;

use std::{
    io::{self, IsTerminal},
    sync::Arc,
};

use serde::{Deserialize, Deserializer, Serialize};
use sir0_kernel::{Clock, SystemClock};
use tracing::{Dispatch, Subscriber};
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{LevelFilter, ParseError},
    fmt::MakeWriter,
    layer::SubscriberExt,
    registry::LookupSpan,
};

use crate::traces::{self, OnlyWithin, Traces};

/// What is logged, and in which form.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// A level (`off`, `error`, `warn`, `info`, `debug`, `trace`), or levels by target, such as
    /// `info,sir0_storefront=debug`. Libraries keep to `warn` unless they are named.
    #[serde(deserialize_with = "readable_filter")]
    pub filter: String,
    /// Who reads the lines.
    pub format: Format,
}

impl Default for Config {
    fn default() -> Self {
        Self { filter: "info".to_owned(), format: Format::Text }
    }
}

/// Who reads the lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// People: `15:04:05 INFO  message  key=value`.
    #[default]
    Text,
    /// Machines: one JSON object a line, the fields of the event and of its spans side by side.
    Json,
}

/// Why there are no logs.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The filter says nothing.
    #[error("the log filter is empty, say `info`, or `off` for silence")]
    EmptyFilter,
    /// No directive looks like this one.
    #[error("the log filter cannot be read, say for instance `info,sir0_storefront=debug`")]
    UnreadableFilter(#[source] ParseError),
    /// Logs go to one place for as long as the process lives.
    #[error("logs were started before in this process")]
    AlreadyStarted(#[from] tracing::subscriber::SetGlobalDefaultError),
}

/// Logs to standard error from now on, for the whole process, and brings spans to their collector, if there is one.
///
/// Lines are coloured when a terminal shows them, unless `no_color` says that the person
/// [would rather not](https://no-color.org).
pub fn start(config: &Config, no_color: bool, traces: &Traces) -> Result<(), Error> {
    let colour = !no_color && io::stderr().is_terminal();
    let subscriber = subscriber(config, colour, Arc::new(SystemClock), io::stderr, traces)?;
    tracing::dispatcher::set_global_default(subscriber)?;
    Ok(())
}

pub(crate) fn subscriber<W>(
    config: &Config,
    colour: bool,
    clock: Arc<dyn Clock>,
    writer: W,
    traces: &Traces,
) -> Result<Dispatch, Error>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = read_filter(&config.filter)?;
    let lines = lines(config.format, colour, clock, writer).with_filter(filter);
    let logs = tracing_subscriber::registry().with(lines);
    // Not `with(Option)`: an absent layer would have every span asked about again each time.
    Ok(match traces.layer() {
        Some(spans) => Dispatch::new(logs.with(spans).with(OnlyWithin)),
        None => Dispatch::new(logs),
    })
}

fn lines<S, W>(
    format: Format,
    colour: bool,
    clock: Arc<dyn Clock>,
    writer: W,
) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(writer);
    match format {
        Format::Text => layer
            .with_ansi(colour)
            .fmt_fields(text::Fields)
            .event_format(text::Line::new(clock))
            .boxed(),
        Format::Json => {
            let fields = tracing_subscriber::fmt::format::JsonFields::new();
            layer.with_ansi(false).fmt_fields(fields).event_format(json::Line).boxed()
        }
    }
}

/// Libraries that would drown our own lines. A name also covers those that begin with it:
/// `hyper` is `hyper_util` too.
const LIBRARIES: [&str; 5] = ["h2", "hyper", "sqlx", "tonic", "tower"];

fn read_filter(text: &str) -> Result<EnvFilter, Error> {
    let mut said =
        text.split(',').map(str::trim).filter(|directive| !directive.is_empty()).peekable();
    if said.peek().is_none() {
        return Err(Error::EmptyFilter);
    }
    let said: Vec<_> = said.collect();

    // Someone who asks for less than warnings asks it of libraries too.
    let quieter = said
        .iter()
        .filter_map(|directive| directive.parse::<LevelFilter>().ok())
        .next_back()
        .is_some_and(|everywhere| everywhere < LevelFilter::WARN);
    let hushed = LIBRARIES.iter().filter(|_| !quieter).map(|library| format!("{library}=warn"));
    let elsewhere = [format!("{}=off", traces::TARGET)];

    // Of two directives for one target the later counts: what was said wins over what is usual.
    let said = said.into_iter().map(str::to_owned);
    let directives: Vec<_> = hushed.chain(said).chain(elsewhere).collect();
    // Patterns over field values would be regular expressions; plain comparison costs a bounded time.
    EnvFilter::builder()
        .with_regex(false)
        .parse(directives.join(","))
        .map_err(Error::UnreadableFilter)
}

/// Refuses a filter nobody can read while the configuration is read, where it still has a name.
fn readable_filter<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    read_filter(&text).map_err(serde::de::Error::custom)?;
    Ok(text)
}

#[cfg(test)]
mod tests;
