//! Reads, beside the bare servers.

use std::fmt;

use super::cut;
use crate::{
    compare::{Comparison, Side},
    stats,
};

pub(super) fn section(
    f: &mut fmt::Formatter<'_>,
    loads: &[Comparison],
    rounds: u32,
    seconds: u64,
) -> fmt::Result {
    writeln!(
        f,
        "
## Load

After a second to warm up, the two servers take turns: {rounds} rounds of {seconds} s each. Shown are medians, in
parentheses the least and the most; the ratio is that of the medians, and its spread that of the rounds. REST is `GET`
over HTTP/1.1 with 32 connections kept alive. The load generator shares the cores with the server, so where it is the
busier one, ratios draw closer to 1; the processor time of the server alone is in the fifth column.

| load | server | requests/s | p99 | processor per request | made by |
|---|---|---:|---:|---:|---|"
    )?;
    for load in loads {
        for (name, side) in [("sir0", &load.sir0), ("bare", &load.bare)] {
            writeln!(f, "| {} | {name} | {side} | {} |", load.what, load.generator)?;
        }
        let (least, most) = stats::spread(&load.ratios());
        let ratio = cut(load.ratio());
        writeln!(f, "| | ratio | **{ratio}** ({least:.2} to {most:.2}) | | | |")?;
    }
    Ok(())
}

impl Comparison {
    pub(super) fn ratio(&self) -> f64 {
        stats::median(&self.sir0.per_second) / stats::median(&self.bare.per_second)
    }

    fn ratios(&self) -> Vec<f64> {
        let rounds = self.sir0.per_second.iter().zip(&self.bare.per_second);
        rounds.map(|(sir0, bare)| sir0 / bare).collect()
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (least, most) = stats::spread(&self.per_second);
        write!(f, "{:.0} ({least:.0} to {most:.0}) | ", stats::median(&self.per_second))?;
        let (least, most) = stats::spread(&self.p99_ms);
        write!(f, "{:.2} ms ({least:.2} to {most:.2}) | ", stats::median(&self.p99_ms))?;
        if self.processor_us.is_empty() {
            write!(f, "not measured here")
        } else {
            write!(f, "{:.0} µs", stats::median(&self.processor_us))
        }
    }
}
