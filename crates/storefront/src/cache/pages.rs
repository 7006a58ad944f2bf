//! Pages of lists in memory. They carry the version of the store they were read at, taken before the read; any change
//! that everyone sees makes all of them old.

use std::{
    future::Future,
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use quick_cache::{
    DefaultHashBuilder, OptionsBuilder, Weighter,
    sync::{Cache, DefaultLifecycle},
};
use sir0_transcoding::Kept;

/// How many bytes of pages of lists memory holds.
pub(crate) const PAGES_BYTES: u64 = 16 * 1024 * 1024;
/// How many bytes of front pages memory holds. One is asked for at a time, and the longest has a place in a part: 90 games with
/// the longest descriptions, in two forms.
pub(crate) const FRONT_PAGES_BYTES: u64 = 24 * 1024 * 1024;

/// The pages are in so many parts, each with its share of the bytes: who reads one part waits for nobody in another. A page
/// that is larger than a share is not kept.
const PARTS: usize = 4;

/// For how many pages there is a place in the lists at first.
const FEWEST: usize = 256;

/// The pages read last, as they are answered, by what is asked for.
#[derive(Clone, Debug)]
pub(crate) struct PageCache<A> {
    pages: Arc<Cache<A, Page, Bytes>>,
    version: Arc<AtomicU64>,
}

/// A page, and the version of the store it was read at.
type Page = (u64, Kept);

/// About how many bytes a page takes.
#[derive(Clone, Copy, Debug)]
struct Bytes;

impl<A> Weighter<A, Page> for Bytes {
    fn weight(&self, _: &A, (_, page): &Page) -> u64 {
        const OVERHEAD: usize = 512;
        (page.size() + OVERHEAD) as u64
    }
}

impl<A: Clone + Eq + Hash + Send + Sync> PageCache<A> {
    /// Room for so many bytes of pages.
    pub(crate) fn new(bytes: u64) -> Self {
        Self::of_version(bytes, Arc::default())
    }

    /// Room for other pages, which are made old together with these.
    pub(crate) fn beside<B: Clone + Eq + Hash + Send + Sync>(&self, bytes: u64) -> PageCache<B> {
        PageCache::of_version(bytes, Arc::clone(&self.version))
    }

    fn of_version(bytes: u64, version: Arc<AtomicU64>) -> Self {
        let options = OptionsBuilder::new()
            .estimated_items_capacity(FEWEST)
            .weight_capacity(bytes)
            .shards(PARTS)
            .build()
            .expect("every option is given");
        let (hasher, lifecycle) = (DefaultHashBuilder::default(), DefaultLifecycle::default());
        let pages = Cache::with_options(options, Bytes, hasher, lifecycle);
        Self { pages: Arc::new(pages), version }
    }

    /// The page from memory, or read once, however many callers ask at the same time.
    pub(crate) async fn page<R, E>(
        &self,
        asked: &A,
        read: impl FnOnce() -> R + Send,
    ) -> Result<Kept, E>
    where
        R: Future<Output = Result<Kept, E>> + Send,
        E: Send + Sync + 'static,
    {
        let version = self.version.load(Ordering::Acquire);
        if let Some((read_at, page)) = self.pages.get(asked)
            && read_at == version
        {
            return Ok(page);
        }
        // Boxed, like the read of a game that is not in memory.
        Box::pin(self.fill(asked, version, read())).await
    }

    async fn fill<E>(
        &self,
        asked: &A,
        version: u64,
        read: impl Future<Output = Result<Kept, E>> + Send,
    ) -> Result<Kept, E> {
        loop {
            match self.pages.get_value_or_guard_async(asked).await {
                // Another caller who asked at the same time has read it meanwhile.
                Ok((read_at, page)) if read_at >= version => return Ok(page),
                Ok(_) => drop(self.pages.remove_if(asked, |(read_at, _)| *read_at < version)),
                // Who waits for the place has it next, if the page cannot be read.
                Err(place) => {
                    let page = read.await?;
                    drop(place.insert((version, page.clone())));
                    return Ok(page);
                }
            }
        }
    }

    /// Makes every page old. Called once a change is committed.
    pub(crate) fn outdate(&self) {
        self.version.fetch_add(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, time::Duration};

    use futures::future::{join, join_all};
    use sir0_contract_storefront::{
        FrontPageList, Game, GetFrontPageResponse, ListGamesResponse,
        calls::{games_service as calls, store_service as store_calls},
    };
    use sir0_rpc::content_tag;
    use tokio::{sync::oneshot, time::sleep};

    use super::*;
    use crate::domain::{Listing, Sort};

    fn page(text: &str) -> Kept {
        let answer =
            ListGamesResponse { next_page_token: Some(text.to_owned()), ..Default::default() };
        Kept::new(calls::LIST_GAMES, &answer, |_| None)
    }

    fn is(page: &Kept, text: &str) -> bool {
        page.framed().message() == self::page(text).framed().message()
    }

    fn listing() -> Listing {
        Listing { sort: Sort::Newest, page_size: 20, ..Listing::default() }
    }

    #[tokio::test]
    async fn a_page_that_was_read_before_a_change_is_not_answered_after_it() {
        let (pages, listing) = (PageCache::new(PAGES_BYTES), listing());
        let (changed, waits) = oneshot::channel();
        let before = pages.page(&listing, || async {
            waits.await.expect("it is sent");
            Ok::<_, Infallible>(page("before"))
        });
        let after = async {
            sleep(Duration::from_millis(5)).await;
            pages.outdate();
            changed.send(()).expect("it is awaited");
            pages.page(&listing, || async { Ok::<_, Infallible>(page("after")) }).await
        };

        let (Ok(before), Ok(after)) = join(before, after).await;

        assert!(is(&before, "before") && is(&after, "after"));
        let Ok(kept) = pages.page(&listing, || async { Ok::<_, Infallible>(page("again")) }).await;
        assert!(is(&kept, "after"));
    }

    #[tokio::test]
    async fn the_longest_front_page_is_kept() {
        let pages = PageCache::new(FRONT_PAGES_BYTES);
        let games = (0..90).map(|game_id| Game {
            game_id,
            description: "灯".repeat(4000),
            title: "灯".repeat(200),
            ..Game::default()
        });
        let list = FrontPageList { name: "picked".to_owned(), games: games.collect() };
        let answer = GetFrontPageResponse { lists: vec![list] };
        let tagged = |json: &[u8]| Some(content_tag(json));
        let page = Kept::new(store_calls::GET_FRONT_PAGE, &answer, tagged);
        let Ok(_) = pages.page(&1, || async { Ok::<_, Infallible>(page) }).await;

        let again = pages.page(&1, || async { Err("it is read again") }).await;

        assert!(again.is_ok());
    }

    #[tokio::test]
    async fn many_who_ask_at_once_read_once_after_each_change() {
        let (pages, listing, count) = (PageCache::new(PAGES_BYTES), listing(), AtomicU64::new(0));
        let read = || async {
            count.fetch_add(1, Ordering::Relaxed);
            sleep(Duration::from_millis(5)).await;
            Ok::<_, Infallible>(page("a page"))
        };

        for changes in 1..=3 {
            join_all((0..50).map(|_| pages.page(&listing, read))).await;
            assert_eq!(count.load(Ordering::Relaxed), changes);
            pages.outdate();
        }
    }
}
