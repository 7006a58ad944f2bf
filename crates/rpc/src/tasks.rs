//! Units of work that run to their end when the client hangs up.
//!
//! A call is dropped as soon as its client is gone, at any `await`. A write that was begun must still be committed or
//! rolled back in order, and its announcement made. So it runs on a separate task.

use std::{future::Future, panic::resume_unwind};

use sir0_storage::once;
use sir0_telemetry::traces::Trace;
use tokio_util::task::TaskTracker;

use crate::request_id;

/// Runs units of work. Cheap to clone; all clones are waited for together.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
}

impl Tasks {
    /// Runs the work to its end, whatever happens to the caller that waits for it.
    pub async fn to_completion<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> T {
        self.begin(work).await
    }

    /// As [`Self::to_completion`], for a caller that does something else before it waits: the work begins at once.
    pub fn begin<T, W>(&self, work: W) -> impl Future<Output = T> + Send + Sync + use<T, W>
    where
        T: Send + 'static,
        W: Future<Output = T> + Send + 'static,
    {
        let work = Trace::current().around(work);
        let work = once::carried_into(request_id::carried_into(work));
        let running = self.tracker.spawn(work);
        async {
            match running.await {
                Ok(done) => done,
                Err(failed) => match failed.try_into_panic() {
                    Ok(panic) => resume_unwind(panic),
                    Err(_) => unreachable!("a unit of work is never aborted"),
                },
            }
        }
    }

    /// Waits until everything begun has ended. Work may still be begun meanwhile; it is waited for too.
    pub async fn ended(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }
}
