//! The doorway for the other services, in the order of `sessions_service.proto`.

use std::{future, pin::Pin, time::Duration};

use futures::{Stream, StreamExt, TryStreamExt, stream};
use sir0_contract::accounts::{
    self as pb, Heartbeat, InSync, KeySet, StartOver, WatchEndedSessionsResponse as Message,
    sessions_service_server::SessionsService, watch_ended_sessions_response::Update,
};
use sir0_feed::{Begin, List, Moment, Piece, Position, Reached, Told, Watch};
use sir0_rpc::InvalidFields;
use sir0_storage as storage;
use tonic::{Request, Response, Status};

use crate::{
    Accounts, AccountsError,
    convert::wire_time,
    events::{AccountsEvent, SessionEnded},
};

#[tonic::async_trait]
impl SessionsService for Accounts {
    type WatchEndedSessionsStream = Pin<Box<dyn Stream<Item = Result<Message, Status>> + Send>>;

    async fn watch_ended_sessions(
        &self,
        request: Request<pb::WatchEndedSessionsRequest>,
    ) -> Result<Response<Self::WatchEndedSessionsStream>, Status> {
        self.shared().doorman.identify_peer(request.metadata())?;
        let resume_after = position_in(&request.get_ref().resume_token)?;

        let head = self.feed().committed().await.map_err(AccountsError::from)?;
        let resume = resume_after.map(|position| Moment { position, stage: Reached::Changes });
        let begin = Begin { head, resume, sends_present: true };
        let stopping = self.shared().stopping.clone();
        let ends = Watch::begin(Ends(self.clone()), self.feed(), begin, stopping).messages();

        let keys = Update::KeySet(KeySet { jwks: self.jwks() });
        let keys = Message { update: Some(keys), resume_token: String::new() };
        let ends = ends.map_err(|error| AccountsError::from(error).into());
        Ok(Response::new(Box::pin(stream::once(future::ready(Ok(keys))).chain(ends))))
    }
}

/// The position in a resume token. It is not sealed, because every holder of the services' secret may know it.
fn position_in(token: &str) -> Result<Option<Position>, InvalidFields> {
    if token.is_empty() {
        return Ok(None);
    }
    let position = token.parse().ok().filter(|position| *position >= 0);
    let forged = || InvalidFields::one("resume_token", "is not one of ours");
    position.map(Some).ok_or_else(forged)
}

/// The sessions that are over, as a peer hears of them. They are no more than this process remembers anyway.
struct Ends(Accounts);

impl List for Ends {
    type Event = AccountsEvent;
    type Item = SessionEnded;
    type Place = ();
    type Message = Message;

    const HEARTBEAT: Duration = Duration::from_secs(2);
    const PROVES: bool = true;

    async fn present(&self, (): ()) -> storage::Result<Piece<Self>> {
        let now = self.0.shared().clock.now();
        let items = self.0.db().ended_sessions(now).await?.into();
        Ok(Piece { items, rest: None, held: None })
    }

    fn message(&self, told: Told<'_, Self>, at: Moment) -> Option<Message> {
        let update = match told {
            Told::Present(ended) | Told::Change(&AccountsEvent::SessionEnded(ended)) => {
                Update::Ended(pb::SessionEnded {
                    session_id: ended.session.to_string(),
                    expire_time: Some(wire_time(ended.expires)),
                })
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
        Some(Message { update: Some(update), resume_token })
    }
}
