//! What the services of one process share.

use std::sync::Arc;

use sir0_kernel::Clock;
use sir0_redis::Redis;
use tokio_util::sync::CancellationToken;

use crate::{Doorman, Tasks};

/// What the services of one process share. Cheap to clone.
#[derive(Clone)]
pub struct Shared {
    /// Admits requests to calls.
    pub doorman: Doorman,
    /// Runs what must not stop half-way.
    pub tasks: Tasks,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Is cancelled when the process is about to stop.
    pub stopping: CancellationToken,
    /// What the instances of a service share besides its database, if anything.
    pub redis: Option<Redis>,
}

/// Shows how many connections a service's database has, and how many of them wait for work.
pub fn pool_gauges(service: &'static str, (connections, idle): (u32, usize)) {
    let idle = u32::try_from(idle).unwrap_or(u32::MAX).min(connections);
    for (state, count) in [("idle", idle), ("used", connections - idle)] {
        metrics::gauge!("sir0_pool_connections", "service" => service, "state" => state)
            .set(f64::from(count));
    }
}
