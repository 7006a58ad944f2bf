//! Pictures beside nginx.

use std::fmt;

use super::cut;
use crate::{
    media::{HEIGHT, Media, Sent, WIDTH},
    stats,
};

pub(super) const SENT_BAR: f64 = 0.70;

pub(super) fn section(f: &mut fmt::Formatter<'_>, media: &Media) -> fmt::Result {
    let (upload, (_, worst)) = (stats::median(&media.uploads_s), stats::spread(&media.uploads_s));
    writeln!(
        f,
        "
## Pictures

An upload of {WIDTH} by {HEIGHT} pixels becomes three widths, each as JPEG and as WebP. It took {upload:.2} s from its first byte
to the answer, {worst:.2} s at most. Its files are asked for over 16 connections, in turns with nginx (two workers, `sendfile`,
`open_file_cache`), which has the same files and sends them with a line of caching. Requests a second, the middle of each side.

| a file of | sir0 | nginx | ratio |
|---:|---:|---:|---:|"
    )?;
    for sent in &media.sent {
        let Sent { bytes, ours, nginx } = sent;
        let (ours, nginx) = (stats::median(ours), stats::median(nginx));
        writeln!(f, "| {} kB | {ours:.0} | {nginx:.0} | {} |", bytes / 1000, cut(sent.ratio()))?;
    }
    Ok(())
}
