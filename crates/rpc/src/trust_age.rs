//! The age of what another process says about keys and sessions.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

/// When the process that knows keys and sessions was last heard, and how long its word is good. Clones share it.
#[derive(Clone, Debug)]
pub struct TrustAge(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    began: Instant,
    /// In microseconds since it began.
    heard: AtomicU64,
    grace: Duration,
}

impl TrustAge {
    /// Long enough for accounts to be replaced, short enough for a logout to count.
    pub const GRACE: Duration = Duration::from_mins(1);

    /// Begins as if that process were heard right now.
    #[must_use]
    pub fn starting_now(grace: Duration) -> Self {
        Self(Arc::new(Inner { began: Instant::now(), heard: AtomicU64::new(0), grace }))
    }

    /// Notes that the other process was heard right now.
    pub fn heard(&self) {
        self.0.heard.fetch_max(self.micros().max(1), Ordering::Relaxed);
    }

    /// Whether the other process was heard at all.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        self.0.heard.load(Ordering::Relaxed) > 0
    }

    /// How long ago the other process was heard.
    #[must_use]
    pub fn age(&self) -> Duration {
        let heard = self.0.heard.load(Ordering::Relaxed);
        Duration::from_micros(self.micros().saturating_sub(heard))
    }

    /// Whether the last word is too old to rely on.
    #[must_use]
    pub fn is_too_old(&self) -> bool {
        self.age() > self.0.grace
    }

    fn micros(&self) -> u64 {
        u64::try_from(self.0.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}
