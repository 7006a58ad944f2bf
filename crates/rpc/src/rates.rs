//! How often something may be done, counted by name in memory of a fixed size.
//!
//! The counting is the generic cell rate algorithm of `governor`: so many at once, and as many again evenly within the
//! window. One count is one number. The counts lie on shelves where the one that is next to nothing makes room, so
//! whoever comes under a million names fills nothing up and shuts nobody out.

mod shared;
mod shelves;
mod standing;

use std::{
    hash::{BuildHasher, Hash, RandomState},
    num::NonZero,
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, Reference},
    middleware::StateInformationMiddleware,
    nanos::Nanos,
};
use tokio::time::Instant;

use self::shelves::Shelves;
pub use self::{
    shared::SharedLimiter,
    standing::{Exceeded, HEADERS, Standing, telling},
};

/// How often something may be done: so many at once, and as many again evenly within the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The most at once.
    pub most: NonZero<u32>,
    /// How long it takes until as many are free again.
    pub window: Duration,
}

/// Counts by name how often something was done, in 1 MiB.
#[derive(Debug)]
pub struct Limiter {
    policy: &'static str,
    rate: Rate,
    /// Random, so that no client can choose which names share a shelf.
    secret: RandomState,
    counts: RateLimiter<u64, Shelves, Since, StateInformationMiddleware>,
}

impl Rate {
    /// So many a minute. `None` for none, which is no limit.
    #[must_use]
    pub fn a_minute(most: u32) -> Option<Self> {
        NonZero::new(most).map(|most| Self { most, window: Duration::from_mins(1) })
    }

    /// How long it takes until one more is free.
    #[must_use]
    pub fn interval(&self) -> Duration {
        (self.window / self.most.get()).max(Duration::from_nanos(1))
    }
}

impl Limiter {
    /// A limiter that has counted nothing yet. Clients read the name of its policy.
    #[must_use]
    pub fn new(policy: &'static str, rate: Rate) -> Self {
        let quota = Quota::with_period(rate.interval()).expect("an interval is not zero");
        let quota = quota.allow_burst(rate.most);
        let counts = RateLimiter::new(quota, Shelves::empty(), Since::now());
        Self { policy, rate, secret: RandomState::new(), counts }
    }

    /// Counts one under this name, unless there were too many. What is refused is not counted.
    pub fn take(&self, name: impl Hash) -> Result<Standing, Exceeded> {
        let name = self.secret.hash_one(name);
        match self.counts.check_key(&name) {
            Ok(snapshot) => Ok(self.standing(snapshot.remaining_burst_capacity())),
            Err(not_until) => {
                let wait = not_until.wait_time_from(self.counts.clock().now());
                Err(Exceeded { policy: self.policy, rate: self.rate, wait })
            }
        }
    }

    /// What is left, when it is known how many are.
    pub(crate) fn standing(&self, left: u32) -> Standing {
        Standing { policy: self.policy, rate: self.rate, left: left.min(self.rate.most.get()) }
    }

    /// The name of the policy.
    #[must_use]
    pub const fn policy(&self) -> &'static str {
        self.policy
    }

    /// How often it may be done.
    #[must_use]
    pub const fn rate(&self) -> Rate {
        self.rate
    }
}

/// The time since the limiter was made. It never goes back, whatever happens to the clock on the wall.
#[derive(Clone, Copy, Debug)]
struct Since(Instant);

impl Since {
    fn now() -> Self {
        Self(Instant::now())
    }
}

impl Clock for Since {
    type Instant = Moment;

    fn now(&self) -> Moment {
        Moment(self.0.elapsed().into())
    }
}

/// A moment of [`Since`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Moment(Nanos);

impl Reference for Moment {
    fn duration_since(&self, earlier: Self) -> Nanos {
        self.0.duration_since(earlier.0)
    }

    fn saturating_sub(&self, duration: Nanos) -> Self {
        Self(self.0.saturating_sub(duration))
    }
}

impl std::ops::Add<Nanos> for Moment {
    type Output = Self;

    fn add(self, nanos: Nanos) -> Self {
        Self(self.0 + nanos)
    }
}

#[cfg(test)]
mod tests;
