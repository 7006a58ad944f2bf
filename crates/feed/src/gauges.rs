//! How far behind the feed is.

use std::{fmt, sync::Arc};

use metrics::{Counter, Gauge, Histogram};
use sir0_kernel::Clock;
use sir0_storage::EventRow;

/// The gauges, found once: a look-up by name for every event would cost more than the counting.
pub(crate) struct Gauges {
    lag: Histogram,
    position: Gauge,
    misses: Counter,
    clock: Arc<dyn Clock>,
}

impl Gauges {
    pub(crate) fn of(feed: &'static str, clock: Arc<dyn Clock>) -> Self {
        Self {
            lag: metrics::histogram!("sir0_feed_lag_seconds", "feed" => feed),
            position: metrics::gauge!("sir0_feed_position", "feed" => feed),
            misses: metrics::counter!("sir0_feed_doorbell_misses_total", "feed" => feed),
            clock,
        }
    }

    /// Records that these rows were read now.
    #[expect(clippy::cast_precision_loss, reason = "a gauge, and exact for 300,000 years")]
    pub(crate) fn read(&self, rows: &[EventRow]) {
        let now = self.clock.now();
        for row in rows {
            let micros = (now.micros() - row.announced_at.micros()).max(0);
            self.lag.record(micros as f64 / 1e6);
        }
        if let Some(last) = rows.last() {
            self.position.set(last.position as f64);
        }
    }

    /// Counts events that the poll found because no ring came.
    pub(crate) fn found_unrung(&self, events: usize) {
        self.misses.increment(events as u64);
    }
}

impl fmt::Debug for Gauges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gauges").finish_non_exhaustive()
    }
}
