//! Watching a list: the present if asked, then every change. Each message has the token that goes on behind it.
//!
//! A watcher holds a position and no queue. What a slow watcher has not read yet stays in the table. A watcher that
//! falls behind what the table keeps is told to start over. It is never left in silence.

use std::{collections::VecDeque, time::Duration};

use futures::{Stream, stream};
use sir0_kernel::{Held, Share};
use sir0_storage::{self as storage, Position};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::{Event, Feed, Follower, Moment, Next, Reached};

/// A list as one watcher sees it. The service says how its present is read, and how each thing is said on the wire.
pub trait List: Sized + Send + Sync {
    /// What changes the list.
    type Event: Event;
    /// One thing in the list, as it is now.
    type Item: Send;
    /// Where a piece of the present begins. The default is the beginning of the list.
    type Place: Default + Send;
    /// A message on the wire.
    type Message: Send;

    /// How long a stream is silent before it says that it is alive.
    const HEARTBEAT: Duration;
    /// Whether heartbeats prove that nothing is missing. They come as often then whatever else is said, and only once
    /// everything committed before was sent; a stream that resumes is in sync at such a moment too.
    const PROVES: bool = false;

    /// Reads a piece of the present.
    fn present(
        &self,
        from: Self::Place,
    ) -> impl Future<Output = storage::Result<Piece<Self>>> + Send;

    /// Whether the list became another one since this was asked last: one with other things in it, of which no event tells.
    /// Then the watcher starts over. Asked before each message.
    fn became_another(&mut self) -> bool {
        false
    }

    /// Says it on the wire, with the token of this moment. `None` leaves it unsaid.
    fn message(&self, told: Told<'_, Self>, at: Moment) -> Option<Self::Message>;
}

/// A piece of the present.
pub struct Piece<L: List> {
    /// What the watcher wants to hear of it, in order.
    pub items: VecDeque<L::Item>,
    /// Where the next piece begins. `None` behind the last piece.
    pub rest: Option<L::Place>,
    /// Holds the items.
    pub held: Option<Held>,
}

/// What a watcher is told.
pub enum Told<'t, L: List> {
    /// A thing as it is now.
    Present(L::Item),
    /// A change.
    Change(&'t L::Event),
    /// Nothing is missing; changes follow.
    InSync,
    /// The stream is alive.
    Heartbeat,
    /// Changes were missed that are no longer kept, or the list became another one; the present follows.
    StartOver,
    /// The process is about to stop.
    GoingAway,
}

/// Where a stream begins.
pub struct Begin {
    /// The latest position committed before the watcher asked.
    pub head: Position,
    /// The moment that the watcher reached before. Inside the present, or after the head, the stream starts over.
    pub resume: Option<Moment>,
    /// Whether a watcher that was not here before hears the present first.
    pub sends_present: bool,
}

/// One open stream.
pub struct Watch<L: List> {
    list: L,
    follower: Follower<L::Event>,
    stage: Stage<L>,
    beats_at: Instant,
    stopping: CancellationToken,
}

/// Where a stream is.
enum Stage<L: List> {
    /// About to say that everything heard so far is to be forgotten.
    StartingOver,
    /// Sending the list as it is.
    Present(Piece<L>),
    /// Sending changes, up to a position at which the stream says that it is in sync, or still is.
    CatchingUp { to: Position, in_sync: bool },
    /// Sending changes.
    Changes,
    /// The stream said goodbye.
    Over,
}

impl<L: List> Stage<L> {
    fn present() -> Self {
        let rest = Some(L::Place::default());
        Self::Present(Piece { items: VecDeque::new(), rest, held: None })
    }
}

impl<L: List> Watch<L> {
    /// Begins a stream, which ends when `stopping` is cancelled.
    pub fn begin(
        list: L,
        feed: &Feed<L::Event>,
        Begin { head, resume, sends_present }: Begin,
        stopping: CancellationToken,
    ) -> Self {
        let (from, stage) = match resume {
            Some(Moment { position, stage: Reached::Changes }) if position <= head => {
                let in_sync = Stage::CatchingUp { to: head, in_sync: true };
                (position, if L::PROVES { in_sync } else { Stage::Changes })
            }
            Some(_) => (head, Stage::StartingOver),
            None if sends_present => (head, Stage::present()),
            // It says at once where it begins, so a client that breaks off before the first change loses none.
            None => (head, Stage::CatchingUp { to: head, in_sync: false }),
        };
        Self { list, follower: feed.follow(from), stage, beats_at: Instant::now(), stopping }
    }

    /// Holds what it reads ahead of the changes against this share.
    #[must_use]
    pub fn held_against(self, share: Option<Share>) -> Self {
        Self { follower: self.follower.held_against(share), ..self }
    }

    /// The messages, until the client leaves or the server stops. An error is the last one.
    pub fn messages(self) -> impl Stream<Item = storage::Result<L::Message>> + Send {
        // Boxed, because what is moved into a future takes its place there twice.
        stream::unfold(Box::new(self), async |mut watch| {
            let next = watch.next().await.transpose()?;
            if next.is_err() {
                watch.stage = Stage::Over;
            }
            Some((next, watch))
        })
    }

    async fn next(&mut self) -> storage::Result<Option<L::Message>> {
        if !L::PROVES {
            self.beats_at = Instant::now() + L::HEARTBEAT;
        }
        loop {
            let at = self.follower.position();
            if self.list.became_another() && !matches!(self.stage, Stage::Over) {
                self.stage = Stage::StartingOver;
            }
            let message = match &mut self.stage {
                Stage::Over => return Ok(None),
                _ if self.stopping.is_cancelled() => {
                    let goodbye = self.message(Told::GoingAway);
                    self.stage = Stage::Over;
                    return Ok(goodbye);
                }
                Stage::StartingOver => {
                    self.stage = Stage::present();
                    self.message(Told::StartOver)
                }
                Stage::Present(piece) => {
                    if let Some(item) = piece.items.pop_front() {
                        self.message(Told::Present(item))
                    } else if let Some(from) = piece.rest.take() {
                        piece.held = None;
                        // The follower stands before the first read, so a change in between is seen twice, never lost.
                        // Boxed, because a stream is long open, and sends its present once if at all.
                        *piece = Box::pin(self.list.present(from)).await?;
                        continue;
                    } else {
                        self.stage = Stage::CatchingUp { to: at, in_sync: true };
                        continue;
                    }
                }
                &mut Stage::CatchingUp { to, in_sync } if to <= at => {
                    self.stage = Stage::Changes;
                    self.beats_at = Instant::now() + L::HEARTBEAT;
                    self.message(if in_sync { Told::InSync } else { Told::Heartbeat })
                }
                Stage::CatchingUp { .. } | Stage::Changes => self.next_change().await?,
            };
            if message.is_some() {
                return Ok(message);
            }
        }
    }

    async fn next_change(&mut self) -> storage::Result<Option<L::Message>> {
        let may_beat = matches!(self.stage, Stage::Changes);
        tokio::select! {
            heard = self.follower.next() => match heard? {
                Next::Event(event) => return Ok(self.message(Told::Change(&*event))),
                Next::Unread => {}
                Next::Lost => self.stage = Stage::StartingOver,
            },
            () = sleep_until(self.beats_at), if may_beat => {
                let at = self.follower.position();
                // For a proof the table is asked. A feed that stands still must not say that all is well.
                let to = if L::PROVES { self.follower.feed.committed().await? } else { at };
                self.stage = Stage::CatchingUp { to, in_sync: false };
            }
            () = self.stopping.cancelled() => {}
        }
        Ok(None)
    }

    /// The present has to be sent whole: inside of it the token begins it anew.
    fn message(&self, told: Told<'_, L>) -> Option<L::Message> {
        let stage = match self.stage {
            Stage::StartingOver | Stage::Present(_) => Reached::Present,
            Stage::CatchingUp { .. } | Stage::Changes | Stage::Over => Reached::Changes,
        };
        self.list.message(told, Moment { position: self.follower.position(), stage })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Unreadable;

    /// Something of the size of a game's event and of its message.
    type Something = [u64; 32];

    #[derive(Debug)]
    struct Changed;

    impl Event for Changed {
        fn read(_kind: &str, _payload: &str) -> Result<Self, Unreadable> {
            Ok(Self)
        }
    }

    struct Things;

    impl List for Things {
        type Event = Changed;
        type Item = Something;
        type Place = i64;
        type Message = Something;

        const HEARTBEAT: Duration = Duration::from_secs(15);

        async fn present(&self, _from: i64) -> storage::Result<Piece<Self>> {
            // What a read of the database holds while it goes on.
            let read = [0_u64; 512];
            tokio::task::yield_now().await;
            let items = VecDeque::from([read[..32].try_into().expect("as many")]);
            Ok(Piece { items, rest: None, held: None })
        }

        fn message(&self, told: Told<'_, Self>, _at: Moment) -> Option<Something> {
            match told {
                Told::Present(thing) => Some(thing),
                _ => None,
            }
        }
    }

    /// The size of what a function makes of this.
    fn size_of_made<T, M>(_make: impl FnOnce(T) -> M) -> usize {
        size_of::<M>()
    }

    /// A stream is idle for hours, and there are thousands. What it does once, or now and then, is boxed; in its future,
    /// every stream would keep the room for it. A read of the table is 3 KB of it.
    #[test]
    fn a_stream_that_waits_takes_no_room_for_what_it_does_seldom() {
        let waiting = size_of_made(Watch::<Things>::messages);

        assert!(waiting <= 1024, "{waiting} bytes");
        assert!(size_of::<Watch<Things>>() <= 256, "{} bytes", size_of::<Watch<Things>>());
    }
}
