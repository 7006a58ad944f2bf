//! The doorway for the other services, in the order of `sessions_service.proto`.
//!
//! A watcher holds a position and no queue: what a slow one has not read yet stays in the table.

use std::{pin::Pin, time::Duration, vec};

use futures::{Stream, stream};
use sir0_contract::accounts::{
    self as pb, Heartbeat, InSync, KeySet, StartOver, WatchEndedSessionsResponse as Message,
    sessions_service_server::SessionsService, watch_ended_sessions_response::Update,
};
use sir0_feed::{Follower, Heard, Position};
use sir0_rpc::InvalidFields;
use sir0_storage as storage;
use tokio::time::Instant;
use tonic::{Request, Response, Status};

use crate::{Accounts, AccountsError, convert::wire_time, events::SessionEnded};

const HEARTBEAT: Duration = Duration::from_secs(2);

#[tonic::async_trait]
impl SessionsService for Accounts {
    type WatchEndedSessionsStream = Pin<Box<dyn Stream<Item = Result<Message, Status>> + Send>>;

    async fn watch_ended_sessions(
        &self,
        request: Request<pb::WatchEndedSessionsRequest>,
    ) -> Result<Response<Self::WatchEndedSessionsStream>, Status> {
        self.shared().doorman.identify_peer(request.metadata())?;
        let resume_after = position_in(&request.get_ref().resume_token)?;

        let watch = Watch::begin(self.clone(), resume_after).await.map_err(AccountsError::from)?;

        Ok(Response::new(Box::pin(watch.messages())))
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

/// One open stream.
struct Watch {
    accounts: Accounts,
    follower: Follower<SessionEnded>,
    /// The keys, which are sent first.
    keys: Option<Update>,
    /// Whether the watcher is to be told that it missed something.
    start_over: bool,
    /// The sessions that ended already, while they are being sent. They are no more than this process remembers anyway.
    present: vec::IntoIter<SessionEnded>,
    /// The position at which the watcher is told that nothing is missing.
    told_at: Option<Position>,
    was_in_sync: bool,
    beats_at: Instant,
}

impl Watch {
    async fn begin(accounts: Accounts, resume_after: Option<Position>) -> storage::Result<Self> {
        let head = head(&accounts).await?;
        let can_resume = resume_after.is_some_and(|position| position <= head);
        let from = resume_after.filter(|_| can_resume).unwrap_or(head);
        let jwks = accounts.jwks();
        let mut watch = Self {
            follower: accounts.feed().follow(from),
            accounts,
            keys: Some(Update::KeySet(KeySet { jwks })),
            start_over: resume_after.is_some() && !can_resume,
            present: Vec::new().into_iter(),
            told_at: Some(head),
            was_in_sync: false,
            beats_at: Instant::now(),
        };
        if !can_resume {
            watch.read_present().await?;
        }
        Ok(watch)
    }

    /// The messages, until the peer leaves or the server stops.
    fn messages(self) -> impl Stream<Item = Result<Message, Status>> + Send {
        stream::unfold(Some(self), async |watch| {
            let mut watch = watch?;
            match watch.next().await {
                Ok(Some(message)) => Some((Ok(message), Some(watch))),
                Ok(None) => None,
                Err(error) => Some((Err(AccountsError::Database(error).into()), None)),
            }
        })
    }

    async fn next(&mut self) -> storage::Result<Option<Message>> {
        if let Some(keys) = self.keys.take() {
            return Ok(Some(unresumable(keys)));
        }
        if std::mem::take(&mut self.start_over) {
            return Ok(Some(unresumable(Update::StartOver(StartOver {}))));
        }
        if let Some(ended) = self.present.next() {
            return Ok(Some(unresumable(update(&ended))));
        }
        let stopping = self.accounts.shared().stopping.clone();
        loop {
            if self.told_at.is_some_and(|position| position <= self.follower.position()) {
                return Ok(Some(self.nothing_is_missing()));
            }
            tokio::select! {
                heard = self.follower.next() => match heard? {
                    Heard::Event(ended) => return Ok(Some(self.at_position(update(&ended)))),
                    Heard::Lost => {
                        self.told_at = Some(self.follower.position());
                        self.was_in_sync = false;
                        self.read_present().await?;
                        return Ok(Some(unresumable(Update::StartOver(StartOver {}))));
                    }
                },
                // The table is asked, not the feed, because a feed that stands still must not say that all is well.
                () = tokio::time::sleep_until(self.beats_at), if self.told_at.is_none() => {
                    self.told_at = Some(head(&self.accounts).await?);
                }
                () = stopping.cancelled() => return Ok(None),
            }
        }
    }

    /// The follower stands before this read, so an end in between is heard twice, never missed.
    async fn read_present(&mut self) -> storage::Result<()> {
        let now = self.accounts.shared().clock.now();
        self.present = self.accounts.db().ended_sessions(now).await?.into_iter();
        Ok(())
    }

    fn nothing_is_missing(&mut self) -> Message {
        self.told_at = None;
        self.beats_at = Instant::now() + HEARTBEAT;
        let was_in_sync = std::mem::replace(&mut self.was_in_sync, true);
        self.at_position(if was_in_sync {
            Update::Heartbeat(Heartbeat {})
        } else {
            Update::InSync(InSync {})
        })
    }

    fn at_position(&self, update: Update) -> Message {
        let resume_token = self.follower.position().to_string();
        Message { update: Some(update), resume_token }
    }
}

/// The position of the latest end that was committed, on any instance.
async fn head(accounts: &Accounts) -> storage::Result<Position> {
    Ok(accounts.db().database().event_bounds().await?.head)
}

/// A message of the present, which has to be sent whole: there is no resuming inside it.
const fn unresumable(update: Update) -> Message {
    Message { update: Some(update), resume_token: String::new() }
}

fn update(ended: &SessionEnded) -> Update {
    let SessionEnded { session, expires } = *ended;
    Update::Ended(pb::SessionEnded {
        session_id: session.to_string(),
        expire_time: Some(wire_time(expires)),
    })
}
