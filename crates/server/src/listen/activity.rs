//! What goes on on one connection: whether it is busy, and whether it takes what it was sent.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::Version;

/// What goes on on one connection.
#[derive(Clone, Default)]
pub(super) struct Activity(Arc<Counts>);

#[derive(Default)]
struct Counts {
    begun: AtomicUsize,
    running: AtomicUsize,
    is_http2: AtomicBool,
    /// How many slices were handed over and not written, by the period in which they were.
    owed: [AtomicUsize; PERIODS],
    period: AtomicUsize,
}

/// This one, the one before, and the one that is too long ago.
const PERIODS: usize = 3;

impl Activity {
    /// How often [`Self::next_period`] is asked.
    pub(super) const PERIOD: Duration = Duration::from_secs(30);

    pub(super) fn begin(&self, version: Version) -> InFlight {
        self.0.is_http2.store(version == Version::HTTP_2, Ordering::Relaxed);
        self.0.begun.fetch_add(1, Ordering::Relaxed);
        self.0.running.fetch_add(1, Ordering::Relaxed);
        InFlight(self.clone())
    }

    pub(super) fn begun(&self) -> usize {
        self.0.begun.load(Ordering::Relaxed)
    }

    /// Whether it has asked something before, over a protocol in which silence is no unfinished header.
    pub(super) fn may_rest(&self) -> bool {
        self.0.is_http2.load(Ordering::Relaxed)
    }

    /// Whether a request is being answered, or an answer being written.
    pub(super) fn is_busy(&self) -> bool {
        self.0.running.load(Ordering::Relaxed) > 0
            || self.0.owed.iter().any(|owed| owed.load(Ordering::Relaxed) > 0)
    }

    /// Begins the next period, and answers whether a slice waits to be written since two periods before this one. The
    /// last slice of an answer is out of hyper's hands, so no task of its stream is left that could be given up.
    pub(super) fn next_period(&self) -> bool {
        let next = (self.0.period.load(Ordering::Relaxed) + 1) % PERIODS;
        self.0.period.store(next, Ordering::Relaxed);
        self.0.owed[next].load(Ordering::Relaxed) > 0
    }
}

/// A request that is being answered, for as long as this lives.
pub(crate) struct InFlight(Activity);

impl InFlight {
    /// Notes that a slice of the answer is handed over.
    pub(crate) fn owe(&self) -> Owed {
        let activity = self.0.clone();
        let period = activity.0.period.load(Ordering::Relaxed);
        activity.0.owed[period].fetch_add(1, Ordering::Relaxed);
        Owed { activity, period }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A slice that was handed over and not written, for as long as this lives.
pub(crate) struct Owed {
    activity: Activity,
    period: usize,
}

impl Drop for Owed {
    fn drop(&mut self) {
        self.activity.0.owed[self.period].fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_busy_until_its_answers_were_written() {
        let activity = Activity::default();
        let in_flight = activity.begin(Version::HTTP_11);
        let owed = in_flight.owe();
        drop(in_flight);
        assert!(activity.is_busy());

        drop(owed);

        assert!(!activity.is_busy());
    }

    #[test]
    fn what_waits_for_two_whole_periods_is_noticed_in_the_third() {
        let activity = Activity::default();
        let in_flight = activity.begin(Version::HTTP_2);
        let _owed = in_flight.owe();
        let noticed: Vec<_> = (0..4).map(|_| activity.next_period()).collect();

        assert_eq!(noticed, [false, false, true, false]);
    }
}
