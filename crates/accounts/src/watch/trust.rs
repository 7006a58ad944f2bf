//! The stream of ended sessions and of members of studios, for the other services.

use std::{collections::VecDeque, time::Duration};

use sir0_contract_accounts_internal::{
    Heartbeat, InSync, StartOver, WatchEndedSessionsResponse, watch_ended_sessions_response::Update,
};
use sir0_feed::{Begin, List, Moment, Piece, Position, Reached, Told, Watch};
use sir0_kernel::{Roster, SessionId, StudioId};
use sir0_storage as storage;

use crate::{
    Accounts, AccountsError,
    convert::trust as convert,
    domain::{AccountsEvent, SessionEnded},
};

/// How many studios are read at a time, with at most a hundred members each.
const STUDIOS_AT_A_TIME: i64 = 100;

impl Accounts {
    /// Begins a stream: behind the position that the watcher reached before, or with the present.
    pub(crate) async fn watch(
        &self,
        resume_after: Option<Position>,
        studios: bool,
    ) -> Result<Watch<Trusted>, AccountsError> {
        let head = self.feed.committed().await?;
        let resume = resume_after.map(|position| Moment { position, stage: Reached::Changes });
        let begin = Begin { head, resume, sends_present: true };
        let stopping = self.shared.stopping.clone();
        let trusted = Trusted { accounts: self.clone(), studios };
        Ok(Watch::begin(trusted, &self.feed, begin, stopping))
    }
}

/// The sessions that are over, and who is in which studio, as a peer hears of them. Both are
/// sent a page at a time.
pub(crate) struct Trusted {
    accounts: Accounts,
    /// Whether the peer wants to hear of studios.
    studios: bool,
}

/// One thing that a peer hears of.
pub(crate) enum Item {
    Ended(SessionEnded),
    Studio(Roster),
}

/// Where a piece of the present begins. Sessions come first, and then studios by id.
pub(crate) enum Place {
    SessionsAfter(Option<SessionId>),
    StudiosAfter(Option<StudioId>),
}

impl Default for Place {
    fn default() -> Self {
        Self::SessionsAfter(None)
    }
}

impl List for Trusted {
    type Event = AccountsEvent;
    type Item = Item;
    type Place = Place;
    type Message = WatchEndedSessionsResponse;

    const HEARTBEAT: Duration = Duration::from_secs(2);
    const PROVES: bool = true;

    async fn present(&self, from: Place) -> storage::Result<Piece<Self>> {
        let db = &self.accounts.db;
        let (items, rest): (VecDeque<_>, _) = match from {
            Place::SessionsAfter(id) => {
                let now = self.accounts.shared.clock.now();
                let ended = db.ended_sessions(now, id, SessionEnded::PAGE).await?;
                let rest = match ended.last() {
                    Some(last) => Some(Place::SessionsAfter(Some(last.session))),
                    None => self.studios.then_some(Place::StudiosAfter(None)),
                };
                (ended.into_iter().map(Item::Ended).collect(), rest)
            }
            Place::StudiosAfter(id) => {
                let rosters = db.rosters(id, STUDIOS_AT_A_TIME).await?;
                let rest = rosters.last().map(|last| Place::StudiosAfter(Some(last.studio)));
                (rosters.into_iter().map(Item::Studio).collect(), rest)
            }
        };
        Ok(Piece { items, rest, held: None })
    }

    fn message(&self, told: Told<'_, Self>, at: Moment) -> Option<WatchEndedSessionsResponse> {
        let update = match told {
            Told::Present(Item::Ended(ended)) => ended.into(),
            Told::Change(AccountsEvent::SessionEnded(ended)) => (*ended).into(),
            Told::Present(Item::Studio(roster)) => Update::Roster(convert::told(&roster)),
            Told::Change(AccountsEvent::StudioChanged(_)) if !self.studios => return None,
            Told::Change(AccountsEvent::StudioChanged(roster)) => {
                Update::Roster(convert::told(roster))
            }
            Told::InSync => Update::InSync(InSync {}),
            Told::Heartbeat => Update::Heartbeat(Heartbeat {}),
            Told::StartOver => Update::StartOver(StartOver {}),
            // The end of the stream says that the process goes away.
            Told::Change(AccountsEvent::Security(_)) | Told::GoingAway => return None,
        };
        let resume_token = match at.stage {
            // The present has to be sent whole: there is no resuming inside it.
            Reached::Present => String::new(),
            Reached::Changes => convert::token_at(at.position, self.studios),
        };
        Some(WatchEndedSessionsResponse { update: Some(update), resume_token })
    }
}
