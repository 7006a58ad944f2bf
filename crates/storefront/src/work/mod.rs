//! What the calls do. Each change is one unit of work: read, decide, write, announce.

mod background;
mod bulk;
mod games;
mod history;
mod listing;
mod open;
mod owners;
mod pages;
mod parts;
mod pictures;
mod publishing;
mod stocking;
mod store;
mod turns;

use std::sync::Arc;

use sir0_feed::Feed;
use sir0_kernel::Currency;
use sir0_rpc::{Keys, Seal, Shared};

use self::turns::Turns;
pub(crate) use self::{stocking::Stocked, store::currency_found};
use crate::{
    cache::{Freshness, GameCache, PageCache, SharedCache},
    db::StorefrontDb,
    domain::{GameEvent, Listing},
    finding::Finder,
    media::Media,
    reads::Reads,
};

/// The storefront service. Cheap to clone.
#[derive(Clone)]
pub struct Storefront {
    pub(crate) db: StorefrontDb,
    game_cache: GameCache,
    page_cache: PageCache<Listing>,
    /// By the revision of the picks.
    front_cache: PageCache<i32>,
    freshness: Freshness,
    turns: Turns,
    /// How games are found.
    finder: Finder,
    pub(crate) reads: Reads,
    /// The cache that all instances share, if there is one.
    shared_cache: Option<SharedCache>,
    pub(crate) feed: Feed<GameEvent>,
    pub(crate) media: Media,
    /// What prices are in.
    pub(crate) currency: Currency,
    pub(crate) seal: Seal,
    pub(crate) keys: Arc<Keys>,
    pub(crate) shared: Shared,
}
