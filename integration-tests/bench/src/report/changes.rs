//! Changes: how many in a second, and what one writes.

use std::fmt;

use super::cut;
use crate::{
    disk::{self, Disk},
    stats,
    writes::{CLIENTS, OnEngine, Turns, Writes},
};

pub(super) fn section(
    f: &mut fmt::Formatter<'_>,
    writes: &Writes,
    rounds: u32,
    seconds: u64,
) -> fmt::Result {
    writeln!(
        f,
        "
## Changes

`PUT` of a price that the game did not have, over HTTP/1.1 with {CLIENTS} connections kept alive, on the 60 games of the
demo catalogue: every request is a change, and after each turn the revisions have grown by as many. Every commit is made
durable, on both engines. All sides take turns, {rounds} rounds of {seconds} s each after one to warm up, each on a fresh
database. *sir0 before* is an older build, where one was given. *pgbench* runs the statements of a change by hand,
[`change.sql`](scaling/change.sql), with as many clients and prepared statements: what the server and its disk take
without sir0. The processor time is that of sir0 alone.

| engine | by | changes/s | p50 | p99 | processor per change |
|---|---|---:|---:|---:|---:|"
    )?;
    for engine in &writes.engines {
        engine.rows(f)?;
    }
    for missing in &writes.missing {
        writeln!(f, "\nNot measured: {missing}.")?;
    }
    Ok(())
}

impl OnEngine {
    /// What sir0 makes of what the same statements make by hand.
    pub(super) fn to_hand(&self) -> Option<f64> {
        Some(self.sir0.ratio(self.by_hand.as_ref()?))
    }

    fn rows(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        writeln!(f, "| {name} | sir0 | {}", self.sir0)?;
        let others = [("sir0 before", &self.before), ("pgbench", &self.by_hand)];
        for (who, turns) in others {
            let Some(turns) = turns else { continue };
            let (least, most) = stats::spread(&self.sir0.ratios(turns));
            let ratio = cut(self.sir0.ratio(turns));
            writeln!(f, "| {name} | {who} | {turns}")?;
            writeln!(f, "| | ratio to {who} | **{ratio}** ({least:.2} to {most:.2}) | | | |")?;
        }
        Ok(())
    }
}

impl Turns {
    fn ratio(&self, other: &Self) -> f64 {
        stats::median(&self.per_second) / stats::median(&other.per_second)
    }

    fn ratios(&self, other: &Self) -> Vec<f64> {
        let rounds = self.per_second.iter().zip(&other.per_second);
        rounds.map(|(ours, theirs)| ours / theirs).collect()
    }
}

impl fmt::Display for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (least, most) = stats::spread(&self.per_second);
        write!(f, "{:.0} ({least:.0} to {most:.0}) | ", stats::median(&self.per_second))?;
        for times in [&self.p50_ms, &self.p99_ms] {
            let (least, most) = stats::spread(times);
            write!(f, "{:.1} ms ({least:.1} to {most:.1}) | ", stats::median(times))?;
        }
        if self.processor_us.is_empty() {
            write!(f, "|")
        } else {
            write!(f, "{:.0} µs |", stats::median(&self.processor_us))
        }
    }
}

pub(super) fn disk(f: &mut fmt::Formatter<'_>, disk: &Disk) -> fmt::Result {
    let Disk { alone, together } = disk;
    writeln!(
        f,
        "
### What a change writes on SQLite

A price is changed in a store of {} games with descriptions of {} characters, {} times a turn. `-wal` is the file that
commits are appended to: by how much it grew. Calls are those that write, as Linux counts them for the process, less those
of the same requests that change nothing. A page takes two; the others wake threads and write a line of the log. Shown
are medians of the turns, in parentheses the least and the most.

| a change | by one client | by {CLIENTS} at once |
|---|---:|---:|",
        disk::GAMES,
        disk::DESCRIPTION,
        disk::CHANGES,
    )?;
    for (what, alone, together) in [
        ("bytes of `-wal`", &alone.log_bytes, &together.log_bytes),
        ("pages of `-wal`", &alone.pages, &together.pages),
        ("calls that write", &alone.calls, &together.calls),
        ("bytes of these calls", &alone.call_bytes, &together.call_bytes),
    ] {
        writeln!(f, "| {what} | {} | {} |", spread(alone), spread(together))?;
    }
    Ok(())
}

fn spread(values: &[f64]) -> String {
    if values.is_empty() {
        return "not measured here".to_owned();
    }
    let (least, most) = stats::spread(values);
    let places = usize::from(most < 1_000.0);
    let median = stats::median(values);
    format!("{median:.places$} ({least:.places$} to {most:.places$})")
}
