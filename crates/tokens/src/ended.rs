//! The sessions that ended before their token expired: what makes logout work although tokens
//! verify themselves.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use sir0_kernel::{SessionId, Timestamp};
use tokio::sync::watch;

/// The sessions whose tokens are refused although they have not expired. Clones share one set.
///
/// The set is a copy in memory. The truth is a table, and the feed tells every process.
///
/// Bounded by the lifetime of tokens: a session stays no longer than its token could have been
/// used, so the set is never larger than the number of sessions that ended within one lifetime, at
/// some 50 bytes each.
// One lock is enough: asking holds it for a single look-up, and only a logout or the sweep ever
// writes. The signature check beside it costs far more.
#[derive(Clone, Debug, Default)]
pub struct EndedSessions(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    ended: RwLock<HashMap<SessionId, Timestamp>>,
    /// Tells those who wait that another session ended.
    more: watch::Sender<()>,
}

impl EndedSessions {
    /// Refuses the session from now on. `expires` is when its last token expires.
    pub fn end(&self, session: SessionId, expires: Timestamp) {
        let mut ended = self.write();
        let kept = ended.entry(session).or_insert(expires);
        *kept = expires.max(*kept);
        drop(ended);
        self.0.more.send_replace(());
    }

    /// Waits until the session is ended. A session that ended before is noticed at once.
    pub async fn until_ended(&self, session: SessionId) {
        // What ends between the look and the wait is news to the receiver, which is here before either.
        let mut more = self.0.more.subscribe();
        while !self.is_ended(session) {
            // The sender lives as long as `self`, so this cannot fail.
            let _ = more.changed().await;
        }
    }

    /// Whether tokens of this session are to be refused.
    #[must_use]
    pub fn is_ended(&self, session: SessionId) -> bool {
        self.read().contains_key(&session)
    }

    /// Forgets the sessions whose tokens are refused anyway by now, and gives their memory back.
    pub fn forget_expired(&self, now: Timestamp) {
        let mut ended = self.write();
        ended.retain(|_, expires| *expires > now);
        if ended.len() < ended.capacity() / 4 {
            ended.shrink_to_fit();
        }
    }

    /// How many sessions are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.read().len()
    }

    /// Whether no session is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.read().is_empty()
    }

    // A panic elsewhere must not let ended sessions back in: the set is whole after every call.
    fn read(&self) -> RwLockReadGuard<'_, HashMap<SessionId, Timestamp>> {
        self.0.ended.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<SessionId, Timestamp>> {
        self.0.ended.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
    const LATER: Timestamp = Timestamp::from_micros(1_800_000_060_000_000);

    #[test]
    fn an_ended_session_is_refused_by_everyone_who_shares_the_set() {
        let ended = EndedSessions::default();
        let shared = ended.clone();
        let (over, alive) = (SessionId::fresh(NOON), SessionId::fresh(NOON));

        std::thread::spawn(move || shared.end(over, LATER)).join().expect("no panic");

        assert!(ended.is_ended(over));
        assert!(!ended.is_ended(alive));
    }

    #[tokio::test]
    async fn who_waits_for_the_end_of_a_session_hears_of_it_and_of_no_other() {
        let ended = EndedSessions::default();
        let (over, alive) = (SessionId::fresh(NOON), SessionId::fresh(NOON));
        let watched = ended.clone();
        let waiting = tokio::spawn(async move { watched.until_ended(over).await });
        tokio::task::yield_now().await;

        ended.end(alive, LATER);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        ended.end(over, LATER);

        waiting.await.expect("no panic");
        ended.until_ended(over).await;
    }

    #[test]
    fn a_session_is_forgotten_once_its_token_has_expired_and_not_a_moment_sooner() {
        let ended = EndedSessions::default();
        let session = SessionId::fresh(NOON);
        ended.end(session, LATER);

        ended.forget_expired(Timestamp::from_micros(LATER.micros() - 1));
        assert!(ended.is_ended(session));

        ended.forget_expired(LATER);
        assert!(!ended.is_ended(session) && ended.is_empty());
    }

    #[test]
    fn hearing_of_an_end_twice_keeps_the_later_expiry() {
        let ended = EndedSessions::default();
        let session = SessionId::fresh(NOON);

        ended.end(session, LATER);
        ended.end(session, NOON);
        ended.forget_expired(NOON);

        assert!(ended.is_ended(session));
        assert_eq!(ended.len(), 1);
    }

    #[test]
    fn memory_is_given_back_when_tokens_have_expired() {
        let ended = EndedSessions::default();
        for _ in 0..10_000 {
            ended.end(SessionId::fresh(NOON), LATER);
        }

        ended.forget_expired(LATER);

        assert!(ended.is_empty());
        assert!(ended.read().capacity() < 100);
    }
}
