//! What the platform is doing: [`logs`] for people and for machines, [`metrics`] for graphs and alarms, [`traces`] for
//! the way of one call through all of it.

pub mod logs;
pub mod metrics;
pub mod traces;

pub use logs::{Config, Format, SETTINGS};
pub use metrics::Metrics;
