//! The one port of a process: connections, the doors behind them, sockets and documents. It knows the seam of a service,
//! and no service and no package of the contract.
//!
//! A request walks through these rooms:
//! 1. [`listen`]: a connection, within bounds of number, size and time.
//! 2. `front`: the door that the request goes through, and what every answer carries.
//! 3. `rest`, `grpc`, `files` and [`ws`] are the doors; [`pages`] has what is no call.
//!
//! [`Port`] puts them together. [`Limits`] says what a stranger may take.

mod access;
mod arriving;
mod body;
mod call_metrics;
mod decoded;
mod docs;
mod elsewhere;
mod files;
mod front;
mod grpc;
mod home;
mod limits;
mod linger;
pub mod listen;
mod outcome;
mod pace;
pub mod pages;
mod port;
mod proxies;
mod public_url;
mod refusal;
mod refused;
mod rest;
pub mod ws;

pub use docs::postman::Postman;
pub use grpc::with_reflection;
pub use limits::{Limits, SETTINGS};
pub use pages::Pages;
pub use port::{Behind, Port};
pub use proxies::Proxies;
pub use public_url::{InvalidPublicUrl, PublicUrl};
