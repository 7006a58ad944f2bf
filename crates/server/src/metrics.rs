//! What the numbers of `/metrics` mean, and those that are about the process and its disk rather than about a call.

use std::{
    fs,
    path::{Path, PathBuf},
};

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram, gauge};
use sir0_host::Configured;
use sir0_storage::Location;

use crate::{Config, Parts, SERVICES};

/// Counters: what they count.
const COUNTERS: [(&str, &str); 9] = [
    ("sir0_too_many_requests_total", "Requests refused because their address made too many"),
    ("sir0_waiting_refused_total", "Requests and bytes refused to clients that held too much"),
    ("sir0_calls_total", "Calls that ended, by method, door and code"),
    ("sir0_file_cache_hits_total", "Files that were answered from memory"),
    (
        "sir0_file_cache_misses_total",
        "Files that were not in memory, and asked for where they are kept",
    ),
    ("sir0_feed_doorbell_misses_total", "Events that the poll found and no doorbell rang for"),
    ("sir0_peer_repeats_total", "Calls to another service that were made again, by outcome"),
    ("sir0_trace_spans_total", "Spans of traces, by what became of them"),
    ("sir0_log_lines_left_out_total", "Lines beyond what the log holds of one place in a second"),
];

/// Gauges: what they show.
const GAUGES: [(&str, Unit, &str); 12] = [
    (
        "sir0_waiting_bytes",
        Unit::Bytes,
        "Held for clients: answers they do not read, half of a body",
    ),
    ("sir0_waiting_bytes_limit", Unit::Bytes, "What may be held for clients"),
    ("sir0_build_info", Unit::Count, "1, with the version of the program as a label"),
    ("sir0_data_folder_free_bytes", Unit::Bytes, "Room left on the disk with the data folder"),
    ("sir0_data_folder_total_bytes", Unit::Bytes, "The size of the disk with the data folder"),
    ("sir0_database_free_bytes", Unit::Bytes, "Room left on the disk with the file of a database"),
    ("sir0_database_bytes", Unit::Bytes, "The size of a database's file and its journal"),
    ("sir0_pool_connections", Unit::Count, "Connections to a database, by whether they are used"),
    ("sir0_streams_open", Unit::Count, "Streams of changes that are open"),
    ("sir0_websockets_open", Unit::Count, "WebSockets that are open"),
    ("sir0_ended_sessions", Unit::Count, "Sessions whose tokens are refused though not expired"),
    ("sir0_feed_position", Unit::Count, "The position of the last event that was read"),
];

/// Ages and stretches of time.
const SECONDS: [(&str, &str); 3] = [
    ("sir0_call_seconds", "How long calls took, streams apart"),
    ("sir0_pool_wait_seconds", "How long a transaction waited for a connection and its beginning"),
    ("sir0_feed_lag_seconds", "How long after its commit an event was read"),
];

/// Says what each number means, where the crate that measures it does not.
pub(crate) fn describe() {
    for (name, meaning) in COUNTERS {
        describe_counter!(name, meaning);
    }
    for (name, unit, meaning) in GAUGES {
        describe_gauge!(name, unit, meaning);
    }
    for (name, meaning) in SECONDS {
        describe_histogram!(name, Unit::Seconds, meaning);
    }
    for service in SERVICES {
        (service.describe_metrics)();
    }
    gauge!("sir0_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}

/// The files whose disk may run full.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    data_folder: Option<PathBuf>,
    databases: Vec<(&'static str, PathBuf)>,
}

impl Disk {
    /// What these parts keep on a disk of this machine.
    pub(crate) fn of(config: &Config, parts: Parts) -> Self {
        let file = |each: &dyn Configured| match each.location(&config.data_dir) {
            Ok(Location::Sqlite(file)) => Some((each.service().name, file)),
            _ => None,
        };
        Self {
            data_folder: config.keeps_files(parts).then(|| config.data_dir.clone()),
            databases: config.services.of(parts).filter_map(file).collect(),
        }
    }

    /// Brings the gauges up to date. Asks the system, which may take its time.
    pub(crate) fn measure(&self) {
        if let Some((free, total)) = self.data_folder.as_deref().and_then(room) {
            gauge!("sir0_data_folder_free_bytes").set(free);
            gauge!("sir0_data_folder_total_bytes").set(total);
        }
        for (service, file) in &self.databases {
            let bytes = ["", "-wal", "-shm"].map(|end| size(file, end)).iter().sum();
            gauge!("sir0_database_bytes", "service" => *service).set(as_number(bytes));
            if let Some((free, _)) = file.parent().and_then(room) {
                gauge!("sir0_database_free_bytes", "service" => *service).set(free);
            }
        }
    }
}

fn size(file: &Path, end: &str) -> u64 {
    let mut path = file.as_os_str().to_owned();
    path.push(end);
    fs::metadata(path).map_or(0, |found| found.len())
}

/// The free space for us and the whole size of the disk with this folder. The parent of a relative path may be empty.
#[cfg(unix)]
fn room(folder: &Path) -> Option<(f64, f64)> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let disk = rustix::fs::statvfs(folder).ok()?;
    let bytes = |blocks: u64| as_number(blocks.saturating_mul(disk.f_frsize));
    Some((bytes(disk.f_bavail), bytes(disk.f_blocks)))
}

#[cfg(not(unix))]
fn room(_folder: &Path) -> Option<(f64, f64)> {
    None
}

#[expect(clippy::cast_precision_loss, reason = "a gauge")]
const fn as_number(bytes: u64) -> f64 {
    bytes as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_on_this_machine_is_measured_and_nothing_else() {
        let config = Config { data_dir: "/srv/games".into(), ..Config::default() };

        let all = Disk::of(&config, Parts::ALL);
        let edge = Disk::of(&config, Parts::only(crate::parts::Part::Edge));

        assert_eq!(all.data_folder, Some("/srv/games".into()));
        let files =
            [("accounts", "/srv/games/accounts.db"), ("storefront", "/srv/games/storefront.db")];
        assert_eq!(all.databases, files.map(|(part, file)| (part, file.into())));
        assert!(edge.data_folder.is_none() && edge.databases.is_empty());
    }

    #[test]
    fn a_folder_has_room_on_its_disk() {
        let (free, total) = room(Path::new("")).expect("the system tells");

        assert!(0.0 < free && free <= total, "{free} of {total}");
        assert_eq!(room(Path::new("/nowhere/at/all")), None);
    }
}
