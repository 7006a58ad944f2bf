//! What the services of one process share.

use std::sync::Arc;

use sir0_kernel::Clock;
use tokio_util::sync::CancellationToken;

use crate::{Doorman, Work};

/// What the services of one process share. Cheap to clone.
#[derive(Clone)]
pub struct Shared {
    /// Knows who is asking.
    pub doorman: Doorman,
    /// Runs what must not stop half-way.
    pub work: Work,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Is cancelled when the process is about to stop.
    pub stopping: CancellationToken,
}
