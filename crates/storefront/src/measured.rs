//! What the storefront measures beside its calls and its caches.

use std::time::Duration;

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// Describes what is measured here.
pub(crate) fn describe() {
    describe_gauge!("sir0_games_indexed", "Products in the index of this process");
    describe_gauge!(
        "sir0_index_whole",
        "1 while every product is in the index, 0 while it is filled"
    );
    describe_histogram!(
        "sir0_search_seconds",
        Unit::Seconds,
        "How long the index took to find a page"
    );
    describe_histogram!(
        "sir0_encoding_seconds",
        Unit::Seconds,
        "How long an upload took to become pictures, its wait included"
    );
    describe_histogram!(
        "sir0_release_delay_seconds",
        Unit::Seconds,
        "How long after its planned moment a product became public"
    );
    describe_counter!("sir0_imported_lines_total", "Lines of imports, by what came of them");
}

/// Tells how far the index is.
#[expect(clippy::cast_precision_loss, reason = "an id has 31 bits")]
pub(crate) fn index(games: usize, is_whole: bool) {
    metrics::gauge!("sir0_games_indexed").set(games as f64);
    metrics::gauge!("sir0_index_whole").set(f64::from(u8::from(is_whole)));
}

pub(crate) fn searched(took: Duration) {
    metrics::histogram!("sir0_search_seconds").record(took);
}

pub(crate) fn encoded(took: Duration) {
    metrics::histogram!("sir0_encoding_seconds").record(took);
}

pub(crate) fn released(late: Duration) {
    metrics::histogram!("sir0_release_delay_seconds").record(late);
}

pub(crate) fn imported(outcome: &'static str, lines: u32) {
    metrics::counter!("sir0_imported_lines_total", "outcome" => outcome).increment(lines.into());
}
