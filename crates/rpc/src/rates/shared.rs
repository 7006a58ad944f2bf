//! A limit that all instances count together, as far as Redis helps.

use sir0_redis::Redis;

use super::{Exceeded, Limiter, Rate, Standing};

/// Counts in this process, and over Redis for all of them.
///
/// Redis may be away, slow or lying. Without it each process has the whole limit. Its refusal counts only against those who
/// asked this process for more than a sixteenth of the limit: a Redis that refuses everything shuts nobody out.
#[derive(Debug)]
pub struct SharedLimiter {
    local: Limiter,
    redis: Option<Redis>,
}

/// The part of a limit that this process gives whatever Redis says.
const GIVEN: u32 = 16;

impl SharedLimiter {
    /// A limiter that has counted nothing yet. Instances with the same policy count together.
    #[must_use]
    pub fn new(policy: &'static str, rate: Rate, redis: Option<Redis>) -> Self {
        Self { local: Limiter::new(policy, rate), redis }
    }

    /// Counts one under this name, unless there were too many. The name stands in Redis: it must tell nothing of anybody.
    pub async fn take(&self, name: &str) -> Result<Standing, Exceeded> {
        let standing = self.local.take(name)?;
        let Some(redis) = &self.redis else { return Ok(standing) };
        let (policy, rate) = (self.local.policy(), self.local.rate());
        let key = format!("limit:{policy}:{name}");
        let Some(taken) = redis.take(&key, rate.interval(), rate.window).await else {
            return Ok(standing);
        };
        if taken.is_free {
            return Ok(standing.tighter(self.local.standing(taken.left)));
        }
        let most = rate.most.get();
        if most - standing.left() <= most.div_ceil(GIVEN) {
            return Ok(standing);
        }
        Err(Exceeded { policy, rate, wait: taken.wait })
    }
}
