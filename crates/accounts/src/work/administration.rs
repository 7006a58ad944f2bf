//! Accounts in the hands of administrators and operators: found, shown, locked, signed out, given another role.

use sir0_contract_accounts::calls::administration_service as calls;
use sir0_kernel::{Role, Timestamp, UserId};
use sir0_rpc::{Caller, acted};
use sir0_storage::{self as storage, once::Answer};
use sir0_transcoding::Call;

use super::{
    Accounts,
    audit::{happened, record},
    confirmations::approved,
    guard::At,
    passwords::Proved,
    sessions::announce,
};
use crate::{
    AccountsError,
    db::{AccountsDb, AccountsTx},
    domain::{
        Account, Administer, Administrator, Changed, Kind, Locks, Measure, Search, SecurityEvent,
        SessionEnded, Shown, keeps_an_administrator,
    },
};

/// Who changes an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// Someone on the machine of the database.
    Operator,
    /// The account of an administrator.
    Administrator(UserId),
}

impl Accounts {
    /// A page of the accounts that are looked for, behind this one. The second part is where the next page begins, if
    /// there is one.
    pub(crate) async fn find(
        &self,
        search: &Search,
        behind: Option<UserId>,
        most: usize,
    ) -> Result<(Vec<Account>, Option<UserId>), AccountsError> {
        Ok(find(&self.db, search, behind, most).await?)
    }

    /// Shows an account.
    pub(crate) async fn show(&self, id: UserId) -> Result<Shown, AccountsError> {
        show(&self.db, id, self.shared.clock.now()).await
    }

    /// Changes an account as an administrator.
    pub(crate) async fn administer<A: Answer + Send + 'static>(
        &self,
        by: Caller,
        asked: Administer,
        answer: impl Fn(&Changed) -> A + Send + Sync + 'static,
    ) -> Result<A, AccountsError> {
        self.count_confirmation(&by, &asked).await?;
        self.shared.tasks.to_completion(self.clone().save_measure(by, asked, answer)).await
    }

    /// Counts a confirmation that is shown as an attempt at one.
    pub(super) async fn count_confirmation(
        &self,
        by: &Caller,
        asked: &Administer,
    ) -> Result<(), AccountsError> {
        if asked.confirmation.is_some() {
            self.guard.pass(call_of(asked.measure), At::User(by.user), None).await?;
        }
        Ok(())
    }

    async fn save_measure<A: Answer>(
        self,
        by: Caller,
        Administer { user, measure, confirmation }: Administer,
        answer: impl Fn(&Changed) -> A,
    ) -> Result<A, AccountsError> {
        let at = self.shared.clock.now();
        let who = By::Administrator(by.user);
        let changing = self.db.once(answer, async |tx| {
            let (administrators, account) = held(tx, who, user).await?;
            approved(tx, &by, confirmation.as_ref(), measure.action(user), at).await?;
            apply(tx, who, &administrators, account, measure, at).await
        });
        let (answer, changed) = changing.await?;
        self.ended(&changed.ended);
        tell(who, measure, &changed);
        Ok(answer)
    }

    /// Refuses to sign anyone in to an account that is locked. The password was right, so it counts as no failure.
    pub(super) async fn must_be_open(&self, proved: &Proved) -> Result<(), AccountsError> {
        let refusal = match proved.stored.locks {
            Locks { disabled: Some(_), .. } => AccountsError::AccountDisabled,
            Locks { new_password: Some(_), .. } => AccountsError::NewPasswordRequired,
            Locks { disabled: None, new_password: None } => return Ok(()),
        };
        self.db.unit(async |tx| tx.take_back(&proved.lane).await).await?;
        Err(refusal)
    }
}

/// The call that a measure is taken with.
const fn call_of(measure: Measure) -> &'static Call {
    match measure {
        Measure::Disable => calls::DISABLE_USER,
        Measure::Enable => calls::ENABLE_USER,
        Measure::SignOut => calls::SIGN_OUT_USER,
        Measure::RequireNewPassword => calls::REQUIRE_NEW_PASSWORD,
        Measure::Reset => calls::CREATE_RESET,
        Measure::SetRole(_) => calls::SET_USER_ROLE,
    }
}

/// A page of the accounts that are looked for, and where the next one begins.
pub(crate) async fn find(
    db: &AccountsDb,
    search: &Search,
    behind: Option<UserId>,
    most: usize,
) -> storage::Result<(Vec<Account>, Option<UserId>)> {
    let one_more = i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1);
    let mut accounts = db.found(search, behind, one_more).await?;
    let has_more = accounts.len() > most;
    accounts.truncate(most);
    let next = accounts.last().map(|account| account.user.id).filter(|_| has_more);
    Ok((accounts, next))
}

/// An account with what belongs to it.
pub(crate) async fn show(
    db: &AccountsDb,
    id: UserId,
    now: Timestamp,
) -> Result<Shown, AccountsError> {
    let account = db.account(id).await?.ok_or(AccountsError::UserNotFound(id))?;
    let access = db.access_of(id, now).await?;
    Ok(Shown { account, access, studios: db.studios_of(id).await? })
}

/// Holds an account for a change, and all administrators: who acts has to be one still, because their token may be older
/// than the news of another administrator.
pub(crate) async fn held(
    tx: &mut AccountsTx,
    by: By,
    user: UserId,
) -> Result<(Vec<Administrator>, Account), AccountsError> {
    let (account, administrators) = tx.hold_with_administrators(user).await?;
    if let By::Administrator(who) = by
        && !administrators.iter().any(|it| it.user == who && it.signs_in)
    {
        return Err(AccountsError::NoAdministrator);
    }
    Ok((administrators, account.ok_or(AccountsError::UserNotFound(user))?))
}

/// Changes an account that is held, ends its sessions where that belongs to it, and announces their end.
pub(crate) async fn apply(
    tx: &mut AccountsTx,
    by: By,
    administrators: &[Administrator],
    before: Account,
    measure: Measure,
    at: Timestamp,
) -> Result<Changed, AccountsError> {
    let id = before.user.id;
    let after = measure.applied(before.clone(), at);
    // An operator makes the reset link together with the need for it.
    let is_recoverable = by == By::Operator && measure == Measure::RequireNewPassword;
    if !is_recoverable && !keeps_an_administrator(administrators, &before, &after) {
        return Err(AccountsError::LastAdministrator);
    }
    if after.user != before.user {
        tx.save_user(&after.user, at).await?;
    }
    if after.locks != before.locks {
        tx.set_locks(id, after.locks, at).await?;
    }
    let is_new = after != before;
    // A thief with the account may have made links, invitations and API tokens: they end with what the thief had.
    match measure {
        Measure::Disable => {
            tx.drop_resets_by(id).await?;
            tx.revoke_all_invitations_by(id).await?;
        }
        Measure::RequireNewPassword => {
            tx.drop_resets_by(id).await?;
            tx.revoke_api_tokens_of(id).await?;
            tx.revoke_all_invitations_by(id).await?;
        }
        Measure::SetRole(role) if role < before.user.role => {
            tx.drop_resets_by(id).await?;
            tx.revoke_invitations_of_no_owner(id).await?;
        }
        Measure::SetRole(_) | Measure::Enable | Measure::SignOut | Measure::Reset => {}
    }
    let is_for_role = matches!(measure, Measure::SetRole(_));
    if measure.ends_sessions() && !is_for_role {
        // Devices are asked for a code again.
        tx.forget_devices_of(id).await?;
    }
    let ended = if measure.ends_sessions() && (is_new || !is_for_role) {
        tx.end_sessions_of(id, None, at).await?
    } else {
        Vec::new()
    };
    announce(tx, &ended, at).await?;
    if is_new || !ended.is_empty() {
        record(tx, told(by, &after, measure, &ended, at)).await?;
    }
    Ok(Changed { account: after, is_new, ended })
}

/// What is kept of a change.
fn told(
    by: By,
    account: &Account,
    measure: Measure,
    ended: &[SessionEnded],
    at: Timestamp,
) -> SecurityEvent {
    let event = |kind| happened(kind, at).about(account.user.id);
    let event = match measure {
        Measure::Disable => event(Kind::ACCOUNT_DISABLED),
        Measure::Enable => event(Kind::ACCOUNT_ENABLED),
        Measure::SignOut => event(Kind::SESSIONS_ENDED).counting(ended.len()),
        Measure::RequireNewPassword => event(Kind::NEW_PASSWORD_REQUIRED),
        Measure::Reset => event(Kind::RESET_MADE),
        Measure::SetRole(role) => event(Kind::ROLE_CHANGED).with(&role),
    };
    match by {
        By::Operator => event,
        By::Administrator(who) => SecurityEvent { actor: Some(who), ..event },
    }
}

/// Writes to the log what was done to an account, unless nothing was.
pub(crate) fn tell(by: By, measure: Measure, Changed { account, is_new, ended }: &Changed) {
    if !is_new && ended.is_empty() {
        return;
    }
    let (id, ended) = (account.user.id, ended.len());
    let what = match measure {
        Measure::Disable => "was disabled",
        Measure::Enable => "was enabled",
        Measure::SignOut => "was signed out",
        Measure::RequireNewPassword => "needs a new password",
        Measure::Reset => "may be given a new password",
        Measure::SetRole(_) => "has another role",
    };
    let role = account.user.role;
    match by {
        By::Operator => {
            acted!(
                Role::Admin,
                { account.id = %id, role = %role, ended },
                "user {id} {what}, by an operator"
            );
        }
        By::Administrator(who) => {
            acted!(
                Role::Admin,
                { user.id = %who, account.id = %id, role = %role, ended },
                "user {id} {what}"
            );
        }
    }
}

/// Changes an account as an operator does, and answers with the sessions that ended.
pub(crate) async fn change_account(
    db: &AccountsDb,
    user: UserId,
    measure: Measure,
    at: Timestamp,
) -> Result<(bool, Vec<SessionEnded>), AccountsError> {
    let changing = db.unit(async |tx| {
        let (administrators, account) = held(tx, By::Operator, user).await?;
        apply(tx, By::Operator, &administrators, account, measure, at).await
    });
    let changed = changing.await?;
    tell(By::Operator, measure, &changed);
    Ok((changed.is_new, changed.ended))
}

#[cfg(test)]
mod tests;
