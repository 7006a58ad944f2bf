//! Approvals: a sensitive action needs a recent proof of who acts.

use sir0_contract_accounts::calls::sessions_service as calls;
use sir0_kernel::Timestamp;
use sir0_rpc::Caller;
use sir0_storage::once::Answer;
use sir0_tokens::Methods;

use super::{
    Accounts,
    audit::{done_by, record},
    passwords::Asked,
};
use crate::{
    AccountsError,
    db::AccountsTx,
    domain::{Action, Confirmation, Kind, Proof, is_fresh},
};

impl Accounts {
    /// Lets the caller do this once, for the password of their account.
    pub(crate) async fn confirm<A: Answer + Send + 'static>(
        &self,
        by: Caller,
        action: Action,
        proof: Proof,
        answer: impl Fn(&Confirmation, Timestamp) -> A + Send + Sync + 'static,
    ) -> Result<A, AccountsError> {
        self.must_prove(calls::CONFIRM_ACTION, by, proof, Asked::PasswordAndCode).await?;
        self.shared.tasks.to_completion(self.clone().save_confirmation(by, action, answer)).await
    }

    async fn save_confirmation<A: Answer>(
        self,
        by: Caller,
        action: Action,
        answer: impl Fn(&Confirmation, Timestamp) -> A,
    ) -> Result<A, AccountsError> {
        let confirmation = Confirmation::fresh();
        let at = self.shared.clock.now();
        let expires = at.after(Confirmation::LIFE);
        let hash = confirmation.hash();
        let adding = self.db.once(
            |()| answer(&confirmation, expires),
            async |tx| {
                tx.add_confirmation(&hash, by.session, action, expires).await?;
                record(tx, done_by(&by, Kind::ACTION_CONFIRMED, at).with(&action)).await?;
                Ok::<_, AccountsError>(())
            },
        );
        let (answer, ()) = adding.await?;
        self.feed.ring();
        Ok(answer)
    }
}

/// Lets a caller pass who signed in a moment ago, with a code if a factor guards the account, or shows an approval of exactly
/// this, which is used up. An approval that is shown has to be good.
pub(crate) async fn approved(
    tx: &mut AccountsTx,
    by: &Caller,
    shown: Option<&Confirmation>,
    action: Action,
    now: Timestamp,
) -> Result<(), AccountsError> {
    let is_approved = if let Some(shown) = shown {
        tx.use_confirmation(&shown.hash(), by.session, action, now).await?
    } else {
        is_fresh(by.signed_in, now)
            && (by.methods.have(Methods::CODE) || tx.count_factors(by.user).await? == 0)
    };
    if !is_approved {
        return Err(AccountsError::StepUpRequired);
    }
    if shown.is_some() {
        record(tx, done_by(by, Kind::CONFIRMATION_USED, now).with(&action)).await?;
    }
    Ok(())
}
