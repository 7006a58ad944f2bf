//! What the calls do. Each change is one unit of work: read, decide, write, announce.

pub(crate) mod accounts;
mod background;
mod founding;
mod invitations;
mod members;
mod open;
pub(crate) mod sessions;
pub(crate) mod setup;
mod studios;
mod trust;

use std::sync::Arc;

use sir0_feed::Feed;
use sir0_rpc::{Keys, Shared};

pub use self::{open::OpenError, trust::Trust};
use crate::{
    db::AccountsDb,
    domain::{AccountsEvent, Founders},
    hashing::Hasher,
};

/// The accounts service. Cheap to clone.
#[derive(Clone)]
pub struct Accounts {
    pub(crate) db: AccountsDb,
    pub(crate) feed: Feed<AccountsEvent>,
    hasher: Hasher,
    /// Who may found a studio.
    founders: Founders,
    pub(crate) trust: Trust,
    pub(crate) keys: Arc<Keys>,
    pub(crate) shared: Shared,
}
