//! The line of work that goes after all other work.
//!
//! A connection may bring a hundred calls at a moment, and a hundred connections ten thousand. In the runtime's queue a
//! bystander's call would wait behind all of them. So the work of a connection beyond its first words stands in this
//! line. One entry at a time leaves it for each core, and only after all ready tasks outside the line had their turn.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    thread::available_parallelism,
};

use tokio::task::yield_now;

/// How many entries leave the line at a time.
static AT_A_TIME: LazyLock<usize> =
    LazyLock::new(|| available_parallelism().map_or(1, std::num::NonZero::get));

type Act = Box<dyn FnOnce() + Send>;

/// The line of a process. Cheap to clone; clones are one line.
#[derive(Clone, Default)]
pub(super) struct Backlog(Arc<Mutex<Line>>);

#[derive(Default)]
struct Line {
    waiting: VecDeque<Act>,
    /// Tasks that let the waiting entries go. There are none while nothing waits.
    callers: usize,
}

impl Backlog {
    /// Does this after all other work that is ready. It must be short: wake or spawn a task.
    pub(super) fn defer(&self, act: impl FnOnce() + Send + 'static) {
        let mut line = self.line();
        line.waiting.push_back(Box::new(act));
        if line.callers < *AT_A_TIME {
            line.callers += 1;
            tokio::spawn(self.clone().calls());
        }
    }

    /// Lets the waiting entries go, one by one, until the line is empty.
    async fn calls(self) {
        loop {
            // Comes back once the ready tasks had their turn, and the system was asked for more of them.
            yield_now().await;
            let next = {
                let mut line = self.line();
                let next = line.waiting.pop_front();
                line.callers -= usize::from(next.is_none());
                next
            };
            match next {
                Some(act) => act(),
                None => return,
            }
        }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Backlog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backlog").field("waiting", &self.line().waiting.len()).finish()
    }
}

/// A task's place in the line.
#[derive(Debug)]
pub(super) struct Turn(Arc<AtomicBool>);

impl Turn {
    /// Stands in line.
    pub(super) fn waits(backlog: &Backlog, context: &Context<'_>) -> Self {
        let (comes, waker) = (Arc::new(AtomicBool::new(false)), context.waker().clone());
        let turn = Self(Arc::clone(&comes));
        backlog.defer(move || {
            comes.store(true, Ordering::Release);
            waker.wake();
        });
        turn
    }

    /// Ready once the turn has come. The task is woken for it.
    pub(super) fn poll(&self) -> Poll<()> {
        if self.0.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[tokio::test]
    async fn all_who_wait_go_in_their_order_and_what_is_ready_goes_before_most_of_them() {
        let (backlog, gone) = (Backlog::default(), Arc::new(Mutex::new(Vec::new())));
        for number in 0..1_000 {
            let gone = Arc::clone(&gone);
            backlog.defer(move || gone.lock().expect("no panic").push(number));
        }

        let seen = Arc::clone(&gone);
        let bystander = tokio::spawn(async move { seen.lock().expect("no panic").len() });

        assert!(bystander.await.expect("no panic") <= 2 * *AT_A_TIME);
        while backlog.line().callers > 0 {
            yield_now().await;
        }
        assert!(gone.lock().expect("no panic").iter().copied().eq(0..1_000));
    }

    #[tokio::test]
    async fn a_task_is_woken_when_its_turn_comes() {
        let (backlog, polls) = (Backlog::default(), AtomicUsize::new(0));
        let mut turn = None;

        std::future::poll_fn(|context| {
            polls.fetch_add(1, Ordering::Relaxed);
            turn.get_or_insert_with(|| Turn::waits(&backlog, context)).poll()
        })
        .await;

        assert_eq!(polls.into_inner(), 2);
    }
}
