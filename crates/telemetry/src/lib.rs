//! What the platform is doing: [`logs`] for people and for machines, [`metrics`] for graphs and alarms.

pub mod logs;
pub mod metrics;

pub use logs::{Config, Format};
pub use metrics::Metrics;
