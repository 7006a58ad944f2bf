//! The words every service shares: ids, roles, money, time and text. Knows no network and no database.

mod ids;
mod price;
mod role;
mod text;
mod time;

pub use ids::{GameId, InvalidId, SessionId, UserId};
pub use price::{InvalidPrice, Price};
pub use role::{Role, UnknownRole};
pub use text::{InvalidText, Text, caseless, plain_words};
pub use time::{Clock, ManualClock, SystemClock, Timestamp};
