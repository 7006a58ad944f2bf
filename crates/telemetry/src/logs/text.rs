//! A log line for people: `15:04:05  INFO message key=value`, in UTC, and one line whatever is in it.

use std::{fmt, sync::Arc};

use sir0_kernel::Clock;
use tracing::field::{Field, Visit};
use tracing_subscriber::{
    field::RecordFields,
    fmt::{FormatFields, format::Writer, time::FormatTime},
};

use super::{causes, cut::cut};

/// The time of day.
pub(super) struct Time(pub(super) Arc<dyn Clock>);

impl FormatTime for Time {
    fn format_time(&self, line: &mut Writer<'_>) -> fmt::Result {
        let today = self.0.now().seconds().rem_euclid(24 * 60 * 60);
        write!(line, "{:02}:{:02}:{:02}", today / 3600, today / 60 % 60, today % 60)
    }
}

/// Writes the message and then every other field as `key=value`. The usual format would not cut values, tell the causes
/// of an error, nor keep a message to one line.
pub(super) struct Fields;

impl<'w> FormatFields<'w> for Fields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut pairs = Pairs { writer, separator: "", written: Ok(()) };
        fields.record(&mut pairs);
        pairs.written
    }
}

struct Pairs<'w> {
    writer: Writer<'w>,
    separator: &'static str,
    written: fmt::Result,
}

impl Pairs<'_> {
    fn pair(&mut self, field: &Field, value: &str) {
        self.written = self.written.and_then(|()| {
            self.writer.write_str(self.separator)?;
            if field.name() != "message" {
                write!(self.writer, "{}=", field.name())?;
            }
            write_plainly(&mut self.writer, &cut(value))
        });
        self.separator = " ";
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

/// Writes text that strangers may have chosen: it cannot start a line that looks like one of ours, colour the terminal,
/// or reorder what stands beside it.
fn write_plainly(line: &mut Writer<'_>, text: &str) -> fmt::Result {
    for character in text.chars() {
        match character {
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
                write!(line, "{}", character.escape_unicode())?;
            }
            hidden if hidden.is_control() => write!(line, "{}", hidden.escape_default())?,
            plain => line.write_char(plain)?,
        }
    }
    Ok(())
}
