//! The queue before the permits to compute a hash. It is short, callers wait in it for a limited time, and a full queue
//! refuses at once. The caller with the fewest recent failures and requests goes first.

mod counted;
#[cfg(test)]
mod floods;
mod pace;
mod permit;
#[cfg(test)]
mod tests;
mod waiters;
mod word;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use metrics::{counter, gauge, histogram};
use tokio::{
    sync::oneshot,
    time::{Instant, timeout},
};

pub(super) use self::permit::Permit;
use self::{
    counted::{DELAYED, DROPPED, REFUSED, SECONDS, WAITING},
    pace::Pace,
    waiters::{Joined, Waiters},
    word::{Teller, Word, tell},
};
use super::refused::{Refused, Wait};
use crate::attempts::{Attempt, Attempts};

/// A few permits, and a bounded number of callers who wait for one.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    permits: u32,
    most_waiting: usize,
    patience: Duration,
    pace: Mutex<Pace>,
    attempts: Attempts,
}

#[derive(Debug)]
struct State {
    free: u32,
    waiters: Waiters<Teller>,
    running: Vec<Attempt>,
}

/// A waiter in the queue. Dropping it takes the waiter out.
struct Waiting<'a> {
    queue: &'a Queue,
    number: u64,
}

impl Queue {
    pub(super) fn new(permits: usize, most_waiting: usize, patience: Duration) -> Self {
        counted::describe();
        let permits = u32::try_from(permits.clamp(1, 1024)).expect("at most 1024");
        Self {
            state: Mutex::new(State {
                free: permits,
                waiters: Waiters::empty(),
                running: Vec::new(),
            }),
            permits,
            most_waiting,
            patience,
            pace: Mutex::new(Pace::unknown()),
            attempts: Attempts::none_yet(Instant::now()),
        }
    }

    /// The memory of recent requests and failures.
    pub(super) const fn attempts(&self) -> &Attempts {
        &self.attempts
    }

    /// Takes this many permits, at most all there are. Waits for them within the bounds of the queue.
    pub(super) async fn admit(
        self: &Arc<Self>,
        attempt: Attempt,
        permits: u64,
    ) -> Result<Permit, Refused> {
        let (word, told) = oneshot::channel();
        let waiting = self.join(attempt, self.bounded(permits), word)?;
        let told = timeout(self.patience, told).await;
        drop(waiting);
        match told {
            Ok(Ok(Word::Begin(permit))) => Ok(permit),
            Ok(Ok(Word::TooManyAttempts(left))) => Err(self.delay(&attempt, left)),
            Ok(Ok(Word::MakeRoom)) => {
                counter!(DROPPED).increment(1);
                Err(self.refuse(&attempt))
            }
            Ok(Err(_)) | Err(_) => Err(self.refuse(&attempt)),
        }
    }

    /// Takes a permit if one is free and the queue is empty.
    pub(super) fn admit_now(self: &Arc<Self>, attempt: Attempt) -> Option<Permit> {
        let mut state = self.state();
        let is_idle = state.free > 0 && state.waiters.len() == 0;
        is_idle.then(|| Permit::taken(self, &mut state, attempt, 1))
    }

    /// Records how long a hash took.
    pub(super) fn finished(&self, took: Duration) {
        histogram!(SECONDS).record(took.as_secs_f64());
        self.pace().learn(took);
    }

    /// Counts and builds a refusal for lack of room.
    pub(super) fn refuse(&self, attempt: &Attempt) -> Refused {
        counter!(REFUSED).increment(1);
        self.attempts.sent_away(attempt, Instant::now());
        let waiting = self.state().waiters.len();
        Refused::TooBusy(self.pace().retry_after(waiting, self.permits))
    }

    /// Counts and builds a refusal because of wrong passwords.
    pub(super) fn delay(&self, attempt: &Attempt, left: Duration) -> Refused {
        counter!(DELAYED).increment(1);
        self.attempts.sent_away(attempt, Instant::now());
        Refused::TooManyAttempts(Wait::of(left))
    }

    /// Puts an attempt into the queue. It begins at once if a permit is free.
    fn join(
        self: &Arc<Self>,
        attempt: Attempt,
        permits: u32,
        word: Teller,
    ) -> Result<Waiting<'_>, Refused> {
        let now = Instant::now();
        let mut state = self.state();
        if let Some(left) = self.attempts.delay(&attempt, now)
            && !state.running.contains(&attempt)
        {
            drop(state);
            return Err(self.delay(&attempt, left));
        }
        let rank = state.waiters.rank_of(&attempt, &state.running, &self.attempts, now);
        let waiting = state.waiters.len();
        // An attempt that can begin at once is let in, even where none may wait.
        let begins = waiting == 0 && permits <= state.free;
        let most = self.most_waiting.max(usize::from(begins));
        let newest_first = self.is_too_long(waiting);
        let joined = state.waiters.join((attempt, permits, word), rank, most, newest_first);
        let (number, mut told) = match joined {
            Joined::Waits(number) => (number, Vec::new()),
            Joined::InsteadOf(gone, number) => (number, vec![(gone.word, Word::MakeRoom)]),
            Joined::Full => {
                drop(state);
                return Err(self.refuse(&attempt));
            }
        };
        told.extend(self.begin_next(&mut state, now));
        drop(state);
        gauge!(WAITING).increment(1.0);
        tell(told);
        Ok(Waiting { queue: self, number })
    }

    /// Gives free permits to the next waiters. They must be told after the state is released, because a waiter that no
    /// longer listens gives its permit back.
    fn begin_next(self: &Arc<Self>, state: &mut State, now: Instant) -> Vec<(Teller, Word)> {
        let mut told = Vec::new();
        if state.free == 0 {
            return told;
        }
        state.waiters.rank_anew(&state.running, &self.attempts, now);
        let mut must_wait = Vec::new();
        while state.free > 0 {
            let newest_first = self.is_too_long(state.waiters.len());
            let Some(next) = state.waiters.next(newest_first, &must_wait) else { break };
            let (number, attempt, permits) = (next.number(), next.attempt, next.permits);
            let delay = self.attempts.delay(&attempt, now);
            if delay.is_some() && state.running.contains(&attempt) {
                // An equal attempt is running. If it does not fail, this one has no delay.
                must_wait.push(number);
                continue;
            }
            if delay.is_none() && permits > state.free {
                // No attempt overtakes a costlier one, or that one would never begin.
                break;
            }
            let next = state.waiters.leaves(number).expect("it is in the queue");
            let word = match delay {
                Some(left) => Word::TooManyAttempts(left),
                None => Word::Begin(Permit::taken(self, state, attempt, permits)),
            };
            told.push((next.word, word));
        }
        told
    }

    /// Whether the queue is too long for its first waiters to finish before their patience ends. Then the latest goes
    /// first among equals, so that at least the latest finish in time.
    fn is_too_long(&self, waiting: usize) -> bool {
        self.pace().through(waiting, self.permits) > self.patience / 2
    }

    fn bounded(&self, permits: u64) -> u32 {
        u32::try_from(permits).unwrap_or(u32::MAX).clamp(1, self.permits)
    }

    #[cfg(test)]
    pub(super) fn how_many_finished(&self) -> u64 {
        self.pace().finished
    }

    #[cfg(test)]
    pub(super) fn how_many_wait(&self) -> usize {
        self.state().waiters.len()
    }

    #[cfg(test)]
    pub(super) fn free_permits(&self) -> usize {
        self.state().free as usize
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        gauge!(WAITING).decrement(1.0);
        let gone = self.queue.state().waiters.leaves(self.number);
        drop(gone);
    }
}
