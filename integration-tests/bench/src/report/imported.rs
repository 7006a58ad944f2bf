//! How fast a catalogue goes in and out as a file.

use std::fmt;

use crate::{import::Imported, search::GAMES};

/// How many products a second an import takes in on SQLite.
pub(super) const IMPORT_BAR: f64 = 5_000.0;

/// Products a second.
#[expect(clippy::cast_precision_loss, reason = "a hundred thousand")]
pub(super) fn a_second(seconds: f64) -> f64 {
    GAMES as f64 / seconds
}

pub(super) fn section(f: &mut fmt::Formatter<'_>, imported: &[Imported]) -> fmt::Result {
    let bytes = imported.first().map_or(0, |it| it.bytes);
    writeln!(
        f,
        "
## Catalogues as files

`sir0 catalogue import` of a file of {GAMES} games, {} MB of NDJSON, from its start to its end, while one stream watches. The
watcher hears of every game once and never starts over. Then the same file again, which changes nothing; the same with another
price in each line; and `sir0 catalogue export` as CSV. In products a second.

| | added | unchanged | changed | exported | watcher behind | index behind | resident before | most during it | after it |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
        bytes / 1_000_000
    )?;
    let megabytes =
        |it: Option<f64>| it.map_or("not measured".to_owned(), |it| format!("{it:.0} MB"));
    for it in imported {
        writeln!(
            f,
            "| {} | {:.0} | {:.0} | {:.0} | {:.0} | {:.1} s | {:.1} s | {} | {} | {} |",
            it.engine,
            a_second(it.added_s),
            a_second(it.unchanged_s),
            a_second(it.changed_s),
            a_second(it.exported_s),
            it.heard_s,
            it.indexed_s,
            megabytes(it.before_mb),
            megabytes(it.most_mb),
            megabytes(it.after_mb),
        )?;
    }
    Ok(())
}
