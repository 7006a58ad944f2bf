//! A log line for people: `15:04:05 INFO  message  key=value`, in UTC, on one screen line if it can be.

use std::{fmt, sync::Arc};

use sir0_kernel::Clock;
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    field::RecordFields,
    fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields, format::Writer},
    registry::LookupSpan,
};

use super::{causes, cut::cut};

const DIM: &str = "\x1b[2m";
const RESET: &str = "\x1b[0m";

/// Writes events as lines.
pub(super) struct Line {
    clock: Arc<dyn Clock>,
}

impl Line {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }
}

impl<S> FormatEvent<S, Fields> for Line
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, Fields>,
        mut line: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let level = *event.metadata().level();
        write_time(&mut line, self.clock.now().seconds())?;
        write_level(&mut line, level)?;

        let mut message = Message::default();
        event.record(&mut message);
        write_plainly(&mut line, &cut(&message.0))?;

        // A reader of lines at `debug` or below wants to know where a line was written.
        if level >= Level::DEBUG {
            write_pair(&mut line, "target", event.metadata().target())?;
        }
        context.format_fields(line.by_ref(), event)?;
        for span in context.event_scope().into_iter().flatten() {
            if let Some(fields) = span.extensions().get::<FormattedFields<Fields>>() {
                line.write_str(fields)?;
            }
        }
        line.write_char('\n')
    }
}

fn write_time(line: &mut Writer<'_>, seconds: i64) -> fmt::Result {
    let today = seconds.rem_euclid(24 * 60 * 60);
    let (hours, minutes, seconds) = (today / 3600, today / 60 % 60, today % 60);
    let (dim, reset) = if line.has_ansi_escapes() { (DIM, RESET) } else { ("", "") };
    write!(line, "{dim}{hours:02}:{minutes:02}:{seconds:02}{reset} ")
}

fn write_level(line: &mut Writer<'_>, level: Level) -> fmt::Result {
    if !line.has_ansi_escapes() {
        return write!(line, "{level:<5} ");
    }
    let colour = match level {
        Level::ERROR => "\x1b[31m",
        Level::WARN => "\x1b[33m",
        Level::INFO => "\x1b[32m",
        Level::DEBUG => "\x1b[34m",
        Level::TRACE => "\x1b[35m",
    };
    write!(line, "{colour}{level:<5}{RESET} ")
}

fn write_pair(line: &mut Writer<'_>, key: &str, value: &str) -> fmt::Result {
    let (dim, reset) = if line.has_ansi_escapes() { (DIM, RESET) } else { ("", "") };
    write!(line, "  {dim}{key}={reset}")?;
    write_plainly(line, &cut(value))
}

/// Writes text that strangers may have chosen: it cannot start a line that looks like one of ours, colour the terminal,
/// or reorder what stands beside it.
fn write_plainly(line: &mut Writer<'_>, text: &str) -> fmt::Result {
    for character in text.chars() {
        match character {
            '\n' => line.write_str("\n         ")?,
            '\t' => line.write_char(' ')?,
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
                write!(line, "{}", character.escape_unicode())?;
            }
            hidden if hidden.is_control() => write!(line, "{}", hidden.escape_default())?,
            plain => line.write_char(plain)?,
        }
    }
    Ok(())
}

/// Finds the message among the fields of an event.
#[derive(Default)]
struct Message(String);

impl Message {
    const FIELD: &str = "message";
}

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == Self::FIELD {
            self.0 = format!("{value:?}");
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == Self::FIELD {
            value.clone_into(&mut self.0);
        }
    }
}

/// Writes every field but the message, as `  key=value`.
pub(super) struct Fields;

impl<'w> FormatFields<'w> for Fields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut pairs = Pairs { writer, written: Ok(()) };
        fields.record(&mut pairs);
        pairs.written
    }

    fn add_fields(
        &self,
        current: &'w mut FormattedFields<Self>,
        fields: &tracing::span::Record<'_>,
    ) -> fmt::Result {
        self.format_fields(current.as_writer(), fields)
    }
}

struct Pairs<'w> {
    writer: Writer<'w>,
    written: fmt::Result,
}

impl Pairs<'_> {
    fn pair(&mut self, field: &Field, value: &str) {
        if field.name() != Message::FIELD && self.written.is_ok() {
            self.written = write_pair(&mut self.writer, field.name(), value);
        }
    }
}

impl Visit for Pairs<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.pair(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        // A value is quoted when it would run into its neighbours.
        if value.is_empty() || value.contains([' ', '"', '=', '\n']) {
            self.pair(field, &format!("{value:?}"));
        } else {
            self.pair(field, value);
        }
    }

    fn record_error(&mut self, field: &Field, error: &(dyn std::error::Error + 'static)) {
        self.record_str(field, &causes::told(error));
    }
}
