//! The store as a whole: its currency, and its front page.

use std::collections::HashMap;

use sir0_host::Finding;
use sir0_kernel::{Currency, GameId};
use sir0_rpc::{Caller, acted, request_id};
use sir0_storage::{self as storage, once::Answer};
use sir0_transcoding::Kept;

use super::Storefront;
use crate::{
    StorefrontError,
    db::{StorefrontDb, StorefrontTx},
    domain::{FrontPage, Game, Kind, Listing, Picks, Public, Sort, UpdatePicks},
};

/// How many games stand in a list that makes itself.
const OF_A_LIST: u16 = 20;

/// The currency that prices are in is another one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OtherCurrency {
    /// The store has one already.
    #[error(
        "the prices of this store are in {held}, and would be wrong in {named}: set `storefront.currency` to `{held}`, or leave \
         it out"
    )]
    Held { held: Currency, named: Currency },
    /// The store has prices from before it had one.
    #[error(
        "this store has prices already, and they have two decimals, which {0} has not: `storefront.currency` has to be one with \
         two"
    )]
    OtherDecimals(Currency),
}

/// The currency of a store: the one that a setting named first. Refuses to go on with another one.
pub(super) async fn currency(
    db: &StorefrontDb,
    named: Option<Currency>,
) -> anyhow::Result<Currency> {
    let held = match (db.currency().await?, named) {
        (Some(held), _) => held,
        (None, None) => return Ok(Currency::EUR),
        (None, Some(named)) => {
            let naming = async |tx: &mut StorefrontTx| {
                // A game that is added meanwhile would have a price in another currency.
                tx.hold_games().await?;
                tx.name_currency(named).await?;
                tx.currency().await
            };
            db.unit(naming).await?.ok_or(OtherCurrency::OtherDecimals(named))?
        }
    };
    match named.filter(|named| *named != held) {
        None => Ok(held),
        Some(named) => Err(OtherCurrency::Held { held, named }.into()),
    }
}

/// Whether a store could start with this currency, for `sir0 doctor`. Changes nothing.
pub(crate) async fn currency_found(
    db: &StorefrontDb,
    named: Option<Currency>,
) -> storage::Result<Finding> {
    Ok(match (db.currency().await?, named) {
        (Some(held), Some(named)) if held != named => Finding::Failing(
            format!("prices are in {held}, and would be wrong in {named}"),
            "set `storefront.currency` to the one that the store has, or leave it out",
        ),
        (Some(held), _) => Finding::Well(format!("prices are in {held}")),
        (None, Some(named)) if named.decimals() != 2 && db.has_games().await? => Finding::Failing(
            OtherCurrency::OtherDecimals(named).to_string(),
            "set `storefront.currency` to a currency with two decimals",
        ),
        (None, Some(named)) => Finding::Well(format!("prices will be in {named}")),
        (None, None) => Finding::Well(format!("none was named: prices are in {}", Currency::EUR)),
    })
}

/// What came of picks.
enum Done {
    Nothing(i32),
    Picked(i32),
}

impl Storefront {
    /// Reads the front page, as it is answered. It is kept as long as nothing changes that everyone sees, and no other games
    /// are picked. While games are being indexed, it has the picks alone.
    pub(crate) async fn front_page(
        &self,
        answer: impl Fn(&FrontPage) -> Kept + Send + Sync,
    ) -> Result<Kept, StorefrontError> {
        let picks = self.picks().await?;
        if !self.is_indexed().await {
            let picked = self.picked(&picks.games).await?;
            return Ok(answer(&FrontPage { picked, ..FrontPage::default() }));
        }
        let read = async || {
            let list = |sort, state| Listing {
                sort,
                kind: Some(Kind::Game),
                state: Some(state),
                page_size: OF_A_LIST,
                ..Listing::default()
            };
            let (newest, coming) =
                (list(Sort::Release, Public::Released), list(Sort::ReleaseUp, Public::Announced));
            let front = FrontPage {
                picked: self.picked(&picks.games).await?,
                new: self.games_of(&newest).await?,
                coming: self.games_of(&coming).await?,
            };
            Ok::<_, StorefrontError>(answer(&front))
        };
        self.front_cache.page(&picks.revision, read).await
    }

    /// Those of the games that everyone sees, in this order.
    async fn picked(&self, ids: &[GameId]) -> Result<Vec<Game>, StorefrontError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let games = self.reads.short(request_id::client(), self.db.shown(ids)).await?;
        let mut games: HashMap<_, _> = games.into_iter().map(|game| (game.id, game)).collect();
        Ok(ids.iter().filter_map(|id| games.remove(id)).collect())
    }

    /// Reads which games the platform picked.
    pub(crate) async fn picks(&self) -> Result<Picks, StorefrontError> {
        Ok(self.reads.short(request_id::client(), self.db.picks()).await?)
    }

    /// Picks these games, in the place of those before, and answers with the revision that the picks have then.
    pub(crate) async fn update_picks<A: Answer + Send + 'static>(
        &self,
        by: Caller,
        update: UpdatePicks,
        answer: impl Fn(i32) -> A + Send + Sync + 'static,
    ) -> Result<A, StorefrontError> {
        self.shared.tasks.to_completion(self.clone().save_picks(by, update, answer)).await
    }

    async fn save_picks<A: Answer>(
        self,
        by: Caller,
        UpdatePicks { games, revision }: UpdatePicks,
        answer: impl Fn(i32) -> A,
    ) -> Result<A, StorefrontError> {
        let saving = self.db.once(
            |done: &Done| match done {
                Done::Nothing(revision) | Done::Picked(revision) => answer(*revision),
            },
            async |tx| {
                let held = tx.picks().await?;
                let is_as_seen = revision.is_none_or(|seen| seen == held.revision);
                if is_as_seen && held.games == games {
                    return Ok(Done::Nothing(held.revision));
                }
                let there: Vec<_> = tx.some_games(&games).await?;
                let is_there = |id| there.iter().any(|game| game.id == id && game.is_there());
                if let Some(missing) = games.iter().find(|id| !is_there(**id)) {
                    return Err(StorefrontError::GameNotFound(*missing));
                }
                let picked = tx.pick(&games, revision).await?;
                picked.map(Done::Picked).ok_or(StorefrontError::StalePicks)
            },
        );
        let (answer, done) = saving.await?;
        if let Done::Picked(_) = done {
            let count = games.len();
            acted!(by.role, { user.id = %by.user, count }, "{count} games are picked for the front page");
        }
        Ok(answer)
    }
}
