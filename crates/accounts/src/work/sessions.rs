//! Sessions: listed, and ended by a sign-out or by a change to the account.

use std::time::Duration;

use sir0_contract_accounts::calls::{accounts_service as calls, sessions_service as session_calls};
use sir0_kernel::{SessionId, Timestamp, UserId};
use sir0_rpc::{Caller, acted};
use sir0_storage::{self as storage, once::Answer};
use sir0_tokens::Claims;

use super::{
    Accounts,
    audit::{done_by, happened, record},
    confirmations::approved,
    guard::At,
};
use crate::{
    AccountsError,
    db::AccountsTx,
    domain::{
        AccountsEvent, Action, EndSessions, Kind, RefreshToken, SecurityEvent, Session,
        SessionEnded,
    },
};

/// The ends of sessions whose tokens expired so long ago are not told: no clock of ours is further behind.
const SLOWEST_CLOCK: Duration = Duration::from_mins(1);

/// A token that names the session to end.
enum SignOut {
    Access(Claims),
    Refresh(RefreshToken),
}

impl Accounts {
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
            if let Some(SessionEnded { session, .. }) = ended {
                let user = tx.session_owner(session).await?;
                let event = happened(Kind::SIGNED_OUT, at);
                record(tx, SecurityEvent { user, actor: user, session: Some(session), ..event })
                    .await?;
            }
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
                if !ended.is_empty() {
                    record(tx, ended_by(&by, user, &ended, at)).await?;
                }
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

/// The event that tells of sessions of an account that a caller ended.
pub(super) fn ended_by(
    by: &Caller,
    user: UserId,
    ended: &[SessionEnded],
    at: Timestamp,
) -> SecurityEvent {
    let event = done_by(by, Kind::SESSIONS_ENDED, at).about(user).counting(ended.len());
    match ended {
        [one] => event.with(&one.session),
        _ => event,
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
