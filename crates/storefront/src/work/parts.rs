//! What products have to do with each other, as the store has them.
//!
//! Whether one may be public is read before the change is written, and not held: a product that was public once is no
//! secret any more, and nothing makes it one.

use std::collections::HashMap;

use sir0_kernel::{GameId, StudioId};
use sir0_rpc::InvalidFields;

use crate::{
    StorefrontError,
    db::StorefrontTx,
    domain::{Game, NewGame, Unfit, Whole},
};

/// Refuses a new game that belongs to none that it may belong to, or holds some that it may not.
pub(super) async fn must_fit_new(
    tx: &mut StorefrontTx,
    game: &NewGame,
    studio: Option<StudioId>,
) -> Result<(), StorefrontError> {
    must_fit_whole(tx, Whole::new(game, studio)).await
}

/// Refuses what a bundle is to hold, if it may not.
pub(super) async fn must_fit(tx: &mut StorefrontTx, game: &Game) -> Result<(), StorefrontError> {
    must_fit_whole(tx, Whole::changed(game)).await
}

/// Refuses to make a game public before what it belongs to, or holds.
pub(super) async fn must_be_public_before(
    tx: &mut StorefrontTx,
    game: &Game,
) -> Result<(), StorefrontError> {
    let parts = read(tx, game.parts()).await?;
    let refuse = |why| StorefrontError::NotPublishable(game.id, why);
    game.must_be_public_after(|id| parts.get(&id)).map_err(refuse)
}

async fn must_fit_whole(tx: &mut StorefrontTx, whole: Whole<'_>) -> Result<(), StorefrontError> {
    let parts = read(tx, whole.parts()).await?;
    let fault = |Unfit { field, why }| InvalidFields::one(field, why).into();
    whole.must_fit(|id| parts.get(&id)).map_err(fault)
}

async fn read(
    tx: &mut StorefrontTx,
    ids: impl Iterator<Item = GameId>,
) -> Result<HashMap<GameId, Game>, StorefrontError> {
    let ids: Vec<_> = ids.collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    Ok(tx.some_games(&ids).await?.into_iter().map(|game| (game.id, game)).collect())
}
