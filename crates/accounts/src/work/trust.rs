//! The keys that sign and verify tokens, the sessions whose tokens are refused, and who is in which studio.

use std::sync::Arc;

use sir0_kernel::Timestamp;
use sir0_rpc::Studios;
use sir0_storage::{self as storage, Database};
use sir0_tokens::{EndedSessions, KeySet, Mint, SigningKey, Vault, Verifier};
use zeroize::Zeroizing;

use super::{
    Accounts,
    keys::{Keyring, KeysError, PEPPER, REFRESHING, random_secret},
};
use crate::{Config, db::AccountsDb, domain::SessionEnded};

/// How many studios are read at a time, with at most a hundred members each.
const STUDIOS_AT_A_TIME: i64 = 100;

/// Signs tokens, checks them, and knows which sessions are over. Made before the services, which share it.
#[derive(Clone)]
pub struct Trust {
    pub(super) mint: Arc<Mint>,
    pub(super) ring: Keyring,
    /// Stands for the requests of idempotency keys.
    pub(super) pepper: Arc<Zeroizing<Vec<u8>>>,
    /// Makes the next refresh token of each.
    pub(super) refreshing: Arc<Zeroizing<Vec<u8>>>,
    /// Checks tokens.
    pub verifier: Verifier,
    /// Knows which sessions ended.
    pub ended: EndedSessions,
    /// Knows who is in which studio.
    pub studios: Studios,
}

impl Trust {
    /// Signs with the keys in this database, which this vault opens, as these settings say. The first start makes the
    /// first key, or takes the one in the file of a version that kept it there; and with it the secrets that were derived
    /// from it. No session has ended yet; [`Accounts::open`] learns which have.
    pub async fn open(
        config: &Config,
        database: &Database,
        vault: Vault,
        file: Option<SigningKey>,
        now: Timestamp,
    ) -> Result<Self, KeysError> {
        let db = AccountsDb::of(database.clone());
        let pepper =
            file.as_ref().map_or_else(random_secret, |file| file.secret_for(PEPPER.as_bytes()));
        let ring = Keyring::open(&db, vault, file, config.rotation(), now).await?;
        let pepper = Arc::new(ring.secret(&db, PEPPER, pepper).await?);
        let refreshing = ring.secret(&db, REFRESHING, random_secret()).await?;
        let refreshing = Arc::new(refreshing);
        let Config { issuer, audience, .. } = config;
        let verifier = Verifier::new(ring.keys.clone(), issuer, audience);
        let signers = ring.signers.clone();
        let mint = Mint::new(signers, issuer.clone(), audience.clone());
        let (ended, studios) = (EndedSessions::default(), Studios::default());
        Ok(Self { mint: Arc::new(mint), ring, pepper, refreshing, verifier, ended, studios })
    }

    /// The keys to verify tokens with at this moment, as other services read them.
    pub(crate) fn jwks(&self) -> String {
        self.ring.keys.get().as_ref().map(KeySet::to_json).unwrap_or_default()
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
            let page = self.db.ended_sessions(now, behind, SessionEnded::PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            behind = Some(last.session);
            for ended in page {
                self.trust.end(ended);
            }
        }
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
