//! What the calls do. Each change is one unit of work: read, decide, write, announce.

pub(crate) mod accounts;
mod api_tokens;
mod background;
pub(crate) mod confirmations;
mod founding;
pub(crate) mod guard;
mod invitations;
pub(crate) mod keys;
pub(crate) mod lanes;
mod members;
mod open;
mod passwords;
mod refreshing;
pub(crate) mod sessions;
pub(crate) mod setup;
mod studios;
mod trust;

use std::sync::Arc;

use aws_lc_rs::hmac;
use sir0_feed::Feed;
use sir0_rpc::{Keys, Seal, Shared};

pub use self::{keys::KeysError, open::OpenError, trust::Trust};
use crate::{
    db::AccountsDb,
    domain::{AccountsEvent, Founders, Lifetimes},
    hashing::Hasher,
};

/// The accounts service. Cheap to clone.
#[derive(Clone)]
pub struct Accounts {
    pub(crate) db: AccountsDb,
    pub(crate) feed: Feed<AccountsEvent>,
    hasher: Hasher,
    lanes: Arc<lanes::Lanes>,
    guard: Arc<guard::Guard>,
    /// Who may found a studio.
    founders: Founders,
    pub(crate) trust: Trust,
    pub(crate) keys: Arc<Keys>,
    /// Seals the tokens of pages.
    pub(crate) seal: Seal,
    lifetimes: Lifetimes,
    /// Makes the next refresh token of each.
    refreshing: Arc<hmac::Key>,
    pub(crate) shared: Shared,
}
