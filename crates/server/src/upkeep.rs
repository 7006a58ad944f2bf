//! What is measured now and then, while no request waits for it.

use std::time::Duration;

use sir0_kernel::Budget;
use sir0_rpc::Doorman;
use sir0_telemetry::metrics::Metrics;
use tokio_util::sync::CancellationToken;

use crate::metrics::Disk;

const EVERY: Duration = Duration::from_secs(5);

/// What is measured now and then, while no request waits for it.
pub(crate) struct Upkeep {
    pub(crate) metrics: Metrics,
    pub(crate) disk: Disk,
    pub(crate) doorman: Option<Doorman>,
    pub(crate) budget: Budget,
}

impl Upkeep {
    /// Measures until `stopping` is cancelled.
    pub(crate) async fn go_on(self, stopping: CancellationToken) {
        let Self { metrics, disk, doorman, budget } = self;
        let mut every = tokio::time::interval(EVERY);
        while stopping.run_until_cancelled(every.tick()).await.is_some() {
            if let Some(doorman) = &doorman {
                doorman.measure();
            }
            measure(&budget);
            let (disk, metrics) = (disk.clone(), metrics.clone());
            // The system may let the thread wait.
            let _ = tokio::task::spawn_blocking(move || {
                disk.measure();
                metrics.upkeep();
            })
            .await;
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge, and exact up to petabytes")]
fn measure(budget: &Budget) {
    metrics::gauge!("sir0_waiting_bytes").set(budget.held() as f64);
    metrics::gauge!("sir0_waiting_bytes_limit").set(budget.total() as f64);
    metrics::counter!("sir0_waiting_refused_total").absolute(budget.refused());
}
