//! Signing in: an e-mail, a password and what stands beside it begin a session.

use std::{error::Error, net::IpAddr};

use sir0_contract_accounts::calls::accounts_service as calls;
use sir0_kernel::{DeviceId, SessionId, Timestamp, UserId};
use sir0_rpc::{Client, acted, rates::Standing, request_id};
use sir0_tokens::{Methods, SignIn};

use super::{
    Accounts,
    audit::{happened, record},
    challenges::Second,
    failures::Why,
    guard::At,
    passwords::{Known, Proved},
};
use crate::{
    AccountsError,
    domain::{
        DeviceToken, Kind, Lane, Lifetimes, Login, NewFamily, NewSession, Password, Place,
        RefreshToken, Refreshable, SecurityEvent, SignedIn, TrustedDevice, Wanted,
    },
    hashing::Turn,
};

/// A session that is to begin, with what it uses up and what it leaves.
pub(super) struct Begun {
    pub(super) wanted: Wanted,
    pub(super) second: Second,
    /// Whether the device is to be trusted from then on.
    pub(super) trusts: bool,
    /// The hash of the challenge that it goes on with.
    pub(super) challenge: Option<Vec<u8>>,
    /// The password, if its hash costs less than one of today.
    pub(super) outdated: Option<Password>,
    /// The address, which is known for the account from then on.
    pub(super) home: Option<Place>,
}

/// What a sign-in led to, as a metric names it.
pub(super) const fn outcome_of(signed_in: &Result<SignedIn, AccountsError>) -> &'static str {
    match signed_in {
        Ok(_) => "signed_in",
        Err(AccountsError::GuardRequired(_)) => "guard_required",
        Err(
            AccountsError::InvalidCredentials
            | AccountsError::CodeRefused
            | AccountsError::ChallengeRefused,
        ) => "refused",
        Err(AccountsError::AccountDisabled | AccountsError::NewPasswordRequired) => "locked",
        Err(AccountsError::TooBusy(_)) => "too_busy",
        Err(AccountsError::TooManyRequests(_)) => "too_many_requests",
        Err(AccountsError::TooManyAttempts(_)) => "too_many_attempts",
        Err(_) => "failed",
    }
}

impl Accounts {
    /// Signs a person in, and counts the outcome. A login that cannot be read is an outcome too. Tells what is left of the
    /// attempts.
    pub(crate) async fn sign_in(
        &self,
        login: Result<Login, AccountsError>,
        wanted: Wanted,
    ) -> (Option<Standing>, Result<SignedIn, AccountsError>) {
        let mut standing = None;
        let signed_in = match login {
            Ok(login) => self.try_sign_in(login, wanted, &mut standing).await,
            Err(refused) => Err(refused),
        };
        if let Err(AccountsError::TooManyRequests(_) | AccountsError::TooManyAttempts(_)) =
            &signed_in
        {
            self.count_refused(Why::Limit, None);
        }
        metrics::counter!("sir0_logins_total", "outcome" => outcome_of(&signed_in)).increment(1);
        (standing, signed_in)
    }

    async fn try_sign_in(
        &self,
        login: Login,
        wanted: Wanted,
        standing: &mut Option<Standing>,
    ) -> Result<SignedIn, AccountsError> {
        let device = self.device_of(&login).await?;
        let lane = device.map(|device| Lane::Device(device.to_string()));
        let passed = self.guard.pass(calls::LOGIN, At::Email(&login.email), lane.as_ref()).await;
        *standing = passed?;
        self.prove(login, device, wanted).await
    }

    /// Checks the password and what stands beside it, and begins a session.
    async fn prove(
        &self,
        login: Login,
        device: Option<DeviceId>,
        wanted: Wanted,
    ) -> Result<SignedIn, AccountsError> {
        let (attempts, client) = (self.hasher.attempts(), request_id::client());
        let attempt = match device {
            // Strangers do not delay a device that the account trusts.
            Some(_) => attempts.to_change(client),
            None => attempts.to_sign_in(client, &login.email),
        };
        let turn = self.hasher.turn(attempt).await?;
        let known = Known { device, address: attempts.knows(&attempt) };
        // A caller who leaves takes no count along: not the failure, and not the success that forgets it.
        let proving = self.clone().prove_in_turn(turn, login, known, wanted);
        self.shared.tasks.to_completion(proving).await
    }

    async fn prove_in_turn(
        self,
        turn: Turn,
        Login { email, password, beside }: Login,
        known: Known,
        wanted: Wanted,
    ) -> Result<SignedIn, AccountsError> {
        let client = request_id::client();
        let judged = self.judge(turn, &email, password.clone(), known).await?;
        let proved = judged.ok_or(AccountsError::InvalidCredentials)?;
        self.must_be_open(&proved).await?;
        let second = self.second(&proved.stored, &beside, known.device, &wanted).await?;
        let begun = Begun {
            wanted,
            second,
            trusts: beside.trusts,
            challenge: None,
            outdated: proved.is_outdated.then_some(password),
            home: self.home(&email, client),
        };
        self.begin_session(proved, begun, client.map(Client::address)).await
    }

    /// Begins a session for what was proved, in one unit of work with all that is used up by it.
    pub(super) async fn begin_session(
        self,
        Proved { stored, lane, .. }: Proved,
        Begun { wanted, second, trusts, challenge, outdated, home }: Begun,
        address: Option<IpAddr>,
    ) -> Result<SignedIn, AccountsError> {
        let now = self.shared.clock.now();
        let user = &stored.user;
        let device = wanted.device.clone();
        let (new, refresh_token) = self.new_session(wanted, second.methods(), address, now);
        let sign_in = SignIn {
            user: user.id,
            role: user.role,
            session: new.id,
            client: new.client.as_str(),
            at: now,
            methods: new.methods,
        };
        let token = self.trust.mint.mint(&sign_in, now, new.token_expires);

        // A device that is trusted already keeps its token.
        let trusted = (trusts && !matches!(second, Second::Device(_))).then(DeviceToken::fresh);
        let beginning = self.db.unit(async |tx| {
            if !tx.begin_session(&new, &stored).await? {
                return Err(match challenge {
                    Some(_) => AccountsError::ChallengeRefused,
                    None => AccountsError::InvalidCredentials,
                });
            }
            if let Some(challenge) = &challenge
                && !tx.use_challenge(challenge).await?
            {
                return Err(AccountsError::ChallengeRefused);
            }
            second.take(tx, &stored, address, now).await?;
            let event = |kind| SecurityEvent {
                actor: Some(user.id),
                session: Some(new.id),
                client: Some(new.client.clone()),
                methods: new.methods,
                ..happened(kind, now).about(user.id)
            };
            record(tx, event(Kind::SIGNED_IN)).await?;
            if second.is_recovery() {
                record(tx, event(Kind::RECOVERY_CODE_USED)).await?;
            }
            if let Some(token) = &trusted {
                let device = TrustedDevice::new(device.clone(), address, now);
                tx.add_device(user.id, &device, &token.hash()).await?;
                record(tx, event(Kind::DEVICE_TRUSTED).with(&device.id)).await?;
            }
            // At the end: others who try the same account wait for these rows until the commit.
            if stored.factors > 0 && !second.is_code() {
                // A trusted device stands for no code: wrong ones from elsewhere stay counted.
                return Ok(tx.take_back(&lane).await?);
            }
            tx.clear_lanes(&lane).await?;
            if let Some(home) = &home {
                tx.know_lane(home, now).await?;
            }
            Ok(())
        });
        beginning.await.map_err(|refusal| match refusal {
            AccountsError::CodeRefused => self.refused_code(user.id),
            other => other,
        })?;
        self.feed.ring();
        acted!(user.role, { user.id = %user.id }, "user {} signed in", user.id);

        if let Some(password) = outdated {
            self.hash_anew(user.id, password, &stored.password_hash).await;
        }
        let refresh = refresh_token.map(|token| Refreshable { token, expires: new.expires });
        Ok(SignedIn { user: user.id, token, refresh, device: trusted })
    }

    /// A session that begins now, and its first refresh token if it is to have one.
    fn new_session(
        &self,
        Wanted { client, device, is_refreshable }: Wanted,
        methods: Methods,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> (NewSession, Option<RefreshToken>) {
        let id = SessionId::fresh(now);
        let token = is_refreshable.then(|| RefreshToken::first(id));
        let Lifetimes { session, token: short, idle, whole } = self.lifetimes;
        let family = token.as_ref().map(|token| NewFamily {
            family_hash: token.family_hash(),
            refresh_hash: token.hash(),
            last: now.after(whole),
        });
        let (expires, token_expires) = match family {
            Some(_) => (now.after(idle.min(whole)), now.after(short.min(whole))),
            None => (now.after(session), now.after(session)),
        };
        let new = NewSession {
            id,
            client,
            device,
            address,
            methods,
            began: now,
            expires,
            token_expires,
            family,
        };
        (new, token)
    }

    /// Brings an old hash up to today's cost. The person is signed in either way and waits for the answer, so at a busy
    /// moment or after a failure the old hash stays until the next sign-in.
    async fn hash_anew(&self, id: UserId, password: Password, old: &str) {
        let attempt = self.hasher.attempts().to_change(request_id::client());
        let Some(turn) = self.hasher.turn_now(attempt) else { return };
        let Ok(hash) = turn.hash(password).await else { return };
        let renewing = self.db.unit(async |tx| tx.refresh_hash(id, &hash, old).await);
        if let Err(error) = renewing.await {
            tracing::warn!(user.id = %id, error = &error as &dyn Error, "a hash could not be renewed");
        }
    }
}
