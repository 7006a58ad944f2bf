//! Copies: in this process, then in Redis, then the database itself. They change how long a read takes, never what it
//! answers.
//!
//! [`GameCache`] and [`PageCache`] belong to this process, and the feed drops their copies. All instances share
//! [`SharedCache`]. Its copies are not dropped: each tells how old it is, and [`Freshness`] tells whether that is too
//! old.

mod freshness;
mod games;
mod pages;
mod shared;

use std::sync::LazyLock;

use metrics::Counter;

pub(crate) use self::{
    freshness::Freshness,
    games::GameCache,
    pages::{FRONT_PAGES_BYTES, PAGES_BYTES, PageCache},
    shared::SharedCache,
};

/// Where games were found.
pub(crate) struct Counts {
    process: Counter,
    redis: Counter,
    pub(crate) database: Counter,
}

/// The counters, found once: a look-up by name for every read would cost more than the counting.
pub(crate) fn counts() -> &'static Counts {
    static COUNTS: LazyLock<Counts> = LazyLock::new(|| {
        let hits = |layer| metrics::counter!("sir0_cache_hits_total", "cache" => "games", "layer" => layer);
        Counts {
            process: hits("process"),
            redis: hits("redis"),
            database: metrics::counter!("sir0_cache_misses_total", "cache" => "games"),
        }
    });
    &COUNTS
}
