//! Chance: a program can be lucky with trouble that comes at a fixed moment.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    time::Duration,
};

/// Random numbers, of another sequence each time.
pub(crate) struct Dice(u64);

impl Dice {
    /// Begins a new sequence: std seeds its hash maps so.
    pub(crate) fn new() -> Self {
        Self(RandomState::new().build_hasher().finish() | 1)
    }

    /// A number below this one.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        // xorshift64*: even enough, and it needs nothing.
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16) % bound
    }

    /// A time shorter than this one.
    pub(crate) fn shorter_than(&mut self, bound: Duration) -> Duration {
        let micros = u64::try_from(bound.as_micros()).expect("a time of this program is short");
        Duration::from_micros(self.below(micros.max(1)))
    }
}
