//! Open streams, and starts.

use std::fmt;

use crate::{start::Start, stats, streams::Delivery};

pub(super) fn deliveries(f: &mut fmt::Formatter<'_>, delivery: &Delivery) -> fmt::Result {
    let Delivery { streams, connections, changes, burst, per_second, .. } = *delivery;
    let latencies = &delivery.latencies_ms;
    writeln!(
        f,
        "
## Streams

The watchers run in one process on the same cores and check that every change comes once and in order; the clock of a
delivery starts before the call that publishes, so the write to the database is in it.

| {streams} `WatchGames` streams over {connections} connections | |
|---|---:|
| changes published one at a time | {changes} |"
    )?;
    for per_cent in [50, 99] {
        let value = stats::percentile(latencies, per_cent);
        writeln!(f, "| from the call that publishes to a watcher, p{per_cent} | {value:.1} ms |")?;
    }
    let (_, worst) = stats::spread(latencies);
    writeln!(f, "| the slowest of {} deliveries | {worst:.1} ms |", latencies.len())?;
    writeln!(f, "| changes published without waiting | {burst} |")?;
    writeln!(f, "| deliveries per second meanwhile | {per_second:.0} |")
}

pub(super) fn starts(f: &mut fmt::Formatter<'_>, start: &Start) -> fmt::Result {
    let starts = &start.first_answer_ms;
    let (least, most) = stats::spread(starts);
    let median = stats::median(starts);
    writeln!(
        f,
        "
## Starts

| {} starts on an existing database | |
|---|---:|
| to the first `GET /api/status`, median | {median:.0} ms |
| spread | {least:.0} to {most:.0} ms |",
        starts.len()
    )
}
