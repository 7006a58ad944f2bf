//! Units of work that run to their end when the client hangs up.
//!
//! A call is dropped as soon as its client is gone, at any `await`. A write that was begun must still be committed or
//! rolled back in order, and its announcement made. So it runs on a separate task.

use std::{
    future::Future,
    panic::resume_unwind,
    pin::Pin,
    sync::{Arc, Mutex},
};

use sir0_storage::once;
use sir0_telemetry::traces::Trace;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use crate::request_id;

const WHOLE: &str = "nothing panics while it holds the lock";

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
        let answer = Arc::new(Mutex::new(None));
        let place = answer.clone();
        let running = self.spawn(Box::pin(async move {
            let done = work.await;
            *place.lock().expect(WHOLE) = Some(done);
        }));
        async move {
            if let Err(failed) = running.await {
                match failed.try_into_panic() {
                    Ok(panic) => resume_unwind(panic),
                    Err(_) => unreachable!("a unit of work is never aborted"),
                }
            }
            answer
                .lock()
                .expect(WHOLE)
                .take()
                .expect("the last thing it does is to leave its answer")
        }
    }

    /// Every unit of work is one type here, so that the task around it is compiled once.
    fn spawn(&self, work: Pin<Box<dyn Future<Output = ()> + Send>>) -> JoinHandle<()> {
        let work = Trace::current().around(work);
        self.tracker.spawn(once::carried_into(request_id::carried_into(work)))
    }

    /// Waits until everything begun has ended. Work may still be begun meanwhile; it is waited for too.
    pub async fn ended(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::{sync::oneshot, task::yield_now};

    use super::*;

    #[tokio::test]
    async fn work_ends_although_its_caller_is_gone() {
        let (tasks, (go, gone)) = (Tasks::default(), oneshot::channel());
        let (tell, told) = oneshot::channel();
        let waiting = tasks.begin(async move {
            gone.await.expect("it is told to go on");
            tell.send(7).expect("someone listens");
        });
        yield_now().await;

        drop(waiting);
        go.send(()).expect("it waits");

        tasks.ended().await;
        assert_eq!(told.await, Ok(7));
    }

    #[tokio::test]
    async fn a_panic_in_work_is_one_of_its_caller() {
        let tasks = Tasks::default();

        let failed =
            tokio::spawn(async move { tasks.to_completion(async { panic!("lanterns") }).await });
        let panic = failed.await.expect_err("it panics").into_panic();

        assert_eq!(panic.downcast_ref::<&str>(), Some(&"lanterns"));
    }
}
