//! The keys that sign and verify tokens, and the sessions whose tokens are refused.

use std::sync::Arc;

use sir0_storage as storage;
use sir0_tokens::{EndedSessions, Mint, SigningKey, Verifier};

use super::Accounts;
use crate::{Config, domain::SessionEnded};

/// How many ended sessions are read at a time.
pub(crate) const ENDED_PAGE: i64 = 1000;

/// Signs tokens, checks them, and knows which sessions are over. Made before the services, which share it.
#[derive(Clone)]
pub struct Trust {
    pub(super) mint: Arc<Mint>,
    /// Checks tokens.
    pub verifier: Verifier,
    /// Knows which sessions ended.
    pub ended: EndedSessions,
}

impl Trust {
    /// Signs with this key, as these settings say. No session has ended yet; [`Accounts::open`] learns which have.
    #[must_use]
    pub fn new(key: SigningKey, config: &Config) -> Self {
        let Config { issuer, audience, .. } = config;
        let verifier = Verifier::new(key.key_set(), issuer, audience);
        let mint = Mint::new(key, issuer.clone(), audience.clone());
        Self { mint: Arc::new(mint), verifier, ended: EndedSessions::default() }
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
        let (now, mut behind) = (self.shared.clock.now(), None);
        loop {
            let page = self.db.ended_sessions(now, behind, ENDED_PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            behind = Some(last.session);
            for ended in page {
                self.trust.end(ended);
            }
        }
    }
}
