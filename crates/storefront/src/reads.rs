//! Turns for reads that take long: pages of lists, and what a stream sends first.
//!
//! Anyone may ask for a thousand of them at once. They take turns among themselves, so that connections and cores are
//! left for what is short: a game, a change, the question whether all is well.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// Pages that are read at a time.
const PAGES: usize = 2;
/// Pieces of the present that are read at a time. Nobody is kept from a list because others open streams.
const PRESENTS: usize = 1;

/// Turns for long reads. Cheap to clone; clones share their turns.
#[derive(Clone, Debug)]
pub(crate) struct LongReads {
    pages: Arc<Semaphore>,
    presents: Arc<Semaphore>,
}

impl LongReads {
    pub(crate) fn new() -> Self {
        let turns = |count| Arc::new(Semaphore::new(count));
        Self { pages: turns(PAGES), presents: turns(PRESENTS) }
    }

    /// Reads a page when its turn comes.
    pub(crate) async fn page<T>(&self, read: impl Future<Output = T>) -> T {
        in_turn(&self.pages, read).await
    }

    /// Reads a piece of the present when its turn comes.
    pub(crate) async fn present<T>(&self, read: impl Future<Output = T>) -> T {
        in_turn(&self.presents, read).await
    }
}

async fn in_turn<T>(turns: &Semaphore, read: impl Future<Output = T>) -> T {
    let _turn = turns.acquire().await.expect("turns are never closed");
    read.await
}
