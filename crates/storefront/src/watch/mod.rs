//! The streams: how the present of a list is read, and how each change is said on the wire.

pub(crate) mod games;
pub(crate) mod own;

use sir0_feed::{Begin, List, Moment, Watch};
use sir0_kernel::{Held, Share};
use sir0_rpc::request_id;

use crate::{
    Storefront, StorefrontError,
    domain::{Bounds, GameEvent},
    reads::Reads,
};

/// How much of the present is read ahead of the client: a few games at a time, and no more bytes than these.
const READ_AHEAD: Bounds = Bounds { rows: 32, bytes: 32 * 1024 };

impl Storefront {
    /// Begins a stream of this list: behind the moment that the watcher reached before, or behind everything committed
    /// before it asked. The list is given the share that what it reads ahead is held against.
    async fn begin<L: List<Event = GameEvent>>(
        &self,
        list: impl FnOnce(Option<Share>) -> L + Send,
        sends_present: bool,
        resume: Option<Moment>,
    ) -> Result<Watch<L>, StorefrontError> {
        let head = self.reads.short(request_id::client(), self.feed.committed()).await?;
        if resume.is_some_and(|moment| moment.position > head) {
            return Err(StorefrontError::ResumeTokenAhead);
        }
        let share = request_id::share();
        let begin = Begin { head, resume, sends_present };
        let stopping = self.shared.stopping.clone();
        let list = list(share.clone());
        Ok(Watch::begin(list, &self.feed, begin, stopping).held_against(share))
    }
}

/// Reads a piece of the present when its turn comes, and holds room for it: one game at a time for a client that has no
/// room for more.
async fn read_ahead<F: Future + Send>(
    reads: &Reads,
    share: Option<&Share>,
    read: impl FnOnce(Bounds) -> F + Send,
) -> (F::Output, Option<Held>) {
    let reading = async {
        let room = share.map(|share| share.hold_ahead(READ_AHEAD.bytes)).transpose();
        let bounds = room.as_ref().map_or(Bounds { rows: 1, ..READ_AHEAD }, |_| READ_AHEAD);
        (read(bounds).await, room.ok().flatten())
    };
    reads.present(share.map(Share::client), reading).await
}

/// Counts a stream as open for as long as it lives.
struct OpenStream;

impl OpenStream {
    fn count() -> Self {
        metrics::gauge!("sir0_streams_open").increment(1.0);
        Self
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        metrics::gauge!("sir0_streams_open").decrement(1.0);
    }
}
