//! Pages of lists in memory. They carry the version of the store they were read at, taken before the read; any change
//! makes all of them old.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use moka::{future::Cache, ops::compute::Op};

use sir0_transcoding::Kept;

use crate::domain::Listing;

/// How many bytes of pages memory holds.
const PAGES_BYTES: u64 = 16 * 1024 * 1024;

/// The pages read last, as they are answered.
#[derive(Clone, Debug)]
pub(crate) struct PageCache {
    pages: Cache<Listing, (u64, Kept)>,
    version: Arc<AtomicU64>,
}

impl PageCache {
    pub(crate) fn new() -> Self {
        let pages = Cache::builder()
            .max_capacity(PAGES_BYTES)
            .weigher(|_, (_, page): &(u64, Kept)| weight(page))
            .build();
        Self { pages, version: Arc::default() }
    }

    /// The page from memory, or read once, however many callers ask at the same time.
    pub(crate) async fn page<R, E>(
        &self,
        listing: &Listing,
        read: impl FnOnce() -> R + Send,
    ) -> Result<Kept, E>
    where
        R: Future<Output = Result<Kept, E>> + Send,
        E: Send + Sync + 'static,
    {
        let version = self.version.load(Ordering::Acquire);
        if let Some((read_at, page)) = self.pages.get(listing).await
            && read_at == version
        {
            return Ok(page);
        }
        // Boxed, like the read of a game that is not in memory.
        Box::pin(self.fill(listing, version, read())).await
    }

    async fn fill<E: Send + Sync + 'static>(
        &self,
        listing: &Listing,
        version: u64,
        read: impl Future<Output = Result<Kept, E>> + Send,
    ) -> Result<Kept, E> {
        let filled = self.pages.entry_by_ref(listing).and_try_compute_with(async |known| {
            match known {
                // Another caller who asked at the same time has read it meanwhile.
                Some(entry) if entry.value().0 >= version => Ok(Op::Nop),
                _ => Ok(Op::Put((version, read.await?))),
            }
        });
        let page = filled.await?.into_entry().map(|entry| entry.into_value().1);
        Ok(page.expect("it was read, or was there"))
    }

    /// Makes every page old. Called once a change is committed.
    pub(crate) fn outdate(&self) {
        self.version.fetch_add(1, Ordering::AcqRel);
    }
}

/// About how many bytes a page takes.
fn weight(page: &Kept) -> u32 {
    const OVERHEAD: usize = 512;
    u32::try_from(page.size() + OVERHEAD).unwrap_or(u32::MAX)
}
