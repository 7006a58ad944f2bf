//! Places to compute in, and what is remembered of the attempts that had one.

use std::{mem, sync::Arc};

use metrics::gauge;
use tokio::time::Instant;

use super::{Line, State, counted::RUNNING, tell};
use crate::attempts::{Attempt, Charge};

/// The right to compute. Dropping it frees its places.
#[derive(Debug)]
pub(in crate::hashing) struct Place {
    line: Arc<Line>,
    attempt: Attempt,
    places: u32,
    /// The charge, until the outcome is known.
    charge: Option<Charge>,
}

impl Place {
    /// Takes this many of the free places.
    pub(super) fn taken(
        line: &Arc<Line>,
        state: &mut State,
        attempt: Attempt,
        places: u32,
    ) -> Self {
        gauge!(RUNNING).increment(1.0);
        state.free -= places;
        state.running.push(attempt);
        let charge = Some(line.attempts.begins(&attempt, Instant::now()));
        Self { line: Arc::clone(line), attempt, places, charge }
    }

    /// The attempt that holds it.
    pub(in crate::hashing) const fn attempt(&self) -> Attempt {
        self.attempt
    }

    /// The password was right, or is hashed.
    pub(in crate::hashing) fn succeeded(&mut self) {
        if let Some(charge) = self.charge.take() {
            self.line.attempts.succeeded(&self.attempt, charge, Instant::now());
        }
    }

    /// The password was wrong.
    pub(in crate::hashing) fn failed(&mut self) {
        if let Some(charge) = self.charge.take() {
            self.line.attempts.failed(&self.attempt, charge, Instant::now());
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        gauge!(RUNNING).decrement(1.0);
        let now = Instant::now();
        if let Some(charge) = self.charge.take() {
            self.line.attempts.came_to_nothing(&self.attempt, charge, now);
        }
        let mut state = self.line.state();
        state.free += self.places;
        if let Some(index) = state.running.iter().position(|attempt| *attempt == self.attempt) {
            state.running.swap_remove(index);
        }
        let told = self.line.begin_next(&mut state, now);
        mem::drop(state);
        tell(told);
    }
}
