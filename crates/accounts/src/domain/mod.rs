//! The rules of accounts: plain functions on plain data. No network, no database, no clock.

mod administration;
mod command;
mod confirmation;
mod email;
mod event;
mod lane;
mod password;
mod random;
mod refresh;
mod secret;
mod session;
mod setup;
mod signing_keys;
mod studio;
mod user;
mod username;

pub(crate) use administration::{
    Account, Administer, Administrator, Changed, Locks, Measure, RESET_LIFE, Search, Shown,
    keeps_an_administrator,
};
pub(crate) use command::{EndSessions, Invite, Login, Placement, Proof, Register, UpdateUser};
pub(crate) use confirmation::{Action, Confirmation};
pub use email::{Email, InvalidEmail};
pub(crate) use event::{AccountsEvent, SessionEnded};
pub use lane::Lane;
pub(crate) use lane::{LaneNames, LaneRules, LaneState, Place, Toll};
pub use password::{InvalidPassword, Password};
pub(crate) use random::random;
pub(crate) use refresh::RefreshToken;
pub(crate) use secret::LinkSecret;
pub(crate) use session::{
    ClientId, DeviceName, FRESH, Lifetimes, NewFamily, NewSession, Refreshable, Refreshed, Session,
    SignedIn, Wanted,
};
pub(crate) use setup::SetupToken;
pub(crate) use signing_keys::{Rotation, SignerRow, SigningKeys, Stage};
pub use studio::{Bound, Founders};
pub(crate) use studio::{Invitation, Member, Seen, Studio, StudioName, Unfit, gets_role, leaves};
pub use user::{ProfileChange, User};
pub use username::{InvalidUsername, Username};
