//! The table: every figure with its spread, every bar beside its figure.

use std::fmt;

use crate::{
    compare::{Comparison, Side},
    machine::Machine,
    start::Start,
    stats,
    streams::Delivery,
};

/// Everything one run showed. Its `Display` is `docs/benchmarks.md`.
pub(crate) struct Report {
    pub(crate) machine: Machine,
    /// As a person types it.
    pub(crate) command: String,
    pub(crate) rounds: u32,
    pub(crate) seconds: u64,
    pub(crate) loads: Vec<Comparison>,
    pub(crate) delivery: Delivery,
    pub(crate) start: Start,
}

const RATIO_BAR: f64 = 0.80;
const DELIVERY_BAR_MS: f64 = 100.0;
const START_BAR_MS: f64 = 300.0;
const MEMORY_BAR_MB: f64 = 40.0;

impl Report {
    /// Whether every change reached every stream.
    pub(crate) fn is_complete(&self) -> bool {
        self.delivery.arrived == self.delivery.expected
    }

    fn bars(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| what | figure | bar | met |\n|---|---:|---:|---|")?;
        for load in &self.loads {
            let ratio = load.ratio();
            let figure = format!("{} of the bare server", cut(ratio));
            if load.has_bar {
                bar(f, load.what, &figure, &format!("≥ {RATIO_BAR:.2}"), ratio >= RATIO_BAR)?;
            } else {
                writeln!(f, "| {} | {figure} | none | |", load.what)?;
            }
        }
        let delivery = &self.delivery;
        let arrived = format!("{} of {}", delivery.arrived, delivery.expected);
        let what = format!("changes to {} open streams, delivered", delivery.streams);
        bar(f, &what, &arrived, "all", self.is_complete())?;
        let p99 = stats::percentile(&delivery.latencies_ms, 99);
        let what = format!("one change to {} open streams, p99", delivery.streams);
        let met = self.is_complete() && p99 < DELIVERY_BAR_MS;
        bar(f, &what, &format!("{p99:.1} ms"), &format!("< {DELIVERY_BAR_MS:.0} ms"), met)?;
        let first = stats::median(&self.start.first_answer_ms);
        let figure = format!("{first:.0} ms");
        let what = "start to first answer on an existing database";
        bar(f, what, &figure, &format!("< {START_BAR_MS:.0} ms"), first < START_BAR_MS)?;
        let wanted = format!("< {MEMORY_BAR_MB:.0} MB");
        match self.start.idle_megabytes {
            Some(memory) => {
                let figure = format!("{memory:.1} MB");
                bar(f, "idle resident memory", &figure, &wanted, memory < MEMORY_BAR_MB)
            }
            None => writeln!(f, "| idle resident memory | not measured here | {wanted} | |"),
        }
    }

    fn load_table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| load | server | requests/s | p99 | processor per request | made by |")?;
        writeln!(f, "|---|---|---:|---:|---:|---|")?;
        for load in &self.loads {
            for (name, side) in [("sir0", &load.sir0), ("bare", &load.bare)] {
                writeln!(f, "| {} | {name} | {side} | {} |", load.what, load.generator)?;
            }
            let (least, most) = stats::spread(&load.ratios());
            let ratio = cut(load.ratio());
            writeln!(f, "| | ratio | **{ratio}** ({least:.2} to {most:.2}) | | | |")?;
        }
        Ok(())
    }

    fn stream_table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Delivery { streams, connections, changes, burst, .. } = self.delivery;
        let latencies = &self.delivery.latencies_ms;
        writeln!(
            f,
            "| {streams} `WatchGames` streams over {connections} connections | |\n|---|---:|"
        )?;
        writeln!(f, "| changes published one at a time | {changes} |")?;
        for per_cent in [50, 99] {
            let value = stats::percentile(latencies, per_cent);
            writeln!(
                f,
                "| from the call that publishes to a watcher, p{per_cent} | {value:.1} ms |"
            )?;
        }
        let (_, worst) = stats::spread(latencies);
        writeln!(f, "| the slowest of {} deliveries | {worst:.1} ms |", latencies.len())?;
        writeln!(f, "| changes published without waiting | {burst} |")?;
        writeln!(f, "| deliveries per second meanwhile | {:.0} |", self.delivery.per_second)?;
        let starts = &self.start.first_answer_ms;
        let (least, most) = stats::spread(starts);
        let median = stats::median(starts);
        writeln!(f)?;
        writeln!(f, "| {} starts on an existing database | |\n|---|---:|", starts.len())?;
        writeln!(f, "| to the first `GET /api/status`, median | {median:.0} ms |")?;
        writeln!(f, "| spread | {least:.0} to {most:.0} ms |")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine { processor, cores, memory, kernel, rustc, date, busy } = &self.machine;
        let Self { command, rounds, seconds, .. } = self;
        writeln!(
            f,
            "\
# Benchmarks

Written by `{command}` on {date}; every figure comes from that one run.

Machine: {processor}, {cores} cores, {memory}, {kernel}, {rustc}.
Load average before the run: {busy}; of an idle machine it is near 0.

sir0 runs as a user would start it (`cargo build --release`, SQLite, no settings changed, the demo catalogue). The bare
servers are one axum route and one tonic service that answer the same bytes from memory and do nothing else. All are
processes of their own on loopback, with the same number of worker threads.

## Bars
"
        )?;
        self.bars(f)?;
        writeln!(
            f,
            "
## Load

After a second to warm up, the two servers take turns: {rounds} rounds of {seconds} s each. Shown are medians, in
parentheses the least and the most; the ratio is that of the medians, and its spread that of the rounds. REST is `GET`
over HTTP/1.1 with 32 connections kept alive. The load generator shares the cores with the server, so where it is the
busier one, ratios draw closer to 1; the processor time of the server alone is in the fifth column.
"
        )?;
        self.load_table(f)?;
        writeln!(
            f,
            "
## Streams and starts

The watchers run in one process on the same cores and check that every change comes once and in order; the clock of a
delivery starts before the call that publishes, so the write to the database is in it.
"
        )?;
        self.stream_table(f)
    }
}

impl Comparison {
    fn ratio(&self) -> f64 {
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

/// Two decimals, cut and not rounded: what misses its bar does not look as if it met it.
fn cut(ratio: f64) -> String {
    format!("{:.2}", (ratio * 100.0).floor() / 100.0)
}

fn bar(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    figure: &str,
    wanted: &str,
    met: bool,
) -> fmt::Result {
    let met = if met { "yes" } else { "**no**" };
    writeln!(f, "| {what} | {figure} | {wanted} | {met} |")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_just_below_its_bar_does_not_look_as_if_it_met_it() {
        assert_eq!(cut(0.7999), "0.79");
        assert_eq!(cut(0.81), "0.81");
    }
}
