//! The calls of an HTTP/2 connection, each on a task that can be given up.
//!
//! Once an answer has begun, hyper asks for more of it only when the client takes what it was offered. An answer that
//! nobody reads is not asked again, and so cannot end itself. Closing its connection would end a hundred others
//! behind the same proxy: only the stream is reset, by dropping the task that serves it.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use hyper::rt::Executor;
use tokio::time::{Sleep, sleep};

tokio::task_local! {
    static CURRENT: Stream;
}

/// Which offer of bytes to the client of a stream is open. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stream(Arc<Offers>);

/// Only the task of the stream changes these, and only it reads them.
#[derive(Debug, Default)]
struct Offers {
    made: AtomicUsize,
    is_open: AtomicBool,
}

impl Stream {
    /// The stream of the task that asks. `None` over HTTP/1, where a connection has one answer at a time.
    pub(crate) fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    /// Bytes are ready for the client.
    pub(crate) fn offers(&self) {
        self.0.made.fetch_add(1, Ordering::Relaxed);
        self.0.is_open.store(true, Ordering::Relaxed);
    }

    /// The client took what was offered.
    pub(crate) fn is_taken(&self) {
        self.0.is_open.store(false, Ordering::Relaxed);
    }

    /// The number of the offer that the client has not taken yet.
    fn open_offer(&self) -> Option<usize> {
        let is_open = self.0.is_open.load(Ordering::Relaxed);
        is_open.then(|| self.0.made.load(Ordering::Relaxed))
    }
}

/// Starts the tasks of a connection's streams.
#[derive(Clone, Copy, Debug)]
pub(super) struct Streams {
    /// How long offered bytes may wait.
    pub(super) patience: Duration,
}

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, serving: F) {
        let stream = Stream::default();
        let serving = Box::pin(CURRENT.scope(stream.clone(), serving));
        tokio::spawn(Serving { call: serving, stream, patience: self.patience, unread: None });
    }
}

/// One stream being served, until it ends or the client has not read for too long.
struct Serving<F> {
    call: Pin<Box<F>>,
    stream: Stream,
    patience: Duration,
    /// The offer that the client does not take, and how long it may go on so.
    unread: Option<(usize, Pin<Box<Sleep>>)>,
}

impl<F: Future<Output = ()>> Future for Serving<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if this.call.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        let Some(offer) = this.stream.open_offer() else {
            this.unread = None;
            return Poll::Pending;
        };
        let patience = this.patience;
        match &mut this.unread {
            Some((since, timer)) if *since == offer => timer.as_mut().poll(context),
            unread => {
                let timer = Box::pin(sleep(patience));
                unread.insert((offer, timer)).1.as_mut().poll(context)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serves(serving: impl Future<Output = ()> + Send + 'static) -> tokio::task::JoinHandle<bool> {
        let (done, ended) = tokio::sync::oneshot::channel::<()>();
        Streams { patience: Duration::from_secs(30) }.execute(async move {
            let _held = done;
            serving.await;
        });
        tokio::spawn(async move {
            let started = tokio::time::Instant::now();
            let _dropped = ended.await;
            started.elapsed() < Duration::from_secs(31)
        })
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_whose_bytes_nobody_takes_is_given_up() {
        let given_up = serves(async {
            Stream::current().expect("a stream").offers();
            std::future::pending::<()>().await;
        });

        assert!(given_up.await.expect("no panic"), "it was still served");
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_has_nothing_to_say_and_one_that_is_read_slowly_go_on() {
        let (went_on, idle) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (said, slept) = (Arc::clone(&went_on), Arc::clone(&idle));
        let slow = serves(async move {
            let stream = Stream::current().expect("a stream");
            for _ in 0..4 {
                stream.offers();
                sleep(Duration::from_secs(20)).await;
                stream.is_taken();
            }
            said.store(true, Ordering::Relaxed);
        });
        let silent = serves(async move {
            sleep(Duration::from_mins(5)).await;
            slept.store(true, Ordering::Relaxed);
        });

        let _ended = (slow.await, silent.await);

        assert!(went_on.load(Ordering::Relaxed) && idle.load(Ordering::Relaxed));
    }
}
