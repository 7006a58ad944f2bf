//! Encoding beside everything else that a process does: few jobs at a time, few that wait, and a decoder that panics
//! takes nothing with it.

use std::sync::Arc;

use bytes::Bytes;
use tokio::{sync::Semaphore, task};

use crate::{Config, Kind, Pictures, Purpose, Refused, encode::encode};

/// The most bytes of an upload: a PNG of a screen of 4K fits. A caller that reads an upload from a network bounds it by
/// this while it reads.
pub const MOST_BYTES_OF_AN_UPLOAD: usize = 16 * 1024 * 1024;

/// The most memory that one job takes beside its upload. The files that take most of it were measured with the example
/// `measure`: a WebP with loss and transparency of 40 million pixels took 409 MiB, a PNG of 33 million with 16 bits for
/// each colour 389 MiB, a progressive JPEG of 40 million 355 MiB.
pub const MOST_BYTES_OF_A_JOB: usize = 512 * 1024 * 1024;

/// Why there are no pictures.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The upload is no picture for us.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// As many uploads wait as may wait.
    #[error("other pictures are being encoded, try again in a few seconds")]
    Busy,
    /// A decoder or encoder panicked, or the process is stopping. The panic is in the log.
    #[error("the picture could not be encoded")]
    Failed(#[source] task::JoinError),
}

/// Encodes uploads, as many at a time as it was told to. All of a process share one, by cloning it.
///
/// Together its jobs take at most `jobs ×` [`MOST_BYTES_OF_A_JOB`], and its uploads `(jobs + jobs_waiting) ×`
/// [`MOST_BYTES_OF_AN_UPLOAD`].
#[derive(Clone, Debug)]
pub struct Encoder {
    /// A place for each job that runs.
    running: Arc<Semaphore>,
    /// A place for each job that runs or waits.
    admitted: Arc<Semaphore>,
}

impl Encoder {
    /// An encoder that runs and keeps waiting as many jobs as the settings say, one at least.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let jobs = usize::from(config.jobs.max(1));
        let admitted = jobs + usize::from(config.jobs_waiting);
        Self {
            running: Arc::new(Semaphore::new(jobs)),
            admitted: Arc::new(Semaphore::new(admitted)),
        }
    }

    /// Judges an upload and encodes it for its purpose, on a thread for work that blocks.
    ///
    /// What is refused for its length or its first bytes is refused at once. A caller that goes away while it waits
    /// frees its place; a job that runs is finished, because no decoder can be stopped half-way, and holds its place
    /// until then. Needs a runtime of tokio.
    pub async fn encode(&self, upload: Bytes, purpose: Purpose) -> Result<Pictures, EncodeError> {
        if upload.is_empty() {
            return Err(Refused::Empty.into());
        }
        if upload.len() > MOST_BYTES_OF_AN_UPLOAD {
            return Err(Refused::TooManyBytes { bytes: upload.len() }.into());
        }
        Kind::of(&upload).map_err(Refused::Foreign)?;
        self.run(move || encode(&upload, purpose)).await
    }

    async fn run(
        &self,
        job: impl FnOnce() -> Result<Pictures, Refused> + Send + 'static,
    ) -> Result<Pictures, EncodeError> {
        let admitted = Arc::clone(&self.admitted);
        let admitted = admitted.try_acquire_owned().map_err(|_no_place| EncodeError::Busy)?;
        let running = Arc::clone(&self.running).acquire_owned().await;
        let running = running.expect("nobody closes the semaphore");
        // The thread holds the places, and a panic on it gives them back.
        let job = task::spawn_blocking(move || {
            let _places = (admitted, running);
            job()
        });
        Ok(job.await.map_err(EncodeError::Failed)??)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn encoder(jobs: u8, jobs_waiting: u8) -> Encoder {
        Encoder::new(&Config { jobs, jobs_waiting, ..Config::default() })
    }

    fn nothing() -> Result<Pictures, Refused> {
        Err(Refused::Empty)
    }

    #[tokio::test]
    async fn a_job_beyond_those_that_may_wait_is_refused_as_busy() {
        let encoder = encoder(1, 1);
        let (finish, finished) = mpsc::channel::<()>();
        let spawn = |encoder: Encoder, job: Box<dyn FnOnce() -> _ + Send>| {
            tokio::spawn(async move { encoder.run(job).await })
        };
        let wait = Box::new(move || {
            finished.recv().ok();
            nothing()
        });
        let running = spawn(encoder.clone(), wait);
        let waiting = spawn(encoder.clone(), Box::new(nothing));
        while encoder.admitted.available_permits() > 0 {
            task::yield_now().await;
        }

        let third = encoder.run(nothing).await;

        assert!(matches!(third, Err(EncodeError::Busy)), "{third:?}");
        finish.send(()).expect("the first job waits for it");
        for job in [running, waiting] {
            let done = job.await.expect("no panic");
            assert!(matches!(done, Err(EncodeError::Refused(_))), "{done:?}");
        }
        assert_eq!(encoder.admitted.available_permits(), 2);
    }

    #[tokio::test]
    async fn a_decoder_that_panics_takes_neither_the_process_nor_a_place() {
        let encoder = encoder(1, 0);

        let failed = encoder.run(|| panic!("a decoder that panics, in a test")).await;

        assert!(matches!(failed, Err(EncodeError::Failed(_))), "{failed:?}");
        let next = encoder.run(nothing).await;
        assert!(matches!(next, Err(EncodeError::Refused(_))), "{next:?}");
    }

    #[tokio::test]
    async fn a_caller_that_goes_away_while_it_waits_frees_its_place() {
        let encoder = encoder(1, 1);
        let running = Arc::clone(&encoder.running).acquire_owned().await.expect("it is open");
        let waiting = tokio::spawn({
            let encoder = encoder.clone();
            async move { encoder.run(nothing).await }
        });
        while encoder.admitted.available_permits() == 2 {
            task::yield_now().await;
        }

        waiting.abort();

        assert!(waiting.await.expect_err("it was aborted").is_cancelled());
        assert_eq!(encoder.admitted.available_permits(), 2);
        drop(running);
    }

    #[tokio::test]
    async fn what_is_no_picture_needs_no_place() {
        let encoder = encoder(1, 0);
        let _running = Arc::clone(&encoder.admitted).acquire_owned().await.expect("it is open");

        let empty = encoder.encode(Bytes::new(), Purpose::Cover).await;
        let long = vec![0; MOST_BYTES_OF_AN_UPLOAD + 1].into();
        let long = encoder.encode(long, Purpose::Cover).await;
        let svg = encoder.encode(Bytes::from_static(b"<svg/>"), Purpose::Cover).await;

        assert!(matches!(empty, Err(EncodeError::Refused(Refused::Empty))));
        assert!(matches!(long, Err(EncodeError::Refused(Refused::TooManyBytes { .. }))));
        assert!(matches!(svg, Err(EncodeError::Refused(Refused::Foreign(_)))));
    }
}
