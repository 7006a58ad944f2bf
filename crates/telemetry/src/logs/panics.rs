//! A panic is a line of the log like any other: in its format, and within its bounds.

use std::panic::{self, PanicHookInfo};

use tracing::Level;

const TARGET: &str = "sir0::panic";

/// Logs panics from now on. The usual message follows when the log takes no errors, or when the stack was asked for.
pub(super) fn log() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panicked| {
        tell(panicked);
        let is_read = tracing::enabled!(target: TARGET, Level::ERROR);
        let wants_stack = std::backtrace::Backtrace::capture().status()
            == std::backtrace::BacktraceStatus::Captured;
        if !is_read || wants_stack {
            usual(panicked);
        }
    }));
}

fn tell(panicked: &PanicHookInfo<'_>) {
    let why = panicked.payload_as_str().unwrap_or("for an unknown reason");
    let at = panicked.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(target: TARGET, at, "a thread panicked: {why}");
}
