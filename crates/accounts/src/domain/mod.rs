//! The rules of accounts: plain functions on plain data. No network, no database, no clock.

mod command;
mod email;
mod event;
mod password;
mod secret;
mod setup;
mod studio;
mod user;
mod username;

pub(crate) use command::{Invite, Login, Placement, Register, UpdateUser};
pub use email::{Email, InvalidEmail};
pub(crate) use event::{AccountsEvent, SessionEnded};
pub use password::{InvalidPassword, Password};
pub(crate) use secret::LinkSecret;
pub(crate) use setup::SetupToken;
pub use studio::{Bound, Founders};
pub(crate) use studio::{Invitation, Member, Seen, Studio, StudioName, Unfit, gets_role, leaves};
pub use user::{ProfileChange, User};
pub use username::{InvalidUsername, Username};
