//! README and docs, held to their word. Every line in a fenced block that can be run is run as it stands, and every
//! name that a page mentions exists.
//!
//! 1. `page`: the pages of this repository, cut into blocks and the prose between them.
//! 2. `exceptions`: the lines that are not run here, by name, each with its reason.
//! 3. `reader`: a person who pastes a page into a terminal, line by line.
//! 4. `stand_ins`: the few programs that are not what a page says they are.
//! 5. `network`: the addresses that the pages name, in a network that the test has to itself.
//! 6. `readme`, `guide`, `accounts`, `backup`, `catalogue`, `scaling`, `operations`, `store`: the pages that are read so.
//!    `coverage` finds unread blocks.
//! 7. `names`: commands, settings, metrics, links and files that the pages mention.
#![cfg(unix)]

mod accounts;
mod backup;
mod catalogue;
mod coverage;
mod databases;
mod exceptions;
mod guide;
mod names;
mod network;
mod operations;
mod page;
mod reader;
mod readme;
mod scaling;
mod shell;
mod sources;
mod stand_ins;
mod store;

/// Finds the programs that others wrote.
#[path = "../judges/find.rs"]
mod find;
