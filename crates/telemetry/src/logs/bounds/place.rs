//! A place in the code that logs, and how much it says.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tracing::{Level, Metadata};

/// Lines a second from one place.
const LINES: u32 = 5;

/// A place in the code that logs.
pub(super) struct Place {
    pub(super) level: Level,
    /// `module:line`.
    pub(super) name: String,
    said: Mutex<Said>,
}

/// What a place said lately.
#[derive(Default)]
pub(super) struct Said {
    second: i64,
    lines: u32,
    pub(super) left_out: u64,
    pub(super) written_at: Option<i64>,
}

impl Place {
    pub(super) fn new(metadata: &Metadata<'_>) -> Self {
        let module = metadata.module_path().unwrap_or(metadata.target());
        let line = metadata.line().unwrap_or_default();
        Self { level: *metadata.level(), name: format!("{module}:{line}"), said: Mutex::default() }
    }

    pub(super) fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Said {
    pub(super) fn may_go_on(&mut self, second: i64) -> bool {
        if self.second != second {
            (self.second, self.lines) = (second, 0);
        }
        self.lines = self.lines.saturating_add(1);
        self.lines <= LINES
    }
}
