//! Sessions: begun by a sign-in, ended by a sign-out or by a change to the account.

use std::error::Error;

use sir0_contract_accounts::calls::accounts_service as calls;
use sir0_kernel::{SessionId, Timestamp, UserId};
use sir0_rpc::{acted, rates::Standing, request_id};
use sir0_storage as storage;
use sir0_tokens::{AccessToken, Claims};

use super::{Accounts, guard::At, lanes::MustWait};
use crate::{
    AccountsError,
    db::{AccountsTx, StoredUser},
    domain::{AccountsEvent, Email, Login, Password, Place, SessionEnded},
    hashing::{Turn, Verdict},
};

impl Accounts {
    /// Signs a person in, and counts the outcome. A login that cannot be read is an outcome too. Tells what is left of the
    /// attempts.
    pub(crate) async fn sign_in(
        &self,
        login: Result<Login, AccountsError>,
    ) -> (Option<Standing>, Result<(UserId, AccessToken), AccountsError>) {
        let mut standing = None;
        let signed_in = match login {
            Ok(login) => match self.guard.pass(calls::LOGIN, At::Email(&login.email), None).await {
                Ok(left) => {
                    standing = left;
                    self.prove(login).await
                }
                Err(exceeded) => Err(exceeded.into()),
            },
            Err(refused) => Err(refused),
        };
        let outcome = match signed_in {
            Ok(_) => "signed_in",
            Err(AccountsError::InvalidCredentials) => "refused",
            Err(AccountsError::TooBusy(_)) => "too_busy",
            Err(AccountsError::TooManyRequests(_)) => "too_many_requests",
            Err(AccountsError::TooManyAttempts(_)) => "too_many_attempts",
            Err(_) => "failed",
        };
        metrics::counter!("sir0_logins_total", "outcome" => outcome).increment(1);
        (standing, signed_in)
    }

    /// Checks the password, and begins a session.
    async fn prove(&self, login: Login) -> Result<(UserId, AccessToken), AccountsError> {
        let Login { email, password } = login;
        let attempt = self.hasher.attempts().to_sign_in(request_id::client(), &email);
        let turn = self.hasher.turn(attempt).await?;
        let is_known = self.hasher.attempts().knows(&attempt);
        // A caller who leaves takes no count along: not the failure, and not the success that forgets it.
        let judging = self.clone().judge(turn, Login { email, password }, is_known);
        self.shared.tasks.to_completion(judging).await
    }

    /// Judges a password whose turn has come, and begins a session.
    ///
    /// The database is asked only now, so a flood asks it no more often than it may hash.
    async fn judge(
        self,
        turn: Turn,
        Login { email, password }: Login,
        is_known: bool,
    ) -> Result<(UserId, AccessToken), AccountsError> {
        let client = request_id::client();
        let lane = self.lane_at(&email, client, is_known).await?;
        // The attempt is a failure from here on until it is known better. Guesses at the same time are not one guess.
        let charged = match self.charge(&email, &lane).await? {
            Ok(charged) => charged,
            Err(MustWait(wait)) => return Err(turn.delayed(wait).into()),
        };
        let (stored, verdict) = match self.compare(turn, &email, password.clone()).await {
            Ok(compared) => compared,
            Err(error) => {
                self.take_back(charged).await;
                return Err(error);
            }
        };
        let Some(stored) = stored.filter(|_| verdict.matches) else {
            return Err(AccountsError::InvalidCredentials);
        };
        let outdated = verdict.outdated.then_some(password);
        let home = self.home(&email, client);
        self.begin_session(stored, outdated, charged.place(), home).await
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

    async fn begin_session(
        self,
        stored: StoredUser,
        outdated: Option<Password>,
        lane: &Place,
        home: Option<Place>,
    ) -> Result<(UserId, AccessToken), AccountsError> {
        let now = self.shared.clock.now();
        let user = &stored.user;
        let session = SessionId::fresh(now);
        let token = self.trust.mint.mint(user.id, user.role, session, now);

        let beginning = self.db.unit(async |tx| {
            if !tx.begin_session(session, &stored, now, token.expires).await? {
                return Err(AccountsError::InvalidCredentials);
            }
            // At the end: others who try the same account wait for these rows until the commit.
            tx.clear_lanes(lane).await?;
            if let Some(home) = &home {
                tx.know_lane(home, now).await?;
            }
            Ok(())
        });
        beginning.await?;
        acted!(user.role, { user.id = %user.id }, "user {} signed in", user.id);

        if let Some(password) = outdated {
            self.hash_anew(user.id, password, &stored.password_hash).await;
        }
        Ok((user.id, token))
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

    /// Ends the session of a token. Ending it again changes nothing.
    pub(crate) async fn sign_out(&self, token: &str) -> Result<(), AccountsError> {
        self.guard.pass(calls::LOGOUT, At::NoOne, None).await?;
        let claims = self.trust.verifier.recognise(token);
        let claims = claims.map_err(|_told_to_no_one| AccountsError::UnknownToken)?;
        self.shared.tasks.to_completion(self.clone().save_end(claims)).await
    }

    async fn save_end(self, claims: Claims) -> Result<(), AccountsError> {
        let Claims { user: id, role, session, .. } = claims;
        let at = self.shared.clock.now();
        let ending = self.db.unit(async |tx| {
            let ended = tx.end_session(session, at).await?;
            announce(tx, ended.as_slice(), at).await?;
            Ok::<_, AccountsError>(ended)
        });
        let ended = ending.await?;
        self.ended(ended.as_slice());
        if ended.is_some() {
            acted!(role, { user.id = %id }, "user {id} signed out");
        }
        Ok(())
    }

    /// Refuses the tokens of sessions whose end is committed: in this process at once, in others as soon as they hear
    /// of it.
    pub(crate) fn ended(&self, sessions: &[SessionEnded]) {
        for ended in sessions {
            self.trust.end(*ended);
        }
        self.feed.ring();
    }
}

/// Records the events that tell of the end of sessions.
pub(crate) async fn announce(
    tx: &mut AccountsTx,
    ended: &[SessionEnded],
    at: Timestamp,
) -> storage::Result<()> {
    for ended in ended {
        tx.announce(&AccountsEvent::SessionEnded(*ended).announcement(at)).await?;
    }
    Ok(())
}
