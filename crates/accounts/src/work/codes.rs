//! Codes of second factors: judged by the secrets that lie sealed, and used up once.

use std::error::Error;

use sir0_kernel::{FactorId, Timestamp, UserId};
use sir0_storage as storage;
use sir0_tokens::Vault;

use super::Accounts;
use crate::{
    AccountsError,
    db::{AccountsDb, AccountsTx},
    domain::{Code, SealedFactor, TotpCode, TotpSecret},
};

/// What secrets of factors are sealed for. The row is the id of the factor.
const PURPOSE: &str = "second factor";
/// How many secrets are sealed anew in one unit of work: others wait for it on SQLite.
const BATCH: i64 = 100;

/// What a code that is right uses up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Spent {
    /// The step of an app, and all before it.
    Step(FactorId, i64),
    /// A recovery code, by its hash.
    Recovery(Vec<u8>),
}

impl Spent {
    /// Uses it up. `false` when it was used, or is none of the account.
    pub(super) async fn take(
        &self,
        tx: &mut AccountsTx,
        user: UserId,
    ) -> Result<bool, AccountsError> {
        Ok(match self {
            Self::Step(factor, step) => tx.use_step(user, *factor, *step).await?,
            Self::Recovery(hash) => tx.use_recovery_code(user, hash).await?,
        })
    }
}

/// How many factors do not open with these sealing keys.
pub(crate) async fn closed_factors(db: &AccountsDb, vault: &Vault) -> storage::Result<usize> {
    let (mut behind, mut closed) = (None, 0);
    loop {
        let older = db.factors_to_reseal(behind, &vault.front(), BATCH).await?;
        let Some(last) = older.last() else { return Ok(closed) };
        behind = Some(last.id);
        let opens =
            |it: &&SealedFactor| vault.open(PURPOSE, &it.id.to_string(), &it.secret).is_ok();
        closed += older.iter().filter(|it| !opens(it)).count();
    }
}

impl Accounts {
    /// What a code of this account uses up. `None` for one that is wrong or late. Whether it was used before, only
    /// [`Spent::take`] knows.
    pub(super) async fn judge_code(
        &self,
        user: UserId,
        code: &Code,
        now: Timestamp,
    ) -> Result<Option<Spent>, AccountsError> {
        match code {
            Code::Neither => Ok(None),
            Code::Recovery(code) => Ok(Some(Spent::Recovery(code.hash()))),
            Code::Totp(code) => {
                for sealed in self.db.guarding_factors(user).await? {
                    if let Some(step) = self.step_of(&sealed, code, now) {
                        return Ok(Some(Spent::Step(sealed.id, step)));
                    }
                }
                Ok(None)
            }
        }
    }

    /// The step whose code of this factor this is. A secret whose sealing key is lost has no codes.
    pub(super) fn step_of(
        &self,
        SealedFactor { id, secret }: &SealedFactor,
        code: &TotpCode,
        now: Timestamp,
    ) -> Option<i64> {
        match self.trust.ring.vault().open(PURPOSE, &id.to_string(), secret) {
            Ok(secret) => TotpSecret::opened(secret).step_of(code, now),
            Err(error) => {
                let error = &error as &dyn Error;
                tracing::error!(error, factor.id = %id, "the secret of a second factor does not open");
                None
            }
        }
    }

    /// Seals the secret of a factor.
    pub(super) fn seal_factor(&self, id: FactorId, secret: &TotpSecret) -> Vec<u8> {
        self.trust.ring.vault().seal(PURPOSE, &id.to_string(), secret.as_bytes())
    }

    /// Seals what lies under an older sealing key under the one that seals now. Without this an operator could never take
    /// the older one away.
    pub(super) async fn seal_factors_anew(self) {
        let mut behind = None;
        loop {
            match self.seal_some_anew(behind).await {
                Ok(None) => return,
                Ok(last) => behind = last,
                Err(error) => {
                    let error = &error as &dyn Error;
                    tracing::warn!(error, "secrets of second factors could not be sealed anew");
                    return;
                }
            }
        }
    }

    async fn seal_some_anew(
        &self,
        behind: Option<FactorId>,
    ) -> Result<Option<FactorId>, AccountsError> {
        let vault: &Vault = self.trust.ring.vault();
        let older = self.db.factors_to_reseal(behind, &vault.front(), BATCH).await?;
        let last = older.last().map(|factor| factor.id);
        let mut anew = Vec::new();
        for SealedFactor { id, secret: before } in older {
            let row = id.to_string();
            // What does not open stays: its key may come back.
            if let Ok(secret) = vault.open(PURPOSE, &row, &before) {
                anew.push((id, before, vault.seal(PURPOSE, &row, &secret)));
            }
        }
        let sealing = self.db.unit(async |tx| {
            for (id, before, sealed) in &anew {
                tx.reseal_factor(*id, before, sealed).await?;
            }
            Ok::<_, AccountsError>(())
        });
        sealing.await?;
        Ok(last)
    }
}
