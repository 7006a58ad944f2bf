//! How games are found.

use std::fmt;

use crate::{
    search::{A_SECOND, Found, GAMES},
    stats,
};

pub(super) const SEARCH_BAR_MS: f64 = 50.0;
pub(super) const PAGE_BAR_MS: f64 = 20.0;

pub(super) fn section(f: &mut fmt::Formatter<'_>, found: &[Found]) -> fmt::Result {
    writeln!(
        f,
        "
## Finding games

{GAMES} games with titles of three words and descriptions of sixty. {A_SECOND} searches a second, each with five facets and few of them
alike; the time of one counts from the moment at which it was due. Pages of 20 games are asked for behind each thousand games
of each order. The indexing counts from the start of the process.

| | searches p50 | p99 | worst | pages p50 | p99 | worst | indexed after | resident then |
|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    )?;
    for Found { engine, indexed_s, megabytes, searches_ms, pages_ms } in found {
        write!(f, "| {engine}")?;
        for times in [searches_ms, pages_ms] {
            let (p50, p99) = (stats::median(times), stats::percentile(times, 99));
            let (_, worst) = stats::spread(times);
            write!(f, " | {p50:.1} ms | {p99:.1} ms | {worst:.0} ms")?;
        }
        let megabytes = megabytes.map_or("not measured".to_owned(), |it| format!("{it:.0} MB"));
        writeln!(f, " | {indexed_s:.1} s | {megabytes} |")?;
    }
    Ok(())
}
