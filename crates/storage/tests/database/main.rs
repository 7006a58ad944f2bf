//! What every database promises the services above it, tested on every engine there is.
//!
//! `stories.rs` is compiled twice, as the `db` rooms of the services are. What only one engine promises stands in the
//! file of that engine.

mod on_postgres;
#[expect(clippy::duplicate_mod, reason = "the same stories on another engine")]
mod on_sqlite;

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use sir0_kernel::Timestamp;

const NOON: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

/// Lets some steps of a call happen, then drops it as a client that hangs up would: before there is an answer, or, with
/// an odd number of steps, after the answer has arrived and before it is read.
async fn hang_up_after<F: Future>(steps: usize, call: F) -> Option<F::Output> {
    let mut call = pin!(call);
    for _ in 0..steps {
        if let Poll::Ready(done) = call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return Some(done);
        }
        if steps.is_multiple_of(2) {
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    None
}
