//! Work that comes again and again.

use std::time::Duration;

use tokio::time::{Interval, interval};
use tokio_util::sync::CancellationToken;

/// The rounds of regular work: the first at once, then one in every period, until the end.
#[derive(Debug)]
pub struct Rounds {
    ticks: Interval,
    stopping: CancellationToken,
}

impl Rounds {
    /// Begins rounds that end when `stopping` is cancelled.
    #[must_use]
    pub fn every(period: Duration, stopping: &CancellationToken) -> Self {
        Self { ticks: interval(period), stopping: stopping.clone() }
    }

    /// Waits for the next round. `false` at the end.
    pub async fn next(&mut self) -> bool {
        self.stopping.run_until_cancelled(self.ticks.tick()).await.is_some()
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_first_round_is_at_once_and_the_last_before_the_end() {
        let (stopping, begun) = (CancellationToken::new(), Instant::now());
        let mut rounds = Rounds::every(Duration::from_mins(10), &stopping);
        let mut times = Vec::new();

        while rounds.next().await {
            times.push(begun.elapsed());
            if times.len() == 3 {
                stopping.cancel();
            }
        }

        assert_eq!(times, [0, 10, 20].map(Duration::from_mins));
    }
}
