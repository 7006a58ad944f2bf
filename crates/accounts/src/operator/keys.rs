//! The work of an operator on the keys that sign tokens.

use sir0_storage as storage;
use sir0_tokens::Vault;

use super::Operator;
use crate::{
    Config, KeysError,
    domain::{SignerRow, Stage},
    work::keys::{Why, rotate},
};

impl Operator {
    /// The keys, the first one first, with what each does now.
    pub(crate) async fn signing_keys(
        &self,
        config: &Config,
    ) -> storage::Result<Vec<(SignerRow, Stage)>> {
        let known = self.db.signing_keys().await?;
        let stages = known.stages(config.rotation(), self.clock.now());
        Ok(stages.map(|(key, stage)| (key.clone(), stage)).collect())
    }

    /// Whether a private key lies in the database.
    pub(crate) async fn has_sealed(&self) -> storage::Result<bool> {
        Ok(self.db.signing_keys().await?.0.iter().any(|key| key.private.is_some()))
    }

    /// Makes the next key. If those before are good no more, their tokens are refused as soon as it signs.
    pub(crate) async fn rotate_keys(
        &self,
        config: &Config,
        vault: &Vault,
        why: Why,
    ) -> Result<SignerRow, KeysError> {
        rotate(&self.db, vault, config.rotation(), why, self.clock.now()).await
    }
}
