//! The rules of accounts: plain functions on plain data. No network, no database, no clock.

mod email;
mod password;
mod user;
mod username;

pub use email::{Email, InvalidEmail};
pub use password::{InvalidPassword, Password};
pub use user::{ProfileChange, User};
pub use username::{InvalidUsername, Username};
