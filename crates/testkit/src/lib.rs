//! For tests only: whole platforms, and people who use them through real clients.
//!
//! ```no_run
//! # async fn story() {
//! let platform = sir0_testkit::platform().await;
//! let studio = platform.publisher("Northlight").await;
//! let added = studio.rest().post("/api/games", &sir0_testkit::a_game("Lanterns")).await;
//! assert_eq!(added.status, 201);
//! # }
//! ```
//!
//! 1. [`platform`]: a platform, put together as this run of the stories wants it, see [`topology`]. [`process`]: the
//!    real program, to be killed. [`cluster`]: many processes of it, with everything they need, as they are deployed.
//! 2. [`Person`]: someone who uses it, signed in or not.
//! 3. [`Rest`], [`Socket`], and the generated gRPC clients: what a person uses it with.
//!
//! Anything that does not work panics and says what it was about: a failing test looks like that. On Unix only.

mod address;
mod bearer;
mod cluster;
mod event_stream;
mod operator;
mod person;
mod picture;
mod platform;
mod process;
mod promised;
mod rest;
mod socket;
mod split;
mod tables;
mod topology;

pub use bearer::Bearer;
pub use cluster::{Cluster, ENVOY, Envoy, Instance, Plan, Redis, Store, cluster};
pub use event_stream::EventStream;
pub use operator::Operator;
pub use person::{AccountsClient, GamesClient, PASSWORD, Person, email_of};
pub use picture::png;
pub use platform::{Running, config, platform, platform_with};
pub use process::{Process, process, process_after_upgrade, process_with, rss_of};
pub use promised::{openapi, reasons};
pub use rest::{Answer, Rest};
pub use socket::Socket;
pub use split::{Split, SplitPart, split, split_with};
pub use tables::Tables;
pub use topology::{TOPOLOGY, Topology, topology};

use serde_json::{Value, json};

/// Long enough for two busy cores; only a failing test waits for it.
pub const LONG: std::time::Duration = std::time::Duration::from_secs(20);

/// A game as `POST /api/games` takes it.
#[must_use]
pub fn a_game(title: &str) -> Value {
    json!({"title": title, "genre": "Puzzle", "price": 19.99, "description": "Light finds a way."})
}
