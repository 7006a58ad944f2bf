//! The second factors of an account: added, turned on by a first code, removed; and its recovery codes.

use sir0_contract_accounts::calls::guard_service as calls;
use sir0_kernel::{FactorId, Timestamp, UserId};
use sir0_rpc::{Caller, acted};
use sir0_storage::once::Answer;

use super::{
    Accounts,
    audit::{done_by, record},
    confirmations::approved,
    guard::At,
    sessions::{announce, ended_by},
};
use crate::{
    AccountsError,
    db::AccountsTx,
    domain::{
        Action, AddFactor, ConfirmFactor, Confirmation, Factor, Kind, MOST_FACTORS, NewFactor,
        RecoveryCode, RemoveFactor, SessionEnded, TotpSecret, UNCONFIRMED,
    },
};

impl Accounts {
    /// The factors of an account, and how many of its recovery codes were not used.
    pub(crate) async fn factors(&self, user: UserId) -> Result<(Vec<Factor>, i64), AccountsError> {
        let since = self.shared.clock.now().before(UNCONFIRMED);
        let factors = self.db.factors_of(user, since).await?;
        Ok((factors, self.db.count_recovery_codes(user).await?))
    }

    /// Adds a factor, which guards nothing until its first code was shown.
    pub(crate) async fn add_factor<A: Answer + Send + 'static>(
        &self,
        by: Caller,
        add: AddFactor,
        answer: impl Fn(&NewFactor, Timestamp) -> A + Send + Sync + 'static,
    ) -> Result<A, AccountsError> {
        owner_alone(by, add.user)?;
        self.guard.pass(calls::ADD_FACTOR, At::User(by.user), None).await?;
        self.shared.tasks.to_completion(self.clone().save_factor(by, add, answer)).await
    }

    async fn save_factor<A: Answer>(
        self,
        by: Caller,
        AddFactor { user, name, confirmation }: AddFactor,
        answer: impl Fn(&NewFactor, Timestamp) -> A,
    ) -> Result<A, AccountsError> {
        let owner = self.user(user).await?;
        let now = self.shared.clock.now();
        let secret = TotpSecret::fresh();
        let uri = secret.uri(&self.issuer, owner.username.as_str());
        let factor = Factor { id: FactorId::fresh(now), name, is_confirmed: false, created: now };
        let sealed = self.seal_factor(factor.id, &secret);
        let new = NewFactor { factor, secret, uri };
        let adding = self.db.once(
            |()| answer(&new, now.after(UNCONFIRMED)),
            async |tx| {
                // Held, so that of many at once none is beyond the bound.
                tx.user(user).await?.ok_or(AccountsError::UserNotFound(user))?;
                let action = Action::AddFactor(user);
                approved(tx, &by, confirmation.as_ref(), action, now).await?;
                if tx.count_all_factors(user, now.before(UNCONFIRMED)).await? >= MOST_FACTORS {
                    return Err(AccountsError::FactorLimit);
                }
                tx.add_factor(user, &new.factor, &sealed).await?;
                Ok(())
            },
        );
        Ok(adding.await?.0)
    }

    /// Turns a factor on by a first code of it. The first factor of an account comes with recovery codes.
    pub(crate) async fn confirm_factor<A: Answer + Send + 'static>(
        &self,
        by: Caller,
        confirm: ConfirmFactor,
        answer: impl Fn(&[RecoveryCode]) -> A + Send + Sync + 'static,
    ) -> Result<A, AccountsError> {
        owner_alone(by, confirm.user)?;
        self.guard.pass(calls::CONFIRM_FACTOR, At::User(by.user), None).await?;
        self.shared.tasks.to_completion(self.clone().save_confirmed(by, confirm, answer)).await
    }

    async fn save_confirmed<A: Answer>(
        self,
        by: Caller,
        ConfirmFactor { user, factor, code }: ConfirmFactor,
        answer: impl Fn(&[RecoveryCode]) -> A,
    ) -> Result<A, AccountsError> {
        let now = self.shared.clock.now();
        let since = now.before(UNCONFIRMED);
        let waiting = self.db.waiting_factor(factor, user, since).await?;
        let waiting = waiting.ok_or(AccountsError::FactorNotFound)?;
        let code = code.ok_or(AccountsError::WrongCode)?;
        let step = self.step_of(&waiting, &code, now).ok_or(AccountsError::WrongCode)?;
        let codes = RecoveryCode::fresh();
        let confirming = self.db.once(
            |(is_first, _): &(bool, Vec<SessionEnded>)| {
                answer(if *is_first { &codes } else { &[] })
            },
            async |tx| {
                tx.user(user).await?.ok_or(AccountsError::UserNotFound(user))?;
                if !tx.confirm_factor(factor, user, step, since, now).await? {
                    return Err(AccountsError::FactorNotFound);
                }
                let is_first = tx.recount_factors(user).await? == 1;
                if is_first {
                    give_recovery_codes(tx, user, &codes).await?;
                }
                record(tx, done_by(&by, Kind::FACTOR_ADDED, now).with(&factor)).await?;
                Ok((is_first, distrust(tx, user, by, now).await?))
            },
        );
        let (answer, (_, ended)) = confirming.await?;
        self.ended(&ended);
        acted!(by.role, { user.id = %user, factor.id = %factor }, "user {user} added a second factor");
        Ok(answer)
    }

    /// Removes a factor, and with the last one the recovery codes.
    pub(crate) async fn remove_factor<A: Answer + Send + 'static>(
        &self,
        by: Caller,
        remove: RemoveFactor,
        answer: impl Fn() -> A + Send + Sync + 'static,
    ) -> Result<A, AccountsError> {
        owner_alone(by, remove.user)?;
        self.guard.pass(calls::REMOVE_FACTOR, At::User(by.user), None).await?;
        self.shared.tasks.to_completion(self.clone().save_removed(by, remove, answer)).await
    }

    async fn save_removed<A: Answer>(
        self,
        by: Caller,
        RemoveFactor { user, factor, confirmation }: RemoveFactor,
        answer: impl Fn() -> A,
    ) -> Result<A, AccountsError> {
        let now = self.shared.clock.now();
        let removing = self.db.once(
            |_: &Vec<SessionEnded>| answer(),
            async |tx| {
                tx.user(user).await?.ok_or(AccountsError::UserNotFound(user))?;
                let before = tx.count_factors(user).await?;
                let action = Action::RemoveFactor(factor);
                approved(tx, &by, confirmation.as_ref(), action, now).await?;
                if !tx.remove_factor(factor, user).await? {
                    return Err(AccountsError::FactorNotFound);
                }
                let left = tx.recount_factors(user).await?;
                if left == before {
                    // It guarded nothing yet.
                    return Ok(Vec::new());
                }
                if left == 0 {
                    tx.forget_recovery_codes(user).await?;
                }
                record(tx, done_by(&by, Kind::FACTOR_REMOVED, now).with(&factor)).await?;
                distrust(tx, user, by, now).await
            },
        );
        let (answer, ended) = removing.await?;
        self.ended(&ended);
        acted!(by.role, { user.id = %user, factor.id = %factor }, "user {user} removed a second factor");
        Ok(answer)
    }

    /// Makes new recovery codes in the place of those before.
    pub(crate) async fn renew_recovery_codes<A: Answer + Send + 'static>(
        &self,
        by: Caller,
        user: UserId,
        confirmation: Option<Confirmation>,
        answer: impl Fn(&[RecoveryCode]) -> A + Send + Sync + 'static,
    ) -> Result<A, AccountsError> {
        owner_alone(by, user)?;
        self.guard.pass(calls::RENEW_RECOVERY_CODES, At::User(by.user), None).await?;
        let renewing = self.clone().save_recovery_codes(by, confirmation, answer);
        self.shared.tasks.to_completion(renewing).await
    }

    async fn save_recovery_codes<A: Answer>(
        self,
        by: Caller,
        confirmation: Option<Confirmation>,
        answer: impl Fn(&[RecoveryCode]) -> A,
    ) -> Result<A, AccountsError> {
        let (user, now) = (by.user, self.shared.clock.now());
        let codes = RecoveryCode::fresh();
        let renewing = self.db.once(
            |()| answer(&codes),
            async |tx| {
                tx.user(user).await?.ok_or(AccountsError::UserNotFound(user))?;
                let action = Action::RenewRecoveryCodes(user);
                approved(tx, &by, confirmation.as_ref(), action, now).await?;
                if tx.count_factors(user).await? == 0 {
                    return Err(AccountsError::FactorRequired);
                }
                record(tx, done_by(&by, Kind::RECOVERY_CODES_RENEWED, now)).await?;
                give_recovery_codes(tx, user, &codes).await
            },
        );
        let answer = renewing.await?.0;
        acted!(by.role, { user.id = %user }, "user {user} has new recovery codes");
        Ok(answer)
    }
}

/// Lets the owner of an account pass, and no administrator: who adds a factor to another's account takes it.
fn owner_alone(by: Caller, account: UserId) -> Result<(), AccountsError> {
    if by.user == account { Ok(()) } else { Err(AccountsError::OwnerOnly(account)) }
}

/// Puts these recovery codes in the place of those before.
async fn give_recovery_codes(
    tx: &mut AccountsTx,
    user: UserId,
    codes: &[RecoveryCode],
) -> Result<(), AccountsError> {
    tx.forget_recovery_codes(user).await?;
    let hashes: Vec<_> = codes.iter().map(RecoveryCode::hash).collect();
    tx.add_recovery_codes(user, &hashes).await?;
    Ok(())
}

/// Ends the other sessions of an account and its trust in devices: they were signed in under other factors.
async fn distrust(
    tx: &mut AccountsTx,
    user: UserId,
    by: Caller,
    now: Timestamp,
) -> Result<Vec<SessionEnded>, AccountsError> {
    tx.forget_devices_of(user).await?;
    let ended = tx.end_sign_ins_of(user, Some(by.session), now).await?;
    announce(tx, &ended, now).await?;
    if !ended.is_empty() {
        record(tx, ended_by(&by, user, &ended, now)).await?;
    }
    Ok(ended)
}
