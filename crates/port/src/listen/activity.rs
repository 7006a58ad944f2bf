//! What happens on one connection. The tasks that read, answer and write report it. The task that ends the connection
//! asks for it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use http::{StatusCode, Version};
use tokio_util::sync::CancellationToken;

/// What happens on one connection. One task reports nearly all of it, so relaxed ordering is enough.
#[derive(Clone, Default)]
pub(crate) struct Activity(Arc<Counts>);

#[derive(Default)]
struct Counts {
    begun: AtomicUsize,
    answered: AtomicUsize,
    running: AtomicUsize,
    received: AtomicUsize,
    sent: AtomicUsize,
    /// How much had been received when the latest request began or ended. Later bytes are the next head.
    head_from: AtomicUsize,
    is_http2: AtomicBool,
    is_upgraded: AtomicBool,
    is_flooded: AtomicBool,
    /// How many slices were handed over and not written, by the period in which they were handed over.
    owed: [AtomicUsize; PERIODS],
    period: AtomicUsize,
    /// Requests that were refused without a look at their body.
    bodies_left: AtomicUsize,
    goodbye: CancellationToken,
}

/// The current period, the one before, and the one that is too long ago.
const PERIODS: usize = 3;
/// Slices of a connection that are on their way at a time, if its client reads. A client with more leaves them unread.
const MUCH: usize = 16;

/// Bodies that a connection over HTTP/2 may leave unread. Small pieces of a body that come after its request was
/// refused count against the connection for good in h2 (0.4.20). After some 500, h2 breaks off the connection with
/// `ENHANCE_YOUR_CALM`, and with it the streams of all clients that share it behind a proxy.
const MOST_LEFT: usize = 256;

/// What is known at one moment. Bytes and requests are counted since the connection was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Requests whose head is complete.
    pub(super) begun: usize,
    /// Requests that the service has answered, if only with the head of an answer that flows on.
    pub(super) answered: usize,
    /// Whether a request is being answered, or an answer being written.
    pub(super) is_busy: bool,
    /// Bytes that the system took from us.
    pub(super) sent: usize,
    /// Over HTTP/1: whether a head has begun to arrive, and is not complete.
    pub(super) is_within_head: bool,
}

impl Activity {
    /// How often [`Self::next_period`] is asked.
    pub(super) const PERIOD: Duration = Duration::from_secs(30);

    /// A connection on which nothing happens yet. The token is cancelled when a new connection should replace this one.
    pub(super) fn new(goodbye: CancellationToken) -> Self {
        Self(Arc::new(Counts { goodbye, ..Counts::default() }))
    }

    /// Notes a request that is complete up to its body.
    pub(super) fn begin(&self, version: Version) -> InFlight {
        self.0.is_http2.store(version == Version::HTTP_2, Relaxed);
        self.0.begun.fetch_add(1, Relaxed);
        self.0.running.fetch_add(1, Relaxed);
        self.next_head_begins();
        InFlight(self.clone())
    }

    fn next_head_begins(&self) {
        self.0.head_from.store(self.0.received.load(Relaxed), Relaxed);
    }

    pub(super) fn received(&self, bytes: usize) {
        self.0.received.fetch_add(bytes, Relaxed);
    }

    pub(super) fn sent(&self, bytes: usize) {
        self.0.sent.fetch_add(bytes, Relaxed);
    }

    /// Whether the connection sent more frames than it may, so that it is to end.
    pub(super) fn is_flooded(&self) -> bool {
        self.0.is_flooded.load(Relaxed)
    }

    pub(super) fn flooded(&self) {
        self.0.is_flooded.store(true, Relaxed);
    }

    pub(super) fn is_http2(&self) -> bool {
        self.0.is_http2.load(Relaxed)
    }

    /// Whether the connection speaks WebSocket by now.
    pub(super) fn is_upgraded(&self) -> bool {
        self.0.is_upgraded.load(Relaxed)
    }

    pub(super) fn begun(&self) -> usize {
        self.0.begun.load(Relaxed)
    }

    /// Whether a request is being answered: its answer may already be on its way.
    pub(super) fn is_answering(&self) -> bool {
        self.0.running.load(Relaxed) > 0
    }

    /// Whether a request is being answered, or an answer being written.
    pub(super) fn is_busy(&self) -> bool {
        self.is_answering() || self.0.owed.iter().any(|owed| owed.load(Relaxed) > 0)
    }

    /// Begins the next period, and answers whether a slice waits to be written since two periods before this one. The
    /// last slice of an answer has left hyper, so no task of its stream is left that could be given up.
    pub(super) fn next_period(&self) -> bool {
        let next = (self.0.period.load(Relaxed) + 1) % PERIODS;
        self.0.period.store(next, Relaxed);
        self.0.owed[next].load(Relaxed) > 0
    }

    pub(super) fn seen(&self) -> Seen {
        Seen {
            begun: self.0.begun.load(Relaxed),
            answered: self.0.answered.load(Relaxed),
            is_busy: self.is_busy(),
            sent: self.0.sent.load(Relaxed),
            is_within_head: !self.is_http2()
                && self.0.received.load(Relaxed) != self.0.head_from.load(Relaxed),
        }
    }
}

/// A request that is being answered, for as long as this lives.
pub(crate) struct InFlight(Activity);

impl InFlight {
    /// Notes that the service has its answer, which may still flow for long.
    pub(crate) fn answered(&self, status: StatusCode) {
        self.0.0.answered.fetch_add(1, Relaxed);
        if status == StatusCode::SWITCHING_PROTOCOLS {
            self.0.0.is_upgraded.store(true, Relaxed);
        }
    }

    /// Notes that the request was refused without a look at its body. After many, a new connection replaces this one.
    pub(crate) fn leaves_body(&self) {
        let Activity(counts) = &self.0;
        let left = counts.bodies_left.fetch_add(1, Relaxed) + 1;
        if left == MOST_LEFT && self.0.is_http2() {
            counts.goodbye.cancel();
        }
    }

    /// Whether many slices that were handed over are not written yet.
    pub(crate) fn owes_much(&self) -> bool {
        self.0.0.owed.iter().map(|owed| owed.load(Relaxed)).sum::<usize>() > MUCH
    }

    /// Notes that a slice of the answer is handed over.
    pub(crate) fn owe(&self) -> Owed {
        let activity = self.0.clone();
        let period = activity.0.period.load(Relaxed);
        activity.0.owed[period].fetch_add(1, Relaxed);
        Owed { activity, period }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.0.running.fetch_sub(1, Relaxed);
        self.0.next_head_begins();
    }
}

/// A slice that was handed over and not written, for as long as this lives.
pub(crate) struct Owed {
    activity: Activity,
    period: usize,
}

impl Drop for Owed {
    fn drop(&mut self) {
        self.activity.0.owed[self.period].fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_busy_until_its_answers_were_written() {
        let activity = Activity::default();
        let in_flight = activity.begin(Version::HTTP_11);
        let owed = in_flight.owe();
        drop(in_flight);
        assert!(activity.is_busy());

        drop(owed);

        assert!(!activity.is_busy());
    }

    #[test]
    fn what_waits_for_two_whole_periods_is_noticed_in_the_third() {
        let activity = Activity::default();
        let in_flight = activity.begin(Version::HTTP_2);
        let _owed = in_flight.owe();
        let noticed: Vec<_> = (0..4).map(|_| activity.next_period()).collect();

        assert_eq!(noticed, [false, false, true, false]);
    }

    #[test]
    fn a_connection_on_which_hundreds_of_bodies_were_left_unread_is_replaced() {
        for (version, is_replaced) in [(Version::HTTP_2, true), (Version::HTTP_11, false)] {
            let goodbye = CancellationToken::new();
            let activity = Activity::new(goodbye.clone());

            (1..MOST_LEFT).for_each(|_| activity.begin(version).leaves_body());
            assert!(!goodbye.is_cancelled());
            activity.begin(version).leaves_body();

            assert_eq!(goodbye.is_cancelled(), is_replaced, "{version:?}");
        }
    }

    #[test]
    fn a_body_is_no_head_and_what_follows_it_is() {
        let activity = Activity::default();

        activity.received(100);
        assert!(activity.seen().is_within_head);
        let in_flight = activity.begin(Version::HTTP_11);
        assert!(!activity.seen().is_within_head);
        activity.received(1_000);
        drop(in_flight);

        assert!(!activity.seen().is_within_head);
        activity.received(1);
        assert!(activity.seen().is_within_head);
    }
}
