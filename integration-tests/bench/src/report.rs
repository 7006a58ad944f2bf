//! The table: every figure with its spread, every bar beside its figure.

mod bars;
mod changes;
mod found;
mod imported;
mod loads;
mod media;
mod streams;

use std::fmt;

use crate::{
    compare::Comparison, disk::Disk, import::Imported, machine::Machine, media::Media,
    memory::Held, search::Found, start::Start, streams::Delivery, tokens::Tokens, writes::Writes,
};

/// Where the figures stand.
pub(crate) const TABLE: &str = "docs/benchmarks.md";

/// Everything one run showed. Its `Display` is `docs/benchmarks.md`, without the parts that were not asked for.
pub(crate) struct Report {
    machine: Machine,
    /// As a person types it.
    command: String,
    rounds: u32,
    seconds: u64,
    pub(crate) loads: Vec<Comparison>,
    pub(crate) writes: Option<Writes>,
    pub(crate) disk: Option<Disk>,
    pub(crate) found: Vec<Found>,
    pub(crate) imported: Vec<Imported>,
    pub(crate) media: Option<Media>,
    pub(crate) delivery: Option<Delivery>,
    pub(crate) memory: Vec<Held>,
    pub(crate) start: Option<Start>,
    pub(crate) tokens: Option<Tokens>,
}

impl Report {
    /// Of a run that has measured nothing yet.
    pub(crate) const fn new(machine: Machine, command: String, rounds: u32, seconds: u64) -> Self {
        Self {
            machine,
            command,
            rounds,
            seconds,
            loads: Vec::new(),
            writes: None,
            disk: None,
            found: Vec::new(),
            imported: Vec::new(),
            media: None,
            delivery: None,
            memory: Vec::new(),
            start: None,
            tokens: None,
        }
    }

    /// Whether every change reached every stream.
    pub(crate) fn is_complete(&self) -> bool {
        self.delivery.as_ref().is_none_or(Delivery::is_complete)
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

sir0 runs as it is deployed (`cargo build --profile dist`, SQLite, no settings changed, the demo catalogue). The bare
servers are one axum route and one tonic service that answer the same bytes from memory and do nothing else. All are
processes of their own on loopback, with the same number of worker threads. What requests take in instructions, which a
busy machine does not disturb, is in [a table of its own](instructions.md)."
        )?;
        self.bars(f)?;
        if !self.loads.is_empty() {
            loads::section(f, &self.loads, *rounds, *seconds)?;
        }
        if let Some(writes) = &self.writes {
            changes::section(f, writes, *rounds, *seconds)?;
        }
        if let Some(disk) = &self.disk {
            changes::disk(f, disk)?;
        }
        if !self.found.is_empty() {
            found::section(f, &self.found)?;
        }
        if !self.imported.is_empty() {
            imported::section(f, &self.imported)?;
        }
        if let Some(media) = &self.media {
            media::section(f, media)?;
        }
        if let Some(delivery) = &self.delivery {
            streams::deliveries(f, delivery)?;
        }
        if !self.memory.is_empty() {
            streams::memory(f, &self.memory)?;
        }
        self.start.as_ref().map_or(Ok(()), |start| streams::starts(f, start))
    }
}

/// Two decimals, cut and not rounded: what misses its bar does not look as if it met it.
fn cut(ratio: f64) -> String {
    format!("{:.2}", (ratio * 100.0).floor() / 100.0)
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
