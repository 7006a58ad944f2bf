//! How long a connection may go on without anything happening on it.

use std::time::Duration;

use tokio::time::Instant;

use super::activity::{Activity, Seen};
use crate::limits::Limits;

/// What goes out over HTTP/2 between two checks without being an answer: pings, and answers to pings.
const NO_ANSWER: usize = 1024;

/// The decision about a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Stays,
    /// Nothing was asked for long. A request of this moment is still answered.
    SaysGoodbye,
    Ends,
}

/// Judges one connection from time to time.
pub(super) struct Patience {
    /// How long a head may take, and how long a connection that never asked anything may stay.
    head: Duration,
    /// How long an HTTP/1 connection may rest between two requests.
    between: Duration,
    /// How long an HTTP/2 connection may rest.
    idle: Duration,
    last: Seen,
    last_active: Instant,
    period_since: Instant,
    /// When the head that is arriving was noticed.
    head_since: Option<Instant>,
}

impl Patience {
    pub(super) fn new(limits: &Limits, now: Instant) -> Self {
        Self {
            head: limits.header_timeout,
            between: limits.keep_alive_timeout,
            idle: limits.idle_timeout,
            last: Seen::default(),
            last_active: now,
            period_since: now,
            head_since: None,
        }
    }

    /// How often to look.
    pub(super) fn interval(&self) -> Duration {
        super::CHECK_INTERVAL.min(self.head).min(self.between)
    }

    /// Looks once more.
    pub(super) fn judge(&mut self, activity: &Activity, now: Instant) -> Verdict {
        if activity.is_flooded() {
            return Verdict::Ends;
        }
        let (seen, is_http2) = (activity.seen(), activity.is_http2());
        if now.duration_since(self.period_since) >= Activity::PERIOD {
            self.period_since = now;
            // Over HTTP/1 the system notices an unread slice, and a slow reader is not cut off between two slices.
            if activity.next_period() && is_http2 {
                return Verdict::Ends;
            }
        }
        let sent = seen.sent.wrapping_sub(self.last.sent);
        let is_answering = seen.is_busy || if is_http2 { sent > NO_ANSWER } else { sent > 0 };
        if is_answering || seen.begun != self.last.begun {
            self.last_active = now;
            self.head_since = None;
        }
        self.last = seen;
        let rested = now.duration_since(self.last_active);
        if seen.begun == 0 {
            Self::after(rested, self.head, Verdict::Ends)
        } else if is_http2 {
            Self::after(rested, self.idle, Verdict::SaysGoodbye)
        } else if seen.is_within_head && !is_answering {
            let since = *self.head_since.get_or_insert(now);
            Self::after(now.duration_since(since), self.head, Verdict::Ends)
        } else {
            self.head_since = None;
            Self::after(rested, self.between, Verdict::Ends)
        }
    }

    fn after(waited: Duration, limit: Duration, end: Verdict) -> Verdict {
        if waited < limit { Verdict::Stays } else { end }
    }
}

#[cfg(test)]
mod tests {
    use http::Version;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    struct Connection {
        activity: Activity,
        patience: Patience,
        now: Instant,
    }

    impl Connection {
        fn new() -> Self {
            let now = Instant::now();
            let patience = Patience::new(&Limits::default(), now);
            Self { activity: Activity::default(), patience, now }
        }

        /// Looks every second until the connection is to end, for at most so many seconds.
        fn lasts(&mut self, at_most: u32, mut each: impl FnMut(&Activity)) -> (u32, Verdict) {
            for second in 1..=at_most {
                self.now += SECOND;
                each(&self.activity);
                let verdict = self.patience.judge(&self.activity, self.now);
                if verdict != Verdict::Stays {
                    return (second, verdict);
                }
            }
            (at_most, Verdict::Stays)
        }

        fn asks(&self, version: Version) {
            self.activity.received(100);
            drop(self.activity.begin(version));
        }
    }

    #[test]
    fn who_never_asks_has_the_time_of_a_head() {
        assert_eq!(Connection::new().lasts(100, |_| ()), (15, Verdict::Ends));
        assert_eq!(Connection::new().lasts(100, |it| it.received(1)), (15, Verdict::Ends));
    }

    #[test]
    fn a_connection_rests_longer_between_requests_than_balancers_keep_it() {
        let mut connection = Connection::new();
        connection.asks(Version::HTTP_11);

        // Counted from the look that noticed the request.
        assert_eq!(connection.lasts(200, |_| ()), (76, Verdict::Ends));
    }

    #[test]
    fn the_clock_of_a_head_starts_at_its_first_byte() {
        let mut connection = Connection::new();
        connection.asks(Version::HTTP_11);

        assert_eq!(connection.lasts(60, |_| ()), (60, Verdict::Stays));
        let dripping = connection.lasts(100, |it| it.received(1));

        assert_eq!(dripping, (16, Verdict::Ends));
    }

    #[test]
    fn a_connection_whose_answer_still_moves_is_not_idle() {
        let mut connection = Connection::new();
        connection.asks(Version::HTTP_11);

        assert_eq!(connection.lasts(1_000, |it| it.sent(1)), (1_000, Verdict::Stays));
        assert_eq!(connection.lasts(1_000, |_| ()), (75, Verdict::Ends));
    }

    #[test]
    fn http2_rests_for_its_own_time_and_pings_do_not_count() {
        let mut connection = Connection::new();
        connection.asks(Version::HTTP_2);

        assert_eq!(connection.lasts(1_000, |it| it.sent(17)), (301, Verdict::SaysGoodbye));
    }

    #[test]
    fn a_flooded_connection_ends_at_once() {
        let mut connection = Connection::new();
        let _answering = connection.activity.begin(Version::HTTP_2);

        assert_eq!(connection.lasts(100, |_| ()), (100, Verdict::Stays));
        connection.activity.flooded();

        assert_eq!(connection.lasts(100, |_| ()), (1, Verdict::Ends));
    }
}
