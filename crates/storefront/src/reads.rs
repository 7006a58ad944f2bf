//! Turns for reads of the database.
//!
//! A client may ask for a thousand of them at once. Reads of one kind take turns among themselves: pages of lists, the
//! present that a stream sends first, and short reads. So connections and cores are left for the other kinds, for
//! changes, and for the health check. A client has no more reads in the line than can run at a time. The next client
//! waits for a few reads of each client before it, and not for all that one client has asked.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sir0_kernel::Client;
use tokio::sync::Semaphore;

/// Pages that are read at a time.
const PAGES: usize = 2;
/// Pieces of the present that are read at a time. Clients that open streams keep no other client from a list.
const PRESENTS: usize = 1;
/// Single rows that are read at a time.
const SHORT: usize = 8;

/// Turns for reads. Cheap to clone; clones share their turns.
#[derive(Clone, Debug)]
pub(crate) struct Reads(Arc<Kinds>);

#[derive(Debug)]
struct Kinds {
    pages: Turns,
    presents: Turns,
    short: Turns,
}

impl Reads {
    pub(crate) fn new() -> Self {
        let [pages, presents, short] = [PAGES, PRESENTS, SHORT].map(Turns::new);
        Self(Arc::new(Kinds { pages, presents, short }))
    }

    /// Reads a row or two for this client when its turn comes.
    pub(crate) async fn short<T>(
        &self,
        client: Option<Client>,
        read: impl Future<Output = T>,
    ) -> T {
        self.0.short.take(client, read).await
    }

    /// Reads a page for this client when its turn comes. All callers without an address count as one client.
    pub(crate) async fn page<T>(&self, client: Option<Client>, read: impl Future<Output = T>) -> T {
        self.0.pages.take(client, read).await
    }

    /// Reads a piece of the present for this client when its turn comes.
    pub(crate) async fn present<T>(
        &self,
        client: Option<Client>,
        read: impl Future<Output = T>,
    ) -> T {
        self.0.presents.take(client, read).await
    }
}

/// Lets this many reads run at a time, in the order of the line.
#[derive(Debug)]
struct Turns {
    at_a_time: usize,
    line: Semaphore,
    /// The places that a client has in the line. It holds only clients that ask for something now.
    places: Mutex<HashMap<Option<Client>, Arc<Semaphore>>>,
}

impl Turns {
    fn new(at_a_time: usize) -> Self {
        Self { at_a_time, line: Semaphore::new(at_a_time), places: Mutex::default() }
    }

    async fn take<T>(&self, client: Option<Client>, read: impl Future<Output = T>) -> T {
        let places = Places::of(self, client);
        let _place = places.semaphore.acquire().await.expect("places are never closed");
        let _turn = self.line.acquire().await.expect("turns are never closed");
        read.await
    }

    fn places(&self) -> MutexGuard<'_, HashMap<Option<Client>, Arc<Semaphore>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client's places in a line. They are forgotten with the client's last read.
struct Places<'t> {
    turns: &'t Turns,
    client: Option<Client>,
    semaphore: Arc<Semaphore>,
}

impl<'t> Places<'t> {
    fn of(turns: &'t Turns, client: Option<Client>) -> Self {
        let mut places = turns.places();
        let new = || Arc::new(Semaphore::new(turns.at_a_time));
        let semaphore = Arc::clone(places.entry(client).or_insert_with(new));
        Self { turns, client, semaphore }
    }
}

impl Drop for Places<'_> {
    fn drop(&mut self) {
        let mut places = self.turns.places();
        // The two references are the map's and this one. A third can only be cloned under the lock that is held here.
        if Arc::strong_count(&self.semaphore) == 2 {
            places.remove(&self.client);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{net::Ipv4Addr, time::Duration};

    use futures::future::join_all;
    use tokio::time::{Instant, sleep};

    use super::*;

    const A_READ: Duration = Duration::from_millis(10);

    async fn a_read() {
        sleep(A_READ).await;
    }

    fn client(number: u8) -> Client {
        Client::at(Ipv4Addr::new(192, 0, 2, number).into())
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_asks_for_a_thousand_pages_keeps_no_other_client_waiting() {
        let reads = Reads::new();
        let begun = Instant::now();
        let flood = join_all((0..1_000).map(|_| reads.page(Some(client(1)), a_read())));
        let other = async {
            sleep(A_READ / 2).await;
            reads.page(Some(client(2)), a_read()).await;
            begun.elapsed()
        };

        let (_, waited) = tokio::join!(flood, other);

        assert!(waited <= 3 * A_READ, "{waited:?}");
        assert_eq!(begun.elapsed(), 501 * A_READ, "two at a time, and none idle");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_who_leaves_the_line_gives_its_place_up_and_is_forgotten() {
        let reads = Reads::new();
        let read = || reads.page(Some(client(1)), a_read());
        let mut leaving: Vec<_> = (0..10).map(|_| Box::pin(read())).collect();
        for one in &mut leaving {
            assert!(futures::poll!(one.as_mut()).is_pending());
        }

        drop(leaving);
        let begun = Instant::now();
        tokio::join!(read(), read());

        assert_eq!(begun.elapsed(), A_READ);
        assert!(reads.0.pages.places().is_empty());
    }
}
