//! The words every service shares: ids, roles, money, time, text, countries and languages, addresses and secrets; and how memory is shared out.
//! The crate knows no network and no database.

mod budget;
mod client;
mod day;
mod ids;
mod locale;
mod money;
mod origin;
mod price;
mod role;
mod roster;
mod scope;
mod secret;
mod text;
mod time;

pub use budget::{Budget, Held, OverBudget, Share};
pub use client::Client;
pub use day::{Day, InvalidDay};
pub use ids::{
    ApiTokenId, DeviceId, FactorId, GameId, InvalidId, InvitationId, PictureId, SessionId,
    StudioId, UserId,
};
pub use locale::{Country, InvalidCountry, InvalidLanguage, Language};
pub use money::{Currency, InvalidCurrency, Money};
pub use origin::{InvalidOrigin, Origin};
pub use price::{InvalidPrice, Price};
pub use role::{Role, StudioRole, UnknownRole, UnknownStudioRole};
pub use roster::Roster;
pub use scope::{Grant, Scope, Scopes, UnknownScope};
pub use secret::read_secret;
pub use text::{
    Form, InvalidText, Text, caseless, compatible, folded, found_by, name_key, prepare_search,
    sort_key, sought,
};
pub use time::{Clock, ManualClock, SystemClock, Timestamp};
