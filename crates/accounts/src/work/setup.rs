//! The first administrator, whom a link makes that only the operator sees.

use sir0_kernel::Timestamp;
use sir0_storage as storage;

use super::Accounts;
use crate::{AccountsError, db::AccountsDb, domain::SetupToken};

impl Accounts {
    /// Whether there is no administrator yet.
    pub(crate) async fn needs_administrator(&self) -> Result<bool, AccountsError> {
        Ok(!self.db.has_administrator().await?)
    }
}

/// Makes the link of the first administrator, and with it any earlier link worthless. `None` when there is an
/// administrator.
pub(crate) async fn offer_setup(
    db: &AccountsDb,
    now: Timestamp,
) -> storage::Result<Option<SetupToken>> {
    let token = SetupToken::fresh();
    let (hash, expires) = (token.hash(), now.after(SetupToken::LIFE));
    let offered = db.unit(async |tx| tx.offer_setup(&hash, expires).await).await?;
    Ok(offered.then_some(token))
}
