//! Who hears about it: every change in the order of its commit, to as many followers as like, from a table.
//!
//! A [`Feed`] reads the events of one database and keeps the latest in memory. A [`Follower`] stands at a position
//! and asks for what comes next: from memory when it keeps up, from the table when it does not. Nobody has a queue
//! that could grow, and nothing is lost when the doorbell is: a slow poll stands behind it.

mod doorbell;
mod feed;
mod follower;
mod gauges;
mod tail;

pub use feed::{Config, Event, Feed};
pub use follower::{Follower, Heard};
pub use sir0_storage::Position;
