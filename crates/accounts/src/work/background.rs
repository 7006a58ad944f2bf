//! What runs in the background until accounts stops.

use std::{error::Error, time::Duration};

use sir0_feed::{Follower, Next, Rounds};
use sir0_storage as storage;

use super::Accounts;
use crate::domain::{AccountsEvent, UNCONFIRMED};

/// How long a failed read waits to be tried again.
const RETRY: Duration = Duration::from_secs(1);
const UPKEEP: Duration = Duration::from_mins(10);
/// How often the names that an older version wrote are looked for. There are some while one version replaces the other.
const NAMES: Duration = Duration::from_mins(1);
/// How often the keys that sign are looked at: another process may have made or refused one.
const KEYS: Duration = Duration::from_secs(2);
/// How long a session is remembered after it expired.
const REMEMBERED: Duration = Duration::from_hours(24);

impl Accounts {
    /// Refuses the tokens of sessions that the feed reports as ended, and learns who is in which studio, because other
    /// processes may change either.
    pub(super) async fn follow_events(self, mut follower: Follower<AccountsEvent>) {
        let stopping = &self.shared.stopping;
        while let Some(next) = follower.next_until(stopping).await {
            match next {
                Next::Event(event) => match &*event {
                    AccountsEvent::SessionEnded(ended) => self.trust.end(*ended),
                    AccountsEvent::StudioChanged(roster) => {
                        self.trust.studios.learn(roster.clone());
                    }
                    AccountsEvent::Security(_) => {}
                },
                Next::Unread => {}
                Next::Lost => _ = stopping.run_until_cancelled(self.learn_at_last()).await,
            }
        }
    }

    /// Learns which sessions ended and who is in which studio, and tries until it knows: a token or a membership must not
    /// stay good because a read failed.
    async fn learn_at_last(&self) {
        while let Err(error) = self.learn().await {
            tracing::error!(
                error = &error as &dyn Error,
                "ended sessions and studios could not be read, trying again"
            );
            tokio::time::sleep(RETRY).await;
        }
    }

    async fn learn(&self) -> storage::Result<()> {
        self.learn_ended_sessions().await?;
        self.learn_studios().await
    }

    /// Does the regular upkeep, which no caller waits for.
    pub(super) async fn keep_tidy(self) {
        let mut rounds = Rounds::every(UPKEEP, &self.shared.stopping);
        while rounds.next().await {
            if let Err(error) = self.tidy().await {
                tracing::warn!(
                    error = &error as &dyn Error,
                    "old sessions, failures and security events could not be forgotten"
                );
            }
        }
    }

    /// Makes the keys of names that an older version wrote.
    pub(super) async fn keep_names_keyed(self) {
        let mut rounds = Rounds::every(NAMES, &self.shared.stopping);
        while rounds.next().await {
            match self.db.key_names().await {
                // Another instance does the same: what is left is looked at in the next round.
                Ok(_) | Err(storage::Error::Taken(_)) => {}
                Err(error) => {
                    let error = &error as &dyn Error;
                    tracing::warn!(error, "the names of older accounts could not be keyed");
                }
            }
        }
    }

    /// Follows the keys that sign, and makes the next one when it is time.
    pub(super) async fn keep_keys_fresh(self) {
        let mut rounds = Rounds::every(KEYS, &self.shared.stopping);
        let mut failed_before = false;
        while rounds.next().await {
            let renewed = self.trust.ring.renew(&self.db, self.shared.clock.now()).await;
            if let Err(error) = &renewed
                && !failed_before
            {
                let error = error as &dyn Error;
                tracing::error!(
                    error,
                    "the signing keys cannot be followed, those that are known stay in use"
                );
            }
            failed_before = renewed.is_err();
        }
    }

    async fn tidy(&self) -> storage::Result<()> {
        let now = self.shared.clock.now();
        self.trust.ended.forget_expired(now);
        let tidying = self.db.unit(async |tx| {
            tx.forget_sessions(now.before(REMEMBERED)).await?;
            tx.forget_confirmations(now).await?;
            tx.forget_challenges(now).await?;
            tx.forget_factors(now.before(UNCONFIRMED)).await?;
            tx.forget_old_devices(now).await?;
            tx.forget_resets(now).await?;
            tx.forget_api_tokens(now.before(REMEMBERED)).await?;
            tx.forget_invitations(now.before(REMEMBERED)).await
        });
        tidying.await?;
        self.forget_lanes(now).await?;
        self.forget_security_events(now).await
    }
}
