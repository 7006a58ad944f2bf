//! Sign-ins that go on with a code after the password.

use std::net::IpAddr;

use sir0_contract_accounts::calls::accounts_service as calls;
use sir0_kernel::{DeviceId, Timestamp, UserId};
use sir0_rpc::{Client, rates::Standing, request_id};
use sir0_tokens::Methods;

use super::{
    Accounts,
    codes::Spent,
    failures::Why,
    guard::At,
    lanes::MustWait,
    passwords::Proved,
    sign_in::{Begun, outcome_of},
};
use crate::{
    AccountsError,
    db::{AccountsTx, StoredUser, Waiting},
    domain::{Beside, ChallengeToken, Challenged, ContinueLogin, SignedIn, Wanted},
    hashing::Wait,
};

/// What stands beside a right password.
#[derive(Clone, Debug)]
pub(super) enum Second {
    /// The account has no second factor, and the device is not known.
    None,
    /// A device that the account trusts.
    Device(DeviceId),
    /// A code that is right.
    Code(Spent),
}

impl Second {
    /// How someone proved who they are who has this.
    pub(super) const fn methods(&self) -> Methods {
        match self {
            Self::None | Self::Device(_) => Methods::PASSWORD,
            Self::Code(_) => Methods::PASSWORD.and(Methods::CODE),
        }
    }

    /// Whether it is a code.
    pub(super) const fn is_code(&self) -> bool {
        matches!(self, Self::Code(_))
    }

    /// Whether it is a recovery code.
    pub(super) const fn is_recovery(&self) -> bool {
        matches!(self, Self::Code(Spent::Recovery(_)))
    }

    /// Uses up what is good once. Refuses what is good no more.
    pub(super) async fn take(
        &self,
        tx: &mut AccountsTx,
        proved: &StoredUser,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<(), AccountsError> {
        let user = proved.user.id;
        let is_good = match self {
            Self::None => true,
            // Without a factor a device opens nothing: it is known, and no more.
            Self::Device(device) => {
                tx.use_device(*device, user, address, now).await? || proved.factors == 0
            }
            Self::Code(spent) => spent.take(tx, user).await?,
        };
        if is_good { Ok(()) } else { Err(AccountsError::CodeRefused) }
    }
}

impl Accounts {
    /// Refuses a code at a sign-in, and counts it.
    pub(super) fn refused_code(&self, user: UserId) -> AccountsError {
        self.count_refused(Why::Code, Some(user));
        AccountsError::CodeRefused
    }

    /// What stands beside the password of this account. Without anything that is good a sign-in has to go on with a code.
    pub(super) async fn second(
        &self,
        proved: &StoredUser,
        beside: &Beside,
        device: Option<DeviceId>,
        wanted: &Wanted,
    ) -> Result<Second, AccountsError> {
        let now = self.shared.clock.now();
        match (proved.factors, device, &beside.code) {
            (1.., _, Some(code)) => {
                let user = proved.user.id;
                let spent = self.judge_code(user, code, now).await?;
                spent.map(Second::Code).ok_or_else(|| self.refused_code(user))
            }
            (_, Some(device), _) => Ok(Second::Device(device)),
            (..1, None, _) => Ok(Second::None),
            (1.., None, None) => Err(self.challenge(proved, wanted, now).await?),
        }
    }

    /// Has a sign-in wait for a code.
    async fn challenge(
        &self,
        proved: &StoredUser,
        wanted: &Wanted,
        now: Timestamp,
    ) -> Result<AccountsError, AccountsError> {
        let (token, expires) = (ChallengeToken::fresh(), now.after(ChallengeToken::LIFE));
        let waiting = Waiting { proved: proved.clone(), wanted: wanted.clone() };
        let hash = token.hash();
        let adding = self.db.unit(async |tx| tx.add_challenge(&hash, &waiting, expires).await);
        adding.await?;
        let has_recovery_codes = self.db.count_recovery_codes(proved.user.id).await? > 0;
        Ok(AccountsError::GuardRequired(Challenged { token, expires, has_recovery_codes }))
    }

    /// Goes on with a sign-in that waits for a code, and counts the outcome.
    pub(crate) async fn continue_sign_in(
        &self,
        shown: ContinueLogin,
    ) -> (Option<Standing>, Result<SignedIn, AccountsError>) {
        let mut standing = None;
        let signed_in = self.go_on(shown, &mut standing).await;
        metrics::counter!("sir0_logins_total", "outcome" => outcome_of(&signed_in)).increment(1);
        (standing, signed_in)
    }

    async fn go_on(
        &self,
        shown: ContinueLogin,
        standing: &mut Option<Standing>,
    ) -> Result<SignedIn, AccountsError> {
        let now = self.shared.clock.now();
        let hash = shown.challenge.hash();
        let waiting = self.db.challenge(&hash, now).await?;
        let at = waiting.as_ref().map_or(At::NoOne, |it| At::Email(&it.proved.user.email));
        *standing = self.guard.pass(calls::CONTINUE_LOGIN, at, None).await?;
        let waiting = waiting.ok_or(AccountsError::ChallengeRefused)?;
        // A caller who leaves takes no count along.
        let judging = self.clone().judge_challenge(hash, waiting, shown, now);
        self.shared.tasks.to_completion(judging).await
    }

    async fn judge_challenge(
        self,
        hash: Vec<u8>,
        Waiting { proved, wanted }: Waiting,
        ContinueLogin { code, trusts, .. }: ContinueLogin,
        now: Timestamp,
    ) -> Result<SignedIn, AccountsError> {
        let (client, user) = (request_id::client(), &proved.user);
        let lane = self.lane_at(&user.email, client, false).await?;
        // As a password does, a code counts as a failure until it is known better.
        let charged = match self.charge(&user.email, &lane).await? {
            Ok(charged) => charged,
            Err(MustWait(wait)) => {
                return Err(AccountsError::TooManyAttempts(Wait::of(wait)));
            }
        };
        if !self.db.unit(async |tx| tx.try_challenge(&hash, now).await).await? {
            self.take_back(charged).await;
            return Err(AccountsError::ChallengeRefused);
        }
        let spent = self.judge_code(user.id, &code, now).await?;
        let second = Second::Code(spent.ok_or_else(|| self.refused_code(user.id))?);
        let home = self.home(&user.email, client);
        let lane = charged.place().clone();
        let proved = Proved { stored: proved, is_outdated: false, lane };
        let begun = Begun { wanted, second, trusts, challenge: Some(hash), home, outdated: None };
        self.begin_session(proved, begun, client.map(Client::address)).await
    }
}
