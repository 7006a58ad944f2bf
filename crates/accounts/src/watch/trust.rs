//! The stream of ended sessions, for the other services.

use std::time::Duration;

use sir0_contract_accounts_internal::{
    Heartbeat, InSync, StartOver, WatchEndedSessionsResponse, watch_ended_sessions_response::Update,
};
use sir0_feed::{Begin, List, Moment, Piece, Position, Reached, Told, Watch};
use sir0_kernel::SessionId;
use sir0_storage as storage;

use crate::{
    Accounts, AccountsError,
    domain::{AccountsEvent, SessionEnded},
    work::trust::ENDED_PAGE,
};

impl Accounts {
    /// Begins a stream: behind the position that the watcher reached before, or with the present.
    pub(crate) async fn watch(
        &self,
        resume_after: Option<Position>,
    ) -> Result<Watch<Ends>, AccountsError> {
        let head = self.feed.committed().await?;
        let resume = resume_after.map(|position| Moment { position, stage: Reached::Changes });
        let begin = Begin { head, resume, sends_present: true };
        let stopping = self.shared.stopping.clone();
        Ok(Watch::begin(Ends(self.clone()), &self.feed, begin, stopping))
    }
}

/// The sessions that are over, as a peer hears of them, a page at a time.
pub(crate) struct Ends(Accounts);

impl List for Ends {
    type Event = AccountsEvent;
    type Item = SessionEnded;
    /// Behind this session.
    type Place = Option<SessionId>;
    type Message = WatchEndedSessionsResponse;

    const HEARTBEAT: Duration = Duration::from_secs(2);
    const PROVES: bool = true;

    async fn present(&self, behind: Self::Place) -> storage::Result<Piece<Self>> {
        let now = self.0.shared.clock.now();
        let ended = self.0.db.ended_sessions(now, behind, ENDED_PAGE).await?;
        let rest = ended.last().map(|last| Some(last.session));
        Ok(Piece { items: ended.into(), rest, held: None })
    }

    fn message(&self, told: Told<'_, Self>, at: Moment) -> Option<WatchEndedSessionsResponse> {
        let update = match told {
            Told::Present(ended) | Told::Change(&AccountsEvent::SessionEnded(ended)) => {
                ended.into()
            }
            Told::InSync => Update::InSync(InSync {}),
            Told::Heartbeat => Update::Heartbeat(Heartbeat {}),
            Told::StartOver => Update::StartOver(StartOver {}),
            // The end of the stream says it.
            Told::GoingAway => return None,
        };
        let resume_token = match at.stage {
            // The present has to be sent whole: there is no resuming inside it.
            Reached::Present => String::new(),
            Reached::Changes => at.position.to_string(),
        };
        Some(WatchEndedSessionsResponse { update: Some(update), resume_token })
    }
}
