//! The metrics of the line.

pub(super) const WAITING: &str = "sir0_hashing_waiting";
pub(super) const RUNNING: &str = "sir0_hashing_running";
pub(super) const REFUSED: &str = "sir0_hashing_refused_total";
pub(super) const DROPPED: &str = "sir0_hashing_dropped_total";
pub(super) const DELAYED: &str = "sir0_hashing_delayed_total";
pub(super) const SECONDS: &str = "sir0_hashing_seconds";

/// Describes each metric.
pub(super) fn describe() {
    metrics::describe_gauge!(WAITING, "Callers who wait for their password to be hashed");
    metrics::describe_gauge!(RUNNING, "Passwords being hashed");
    metrics::describe_counter!(REFUSED, "Callers sent away because too many were waiting");
    metrics::describe_counter!(DROPPED, "Those of them who waited and had to make room");
    metrics::describe_counter!(DELAYED, "Callers sent away because too many passwords were wrong");
    metrics::describe_histogram!(SECONDS, metrics::Unit::Seconds, "The time one hash takes");
}
