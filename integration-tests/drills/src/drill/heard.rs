//! How soon one instance hears of what ended at another.

use std::time::Duration;

use super::{
    report::Report,
    times::{Times, ms},
};

/// So many ends of a kind, of which 99 of 100 are to count elsewhere within this.
#[derive(Clone, Copy)]
pub(super) struct Ends {
    pub(super) count: usize,
    pub(super) bar: Duration,
}

impl Ends {
    /// Where one instance rings for the others.
    pub(super) const fn rung(count: usize) -> Self {
        Self { count, bar: Duration::from_millis(50) }
    }

    /// Where each instance has to look.
    pub(super) const fn polled(count: usize) -> Self {
        Self { count, bar: Duration::from_millis(600) }
    }

    /// Tells how long each end took to count elsewhere. `None` stands for one that never did.
    pub(super) fn tell(
        self,
        report: &mut Report,
        (way, what): (&str, &str),
        took: &[Option<Duration>],
    ) {
        let mut times = Times::default();
        for heard in took.iter().flatten() {
            times.add(*heard);
        }
        report.must_be_none(
            &format!("{way}: {what} never counted elsewhere"),
            took.len() - times.count(),
        );
        report.should(
            &format!("{way}: from {what} to the refusal elsewhere, p50, p99, longest"),
            format!(
                "{}, {}, {}",
                ms(times.percentile(50)),
                ms(times.percentile(99)),
                ms(times.max())
            ),
            &format!("p99 ≤ {} ms", self.bar.as_millis()),
            times.count() == self.count && times.percentile(99) <= self.bar,
        );
    }
}
