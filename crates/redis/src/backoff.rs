//! How long to wait before trying again: longer each time, and not all at the same moment.

use std::{
    hash::{BuildHasher, RandomState},
    time::{Duration, Instant},
};

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(1);
/// After so long without trouble, the next trouble counts as a new one.
const SETTLED: Duration = Duration::from_secs(10);

/// How long to wait before trying again.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
    went_well_at: Option<Instant>,
}

impl Backoff {
    pub(crate) fn new() -> Self {
        Self { next: FIRST, went_well_at: None }
    }

    /// Records that the attempt succeeded just now.
    pub(crate) fn went_well(&mut self) {
        self.went_well_at = Some(Instant::now());
    }

    /// Waits before the next attempt.
    pub(crate) async fn pause(&mut self) {
        tokio::time::sleep(self.step()).await;
    }

    fn step(&mut self) -> Duration {
        if self.went_well_at.take().is_some_and(|since| since.elapsed() >= SETTLED) {
            self.next = FIRST;
        }
        let step = self.next;
        self.next = (step * 2).min(LONGEST);
        // At least half of the step, and the rest by chance: instances that lost Redis together do not return together.
        let chance = RandomState::new().hash_one(()) % 1024;
        step / 2 + step * u32::try_from(chance).expect("below 1024") / 2048
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_from_50_milliseconds_to_a_second_and_vary() {
        let mut backoff = Backoff::new();

        let steps: Vec<_> = (0..32).map(|_| backoff.step()).collect();

        for (step, whole) in steps.iter().zip([50, 100, 200, 400, 800, 1000, 1000]) {
            let whole = Duration::from_millis(whole);
            assert!((whole / 2..=whole).contains(step), "{step:?} of {whole:?}");
        }
        assert!(steps[5..].windows(2).any(|two| two[0] != two[1]), "{steps:?}");
    }

    #[test]
    fn a_short_success_does_not_shorten_the_wait() {
        let mut backoff = Backoff::new();
        for _ in 0..8 {
            backoff.step();
        }

        backoff.went_well();

        assert!(backoff.step() >= LONGEST / 2);
    }
}
