//! Sessions: begun by a sign-in, listed, ended by a sign-out or by a change to the account.

use std::{error::Error, net::IpAddr, time::Duration};

use sir0_contract_accounts::calls::{accounts_service as calls, sessions_service as session_calls};
use sir0_kernel::{SessionId, Timestamp, UserId};
use sir0_rpc::{Caller, Client, acted, rates::Standing, request_id};
use sir0_storage::{self as storage, once::Answer};
use sir0_tokens::{Claims, Methods, SignIn};

use super::{Accounts, confirmations::approved, guard::At, passwords::Proved};
use crate::{
    AccountsError,
    db::{AccountsTx, StoredUser},
    domain::{
        AccountsEvent, Action, EndSessions, Lifetimes, Login, NewFamily, NewSession, Password,
        Place, RefreshToken, Refreshable, Session, SessionEnded, SignedIn, Wanted,
    },
    hashing::Turn,
};

/// The ends of sessions whose tokens expired so long ago are not told: no clock of ours is further behind.
const SLOWEST_CLOCK: Duration = Duration::from_mins(1);

/// A token that names the session to end.
enum SignOut {
    Access(Claims),
    Refresh(RefreshToken),
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
            Ok(login) => match self.guard.pass(calls::LOGIN, At::Email(&login.email), None).await {
                Ok(left) => {
                    standing = left;
                    self.prove(login, wanted).await
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
    async fn prove(&self, login: Login, wanted: Wanted) -> Result<SignedIn, AccountsError> {
        let attempt = self.hasher.attempts().to_sign_in(request_id::client(), &login.email);
        let turn = self.hasher.turn(attempt).await?;
        let is_known = self.hasher.attempts().knows(&attempt);
        // A caller who leaves takes no count along: not the failure, and not the success that forgets it.
        let proving = self.clone().prove_in_turn(turn, login, is_known, wanted);
        self.shared.tasks.to_completion(proving).await
    }

    async fn prove_in_turn(
        self,
        turn: Turn,
        Login { email, password }: Login,
        is_known: bool,
        wanted: Wanted,
    ) -> Result<SignedIn, AccountsError> {
        let judged = self.judge(turn, &email, password.clone(), is_known).await?;
        let Proved { stored, is_outdated, lane } =
            judged.ok_or(AccountsError::InvalidCredentials)?;
        let outdated = is_outdated.then_some(password);
        let home = self.home(&email, request_id::client());
        self.begin_session(stored, outdated, wanted, &lane, home).await
    }

    async fn begin_session(
        self,
        stored: StoredUser,
        outdated: Option<Password>,
        wanted: Wanted,
        lane: &Place,
        home: Option<Place>,
    ) -> Result<SignedIn, AccountsError> {
        let now = self.shared.clock.now();
        let user = &stored.user;
        let address = request_id::client().map(Client::address);
        let (new, refresh_token) = self.new_session(wanted, address, now);
        let sign_in = SignIn {
            user: user.id,
            role: user.role,
            session: new.id,
            client: new.client.as_str(),
            at: now,
            methods: new.methods,
        };
        let token = self.trust.mint.mint(&sign_in, now, new.token_expires);

        let beginning = self.db.unit(async |tx| {
            if !tx.begin_session(&new, &stored).await? {
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
        let refresh = refresh_token.map(|token| Refreshable { token, expires: new.expires });
        Ok(SignedIn { user: user.id, token, refresh })
    }

    /// A session that begins now, and its first refresh token if it is to have one.
    fn new_session(
        &self,
        Wanted { client, device, is_refreshable }: Wanted,
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
            methods: Methods::PASSWORD,
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

    /// A page of the sessions of an account that are not over, behind this one. The second part is where the next page
    /// begins, if there is one.
    pub(crate) async fn sessions_of(
        &self,
        user: UserId,
        behind: Option<SessionId>,
        most: usize,
    ) -> Result<(Vec<Session>, Option<SessionId>), AccountsError> {
        let now = self.shared.clock.now();
        let one_more = i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1);
        let mut sessions = self.db.sessions_of(user, now, behind, one_more).await?;
        let has_more = sessions.len() > most;
        sessions.truncate(most);
        let next = sessions.last().map(|session| session.id).filter(|_| has_more);
        Ok((sessions, next))
    }

    /// Ends the session of a token. Ending it again changes nothing.
    pub(crate) async fn sign_out(&self, token: &str) -> Result<(), AccountsError> {
        self.guard.pass(calls::LOGOUT, At::NoOne, None).await?;
        let shown = match RefreshToken::parse(token) {
            Some(token) => SignOut::Refresh(token),
            None => SignOut::Access(
                self.trust
                    .verifier
                    .recognise(token)
                    .map_err(|_told_to_no_one| AccountsError::UnknownToken)?,
            ),
        };
        self.shared.tasks.to_completion(self.clone().save_sign_out(shown)).await
    }

    async fn save_sign_out(self, shown: SignOut) -> Result<(), AccountsError> {
        let at = self.shared.clock.now();
        let ending = self.db.unit(async |tx| {
            let ended = match &shown {
                SignOut::Access(claims) => tx.end_session(claims.session, at).await?,
                SignOut::Refresh(token) => {
                    tx.end_family(token.session, &token.family_hash(), at).await?
                }
            };
            announce(tx, ended.as_slice(), at).await?;
            Ok::<_, AccountsError>(ended)
        });
        let ended = ending.await?;
        self.ended(ended.as_slice());
        if let (Some(_), SignOut::Access(Claims { user: id, role, .. })) = (&ended, &shown) {
            acted!(*role, { user.id = %id }, "user {id} signed out");
        }
        Ok(())
    }

    /// Ends sessions of an account.
    pub(crate) async fn end_sessions<A: Answer + Send + 'static>(
        &self,
        by: Caller,
        end: EndSessions,
        answer: impl Fn(usize) -> A + Send + Sync + 'static,
    ) -> Result<A, AccountsError> {
        if end.confirmation.is_some() {
            self.guard.pass(session_calls::END_SESSIONS, At::User(by.user), None).await?;
        }
        self.shared.tasks.to_completion(self.clone().save_ends(by, end, answer)).await
    }

    async fn save_ends<A: Answer>(
        self,
        by: Caller,
        EndSessions { user, sessions, keeps_current, confirmation }: EndSessions,
        answer: impl Fn(usize) -> A,
    ) -> Result<A, AccountsError> {
        for session in &sessions {
            if !self.db.has_session(user, *session).await? {
                return Err(AccountsError::SessionNotFound);
            }
        }
        let at = self.shared.clock.now();
        let is_to_leave = sessions == [by.session];
        let ending = self.db.once(
            |ended: &Vec<SessionEnded>| answer(ended.len()),
            async |tx| {
                // To leave needs no more than to be there.
                if !is_to_leave {
                    let action = Action::EndSessions(user);
                    approved(tx, &by, confirmation.as_ref(), action, at).await?;
                }
                let spared = keeps_current.then_some(by.session);
                let mut ended = Vec::new();
                for session in sessions.iter().filter(|session| Some(**session) != spared) {
                    ended.extend(tx.end_session(*session, at).await?);
                }
                if sessions.is_empty() {
                    ended = tx.end_sign_ins_of(user, spared, at).await?;
                }
                announce(tx, &ended, at).await?;
                Ok::<_, AccountsError>(ended)
            },
        );
        let (answer, ended) = ending.await?;
        self.ended(&ended);
        if !ended.is_empty() {
            let count = ended.len();
            acted!(
                by.role,
                { user.id = %by.user, account.id = %user },
                "{count} sessions of user {user} were ended"
            );
        }
        Ok(answer)
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

/// Records the events that tell of the end of sessions, as far as there are tokens to refuse.
pub(crate) async fn announce(
    tx: &mut AccountsTx,
    ended: &[SessionEnded],
    at: Timestamp,
) -> storage::Result<()> {
    for ended in ended.iter().filter(|ended| ended.expires > at.before(SLOWEST_CLOCK)) {
        tx.announce(&AccountsEvent::SessionEnded(*ended).announcement(at)).await?;
    }
    Ok(())
}
