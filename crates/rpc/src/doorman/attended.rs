//! Streams that belong to someone: each ends with the session of its caller.

use std::{pin::Pin, time::Duration};

use futures::{FutureExt, Stream, StreamExt, future::BoxFuture, stream};
use tokio::time::sleep;
use tonic::{Status, metadata::MetadataMap};

use super::{Denied, Doorman};

/// How often the token of a stream is looked at without a sign that its session ended: the clock may be set, a key may be
/// good no more, and accounts may not be heard from.
const LOOK: Duration = Duration::from_secs(5);

/// A stream of someone who is signed in.
pub type Attended<M> = Pin<Box<dyn Stream<Item = Result<M, Status>> + Send>>;

impl Doorman {
    /// Ends a stream, and says why, once its caller would be turned away: when their session ended, their token expired or
    /// is good no more, or that cannot be told. What is to be said then is not said.
    ///
    /// Every call that answers a signed-in caller with a stream passes the stream through here. A story makes each of them
    /// and ends the session.
    pub fn attend<M: Send + 'static>(
        &self,
        metadata: &MetadataMap,
        messages: impl Stream<Item = Result<M, Status>> + Send + 'static,
    ) -> Attended<M> {
        let mut shown = MetadataMap::new();
        for token in metadata.get_all(AUTHORIZATION) {
            shown.append(AUTHORIZATION, token.clone());
        }
        let over: BoxFuture<'static, Denied> = self.clone().until_denied(shown).boxed();
        let attended = stream::unfold(Some((messages.boxed(), over)), async |open| {
            let (mut messages, mut over) = open?;
            let next = tokio::select! {
                biased;
                denied = &mut over => return Some((Err(denied.into()), None)),
                next = messages.next() => next?,
            };
            Some((next, Some((messages, over))))
        });
        attended.boxed()
    }

    /// Waits until the caller who shows this would be turned away.
    async fn until_denied(self, shown: MetadataMap) -> Denied {
        loop {
            let caller = match self.identify(&shown) {
                Ok(caller) => caller,
                Err(denied) => return denied,
            };
            let left = self.clock.now().until(caller.expires).min(LOOK);
            tokio::select! {
                () = self.ended.until_ended(caller.session) => {}
                () = sleep(left) => {}
            }
        }
    }
}

const AUTHORIZATION: &str = "authorization";
