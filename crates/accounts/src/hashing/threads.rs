//! The threads that hash. Each hash has one, at the lowest priority: passwords take the processor time that nothing else
//! wants, so a flood of them slows no other call.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    thread,
    time::Duration,
};

use tokio::{runtime::Handle, sync::oneshot, time::Instant};

/// Whether a hash gives way to everything else that runs on the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Priority {
    Lowest,
    Ordinary,
}

/// The thread that was to hash could not be started, or the process is about to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoThread;

/// What a thread made, and how long it took.
type Made<T> = (thread::Result<T>, Duration);

/// Runs this on a thread that ends with it, and answers how long it took. A panic goes on in the caller.
///
/// The thread does nothing but the work. Whatever it held when it was made to wait, others would wait for.
pub(super) async fn run<T: Send + 'static>(
    priority: Priority,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<(T, Duration), NoThread> {
    let (answer, answered) = oneshot::channel::<Made<T>>();
    // The clock of a test is the one of its runtime.
    let runtime = Handle::current();
    let started = thread::Builder::new().name("hashing".to_owned()).spawn(move || {
        let _runtime = runtime.enter();
        if priority == Priority::Lowest {
            give_way();
        }
        let begun = Instant::now();
        let made = catch_unwind(AssertUnwindSafe(work));
        // Nobody listens when the runtime ends.
        drop(answer.send((made, begun.elapsed())));
    });
    if let Err(error) = started {
        tracing::error!(error = &error as &dyn std::error::Error, "no thread for a hash");
        return Err(NoThread);
    }
    match answered.await {
        Ok((Ok(made), took)) => Ok((made, took)),
        Ok((Err(panic), _)) => resume_unwind(panic),
        Err(_ended) => Err(NoThread),
    }
}

/// Puts this thread behind all others. On Linux a priority is a thread's; elsewhere it is the process's, and stays.
fn give_way() {
    #[cfg(target_os = "linux")]
    {
        const LOWEST: i32 = 19;
        if let Err(error) = rustix::process::setpriority_process(None, LOWEST) {
            // A sandbox may forbid it. Hashing then shares the processor with everything else.
            tracing::debug!(error = &error as &dyn std::error::Error, "a hash keeps its priority");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_hash_is_behind_everything_else_unless_it_is_not_to_give_way() {
        let own = || rustix::process::getpriority_process(None).expect("a number");
        let before = own();

        let lowest = run(Priority::Lowest, own).await.expect("a thread").0;
        let ordinary = run(Priority::Ordinary, own).await.expect("a thread").0;

        assert_eq!((lowest, ordinary), (19, before));
        assert_eq!(own(), before, "no other thread is touched");
    }

    #[tokio::test]
    #[should_panic(expected = "out of salt")]
    async fn a_panic_of_a_hash_is_its_callers() {
        _ = run(Priority::Lowest, || panic!("out of salt")).await;
    }
}
