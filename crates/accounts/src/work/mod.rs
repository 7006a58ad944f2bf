//! What the calls do. Each change is one unit of work: read, decide, write, announce.

pub(crate) mod accounts;
pub(crate) mod administration;
mod api_tokens;
pub(crate) mod audit;
mod background;
mod challenges;
pub(crate) mod codes;
pub(crate) mod confirmations;
mod devices;
mod factors;
mod failures;
mod founding;
pub(crate) mod guard;
mod invitations;
pub(crate) mod keys;
pub(crate) mod lanes;
mod members;
mod open;
mod passwords;
mod refreshing;
pub(crate) mod resets;
pub(crate) mod sessions;
pub(crate) mod setup;
mod sign_in;
mod studios;
mod trust;

use std::{sync::Arc, time::Duration};

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
    /// Counts attempts that were refused.
    failures: Arc<failures::Failures>,
    /// How long events are kept. `None` for as long as the database lasts.
    events_kept: Option<Duration>,
    /// Who may found a studio.
    founders: Founders,
    pub(crate) trust: Trust,
    pub(crate) keys: Arc<Keys>,
    /// Seals the tokens of pages.
    pub(crate) seal: Seal,
    lifetimes: Lifetimes,
    /// Who an app says that its codes are for.
    issuer: Arc<str>,
    /// Makes the next refresh token of each.
    refreshing: Arc<hmac::Key>,
    pub(crate) shared: Shared,
}
