//! The calls of an HTTP/2 connection, each on a task that can be given up.
//!
//! Once an answer has begun, hyper asks for more of it only when the client takes what it was offered. An unread answer
//! is not asked again, and so cannot end itself. Closing its connection would end a hundred others behind the same
//! proxy. So only the stream is reset, by dropping the task that serves it.
//!
//! A connection may bring a hundred calls at a moment. Few of them are about to begin at a time. A call that had to
//! wait for that begins only after all other work that is ready. Once a call has begun, it takes its turns like any
//! other.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use hyper::rt::Executor;
use tokio::time::{Sleep, sleep};

use super::backlog::Backlog;

tokio::task_local! {
    static CURRENT: Stream;
}

/// Says which offer of bytes to the client of a stream is open. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stream(Arc<Offers>);

/// Only the task of the stream changes these counts, and only it reads them.
#[derive(Debug, Default)]
struct Offers {
    made: AtomicUsize,
    is_open: AtomicBool,
}

impl Stream {
    /// The stream that the calling task serves. `None` over HTTP/1, where a connection has one answer at a time.
    pub(crate) fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    /// Notes that bytes are ready for the client.
    pub(crate) fn offers(&self) {
        self.0.made.fetch_add(1, Ordering::Relaxed);
        self.0.is_open.store(true, Ordering::Relaxed);
    }

    /// Notes that the client took what was offered.
    pub(crate) fn is_taken(&self) {
        self.0.is_open.store(false, Ordering::Relaxed);
    }

    /// The number of the offer that the client has not taken yet.
    fn open_offer(&self) -> Option<usize> {
        let is_open = self.0.is_open.load(Ordering::Relaxed);
        is_open.then(|| self.0.made.load(Ordering::Relaxed))
    }
}

/// How many calls of a connection are about to begin at a time.
const BEGINNING: usize = 4;

/// Starts the tasks of a connection's streams. Cheap to clone; clones share one line.
#[derive(Clone)]
pub(super) struct Streams {
    /// How long offered bytes may wait.
    patience: Duration,
    line: Arc<Mutex<Line>>,
    backlog: Backlog,
}

/// The number of calls that are about to begin, and the calls that wait for that.
#[derive(Default)]
struct Line {
    beginning: usize,
    waiting: VecDeque<Serving>,
}

impl Streams {
    /// Starts the tasks of one connection.
    pub(super) fn new(patience: Duration, backlog: Backlog) -> Self {
        Self { patience, line: Arc::default(), backlog }
    }
}

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, serving: F) {
        let stream = Stream::default();
        let call = Box::pin(CURRENT.scope(stream.clone(), serving));
        let serving = Serving { call, stream, patience: self.patience, unread: None, place: None };
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        if line.beginning < BEGINNING {
            line.beginning += 1;
            drop(line);
            serving.spawn(self.clone());
        } else {
            line.waiting.push_back(serving);
        }
    }
}

/// One stream being served, until it ends or the client has not read for too long.
struct Serving {
    call: Pin<Box<dyn Future<Output = ()> + Send>>,
    stream: Stream,
    patience: Duration,
    /// The offer that the client does not take, and the time it has left for that.
    unread: Option<(usize, Pin<Box<Sleep>>)>,
    /// Set while the call is about to begin. The next call of the connection then takes its place.
    place: Option<Streams>,
}

impl Serving {
    /// Spawns the call, which is then about to begin.
    fn spawn(self, place: Streams) {
        tokio::spawn(Self { place: Some(place), ..self });
    }

    /// Begins the call. The next call is then about to begin, after all other work that is ready.
    fn begins(&mut self) {
        let Some(place) = self.place.take() else { return };
        let next = {
            let mut line = place.line.lock().unwrap_or_else(PoisonError::into_inner);
            let next = line.waiting.pop_front();
            line.beginning -= usize::from(next.is_none());
            next
        };
        if let Some(next) = next {
            place.backlog.clone().defer(move || next.spawn(place));
        }
    }
}

impl Future for Serving {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        this.begins();
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
        Streams::new(Duration::from_secs(30), Backlog::default()).execute(async move {
            let _held = done;
            serving.await;
        });
        tokio::spawn(async move {
            let started = tokio::time::Instant::now();
            let _dropped = ended.await;
            started.elapsed() < Duration::from_secs(31)
        })
    }

    #[tokio::test]
    async fn a_thousand_calls_of_a_connection_begin_and_nobody_waits_for_all_of_them() {
        let (streams, begun) = (
            Streams::new(Duration::from_secs(30), Backlog::default()),
            Arc::new(AtomicUsize::new(0)),
        );
        for _ in 0..1_000 {
            let begun = Arc::clone(&begun);
            streams.execute(async move {
                begun.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            });
        }

        let bystander = Arc::clone(&begun);
        let before = tokio::spawn(async move { bystander.load(Ordering::Relaxed) });

        assert!(before.await.expect("no panic") <= 2 * BEGINNING);
        while begun.load(Ordering::Relaxed) < 1_000 {
            tokio::task::yield_now().await;
        }
        assert_eq!(streams.line.lock().expect("no panic").beginning, 0);
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
