//! The seam between a service and the program that runs it. A program has one list of [`Service`]s and knows no more of
//! any of them than what stands here; a service knows nothing of the program.
//!
//! 1. [`Service`]: what is known of a service before anything is read: its name, its settings, its tables, its pages.
//! 2. [`Configured`]: a service with its settings, which can be opened, migrated and examined.
//! 3. [`Hosted`]: an open service: its calls, its pages, its topics, its files, its check and its end.

mod command;
mod configured;
mod doors;
mod files;
mod finding;
mod hosted;
mod progress;
mod service;
mod topics;
mod unpacked;

pub use command::{Asked, Command};
pub use configured::{Configured, Erased, KeyFile, Opened};
pub use doors::{Answers, Doors, Served};
pub use files::{FileName, Files, OpenFile, Pieces};
pub use finding::{Finding, full};
pub use hosted::{FirstStep, Ground, Hosted, Page};
pub use progress::Progress;
pub use service::{Hint, Identifying, Service, read};
pub use topics::{BadTopic, GOING_AWAY, HEARTBEAT, Said, Topic, Topics, Updates};
pub use unpacked::Unpacked;
