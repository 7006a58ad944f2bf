//! What runs in the background until accounts stops.

use std::{error::Error, time::Duration};

use sir0_feed::{Follower, Heard};
use sir0_storage as storage;

use super::Accounts;
use crate::domain::AccountsEvent;

/// How long a follower waits after a failed read.
const RETRY: Duration = Duration::from_secs(1);
const UPKEEP: Duration = Duration::from_mins(10);
/// How long a session is remembered after it expired.
const REMEMBERED: Duration = Duration::from_hours(24);

impl Accounts {
    /// Refuses the tokens of sessions that the feed reports as ended, because other processes may end them too.
    pub(super) async fn follow_ended_sessions(self, mut follower: Follower<AccountsEvent>) {
        let stopping = &self.shared.stopping;
        while let Some(heard) = stopping.run_until_cancelled(follower.next()).await {
            let learnt = match heard {
                Ok(Heard::Event(event)) => {
                    let AccountsEvent::SessionEnded(ended) = *event;
                    self.trust.end(ended);
                    Ok(())
                }
                Ok(Heard::Unread) => Ok(()),
                Ok(Heard::Lost) => self.learn_ended_sessions().await,
                Err(error) => Err(error),
            };
            if let Err(error) = learnt {
                tracing::error!(
                    error = &error as &dyn Error,
                    "ended sessions could not be read, trying again"
                );
                tokio::time::sleep(RETRY).await;
            }
        }
    }

    /// Does the regular upkeep, which no caller waits for.
    pub(super) async fn keep_tidy(self) {
        let mut every = tokio::time::interval(UPKEEP);
        while self.shared.stopping.run_until_cancelled(every.tick()).await.is_some() {
            if let Err(error) = self.tidy().await {
                tracing::warn!(error = &error as &dyn Error, "old sessions could not be forgotten");
            }
        }
    }

    async fn tidy(&self) -> storage::Result<()> {
        let now = self.shared.clock.now();
        self.trust.ended.forget_expired(now);
        let mut tx = self.db.begin().await?;
        tx.forget_sessions(now.before(REMEMBERED)).await?;
        tx.commit().await
    }
}
