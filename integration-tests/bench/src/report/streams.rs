//! Open streams, and starts.

use std::fmt;

use crate::{memory::Held, start::Start, stats, streams::Delivery};

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

pub(super) fn memory(f: &mut fmt::Formatter<'_>, kinds: &[Held]) -> fmt::Result {
    writeln!(
        f,
        "
### Memory of idle streams

Streams are opened and left in silence: by how much the resident memory of the server grew, divided by their number. A
hundred of the kind were open before. Each kind has a fresh server. What the system holds for a connection is not in it.

| kind | streams | bytes for each |
|---|---:|---:|"
    )?;
    for Held { kind, streams, bytes } in kinds {
        let bytes = bytes.map_or("not measured here".to_owned(), |bytes| format!("{bytes:.0}"));
        writeln!(f, "| {kind} | {streams} | {bytes} |")?;
    }
    Ok(())
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
