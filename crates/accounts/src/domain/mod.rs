//! The rules of accounts: plain functions on plain data. No network, no database, no clock.

mod administration;
mod api_token;
mod challenge;
mod code;
mod command;
mod confirmation;
mod details;
mod email;
mod event;
mod factor;
mod label;
mod lane;
mod password;
mod random;
mod refresh;
mod secret;
mod security_event;
mod session;
mod setup;
mod signing_keys;
mod studio;
mod user;
mod username;

pub(crate) use administration::{
    Access, Account, Administer, Administrator, Changed, Locks, Measure, RESET_LIFE, Search, Shown,
    keeps_an_administrator,
};
pub(crate) use api_token::{ApiToken, ApiTokenName, ApiTokenSecret, Exchanged, NewApiToken};
pub use challenge::Challenged;
pub(crate) use challenge::{Beside, ChallengeToken, DeviceToken, TrustedDevice};
pub(crate) use code::{Code, RecoveryCode, TotpCode};
pub(crate) use command::{
    AddFactor, ConfirmFactor, ContinueLogin, EndSessions, Invite, Login, Placement, Proof,
    Register, RemoveFactor, UpdateUser,
};
pub(crate) use confirmation::{Action, Confirmation};
pub(crate) use details::{BirthDate, Details, DetailsChange, Field, TermsVersion};
pub use email::{Email, InvalidEmail};
pub(crate) use event::{AccountsEvent, SessionEnded};
pub(crate) use factor::{
    Factor, FactorName, MOST_FACTORS, NewFactor, SealedFactor, TotpSecret, UNCONFIRMED, qr_code,
};
pub use lane::Lane;
pub(crate) use lane::{LaneNames, LaneRules, LaneState, Place, Toll};
pub use password::{InvalidPassword, Password};
pub(crate) use random::random;
pub(crate) use refresh::RefreshToken;
pub(crate) use secret::LinkSecret;
pub(crate) use security_event::{EventFilter, EventPlace, KeptEvent, Kind, Placed, SecurityEvent};
pub(crate) use session::{
    ClientId, DeviceName, Lifetimes, NewFamily, NewSession, Refreshable, Refreshed, Session,
    SignedIn, Wanted, is_fresh,
};
pub(crate) use setup::SetupToken;
pub(crate) use signing_keys::{Rotation, SignerRow, SigningKeys, Stage};
pub use studio::{Bound, Founders};
pub(crate) use studio::{Invitation, Member, Seen, Studio, StudioName, Unfit, gets_role, leaves};
pub use user::{ProfileChange, User};
pub use username::{InvalidUsername, Username};
