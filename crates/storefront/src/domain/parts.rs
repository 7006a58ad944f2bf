//! What products have to do with each other: what belongs to a game, and what is in a bundle.

use std::collections::BTreeSet;

use sir0_kernel::{GameId, StudioId};

use super::{Base, Game, Kind, NewGame, NotPublishable};

/// How many products a bundle holds at most.
pub const MOST_BUNDLED: usize = 100;

/// What is asked of a product that is made or changed.
#[derive(Clone, Copy, Debug)]
pub struct Whole<'w> {
    kind: Kind,
    studio: Option<StudioId>,
    is_public: bool,
    base: Option<GameId>,
    bundled: &'w [GameId],
}

/// What a product belongs to, or holds, that it may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// The field, as the contract spells it.
    pub field: &'static str,
    /// What the field must be.
    pub why: &'static str,
}

impl<'w> Whole<'w> {
    /// A new product of this studio.
    #[must_use]
    pub fn new(game: &'w NewGame, studio: Option<StudioId>) -> Self {
        let NewGame { kind, base, bundled, .. } = game;
        let is_public = game.state.is_public();
        Self { kind: *kind, studio, is_public, base: *base, bundled }
    }

    /// A product that is to hold something else. What it belongs to was judged when it was made.
    #[must_use]
    pub fn changed(game: &'w Game) -> Self {
        let Game { kind, studio, bundled, .. } = game;
        let is_public = game.is_public();
        Self { kind: *kind, studio: *studio, is_public, base: None, bundled }
    }

    /// The products that have to be looked at.
    pub fn parts(&self) -> impl Iterator<Item = GameId> {
        self.base.into_iter().chain(self.bundled.iter().copied())
    }

    /// Refuses a product that belongs to one that it may not belong to, or holds some that it may not. One answer stands for
    /// all that they may not be: a stranger's draft must look like an id that nothing has.
    pub fn must_fit<'g>(&self, found: impl Fn(GameId) -> Option<&'g Game>) -> Result<(), Unfit> {
        let Self { kind, studio, is_public, base, bundled } = *self;
        let unfit = |field, why| Err(Unfit { field, why });
        match (kind.base(), base) {
            (Base::None, Some(_)) => {
                return unfit("base_game_id", "is only for a dlc, a demo or a soundtrack");
            }
            _ if kind != Kind::Bundle && !bundled.is_empty() => {
                return unfit("bundled_game_ids", "is only for a bundle");
            }
            _ => {}
        }
        if let Some(id) = base {
            let fits = |it: &&Game| it.kind.can_be_base() && it.studio == studio;
            match found(id).filter(fits) {
                None => {
                    return unfit("base_game_id", "must be a game or software of the same studio");
                }
                Some(base) if is_public && !base.standing.was_seen() => {
                    return unfit("base_game_id", "must be public, or this a draft");
                }
                Some(_) => {}
            }
        }
        let is_each_once = bundled.iter().collect::<BTreeSet<_>>().len() == bundled.len();
        let fits = |it: &Game| it.kind != Kind::Bundle && it.studio == studio;
        if !is_each_once || !bundled.iter().all(|id| found(*id).is_some_and(fits)) {
            return unfit(
                "bundled_game_ids",
                "must be products of the same studio, each once and none a bundle",
            );
        }
        let was_seen = |id: &GameId| found(*id).is_some_and(|it| it.standing.was_seen());
        if is_public && !bundled.iter().all(was_seen) {
            return unfit("bundled_game_ids", "must be public, or the bundle a draft");
        }
        Ok(())
    }
}

impl Game {
    /// The products that it has to do with: the one that it belongs to, and those in it.
    pub fn parts(&self) -> impl Iterator<Item = GameId> {
        self.base.into_iter().chain(self.bundled.iter().copied())
    }

    /// Refuses to make it public before what it belongs to, or holds.
    pub fn must_be_public_after<'g>(
        &self,
        found: impl Fn(GameId) -> Option<&'g Game>,
    ) -> Result<(), NotPublishable> {
        let was_seen = |id: &GameId| found(*id).is_some_and(|it| it.standing.was_seen());
        if let Some(base) = self.base.filter(|base| !was_seen(base)) {
            return Err(NotPublishable::BeforeBase(base));
        }
        match self.bundled.iter().find(|part| !was_seen(part)) {
            Some(part) => Err(NotPublishable::BeforeContents(*part)),
            None => Ok(()),
        }
    }
}
