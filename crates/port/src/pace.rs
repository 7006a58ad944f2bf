//! A pace that something may go at: so much at once, and so much a second from then on.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// How much may be taken, and how fast it comes back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// How long one unit takes to come back.
    each: Duration,
    /// How long the whole amount takes to come back.
    all: Duration,
    /// When everything that was taken is back.
    full_at: Instant,
}

impl Pace {
    /// So much at once, and so much each second.
    pub(crate) fn new(at_once: u32, per_second: u32, now: Instant) -> Self {
        let each = Duration::from_secs(1) / per_second;
        Self { each, all: each * at_once, full_at: now }
    }

    /// Takes so much, also when less is left: the debt has to come back first.
    pub(crate) fn take(&mut self, units: u32, now: Instant) {
        self.full_at = self.full_at.max(now) + self.each * units;
    }

    /// When something is left again, if nothing is.
    pub(crate) fn opens_at(&self, now: Instant) -> Option<Instant> {
        let at = self.full_at.checked_sub(self.all)?;
        (at > now).then_some(at)
    }

    /// Waits until something is left.
    pub(crate) async fn opens(&self) {
        if let Some(at) = self.opens_at(Instant::now()) {
            sleep_until(at).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_at_once_passes_and_the_rest_waits_its_turn() {
        let begun = Instant::now();
        let mut pace = Pace::new(10, 5, begun);
        let mut now = begun;

        for number in 0..25 {
            now = pace.opens_at(now).unwrap_or(now);
            assert!(number > 10 || now == begun, "message {number} waited");
            pace.take(1, now);
        }

        // What is left at once may be overdrawn by one.
        assert_eq!((now - begun).as_millis(), 14 * 200);
    }

    #[test]
    fn who_rests_has_no_more_than_all_of_it() {
        let mut pace = Pace::new(10, 5, Instant::now());
        let now = Instant::now() + Duration::from_hours(1);

        pace.take(11, now);

        assert!(pace.opens_at(now).is_some());
        assert_eq!(pace.opens_at(now + Duration::from_millis(200)), None);
    }
}
