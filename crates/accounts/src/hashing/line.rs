//! The line before the places where hashes are computed: short, patient for a while, and honest
//! when it is full.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use metrics::{counter, gauge, histogram};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

const WAITING: &str = "sir0_hashing_waiting";
const RUNNING: &str = "sir0_hashing_running";
const REFUSED: &str = "sir0_hashing_refused_total";
const SECONDS: &str = "sir0_hashing_seconds";

/// A few places, and a bounded number of callers who wait for one.
#[derive(Debug)]
pub(super) struct Line {
    free: Arc<Semaphore>,
    places: u32,
    waiting: AtomicUsize,
    most_waiting: usize,
    patience: Duration,
    pace: Mutex<Pace>,
}

/// Too many passwords wait to be hashed. Nothing was done; trying again later is safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords wait to be hashed, try again in {} s", .retry_after.as_secs())]
pub struct Busy {
    /// When those who wait now will probably be through. Whole seconds, at least one.
    pub retry_after: Duration,
}

/// Whoever holds it may compute. Free again when dropped.
#[derive(Debug)]
pub(super) struct Place(#[expect(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

/// Someone in the line, until they are dropped.
struct Waiting<'a>(&'a Line);

/// How long a hash takes of late.
#[derive(Debug)]
struct Pace {
    average: Duration,
    finished: u64,
}

impl Line {
    const LONGEST_RETRY: Duration = Duration::from_mins(1);

    pub(super) fn new(places: usize, most_waiting: usize, patience: Duration) -> Self {
        metrics::describe_gauge!(WAITING, "Callers who wait for their password to be hashed");
        metrics::describe_gauge!(RUNNING, "Passwords being hashed");
        metrics::describe_counter!(REFUSED, "Callers sent away because too many were waiting");
        metrics::describe_histogram!(SECONDS, metrics::Unit::Seconds, "The time one hash takes");

        let places = u32::try_from(places.clamp(1, 1024)).expect("at most 1024");
        Self {
            free: Arc::new(Semaphore::new(places as usize)),
            places,
            waiting: AtomicUsize::new(0),
            most_waiting,
            patience,
            pace: Mutex::new(Pace::unknown()),
        }
    }

    /// Takes this many places, all of them at most, or waits for them within the bounds of the
    /// line.
    pub(super) async fn admit(&self, places: u64) -> Result<Place, Busy> {
        let places = u32::try_from(places).unwrap_or(u32::MAX).clamp(1, self.places);
        // Nobody overtakes those who wait.
        if self.waiting.load(Ordering::Relaxed) == 0
            && let Ok(permit) = Arc::clone(&self.free).try_acquire_many_owned(places)
        {
            return Ok(Place::taken(permit));
        }
        let _waiting = self.queue_up().ok_or_else(|| self.refuse())?;
        match timeout(self.patience, Arc::clone(&self.free).acquire_many_owned(places)).await {
            Ok(permit) => Ok(Place::taken(permit.expect("the places are never closed"))),
            Err(_elapsed) => Err(self.refuse()),
        }
    }

    /// Keeps in mind how long a hash took.
    pub(super) fn finished(&self, took: Duration) {
        histogram!(SECONDS).record(took.as_secs_f64());
        self.pace.lock().unwrap_or_else(PoisonError::into_inner).learn(took);
    }

    /// Counts and words a refusal.
    pub(super) fn refuse(&self) -> Busy {
        counter!(REFUSED).increment(1);
        let average = self.pace.lock().unwrap_or_else(PoisonError::into_inner).average;
        let ahead = self.waiting.load(Ordering::Relaxed) / self.places as usize + 1;
        let estimate = average.saturating_mul(u32::try_from(ahead).unwrap_or(u32::MAX));
        let seconds = estimate.min(Self::LONGEST_RETRY).as_secs_f64().ceil().max(1.0);
        Busy { retry_after: Duration::from_secs_f64(seconds) }
    }

    fn queue_up(&self) -> Option<Waiting<'_>> {
        self.waiting
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, |waiting| {
                (waiting < self.most_waiting).then_some(waiting + 1)
            })
            .ok()?;
        gauge!(WAITING).increment(1.0);
        Some(Waiting(self))
    }

    #[cfg(test)]
    pub(super) fn how_many_finished(&self) -> u64 {
        self.pace.lock().expect("no panic").finished
    }

    #[cfg(test)]
    pub(super) fn how_many_wait(&self) -> usize {
        self.waiting.load(Ordering::Acquire)
    }

    #[cfg(test)]
    pub(super) fn free_places(&self) -> usize {
        self.free.available_permits()
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
        gauge!(WAITING).decrement(1.0);
    }
}

impl Place {
    fn taken(permit: OwnedSemaphorePermit) -> Self {
        gauge!(RUNNING).increment(1.0);
        Self(permit)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        gauge!(RUNNING).decrement(1.0);
    }
}

impl Pace {
    /// Enough to be steady, few enough to notice when the machine gets busy.
    const MEMORY: u64 = 16;

    /// What the default cost takes on a common machine, until we know better.
    const fn unknown() -> Self {
        Self { average: Duration::from_millis(250), finished: 0 }
    }

    fn learn(&mut self, took: Duration) {
        self.finished += 1;
        let weight = u32::try_from(self.finished.min(Self::MEMORY)).expect("at most 16");
        self.average = (self.average * (weight - 1) + took.min(Line::LONGEST_RETRY)) / weight;
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

    #[tokio::test]
    async fn the_time_to_wait_grows_with_the_line_and_is_never_nothing() {
        let line = Line::new(2, 100, Duration::from_secs(5));
        assert_eq!(line.refuse().retry_after, Duration::from_secs(1));

        let _waiting: Vec<_> = (0..100).map(|_| line.queue_up().expect("room")).collect();

        // 51 rounds of a quarter of a second.
        assert_eq!(line.refuse().retry_after, Duration::from_secs(13));
        assert!(line.queue_up().is_none());
    }
}
