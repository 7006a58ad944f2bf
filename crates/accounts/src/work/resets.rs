//! Reset links: made by an administrator or an operator, used by the person.

use sir0_contract_accounts::calls::administration_service as calls;
use sir0_kernel::{Timestamp, UserId};
use sir0_rpc::{Caller, acted, request_id};
use sir0_storage::once::Answer;

use super::{
    Accounts,
    administration::{By, apply, held, tell},
    audit::{done_by, happened, record},
    confirmations::approved,
    guard::At,
    sessions::announce,
};
use crate::{
    AccountsError,
    db::AccountsDb,
    domain::{Action, Administer, Kind, LinkSecret, Measure, Password, RESET_LIFE, User},
};

impl Accounts {
    /// Makes the reset link of an account, as an administrator.
    pub(crate) async fn create_reset<A: Answer + Send + 'static>(
        &self,
        by: Caller,
        asked: Administer,
        removes_factors: bool,
        answer: impl Fn(&LinkSecret, Timestamp) -> A + Send + Sync + 'static,
    ) -> Result<A, AccountsError> {
        self.count_confirmation(&by, &asked).await?;
        self.shared
            .tasks
            .to_completion(self.clone().save_reset(by, asked, removes_factors, answer))
            .await
    }

    async fn save_reset<A: Answer>(
        self,
        by: Caller,
        Administer { user, measure, confirmation }: Administer,
        removes_factors: bool,
        answer: impl Fn(&LinkSecret, Timestamp) -> A,
    ) -> Result<A, AccountsError> {
        let at = self.shared.clock.now();
        let (secret, expires) = (LinkSecret::fresh(), at.after(RESET_LIFE));
        let hash = secret.hash();
        let who = By::Administrator(by.user);
        let making = self.db.once(
            |()| answer(&secret, expires),
            async |tx| {
                held(tx, who, user).await?;
                let action =
                    if removes_factors { Action::ResetFactors(user) } else { measure.action(user) };
                approved(tx, &by, confirmation.as_ref(), action, at).await?;
                tx.offer_reset(user, &hash, Some(by.user), expires, removes_factors).await?;
                let event = done_by(&by, Kind::RESET_MADE, at).about(user);
                record(tx, if removes_factors { event.with("factors") } else { event }).await?;
                Ok::<_, AccountsError>(())
            },
        );
        let (answer, ()) = making.await?;
        acted!(
            by.role,
            { user.id = %by.user, account.id = %user },
            "user {user} may set a new password"
        );
        Ok(answer)
    }

    /// The account whose password the link with this secret sets.
    pub(crate) async fn owner_of_reset(&self, secret: &LinkSecret) -> Result<User, AccountsError> {
        self.guard.pass(calls::USE_RESET, At::NoOne, None).await?;
        let owner = self.db.reset_of(&secret.hash(), self.shared.clock.now()).await?;
        self.user(owner.ok_or(AccountsError::ResetRefused)?).await
    }

    /// Sets the new password of an account with its link, and ends every session of it.
    pub(crate) async fn use_reset(
        &self,
        secret: LinkSecret,
        owner: User,
        password: Password,
    ) -> Result<(), AccountsError> {
        let attempt = self.hasher.attempts().to_change(request_id::client());
        let hash = self.hasher.turn(attempt).await?.hash(password).await?;
        self.shared.tasks.to_completion(self.clone().save_new_password(secret, owner, hash)).await
    }

    async fn save_new_password(
        self,
        secret: LinkSecret,
        User { id, email, role, .. }: User,
        hash: String,
    ) -> Result<(), AccountsError> {
        let at = self.shared.clock.now();
        let failures = self.lanes.account(&email);
        let saving = self.db.unit(async |tx| {
            // The account is held before its link, as where a link is made.
            tx.account(id).await?.ok_or(AccountsError::ResetRefused)?;
            let used = tx.use_reset(&secret.hash(), at).await?;
            if used.ok_or(AccountsError::ResetRefused)? {
                tx.remove_factors_of(id).await?;
                tx.forget_recovery_codes(id).await?;
                tx.recount_factors(id).await?;
                record(tx, happened(Kind::FACTOR_REMOVED, at).about(id).with("all")).await?;
            }
            tx.set_new_password(id, &hash, at).await?;
            tx.forget_devices_of(id).await?;
            let ended = tx.end_sessions_of(id, None, at).await?;
            announce(tx, &ended, at).await?;
            record(tx, happened(Kind::RESET_USED, at).about(id)).await?;
            // They were at the old password, and a thief who knew it may have signed in from one of the addresses.
            tx.forget_lanes_of(&failures).await?;
            Ok::<_, AccountsError>(ended)
        });
        let ended = saving.await?;
        self.ended(&ended);
        acted!(role, { user.id = %id }, "user {id} set a new password with a reset link");
        Ok(())
    }
}

/// Makes the reset link of an account as an operator, and with it any earlier link worthless. `requires` makes the
/// password worthless too, and ends all sessions.
pub(crate) async fn offer_reset(
    db: &AccountsDb,
    user: UserId,
    requires: bool,
    removes_factors: bool,
    at: Timestamp,
) -> Result<LinkSecret, AccountsError> {
    let secret = LinkSecret::fresh();
    let hash = secret.hash();
    let offering = db.unit(async |tx| {
        let (administrators, account) = held(tx, By::Operator, user).await?;
        let measure = if requires { Measure::RequireNewPassword } else { Measure::Reset };
        let changed = apply(tx, By::Operator, &administrators, account, measure, at).await?;
        tx.offer_reset(user, &hash, None, at.after(RESET_LIFE), removes_factors).await?;
        record(tx, happened(Kind::RESET_MADE, at).about(user)).await?;
        Ok::<_, AccountsError>((measure, changed))
    });
    let (measure, changed) = offering.await?;
    tell(By::Operator, measure, &changed);
    Ok(secret)
}
