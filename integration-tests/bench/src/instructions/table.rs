//! The table of counts: written, read again, and compared.

use std::{collections::BTreeMap, fmt};

use anyhow::{Result, bail, ensure};

use crate::machine::Machine;

/// By how much a count may grow before somebody has to say that it was meant.
const MAY_GROW: f64 = 1.1;

/// The same for a change. It waits for the disk, and how often threads are woken meanwhile differs by a third from run to
/// run.
const CHANGE_MAY_GROW: f64 = 1.5;

/// What one run counted. Its `Display` is `docs/instructions.md`.
pub(super) struct Table {
    pub(super) machine: Machine,
    pub(super) valgrind: String,
    /// As a person types it.
    pub(super) command: String,
    pub(super) requests: usize,
    pub(super) rows: Vec<Row>,
}

/// Instructions for one request.
pub(super) struct Row {
    pub(super) what: String,
    pub(super) sir0: f64,
    /// Of a bare server that encodes its answer.
    pub(super) bare: f64,
    /// Of one that sends stored bytes.
    pub(super) stored: Option<f64>,
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { machine, valgrind, command, requests, rows } = self;
        let Machine { processor, rustc, date, .. } = machine;
        writeln!(
            f,
            "\
# Instructions

Written by `{command}` on {date}: {processor}, {rustc}, {valgrind}.

How many instructions a request takes in the process that answers it, counted by callgrind: one connection, one worker
thread, the middle of three counts of {requests} requests each. Counting is not disturbed by what else the machine does,
so `cargo xtask bench --instructions --check` fails on any machine when a count of sir0 is more than a tenth above the
one here. A change waits for the disk, and how often threads are woken meanwhile differs by a third from run to run: it
fails when it is more than half above. The system's own work, disk and network, is not in it.

The bare servers are one axum route and one tonic service, which do nothing but encode the same games from memory for each
answer. Beside them stands the route of [the benchmarks](benchmarks.md), which sends stored bytes. They answer a `PUT` as
they answer a `GET`, so that ratio is what reading, deciding, writing and announcing cost, and has nothing to reach.

| request | sir0 | bare | ratio | stored bytes | ratio |
|---|---:|---:|---:|---:|---:|"
        )?;
        for Row { what, sir0, bare, stored } in rows {
            write!(f, "| {what} | {sir0:.0} | {bare:.0} | {:.2} |", sir0 / bare)?;
            match stored {
                Some(stored) => writeln!(f, " {stored:.0} | {:.2} |", sir0 / stored)?,
                None => writeln!(f, " | |")?,
            }
        }
        Ok(())
    }
}

impl Table {
    /// Fails when a count of sir0 is more than a tenth above the one of the same name, of a change more than half, or a
    /// name is missing.
    pub(super) fn must_not_exceed(&self, committed: &BTreeMap<String, f64>) -> Result<()> {
        let mut faults = Vec::new();
        for Row { what, sir0, .. } in &self.rows {
            let may_grow = if what.contains("`PUT`") { CHANGE_MAY_GROW } else { MAY_GROW };
            match committed.get(what) {
                Some(before) if *sir0 > before * may_grow => {
                    let grown = (sir0 / before - 1.0) * 100.0;
                    faults.push(format!("{what}: {before:.0} became {sir0:.0}, {grown:.0} % more"));
                }
                Some(_) => {}
                None => faults.push(format!("{what} is not in the table")),
            }
        }
        if !faults.is_empty() {
            bail!(
                "more instructions than {} says; if that was meant, write it anew:\n{}",
                super::TABLE,
                faults.join("\n")
            );
        }
        Ok(())
    }
}

/// The counts of sir0 in a table that was written before.
pub(super) fn read(text: &str) -> Result<BTreeMap<String, f64>> {
    let row = |line: &str| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        Some((cells.next()?.to_owned(), cells.next()?.parse().ok()?))
    };
    let counts: BTreeMap<_, _> = text.lines().filter_map(row).collect();
    ensure!(!counts.is_empty(), "{} has no counts", super::TABLE);
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(sir0: f64) -> Table {
        let machine = Machine {
            processor: "a processor".to_owned(),
            cores: 2,
            memory: String::new(),
            kernel: String::new(),
            rustc: "rustc".to_owned(),
            date: "2026-11-22".to_owned(),
            busy: String::new(),
        };
        let rows = vec![Row {
            what: "REST `GET` one game".to_owned(),
            sir0,
            bare: 10_000.0,
            stored: None,
        }];
        let command = "cargo xtask bench --instructions".to_owned();
        Table { machine, valgrind: "valgrind".to_owned(), command, requests: 1_000, rows }
    }

    #[test]
    fn a_count_may_grow_by_a_tenth_and_no_more() {
        let committed = read(&table(20_000.0).to_string()).expect("the table it wrote");

        assert!(table(5_000.0).must_not_exceed(&committed).is_ok());
        assert!(table(21_999.0).must_not_exceed(&committed).is_ok());
        let fault = table(23_000.0).must_not_exceed(&committed).expect_err("15 % more");
        assert!(fault.to_string().contains("20000 became 23000, 15 % more"), "{fault}");
    }

    #[test]
    fn a_change_may_grow_by_half_and_no_more() {
        let change = |sir0| {
            let mut table = table(sir0);
            table.rows[0].what = "REST `PUT` of a price".to_owned();
            table
        };
        let committed = read(&change(20_000.0).to_string()).expect("the table it wrote");

        assert!(change(29_000.0).must_not_exceed(&committed).is_ok());
        assert!(change(31_000.0).must_not_exceed(&committed).is_err());
    }

    #[test]
    fn a_request_that_the_table_does_not_have_is_a_fault() {
        let committed = BTreeMap::from([("another".to_owned(), 1.0)]);

        assert!(table(1.0).must_not_exceed(&committed).is_err());
        assert!(read("# Instructions\n").is_err());
    }
}
