//! Tells every change, in the order of the commits, to any number of followers. The changes come from a table.
//!
//! A [`Feed`] reads the events of one database and keeps the latest in memory. A [`Follower`] stands at a position and
//! asks for what comes next: from memory when it keeps up, from the table when it does not. No follower has a queue
//! that could grow. A lost ring of the doorbell loses no event, because a slow poll stands behind it.
//!
//! A [`Watch`] is the stream of a client: the present of a [`List`], then every change to it.

mod doorbell;
mod event;
mod feed;
mod follower;
mod gauges;
mod moment;
mod places;
mod rounds;
mod tail;
mod watch;

pub use event::{Event, Unreadable};
pub use feed::{Config, Feed};
pub use follower::{Follower, Next};
pub use moment::{BadToken, Moment, Reached};
pub use rounds::Rounds;
pub use sir0_storage::Position;
pub use watch::{Begin, List, Piece, Told, Watch};
