//! The stream of what happens to accounts, for administrators.
//!
//! It is a log: what was missed is read from the table where events are kept, at the positions that they have in the feed. So
//! a watcher who was away for longer than the feed remembers misses nothing either.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use sir0_contract_accounts::{SecurityEvent, WatchSecurityEventsResponse};
use sir0_feed::{Begin, List, Moment, Piece, Position, Reached, Told, Watch};
use sir0_kernel::Share;
use sir0_rpc::{Seal, request_id};
use sir0_storage as storage;

use crate::{
    Accounts, AccountsError,
    convert::audit::{WATCH, wire_event},
    db::AccountsDb,
    domain::{AccountsEvent, Placed},
};

/// How many events are read ahead of the client.
const READ_AHEAD: i64 = 32;
/// How many bytes of the client's share they are held against.
const READ_AHEAD_BYTES: usize = 16 * 1024;

impl Accounts {
    /// Begins a stream: behind the moment that the watcher reached before, or behind everything committed before it asked.
    pub(crate) async fn watch_events(
        &self,
        resume: Option<Moment>,
    ) -> Result<Watch<Happenings>, AccountsError> {
        let head = self.feed.committed().await?;
        if resume.is_some_and(|moment| moment.position > head) {
            return Err(AccountsError::ResumeTokenAhead);
        }
        let share = request_id::share();
        let happenings = Happenings {
            db: self.db.clone(),
            seal: self.seal.clone(),
            share: share.clone(),
            told: AtomicI64::new(resume.map_or(head, |moment| moment.position)),
        };
        let begin = Begin { head, resume, sends_present: false };
        let stopping = self.shared.stopping.clone();
        Ok(Watch::begin(happenings, &self.feed, begin, stopping).held_against(share))
    }
}

/// What happens, as one watcher hears of it.
pub(crate) struct Happenings {
    db: AccountsDb,
    seal: Seal,
    /// The share that events read ahead are held against.
    share: Option<Share>,
    /// The position of the last event that was told, or behind which the stream began. What the table tells of, the feed may
    /// tell once more.
    told: AtomicI64,
}

impl Happenings {
    /// Notes that an event is told, unless it was told before.
    fn is_news(&self, position: Position) -> bool {
        self.told.fetch_max(position, Ordering::Relaxed) < position
    }

    fn says(
        &self,
        event: Option<SecurityEvent>,
        position: Position,
        going_away: bool,
    ) -> WatchSecurityEventsResponse {
        let resume_token = Moment { position, stage: Reached::Changes }.token(&self.seal, WATCH);
        WatchSecurityEventsResponse { event, resume_token, going_away }
    }
}

impl List for Happenings {
    type Event = AccountsEvent;
    type Item = Placed;
    /// Behind this position. `None` is behind the last event that was told: the present of a log is what was missed.
    type Place = Option<Position>;
    type Message = WatchSecurityEventsResponse;

    const HEARTBEAT: Duration = Duration::from_secs(15);

    async fn present(&self, from: Option<Position>) -> storage::Result<Piece<Self>> {
        let from = from.unwrap_or_else(|| self.told.load(Ordering::Relaxed));
        // One event at a time for a client that has no room for more.
        let room = self.share.as_ref().map(|share| share.hold_ahead(READ_AHEAD_BYTES)).transpose();
        let most = room.as_ref().map_or(1, |_| READ_AHEAD);
        let kept = self.db.security_events_after(from, most).await?;
        let items = kept.iter().map(Placed::try_from).collect::<storage::Result<VecDeque<_>>>()?;
        let rest = kept.last().map(|last| Some(last.position));
        let held = room.ok().flatten().filter(|_| !kept.is_empty());
        Ok(Piece { items, rest, held })
    }

    fn message(&self, told: Told<'_, Self>, at: Moment) -> Option<WatchSecurityEventsResponse> {
        match told {
            Told::Present(placed) => {
                let position = placed.position;
                self.is_news(position).then(|| self.says(Some(placed.into()), position, false))
            }
            Told::Change(AccountsEvent::Security(event)) => {
                let position = at.position;
                let event = || SecurityEvent { position, ..wire_event(event) };
                self.is_news(position).then(|| self.says(Some(event()), position, false))
            }
            // To start over means no more than that what was missed follows: nothing has to be forgotten.
            Told::Change(AccountsEvent::SessionEnded(_) | AccountsEvent::StudioChanged(_))
            | Told::StartOver => None,
            Told::InSync | Told::Heartbeat => Some(self.says(None, at.position, false)),
            Told::GoingAway => {
                let position = match at.stage {
                    Reached::Changes => at.position,
                    Reached::Present => self.told.load(Ordering::Relaxed),
                };
                Some(self.says(None, position, true))
            }
        }
    }
}

/// Each open stream has its own. What is large and the same for all of them belongs behind a pointer.
const _: () = assert!(size_of::<Happenings>() <= 128, "see docs/adr/0035");
