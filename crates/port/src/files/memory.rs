//! Files in memory. A name stands for the same bytes for ever, so nothing here grows old; a file that was taken away is
//! answered until others need its place.

use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use http::HeaderValue;
use metrics::Counter;
use quick_cache::{
    DefaultHashBuilder, OptionsBuilder, Weighter,
    sync::{Cache, DefaultLifecycle},
};
use sir0_host::{FileName, Files, OpenFile};
use sir0_transcoding::Tag;
use tokio::{sync::Semaphore, time::timeout};
use tonic::Status;

use super::pieces::{self, PATIENCE};

/// How many bytes of files memory holds.
const MEMORY_BYTES: u64 = 64 * 1024 * 1024;

/// The largest file whose bytes are kept, in bytes. Of a larger one only the size is.
pub(super) const LARGEST: u64 = 2 * 1024 * 1024;

/// How many bytes may be on their way into memory. A file that finds no room waits.
const ARRIVING_BYTES: usize = 16 * 1024 * 1024;

/// The memory has so many parts, each with its own lock and its share of the bytes: readers of different parts do not wait
/// for each other.
const PARTS: usize = 4;

/// For how many files there is a place in the lists at first.
const FEWEST: usize = 256;

/// A file that was read before, or its size and type.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// How many bytes the whole file has.
    pub(super) size: u64,
    pub(super) media_type: HeaderValue,
    pub(super) tag: Tag,
    /// All of them. `None` for a file larger than [`LARGEST`].
    pub(super) bytes: Option<Bytes>,
}

/// The files read last, by their paths.
pub(super) struct Memory {
    files: Cache<String, Arc<Known>, InBytes>,
    arriving: Semaphore,
    hits: Counter,
    misses: Counter,
}

/// About how many bytes a file takes.
#[derive(Clone, Copy, Debug)]
struct InBytes;

impl Weighter<String, Arc<Known>> for InBytes {
    fn weight(&self, _: &String, file: &Arc<Known>) -> u64 {
        const OVERHEAD: usize = 512;
        (file.bytes.as_ref().map_or(0, Bytes::len) + OVERHEAD) as u64
    }
}

impl Memory {
    pub(super) fn new() -> Self {
        Self::of(MEMORY_BYTES, PARTS)
    }

    fn of(bytes: u64, parts: usize) -> Self {
        let options = OptionsBuilder::new()
            .estimated_items_capacity(FEWEST)
            .weight_capacity(bytes)
            .shards(parts)
            .build()
            .expect("every option is given");
        let (hasher, lifecycle) = (DefaultHashBuilder::default(), DefaultLifecycle::default());
        Self {
            files: Cache::with_options(options, InBytes, hasher, lifecycle),
            arriving: Semaphore::new(ARRIVING_BYTES),
            hits: metrics::counter!("sir0_file_cache_hits_total"),
            misses: metrics::counter!("sir0_file_cache_misses_total"),
        }
    }

    /// The file at this path, if it was read before.
    pub(super) fn get(&self, path: &str) -> Option<Arc<Known>> {
        let found = self.files.get(path)?;
        self.hits.increment(1);
        Some(found)
    }

    /// The file at this path, read once however many callers ask at the same time. Who waits reads it, if the one who began
    /// fails or goes. Fails with `UNAVAILABLE` if that takes too long.
    pub(super) async fn fetch(
        &self,
        path: &str,
        of: &dyn Files,
        name: &FileName,
    ) -> Result<Arc<Known>, Status> {
        let fetched = async {
            match self.files.get_value_or_guard_async(path).await {
                Ok(known) => {
                    self.hits.increment(1);
                    Ok(known)
                }
                Err(place) => {
                    self.misses.increment(1);
                    let known = Arc::new(self.read(of, name).await?);
                    drop(place.insert(Arc::clone(&known)));
                    Ok(known)
                }
            }
        };
        let in_time = timeout(PATIENCE, fetched).await;
        in_time.unwrap_or_else(|_elapsed| Err(Status::unavailable("a file did not come in time")))
    }

    async fn read(&self, of: &dyn Files, name: &FileName) -> Result<Known, Status> {
        let OpenFile { size, media_type, bytes } = of.open(name, None).await?;
        let media_type = HeaderValue::try_from(media_type)
            .map_err(|_not_text| pieces::broken("the media type of a file is none"))?;
        let tag = name.tag().clone();
        if size > LARGEST {
            return Ok(Known { size, media_type, tag, bytes: None });
        }
        let room = u32::try_from(size).expect("the largest file is smaller");
        let _room = self.arriving.acquire_many(room).await.expect("it is never closed");
        let whole = Vec::with_capacity(usize::try_from(size).expect("the same"));
        let add = |mut whole: Vec<u8>, piece: Bytes| async move {
            whole.extend_from_slice(&piece);
            Ok(whole)
        };
        let whole = pieces::counted(bytes, size).try_fold(whole, add).await?;
        Ok(Known { size, media_type, tag, bytes: Some(whole.into()) })
    }
}

#[cfg(test)]
impl Memory {
    /// A memory of so many bytes in one part.
    pub(super) fn small(bytes: u64) -> Self {
        Self::of(bytes, 1)
    }

    /// How many bytes are taken.
    pub(super) fn taken(&self) -> u64 {
        self.files.weight()
    }
}
