//! Places to compute in, and what is remembered of the attempts that had one.

use std::{mem, sync::Arc};

use metrics::gauge;
use tokio::time::Instant;

use super::{Queue, State, counted::RUNNING, tell};
use crate::attempts::{Attempt, Charge};

/// The right to compute. Dropping it frees its permits.
#[derive(Debug)]
pub(in crate::hashing) struct Permit {
    queue: Arc<Queue>,
    attempt: Attempt,
    permits: u32,
    /// The charge, until the outcome is known.
    charge: Option<Charge>,
}

impl Permit {
    /// Takes this many of the free permits.
    pub(super) fn taken(
        queue: &Arc<Queue>,
        state: &mut State,
        attempt: Attempt,
        permits: u32,
    ) -> Self {
        gauge!(RUNNING).increment(1.0);
        state.free -= permits;
        state.running.push(attempt);
        let charge = Some(queue.attempts.begins(&attempt, Instant::now()));
        Self { queue: Arc::clone(queue), attempt, permits, charge }
    }

    /// The attempt that holds it.
    pub(in crate::hashing) const fn attempt(&self) -> Attempt {
        self.attempt
    }

    /// The password was right, or is hashed.
    pub(in crate::hashing) fn succeeded(&mut self) {
        if let Some(charge) = self.charge.take() {
            self.queue.attempts.succeeded(&self.attempt, charge, Instant::now());
        }
    }

    /// The password was wrong.
    pub(in crate::hashing) fn failed(&mut self) {
        if let Some(charge) = self.charge.take() {
            self.queue.attempts.failed(&self.attempt, charge, Instant::now());
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        gauge!(RUNNING).decrement(1.0);
        let now = Instant::now();
        if let Some(charge) = self.charge.take() {
            self.queue.attempts.came_to_nothing(&self.attempt, charge, now);
        }
        let mut state = self.queue.state();
        state.free += self.permits;
        if let Some(index) = state.running.iter().position(|attempt| *attempt == self.attempt) {
            state.running.swap_remove(index);
        }
        let told = self.queue.begin_next(&mut state, now);
        mem::drop(state);
        tell(told);
    }
}
