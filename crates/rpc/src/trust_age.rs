//! How old what another process says about keys and sessions is.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

/// When the one who tells us whom to trust was last heard, and how long that is good for. Clones share it.
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

    /// As if it were heard right now.
    #[must_use]
    pub fn starting_now(grace: Duration) -> Self {
        Self(Arc::new(Inner { began: Instant::now(), heard: AtomicU64::new(0), grace }))
    }

    /// It was heard right now.
    pub fn heard(&self) {
        self.0.heard.fetch_max(self.micros(), Ordering::Relaxed);
    }

    /// How long ago it was heard.
    #[must_use]
    pub fn age(&self) -> Duration {
        let heard = self.0.heard.load(Ordering::Relaxed);
        Duration::from_micros(self.micros().saturating_sub(heard))
    }

    /// Whether what was heard is to be relied on no longer.
    #[must_use]
    pub fn is_too_old(&self) -> bool {
        self.age() > self.0.grace
    }

    fn micros(&self) -> u64 {
        u64::try_from(self.0.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}
