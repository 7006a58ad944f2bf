//! Changes: how many in a second.

use std::fmt;

use super::cut;
use crate::{
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
