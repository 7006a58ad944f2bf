//! How long a hash takes lately, and so how long a queue will take.

use std::time::Duration;

use crate::hashing::refused::Wait;

/// How long a hash takes lately.
#[derive(Debug)]
pub(super) struct Pace {
    average: Duration,
    pub(super) finished: u64,
}

impl Pace {
    /// Enough to be steady, few enough to notice when the machine gets busy.
    const MEMORY: u64 = 16;
    const LONGEST: Duration = Duration::from_mins(1);

    /// The time of the default cost on a common machine, until a hash is measured.
    pub(super) const fn unknown() -> Self {
        Self { average: Duration::from_millis(250), finished: 0 }
    }

    pub(super) fn learn(&mut self, took: Duration) {
        self.finished += 1;
        let weight = u32::try_from(self.finished.min(Self::MEMORY)).expect("at most 16");
        self.average = (self.average * (weight - 1) + took.min(Self::LONGEST)) / weight;
    }

    /// How long this many waiters and one more take to finish.
    pub(super) fn through(&self, waiting: usize, permits: u32) -> Duration {
        let rounds = waiting / usize::try_from(permits).unwrap_or(1).max(1);
        self.average.saturating_mul(u32::try_from(rounds).unwrap_or(u32::MAX).saturating_add(1))
    }

    /// The same time, bounded, for a caller who may come again.
    pub(super) fn retry_after(&self, waiting: usize, permits: u32) -> Wait {
        Wait::of(self.through(waiting, permits).min(Self::LONGEST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_begins_with_the_first_hash_and_follows_the_latest() {
        let mut pace = Pace::unknown();

        pace.learn(Duration::from_millis(100));
        assert_eq!(pace.average, Duration::from_millis(100));

        for _ in 0..200 {
            pace.learn(Duration::from_millis(900));
        }
        assert!(pace.average > Duration::from_millis(890), "{:?}", pace.average);
    }

    #[test]
    fn the_time_to_wait_grows_with_the_line_and_is_never_nothing() {
        let pace = Pace::unknown();
        let wait = |waiting, permits| pace.retry_after(waiting, permits).duration();

        assert_eq!(wait(0, 2), Duration::from_secs(1));
        // 51 rounds of a quarter of a second.
        assert_eq!(wait(100, 2), Duration::from_secs(13));
        assert_eq!(wait(usize::MAX, 1), Duration::from_mins(1));
    }
}
