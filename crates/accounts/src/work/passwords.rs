//! Passwords, as they are judged: counted as a failure before, and forgiven when they were right.

use sir0_kernel::{Client, DeviceId};
use sir0_rpc::{Caller, request_id};
use sir0_transcoding::Call;

use super::{Accounts, failures::Why, guard::At, lanes::MustWait};
use crate::{
    AccountsError,
    db::StoredUser,
    domain::{Code, Email, Lane, Password, Place, Proof},
    hashing::{Turn, Verdict},
};

/// What is known of where an attempt comes from.
#[derive(Clone, Copy)]
pub(super) struct Known {
    /// The device, if the account trusts it.
    pub(super) device: Option<DeviceId>,
    /// Whether this process knows the address for the account.
    pub(super) address: bool,
}

/// What a caller has to prove themselves with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// The password.
    Password,
    /// The password, and a code where a factor guards the account.
    PasswordAndCode,
}

/// A password that was right.
pub(super) struct Proved {
    pub(super) stored: StoredUser,
    /// Whether its hash costs less than one of today.
    pub(super) is_outdated: bool,
    /// Where the attempt counts as a failure until that is cleared.
    pub(super) lane: Place,
}

impl Accounts {
    /// Judges a password whose turn has come. `None` when it is wrong, or there is no such account.
    ///
    /// The database is asked only now, so a flood asks it no more often than it may hash.
    pub(super) async fn judge(
        &self,
        turn: Turn,
        email: &Email,
        password: Password,
        known: Known,
    ) -> Result<Option<Proved>, AccountsError> {
        let client: Option<Client> = request_id::client();
        let lane = match known.device {
            Some(device) => Lane::Device(device.to_string()),
            None => self.lane_at(email, client, known.address).await?,
        };
        // The attempt is a failure from here on until it is known better. Guesses at the same time are not one guess.
        let charged = match self.charge(email, &lane).await? {
            Ok(charged) => charged,
            Err(MustWait(wait)) => return Err(turn.delayed(wait).into()),
        };
        let (stored, verdict) = match self.compare(turn, email, password).await {
            Ok(compared) => compared,
            Err(error) => {
                self.take_back(charged).await;
                return Err(error);
            }
        };
        if !verdict.matches {
            self.count_refused(Why::Password, stored.as_ref().map(|it| it.user.id));
        }
        let stored = stored.filter(|_| verdict.matches);
        let lane = charged.place().clone();
        Ok(stored.map(|stored| Proved { stored, is_outdated: verdict.outdated, lane }))
    }

    async fn compare(
        &self,
        turn: Turn,
        email: &Email,
        password: Password,
    ) -> Result<(Option<StoredUser>, Verdict), AccountsError> {
        let stored = self.db.user_by_email(email).await?;
        let hash = stored.as_ref().map(|stored| stored.password_hash.as_str());
        let verdict = turn.verify(password, hash).await?;
        Ok((stored, verdict))
    }

    /// Checks the password of the caller's own account, for this call, and a code if one is asked for. What is wrong counts as
    /// a failed sign-in.
    pub(super) async fn must_prove(
        &self,
        call: &Call,
        by: Caller,
        Proof { password, code }: Proof,
        asked: Asked,
    ) -> Result<(), AccountsError> {
        self.guard.pass(call, At::User(by.user), None).await?;
        let email = self.user(by.user).await?.email;
        let password = password.ok_or(AccountsError::WrongPassword)?;
        let attempt = self.hasher.attempts().to_sign_in(request_id::client(), &email);
        let turn = self.hasher.turn(attempt).await?;
        let is_known = self.hasher.attempts().knows(&attempt);
        let accounts = self.clone();
        let judging = async move {
            let known = Known { device: None, address: is_known };
            let judged = accounts.judge(turn, &email, password, known).await?;
            let Proved { stored, lane, .. } = judged.ok_or(AccountsError::WrongPassword)?;
            let spent = if asked == Asked::PasswordAndCode && stored.factors > 0 {
                let now = accounts.shared.clock.now();
                let code = code.unwrap_or(Code::Neither);
                Some(
                    accounts
                        .judge_code(by.user, &code, now)
                        .await?
                        .ok_or(AccountsError::WrongCode)?,
                )
            } else {
                None
            };
            let forgiving = accounts.db.unit(async |tx| {
                if let Some(spent) = &spent
                    && !spent.take(tx, by.user).await?
                {
                    return Err(AccountsError::WrongCode);
                }
                // Where a factor guards the account, a password alone forgets no wrong codes.
                if spent.is_none() && stored.factors > 0 {
                    return Ok::<_, AccountsError>(tx.take_back(&lane).await?);
                }
                Ok(tx.clear_lanes(&lane).await?)
            });
            forgiving.await
        };
        let proved = self.shared.tasks.to_completion(judging).await;
        if matches!(proved, Err(AccountsError::WrongCode)) {
            self.count_refused(Why::Code, Some(by.user));
        }
        proved
    }
}
