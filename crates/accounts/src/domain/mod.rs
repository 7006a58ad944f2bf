//! The rules of accounts: plain functions on plain data. No network, no database, no clock.

mod command;
mod email;
mod event;
mod lane;
mod password;
mod setup;
mod user;
mod username;

pub(crate) use command::{Login, Register, UpdateUser};
pub use email::{Email, InvalidEmail};
pub(crate) use event::{AccountsEvent, SessionEnded};
pub use lane::Lane;
pub(crate) use lane::{LaneNames, LaneRules, LaneState, Place, Toll};
pub use password::{InvalidPassword, Password};
pub(crate) use setup::SetupToken;
pub use user::{ProfileChange, User};
pub use username::{InvalidUsername, Username};
