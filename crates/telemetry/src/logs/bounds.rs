//! Bounds how much strangers can make the process log: in lines a second from one place in the code, and in bytes a
//! second from all places. The lines that are left out are counted, and told once a second.
//!
//! Three kinds of lines have a budget each, so that one kind cannot take the room of another: lines of libraries, lines
//! of our code, and acts of people who are signed in. A fourth kind is free: acts of people to whom an operator gave a
//! role, the counts of refused attempts, the lines that an operator asked for (the access log, and everything below
//! `info`), and the sums themselves.

mod bucket;
mod layer;
mod people;
mod place;
mod writer;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use sir0_kernel::Clock;
use tracing::{Event, Level, Metadata, callsite::Identifier};

use self::{bucket::Bucket, people::People, place::Place};
pub(super) use self::{layer::ByPlace, writer::Bounded};
use super::{ACCESS, ACTS, REFUSED, SUMS, TRUSTED_ACTS};

/// A place that was silent for so long is always heard, whatever else is said: it may be the first word of an outage.
const SILENCE_MICROS: i64 = 10_000_000;
/// What a line of [`SUMS`] about one place takes at most.
const SUM_BYTES: usize = 250;

/// The budget that a line is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Payer {
    /// Acts of people to whom no operator gave a role.
    Acts,
    /// Lines of our code.
    Ours,
    /// Lines of all other code.
    Libraries,
}

impl Payer {
    /// `None` when the line is free.
    fn of(metadata: &Metadata<'_>) -> Option<Self> {
        if *metadata.level() > Level::INFO {
            return None;
        }
        match metadata.target() {
            ACCESS | REFUSED | SUMS | TRUSTED_ACTS => None,
            ACTS => Some(Self::Acts),
            ours if ours.starts_with("sir0") => Some(Self::Ours),
            _ => Some(Self::Libraries),
        }
    }
}

/// The budgets of the log, and what was left out.
pub(crate) struct Bounds {
    clock: Arc<dyn Clock>,
    /// Nothing is bounded before strangers can reach the process.
    is_on: AtomicBool,
    places: RwLock<HashMap<Identifier, Arc<Place>>>,
    budgets: Mutex<Budgets>,
    people: Mutex<People>,
}

/// In bytes. What the buckets hold and gain in a second is at most 9.5 KB in all. The sum of refused requests, half a
/// kilobyte a second, comes on top.
struct Budgets {
    acts: Bucket,
    ours: Bucket,
    libraries: Bucket,
    sums: Bucket,
}

/// How many lines of one place were left out.
pub(super) struct LeftOut {
    pub(super) level: Level,
    pub(super) from: String,
    pub(super) lines: u64,
}

impl Bounds {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let now = clock.now().micros();
        Self {
            clock,
            is_on: AtomicBool::new(false),
            places: RwLock::default(),
            budgets: Mutex::new(Budgets {
                acts: Bucket::new(2_500, 3_000, now),
                ours: Bucket::new(1_000, 1_000, now),
                libraries: Bucket::new(500, 500, now),
                sums: Bucket::new(500, 500, now),
            }),
            people: Mutex::default(),
        }
    }

    /// Turns the bounds on: from now on strangers can reach the process.
    pub(super) fn begin(&self) {
        self.is_on.store(true, Ordering::Relaxed);
    }

    /// Whether a line may be written. Called before anything is done for the line.
    fn admits(&self, event: &Event<'_>) -> bool {
        let Some(payer) = self.payer(event.metadata()) else { return true };
        let place = self.place(event.metadata());
        let second = self.clock.now().seconds();
        let is_admitted = match payer {
            Payer::Acts => self.admits_act(event, second),
            Payer::Ours | Payer::Libraries => place.said().may_go_on(second),
        };
        if !is_admitted {
            place.said().left_out += 1;
        }
        is_admitted
    }

    fn payer(&self, metadata: &Metadata<'_>) -> Option<Payer> {
        if self.is_on.load(Ordering::Relaxed) { Payer::of(metadata) } else { None }
    }

    fn admits_act(&self, event: &Event<'_>, second: i64) -> bool {
        self.people.lock().unwrap_or_else(PoisonError::into_inner).may_go_on(event, second)
    }

    /// Whether a line of this length still fits.
    fn pays(&self, payer: Payer, place: &Place, bytes: usize) -> bool {
        let now = self.clock.now().micros();
        let mut said = place.said();
        let is_first = said.written_at.is_none_or(|before| now - before >= SILENCE_MICROS);
        let mut budgets = self.budgets();
        let bucket = match payer {
            Payer::Acts => &mut budgets.acts,
            Payer::Ours => &mut budgets.ours,
            Payer::Libraries => &mut budgets.libraries,
        };
        if is_first {
            bucket.owes(bytes, now);
        } else if !bucket.pays(bytes, now) {
            said.left_out += 1;
            return false;
        }
        said.written_at = Some(now);
        true
    }

    /// The left out lines that are told now. Lines that do not fit into the budget are told later.
    pub(super) fn left_out(&self) -> Vec<LeftOut> {
        let places = self.places.read().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now().micros();
        let mut told = Vec::new();
        for place in places.values() {
            let mut said = place.said();
            if said.left_out > 0 && self.budgets().sums.pays(SUM_BYTES, now) {
                let lines = std::mem::take(&mut said.left_out);
                told.push(LeftOut { level: place.level, from: place.name.clone(), lines });
            }
        }
        told
    }

    fn place(&self, metadata: &Metadata<'_>) -> Arc<Place> {
        let id = metadata.callsite();
        let known = self.places.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        known.unwrap_or_else(|| {
            let mut places = self.places.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(places.entry(id).or_insert_with(|| Arc::new(Place::new(metadata))))
        })
    }

    fn budgets(&self) -> MutexGuard<'_, Budgets> {
        self.budgets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
