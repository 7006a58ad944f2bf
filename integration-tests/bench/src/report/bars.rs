//! What was promised beside what was measured.

use std::fmt;

use super::{
    Report, cut,
    found::{PAGE_BAR_MS, SEARCH_BAR_MS},
    imported::{IMPORT_BAR, a_second},
    media::SENT_BAR,
};
use crate::{
    import::Imported,
    search::{Found, GAMES},
    start::Start,
    stats,
    streams::Delivery,
    tokens::{TOKENS, Tokens},
};

const RATIO_BAR: f64 = 0.80;
const DELIVERY_BAR_MS: f64 = 100.0;
const START_BAR_MS: f64 = 300.0;
const MEMORY_BAR_MB: f64 = 40.0;
const TOKEN_BAR_US: f64 = 60.0;

impl Report {
    /// One row for each figure that has a bar, or might have one.
    pub(super) fn bars(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by_hand = self.writes.iter().flat_map(|writes| &writes.engines);
        let by_hand: Vec<_> =
            by_hand.filter_map(|engine| Some((&engine.name, engine.to_hand()?))).collect();
        let served = !self.found.is_empty()
            || !self.imported.is_empty()
            || self.media.is_some()
            || self.delivery.is_some()
            || self.start.is_some()
            || self.tokens.is_some();
        if self.loads.is_empty() && by_hand.is_empty() && !served {
            return Ok(());
        }
        writeln!(f, "\n## Bars\n\n| what | figure | bar | met |\n|---|---:|---:|---|")?;
        for load in &self.loads {
            let ratio = load.ratio();
            let figure = format!("{} of the bare server", cut(ratio));
            if load.has_bar {
                bar(f, load.what, &figure, &format!("≥ {RATIO_BAR:.2}"), ratio >= RATIO_BAR)?;
            } else {
                writeln!(f, "| {} | {figure} | none | |", load.what)?;
            }
        }
        for (engine, ratio) in by_hand {
            writeln!(f, "| changes on {engine} | {} of pgbench | none | |", cut(ratio))?;
        }
        for found in &self.found {
            of_finding(f, found)?;
        }
        for imported in &self.imported {
            of_import(f, imported)?;
        }
        for sent in self.media.iter().flat_map(|media| &media.sent) {
            let what = format!("a cached picture of {} kB", sent.bytes / 1000);
            let (ratio, wanted) = (sent.ratio(), format!("≥ {SENT_BAR:.2}"));
            let figure = format!("{} of nginx", cut(ratio));
            bar(f, &what, &figure, &wanted, ratio >= SENT_BAR)?;
        }
        if let Some(delivery) = &self.delivery {
            of_delivery(f, delivery)?;
        }
        if let Some(start) = &self.start {
            of_start(f, start)?;
        }
        self.tokens.as_ref().map_or(Ok(()), |tokens| of_tokens(f, tokens))
    }
}

fn of_finding(f: &mut fmt::Formatter<'_>, found: &Found) -> fmt::Result {
    let rows = [
        ("a search with facets, p99", &found.searches_ms, SEARCH_BAR_MS),
        ("a page at any depth, p99", &found.pages_ms, PAGE_BAR_MS),
    ];
    for (what, times, wanted) in rows {
        let p99 = stats::percentile(times, 99);
        let what = format!("{what}, {GAMES} games on {}", found.engine);
        bar(f, &what, &format!("{p99:.1} ms"), &format!("≤ {wanted:.0} ms"), p99 <= wanted)?;
    }
    Ok(())
}

fn of_import(f: &mut fmt::Formatter<'_>, imported: &Imported) -> fmt::Result {
    let a_second = a_second(imported.added_s);
    let what = format!("an import of {GAMES} games on {}", imported.engine);
    let figure = format!("{a_second:.0}/s");
    if imported.engine.starts_with("SQLite") {
        bar(f, &what, &figure, &format!("> {IMPORT_BAR:.0}/s"), a_second > IMPORT_BAR)
    } else {
        writeln!(f, "| {what} | {figure} | none | |")
    }
}

fn of_tokens(f: &mut fmt::Formatter<'_>, Tokens { new_us, known_us }: &Tokens) -> fmt::Result {
    for (kind, times) in [("an unseen", new_us), ("a known", known_us)] {
        let (p50, p99) = (stats::median(times), stats::percentile(times, 99));
        let what =
            format!("{kind} access token is verified, without a call, {TOKENS} times: p50, p99");
        let wanted = format!("p50 < {TOKEN_BAR_US:.0} µs");
        bar(f, &what, &format!("{p50:.2} µs, {p99:.2} µs"), &wanted, p50 < TOKEN_BAR_US)?;
    }
    Ok(())
}

fn of_delivery(f: &mut fmt::Formatter<'_>, delivery: &Delivery) -> fmt::Result {
    let arrived = format!("{} of {}", delivery.arrived, delivery.expected);
    let what = format!("changes to {} open streams, delivered", delivery.streams);
    bar(f, &what, &arrived, "all", delivery.is_complete())?;
    let p99 = stats::percentile(&delivery.latencies_ms, 99);
    let what = format!("one change to {} open streams, p99", delivery.streams);
    let met = delivery.is_complete() && p99 < DELIVERY_BAR_MS;
    bar(f, &what, &format!("{p99:.1} ms"), &format!("< {DELIVERY_BAR_MS:.0} ms"), met)
}

fn of_start(f: &mut fmt::Formatter<'_>, start: &Start) -> fmt::Result {
    let first = stats::median(&start.first_answer_ms);
    let figure = format!("{first:.0} ms");
    let what = "start to first answer on an existing database";
    bar(f, what, &figure, &format!("< {START_BAR_MS:.0} ms"), first < START_BAR_MS)?;
    let wanted = format!("< {MEMORY_BAR_MB:.0} MB");
    match start.idle_megabytes {
        Some(memory) => {
            let figure = format!("{memory:.1} MB");
            bar(f, "idle resident memory", &figure, &wanted, memory < MEMORY_BAR_MB)
        }
        None => writeln!(f, "| idle resident memory | not measured here | {wanted} | |"),
    }
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
