//! The keys that sign and verify tokens, the sessions whose tokens are refused, and who is in which studio.

use std::sync::Arc;

use sir0_rpc::Studios;
use sir0_storage as storage;
use sir0_tokens::{EndedSessions, Mint, SigningKey, Verifier};

use super::Accounts;
use crate::{Config, domain::SessionEnded};

/// How many studios are read at a time, with at most a hundred members each.
const STUDIOS_AT_A_TIME: i64 = 100;

/// Signs tokens, checks them, and knows which sessions are over. Made before the services, which share it.
#[derive(Clone)]
pub struct Trust {
    pub(super) mint: Arc<Mint>,
    /// Checks tokens.
    pub verifier: Verifier,
    /// Knows which sessions ended.
    pub ended: EndedSessions,
    /// Knows who is in which studio.
    pub studios: Studios,
}

impl Trust {
    /// Signs with this key, as these settings say. No session has ended yet; [`Accounts::open`] learns which have.
    #[must_use]
    pub fn new(key: SigningKey, config: &Config) -> Self {
        let Config { issuer, audience, session_lifetime, .. } = config;
        let verifier = Verifier::new(key.key_set(), issuer, audience);
        let mint = Mint::new(key, issuer.clone(), audience.clone(), *session_lifetime);
        let (ended, studios) = (EndedSessions::default(), Studios::default());
        Self { mint: Arc::new(mint), verifier, ended, studios }
    }

    /// The keys to verify tokens with, as other services read them.
    pub(crate) fn jwks(&self) -> String {
        self.mint.key().jwks()
    }

    /// Refuses the token of a session whose end is committed.
    pub(super) fn end(&self, SessionEnded { session, expires }: SessionEnded) {
        self.ended.end(session, expires);
    }
}

impl Accounts {
    /// Refuses the tokens of all sessions that were ended, by any process.
    pub(super) async fn learn_ended_sessions(&self) -> storage::Result<()> {
        for ended in self.db.ended_sessions(self.shared.clock.now()).await? {
            self.trust.end(ended);
        }
        Ok(())
    }

    /// Learns who is in which studio.
    pub(super) async fn learn_studios(&self) -> storage::Result<()> {
        let mut after = None;
        loop {
            let rosters = self.db.rosters(after, STUDIOS_AT_A_TIME).await?;
            let Some(last) = rosters.last() else { break };
            after = Some(last.studio);
            for roster in rosters {
                self.trust.studios.learn(roster);
            }
        }
        self.trust.studios.complete(true);
        Ok(())
    }
}
