//! Approvals: a sensitive action needs a recent proof of who acts.

use sir0_kernel::Timestamp;
use sir0_rpc::{Caller, request_id};
use sir0_storage::once::Answer;

use super::Accounts;
use crate::{
    AccountsError,
    db::AccountsTx,
    domain::{Action, Confirmation, FRESH, Password, Proof},
};

impl Accounts {
    /// Lets the caller do this once, for the password of their account.
    pub(crate) async fn confirm<A: Answer + Send + 'static>(
        &self,
        by: Caller,
        action: Action,
        password: Proof,
        answer: impl Fn(&Confirmation, Timestamp) -> A + Send + Sync + 'static,
    ) -> Result<A, AccountsError> {
        self.must_know_password(by, password.0).await?;
        self.shared.tasks.to_completion(self.clone().save_confirmation(by, action, answer)).await
    }

    /// Checks the password of the caller's own account. A wrong one counts as a failed sign-in.
    pub(crate) async fn must_know_password(
        &self,
        by: Caller,
        password: Option<Password>,
    ) -> Result<(), AccountsError> {
        let stored = self.db.stored_user(by.user).await?;
        let stored = stored.ok_or(AccountsError::UserNotFound(by.user))?;
        let password = password.ok_or(AccountsError::WrongPassword)?;
        let attempts = self.hasher.attempts();
        let attempt = attempts.to_sign_in(request_id::client(), &stored.user.email);
        let turn = self.hasher.turn(attempt).await?;
        let verdict = turn.verify(password, Some(&stored.password_hash)).await?;
        if verdict.matches { Ok(()) } else { Err(AccountsError::WrongPassword) }
    }

    async fn save_confirmation<A: Answer>(
        self,
        by: Caller,
        action: Action,
        answer: impl Fn(&Confirmation, Timestamp) -> A,
    ) -> Result<A, AccountsError> {
        let confirmation = Confirmation::fresh();
        let expires = self.shared.clock.now().after(Confirmation::LIFE);
        let hash = confirmation.hash();
        let adding = self.db.once(
            |()| answer(&confirmation, expires),
            async |tx| {
                tx.add_confirmation(&hash, by.session, action, expires).await?;
                Ok::<_, AccountsError>(())
            },
        );
        Ok(adding.await?.0)
    }
}

/// Lets a caller pass who signed in a moment ago, or shows an approval of exactly this, which is used up. An approval that
/// is shown has to be good.
pub(crate) async fn approved(
    tx: &mut AccountsTx,
    by: &Caller,
    shown: Option<&Confirmation>,
    action: Action,
    now: Timestamp,
) -> Result<(), AccountsError> {
    let is_approved = match shown {
        Some(shown) => tx.use_confirmation(&shown.hash(), by.session, action, now).await?,
        None => by.signed_in > now.before(FRESH),
    };
    if is_approved { Ok(()) } else { Err(AccountsError::StepUpRequired) }
}
