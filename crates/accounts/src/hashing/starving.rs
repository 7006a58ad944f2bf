//! Whether hashes still get on at the lowest priority.
//!
//! A flood of other requests may want the whole processor for long. Hashes that always gave way would then take minutes,
//! and nobody could sign in.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::threads::Priority;

/// Chooses the priority of each hash by how long others took.
#[derive(Debug)]
pub(super) struct Starving(Mutex<State>);

#[derive(Debug)]
struct State {
    quickest: Duration,
    /// Until when hashes do not give way.
    insists_until: Option<Instant>,
    /// Whether one of them tries to give way again.
    is_tried: bool,
    pause: Duration,
}

impl Starving {
    /// A hash that took longer than this, and than [`Self::TIMES`] the quickest, was starved.
    const LONG: Duration = Duration::from_secs(1);
    const TIMES: u32 = 4;
    /// How long hashes do not give way after one was starved. Twice as long each time that trying again was too early.
    const SHORTEST_PAUSE: Duration = Duration::from_secs(30);
    const LONGEST_PAUSE: Duration = Duration::from_mins(8);

    pub(super) const fn not_yet() -> Self {
        Self(Mutex::new(State {
            quickest: Duration::MAX,
            insists_until: None,
            is_tried: false,
            pause: Self::SHORTEST_PAUSE,
        }))
    }

    /// The priority of a hash that begins now.
    pub(super) fn priority(&self, now: Instant) -> Priority {
        let mut state = self.state();
        match state.insists_until {
            None => Priority::Lowest,
            Some(until) if now < until || state.is_tried => Priority::Ordinary,
            Some(_) => {
                state.is_tried = true;
                Priority::Lowest
            }
        }
    }

    /// Learns how long a hash took.
    pub(super) fn finished(&self, priority: Priority, took: Duration, now: Instant) {
        let mut state = self.state();
        state.quickest = state.quickest.min(took);
        if priority == Priority::Ordinary {
            return;
        }
        if took > Self::LONG && took > state.quickest.saturating_mul(Self::TIMES) {
            if state.is_tried {
                state.pause = (state.pause * 2).min(Self::LONGEST_PAUSE);
            }
            state.insists_until = Some(now + state.pause);
        } else if state.is_tried {
            state.insists_until = None;
            state.pause = Self::SHORTEST_PAUSE;
        }
        state.is_tried = false;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Duration = Duration::from_millis(250);
    const STARVED: Duration = Duration::from_secs(17);

    #[test]
    fn hashes_give_way_as_long_as_they_get_on() {
        let (starving, now) = (Starving::not_yet(), Instant::now());

        for took in [USUAL, USUAL * 3, USUAL * 4, Duration::from_millis(999)] {
            assert_eq!(starving.priority(now), Priority::Lowest);
            starving.finished(Priority::Lowest, took, now);
        }

        assert_eq!(starving.priority(now), Priority::Lowest);
    }

    #[test]
    fn a_starved_hash_is_the_last_that_gives_way_for_a_while() {
        let (starving, now) = (Starving::not_yet(), Instant::now());
        starving.finished(Priority::Lowest, USUAL, now);

        starving.finished(Priority::Lowest, STARVED, now);

        assert_eq!(starving.priority(now + Duration::from_secs(29)), Priority::Ordinary);
        starving.finished(Priority::Ordinary, USUAL, now + Duration::from_secs(29));
        let later = now + Duration::from_secs(30);
        assert_eq!(starving.priority(later), Priority::Lowest, "one tries");
        assert_eq!(starving.priority(later), Priority::Ordinary, "the others do not wait for it");
        starving.finished(Priority::Lowest, USUAL, later);
        assert_eq!(starving.priority(later), Priority::Lowest);
    }

    #[test]
    fn trying_again_too_early_makes_the_pause_longer_up_to_a_bound() {
        let (starving, mut now) = (Starving::not_yet(), Instant::now());
        starving.finished(Priority::Lowest, USUAL, now);
        starving.finished(Priority::Lowest, STARVED, now);

        for pause in [30, 60, 120, 240, 480, 480] {
            let pause = Duration::from_secs(pause);
            assert_eq!(
                starving.priority(now + pause - Duration::from_millis(1)),
                Priority::Ordinary
            );
            now += pause;
            assert_eq!(starving.priority(now), Priority::Lowest);
            starving.finished(Priority::Lowest, STARVED, now);
        }
    }
}
