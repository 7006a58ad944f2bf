//! Log lines on standard error: quiet and readable for people, one JSON object a line for machines.

mod bounds;
mod causes;
mod cut;
mod json;
mod panics;
mod text;

use std::{
    io::{self, IsTerminal},
    sync::{Arc, OnceLock},
};

use serde::{Deserialize, Deserializer, Serialize};
use sir0_kernel::{Clock, SystemClock};
use sir0_settings::{Kind, Setting};
use tracing::{Dispatch, Level, Subscriber};
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{LevelFilter, ParseError},
    fmt::MakeWriter,
    layer::SubscriberExt,
    registry::LookupSpan,
};

use self::bounds::{Bounded, Bounds, ByPlace, LeftOut};
use crate::traces::{self, OnlyWithin, Traces};

/// The target of a line for each act of a person who is signed in, or who signs in.
pub const ACTS: &str = "sir0::acts";

/// The same for a person to whom an operator gave a role: every such line is written.
pub const TRUSTED_ACTS: &str = "sir0::acts::trusted";

/// The target of a line that counts attempts at secrets that were refused. The code that writes such lines writes 65 in ten
/// seconds at most, of all accounts and addresses together.
pub const REFUSED: &str = "sir0::refused";

/// The target of a line for each request, when an operator wants one.
pub const ACCESS: &str = "sir0::access";

/// The target of a line that sums up lines that were not written. The code that writes such a line does so once a
/// second.
pub const SUMS: &str = "sir0::sums";

/// The bounds of this process, once it logs.
static BOUNDS: OnceLock<Arc<Bounds>> = OnceLock::new();

/// The settings of [`Config`].
pub const SETTINGS: &[Setting] = &[
    Setting::new("log.filter", "SIR0_LOG", Kind::Filter, "what to log, in all or by target")
        .with_flag("--log"),
    Setting::new(
        "log.format",
        "SIR0_LOG_FORMAT",
        Kind::Format,
        "`text` for people, `json` for machines",
    ),
    Setting::new(
        "log.access",
        "SIR0_LOG_ACCESS",
        Kind::Switch,
        "a line for each request, with the address of its client",
    ),
];

/// What is logged, and in which form.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// A level (`off`, `error`, `warn`, `info`, `debug`, `trace`), or levels by target, such as
    /// `info,sir0_storefront=debug`. Libraries keep to `warn` unless they are named.
    #[serde(deserialize_with = "readable_filter")]
    pub filter: String,
    /// The form of the lines, for people or for machines.
    pub format: Format,
    /// Whether every request has a line, at the target [`ACCESS`]. It holds the address of the client, and is not
    /// bounded: an operator who turns it on accepts that.
    pub access: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self { filter: "info".to_owned(), format: Format::Text, access: false }
    }
}

/// The form of the lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people: `15:04:05  INFO message key=value`.
    #[default]
    Text,
    /// For machines: one JSON object a line, the fields of the event and of its spans side by side.
    Json,
}

/// Why there are no logs.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The filter is empty.
    #[error("the log filter is empty, say `info`, or `off` for silence")]
    EmptyFilter,
    /// The filter cannot be read.
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
    let (subscriber, bounds) =
        subscriber(config, colour, Arc::new(SystemClock), io::stderr, traces)?;
    tracing::dispatcher::set_global_default(subscriber)?;
    // The first start sets the bounds, and there is no second one.
    let _ = BOUNDS.set(bounds);
    panics::log();
    Ok(())
}

/// Bounds what is logged from now on, because strangers can reach the process. Call [`sum_up`] every second then.
pub fn expect_strangers() {
    if let Some(bounds) = BOUNDS.get() {
        bounds.begin();
    }
}

/// Says how many lines were left out since the last time, and where they came from.
pub fn sum_up() {
    if let Some(bounds) = BOUNDS.get() {
        tell(bounds.left_out());
    }
}

fn tell(left_out: Vec<LeftOut>) {
    for LeftOut { level, from, lines } in left_out {
        metrics::counter!("sir0_log_lines_left_out_total").increment(lines);
        match level {
            Level::ERROR => tracing::error!(target: SUMS, "and {lines} more from {from}"),
            Level::WARN => tracing::warn!(target: SUMS, "and {lines} more from {from}"),
            _ => tracing::info!(target: SUMS, "and {lines} more from {from}"),
        }
    }
}

pub(crate) fn subscriber<W>(
    config: &Config,
    colour: bool,
    clock: Arc<dyn Clock>,
    writer: W,
    traces: &Traces,
) -> Result<(Dispatch, Arc<Bounds>), Error>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let bounds = Arc::new(Bounds::new(Arc::clone(&clock)));
    let filter = read_filter(&config.filter, config.access)?;
    let writer = Bounded::new(writer, Arc::clone(&bounds));
    // A reader of lines at `debug` or below wants to know where a line was written.
    let shows_targets = filter.max_level_hint().is_none_or(|most| most >= LevelFilter::DEBUG);
    let lines = lines(config.format, colour, shows_targets, clock, writer);
    let lines = ByPlace::new(lines, Arc::clone(&bounds)).with_filter(filter);
    let logs = tracing_subscriber::registry().with(lines);
    // Not `with(Option)`: with an absent layer, every span would be checked again each time.
    let dispatch = match traces.layer() {
        Some(spans) => Dispatch::new(logs.with(spans).with(OnlyWithin)),
        None => Dispatch::new(logs),
    };
    Ok((dispatch, bounds))
}

fn lines<S, W>(
    format: Format,
    colour: bool,
    shows_targets: bool,
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
            .compact()
            .with_timer(text::Time(clock))
            .with_target(shows_targets)
            .with_ansi(colour)
            .fmt_fields(text::Fields)
            .boxed(),
        Format::Json => {
            let fields = tracing_subscriber::fmt::format::JsonFields::new();
            layer.with_ansi(false).fmt_fields(fields).event_format(json::Line).boxed()
        }
    }
}

/// Libraries that would drown our own lines. A name also covers every name that begins with it: `hyper` covers
/// `hyper_util`.
const LIBRARIES: [&str; 5] = ["h2", "hyper", "sqlx", "tonic", "tower"];

fn read_filter(text: &str, access: bool) -> Result<EnvFilter, Error> {
    let mut said =
        text.split(',').map(str::trim).filter(|directive| !directive.is_empty()).peekable();
    if said.peek().is_none() {
        return Err(Error::EmptyFilter);
    }
    let said: Vec<_> = said.collect();

    // A filter that asks for less than warnings asks it of libraries too.
    let quieter = said
        .iter()
        .filter_map(|directive| directive.parse::<LevelFilter>().ok())
        .next_back()
        .is_some_and(|everywhere| everywhere < LevelFilter::WARN);
    let hushed = LIBRARIES.iter().filter(|_| !quieter).map(|library| format!("{library}=warn"));
    let elsewhere = [format!("{}=off", traces::TARGET)];
    // A line for each request is written when it is asked for, however quiet the rest is.
    let asked_for = access.then(|| format!("{ACCESS}=info"));

    // Of two directives for one target the later counts: the configured ones win over the usual ones.
    let said = said.into_iter().map(str::to_owned);
    let directives: Vec<_> = hushed.chain(asked_for).chain(said).chain(elsewhere).collect();
    // Patterns over field values are not regular expressions, because a plain comparison takes a bounded time.
    EnvFilter::builder()
        .with_regex(false)
        .parse(directives.join(","))
        .map_err(Error::UnreadableFilter)
}

/// Refuses an unreadable filter while the configuration is read, where the error can name the setting.
fn readable_filter<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    read_filter(&text, false).map_err(serde::de::Error::custom)?;
    Ok(text)
}

#[cfg(test)]
mod tests;
