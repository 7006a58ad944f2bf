//! Accounts as an operator finds, shows, locks and signs them out.

use sir0_kernel::UserId;
use sir0_storage as storage;

use super::{GrantError, Operator, id_of};
use crate::{
    domain::{Account, LinkSecret, Measure, Search, Shown},
    work::{
        administration::{change_account, find, show},
        lanes::open_lanes,
        resets::offer_reset,
    },
};

/// What a change of an account came to.
pub(crate) struct Done {
    pub(crate) user: UserId,
    /// Whether it was otherwise before.
    pub(crate) is_new: bool,
    /// How many sessions ended.
    pub(crate) ended: usize,
}

impl Operator {
    /// Finds accounts, the oldest first, so many at most. Tells also whether there are more.
    pub(crate) async fn list(
        &self,
        search: &Search,
        most: usize,
    ) -> storage::Result<(Vec<Account>, bool)> {
        let (accounts, next) = find(&self.db, search, None, most).await?;
        Ok((accounts, next.is_some()))
    }

    /// Shows an account.
    pub(crate) async fn show(&self, email: &str) -> Result<Shown, GrantError> {
        let id = id_of(&self.db, email).await?;
        Ok(show(&self.db, id, self.clock.now()).await?)
    }

    /// Changes an account. A server hears of it at its next look at the table.
    pub(crate) async fn take(&self, email: &str, measure: Measure) -> Result<Done, GrantError> {
        let user = id_of(&self.db, email).await?;
        let (is_new, ended) = change_account(&self.db, user, measure, self.clock.now()).await?;
        Ok(Done { user, is_new, ended: ended.len() })
    }

    /// Forgets all wrong passwords and codes at an account, so that it can be signed in to at once from everywhere. Answers
    /// whether there were any.
    pub(crate) async fn unlock(&self, email: &str) -> Result<(UserId, bool), GrantError> {
        let user = id_of(&self.db, email).await?;
        Ok((user, open_lanes(&self.db, user, self.clock.now()).await?))
    }

    /// Makes the reset link of an account, and answers with its secret: it sets a new password, once and within a day. An
    /// earlier link works no more. `requires` makes the password worthless too, and ends all sessions; with
    /// `removes_factors` the link removes the second factors, too.
    pub(crate) async fn reset(
        &self,
        email: &str,
        requires: bool,
        removes_factors: bool,
    ) -> Result<(UserId, LinkSecret), GrantError> {
        let user = id_of(&self.db, email).await?;
        let now = self.clock.now();
        Ok((user, offer_reset(&self.db, user, requires, removes_factors, now).await?))
    }
}
