//! Security events: recorded with the change that they tell of, and listed for owners and administrators.
//!
//! A unit of work says what it does with one line, behind the statements that do it:
//!
//! ```ignore
//! record(tx, done_by(&by, Kind::STUDIO_RENAMED, at).with(&studio)).await?;
//! ```
//!
//! [`done_by`] is for what a caller does, also to another account, which [`SecurityEvent::about`] names; [`happened`] is for
//! what is done without a session. After the commit `feed.ring()` brings it to watchers at once. A new kind is a line
//! in [`Kind`].

use std::time::Duration;

use sir0_kernel::{Client, Timestamp, UserId};
use sir0_rpc::{Caller, request_id};
use sir0_storage as storage;

use super::Accounts;
use crate::{
    AccountsError,
    db::AccountsTx,
    domain::{AccountsEvent, EventFilter, EventPlace, Kind, Placed, SecurityEvent},
};

/// How many events are forgotten in one unit of work: others wait for it on SQLite.
const BATCH: i64 = 1_000;
/// How many counts of refused attempts are kept, of all accounts and addresses together. A row is some 300 bytes with its indexes.
const MOST_REFUSED: i64 = 100_000;
/// How many events of a kind are kept about an account. A person makes fewer in a year; a program could fill the disk.
const MOST_OF_A_KIND: i64 = 10_000;
/// An account is looked at for that once so many events of a kind happened to it within so long.
const USUAL: (Duration, i64) = (Duration::from_hours(24), 300);

/// Records what happened, in the unit of work that does it: it is told if and only if it happens.
pub(crate) async fn record(tx: &mut AccountsTx, event: SecurityEvent) -> storage::Result<()> {
    let at = event.at;
    tx.announce(&AccountsEvent::Security(Box::new(event)).announcement(at)).await
}

/// Something that happens by the request of this task, if it works for one.
pub(crate) fn happened(kind: Kind, at: Timestamp) -> SecurityEvent {
    SecurityEvent {
        address: request_id::client().map(Client::address),
        request: request_id::if_any().map(|id| id.as_str().to_owned()),
        ..SecurityEvent::new(kind, at)
    }
}

/// Something that a caller does to their own account.
pub(crate) fn done_by(by: &Caller, kind: Kind, at: Timestamp) -> SecurityEvent {
    SecurityEvent {
        user: Some(by.user),
        actor: Some(by.user),
        session: Some(by.session),
        methods: by.methods,
        ..happened(kind, at)
    }
}

impl Accounts {
    /// A page of what happened to an account, behind this place. The second part is where the next page begins, if there
    /// is one.
    pub(crate) async fn activity(
        &self,
        user: UserId,
        behind: Option<EventPlace>,
        most: usize,
    ) -> Result<(Vec<Placed>, Option<EventPlace>), AccountsError> {
        let filter = EventFilter { user: Some(user), kind: None, since: EventPlace::ALWAYS };
        let behind = behind.unwrap_or(EventPlace::before(EventPlace::NEVER));
        let (events, next) = self.security_events(&filter, behind, most).await?;
        let own = |it: Placed| Placed { event: it.event.told_to_owner(), ..it };
        Ok((events.into_iter().map(own).collect(), next))
    }

    /// A page of what happened, behind this place. The second part as above.
    pub(crate) async fn security_events(
        &self,
        filter: &EventFilter,
        behind: EventPlace,
        most: usize,
    ) -> Result<(Vec<Placed>, Option<EventPlace>), AccountsError> {
        // What committed before the question is in the table once it has its position.
        self.feed.committed().await?;
        let one_more = i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1);
        let kept = self.db.security_events(filter, behind, one_more).await?;
        let mut events = kept.iter().map(Placed::try_from).collect::<storage::Result<Vec<_>>>()?;
        let has_more = events.len() > most;
        events.truncate(most);
        let next = events.last().filter(|_| has_more);
        let next = next.map(|it| EventPlace { at: it.event.at, position: it.position });
        Ok((events, next))
    }

    /// Forgets events that are old, counts of refused attempts beyond the bound, and what an account makes too much of. Of that
    /// the oldest of the same kind go, and all other kinds stay: one thing cannot be hidden by doing another.
    pub(super) async fn forget_security_events(&self, now: Timestamp) -> storage::Result<()> {
        if let Some(kept) = self.events_kept {
            let before = now.before(kept);
            while self.db.unit(async |tx| tx.forget_security_events(before, BATCH).await).await? > 0
            {
            }
        }
        let refused = Kind::ATTEMPTS_REFUSED;
        let forgetting = || {
            self.db
                .unit(async |tx| tx.forget_security_events_of(&refused, MOST_REFUSED, BATCH).await)
        };
        while forgetting().await? > 0 {}
        let (lately, usual) = USUAL;
        for (user, kind) in self.db.busy_accounts(now.before(lately), usual).await? {
            self.forget_oldest_of(user, &kind).await?;
        }
        Ok(())
    }

    async fn forget_oldest_of(&self, user: UserId, kind: &Kind) -> storage::Result<()> {
        let forgetting = || {
            self.db.unit(async |tx| {
                tx.forget_security_events_of_account(user, kind, MOST_OF_A_KIND, BATCH).await
            })
        };
        while forgetting().await? > 0 {}
        Ok(())
    }
}
