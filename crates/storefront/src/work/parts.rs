//! What products have to do with each other: what belongs to a game, and what is in a bundle.
//!
//! Whether one may be public is read before the change is written, and not held: a product that was public once is no
//! secret any more, and nothing makes it one.

use std::collections::BTreeSet;

use sir0_kernel::{GameId, StudioId};
use sir0_rpc::InvalidFields;

use crate::{
    StorefrontError,
    db::StorefrontTx,
    domain::{Base, Game, Kind, NewGame, NotPublishable},
};

/// What is asked of a product that is made or changed.
struct Whole<'w> {
    kind: Kind,
    studio: Option<StudioId>,
    is_public: bool,
    base: Option<GameId>,
    bundled: &'w [GameId],
}

/// Refuses a new game that belongs to none that it may belong to, or holds some that it may not.
pub(super) async fn must_fit_new(
    tx: &mut StorefrontTx,
    game: &NewGame,
    studio: Option<StudioId>,
) -> Result<(), StorefrontError> {
    let is_public = game.state.is_public();
    let NewGame { kind, base, bundled, .. } = game;
    must_fit_whole(tx, Whole { kind: *kind, studio, is_public, base: *base, bundled }).await
}

/// Refuses what a bundle is to hold, if it may not.
pub(super) async fn must_fit(tx: &mut StorefrontTx, game: &Game) -> Result<(), StorefrontError> {
    let is_public = game.is_public();
    let Game { kind, studio, bundled, .. } = game;
    must_fit_whole(tx, Whole { kind: *kind, studio: *studio, is_public, base: None, bundled }).await
}

/// Refuses to make a game public before what it belongs to, or holds.
pub(super) async fn must_be_public_before(
    tx: &mut StorefrontTx,
    game: &Game,
) -> Result<(), StorefrontError> {
    let ids: Vec<_> = game.base.into_iter().chain(game.bundled.iter().copied()).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let parts = tx.some_games(&ids).await?;
    let public: BTreeSet<_> =
        parts.iter().filter(|it| it.standing.was_seen()).map(|it| it.id).collect();
    let refuse = |why| Err(StorefrontError::NotPublishable(game.id, why));
    if let Some(base) = game.base.filter(|base| !public.contains(base)) {
        return refuse(NotPublishable::BeforeBase(base));
    }
    match game.bundled.iter().find(|part| !public.contains(part)) {
        Some(part) => refuse(NotPublishable::BeforeContents(*part)),
        None => Ok(()),
    }
}

async fn must_fit_whole(tx: &mut StorefrontTx, whole: Whole<'_>) -> Result<(), StorefrontError> {
    let Whole { kind, studio, is_public, base, bundled } = whole;
    let fault = |field, why: &str| Err(InvalidFields::one(field, why).into());
    match (kind.base(), base) {
        (Base::None, Some(_)) => {
            return fault("base_game_id", "is only for a dlc, a demo or a soundtrack");
        }
        _ if kind != Kind::Bundle && !bundled.is_empty() => {
            return fault("bundled_game_ids", "is only for a bundle");
        }
        _ => {}
    }
    if let Some(id) = base {
        // One answer for all that it may not be: a stranger's draft must look like an id that nothing has.
        let found = tx.some_games(&[id]).await?;
        let fits = found.first().filter(|it| it.kind.can_be_base() && it.studio == studio);
        match fits {
            None => return fault("base_game_id", "must be a game or software of the same studio"),
            Some(base) if is_public && !base.standing.was_seen() => {
                return fault("base_game_id", "must be public, or this a draft");
            }
            Some(_) => {}
        }
    }
    if !bundled.is_empty() {
        let found = tx.some_games(bundled).await?;
        let fits = |it: &Game| it.kind != Kind::Bundle && it.studio == studio;
        if found.len() != bundled.len() || !found.iter().all(fits) {
            return fault(
                "bundled_game_ids",
                "must be products of the same studio, each once and none a bundle",
            );
        }
        if is_public && !found.iter().all(|it| it.standing.was_seen()) {
            return fault("bundled_game_ids", "must be public, or the bundle a draft");
        }
    }
    Ok(())
}
