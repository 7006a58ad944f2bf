//! Whose a game is: which studio a new one is of, and who may write which.

use std::time::Duration;

use sir0_kernel::{Role, StudioId, StudioRole};
use sir0_rpc::{Caller, Denied, InvalidFields, Status, Studios};
use tokio::time::{sleep, timeout};

use super::Storefront;
use crate::{StorefrontError, domain::Game};

/// How long a studio may be on its way here from where it was founded. The poll is the slowest way.
const ON_ITS_WAY: Duration = Duration::from_secs(1);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Someone who writes games, and what this process knows of their studios.
#[derive(Clone)]
pub(super) struct Writer {
    by: Caller,
    studios: Studios,
}

impl Writer {
    /// Lets pass who sees a game also while it is not public: the people of its studio, and administrators.
    pub(super) fn must_see(&self, game: &Game) -> Result<(), StorefrontError> {
        if self.may(game, StudioRole::Viewer) {
            Ok(())
        } else if game.is_public() {
            Err(StorefrontError::NotYourGame(game.id))
        } else {
            Err(StorefrontError::GameNotFound(game.id))
        }
    }

    /// Lets pass who writes the games of the studio that has this one, and administrators. To whom the game is hidden, it
    /// is as if there were none.
    pub(super) fn must_write(&self, game: &Game) -> Result<(), StorefrontError> {
        if !game.is_public() {
            self.must_see(game)?;
        }
        match self.by.grant.and_then(|grant| grant.studio) {
            Some(only) if game.studio != Some(only) => Err(StorefrontError::OnlyForStudio(only)),
            _ if self.may(game, StudioRole::Editor) => Ok(()),
            _ => Err(StorefrontError::NotYourGame(game.id)),
        }
    }

    /// Lets pass who is an owner of the studio that has this game and of the one that is to have it, and administrators.
    pub(super) fn must_hand_over(&self, game: &Game, to: StudioId) -> Result<(), StorefrontError> {
        if !game.is_public() {
            self.must_see(game)?;
        }
        if !self.studios.has(to) {
            return Err(StorefrontError::StudioNotFound(to));
        }
        if !self.may(game, StudioRole::Owner) {
            return Err(StorefrontError::NotYourGame(game.id));
        }
        if !self.has_role(to, StudioRole::Owner) {
            return Err(StorefrontError::StudioRoleRequired(to));
        }
        Ok(())
    }

    /// Lets pass who adds games to this studio, or to the platform if there is none.
    pub(super) fn must_add_to(&self, studio: Option<StudioId>) -> Result<(), StorefrontError> {
        self.must_have_role(studio, StudioRole::Editor)
    }

    /// Lets pass who sees all games of this studio.
    pub(super) fn must_be_in(&self, studio: StudioId) -> Result<(), StorefrontError> {
        self.must_have_role(Some(studio), StudioRole::Viewer)
    }

    fn must_have_role(
        &self,
        studio: Option<StudioId>,
        least: StudioRole,
    ) -> Result<(), StorefrontError> {
        if let Some(only) = self.by.grant.and_then(|grant| grant.studio)
            && studio != Some(only)
        {
            return Err(StorefrontError::OnlyForStudio(only));
        }
        match studio {
            None if self.by.role == Role::Admin => Ok(()),
            None => Err(InvalidFields::one("studio_id", "is required").into()),
            Some(studio) if !self.studios.has(studio) => {
                Err(StorefrontError::StudioNotFound(studio))
            }
            Some(studio) if self.has_role(studio, least) => Ok(()),
            Some(studio) => Err(StorefrontError::StudioRoleRequired(studio)),
        }
    }

    fn may(&self, game: &Game, least: StudioRole) -> bool {
        let is_platforms = || self.by.role == Role::Admin && self.by.reaches(None);
        game.studio.map_or_else(is_platforms, |studio| self.has_role(studio, least))
    }

    fn has_role(&self, studio: StudioId, least: StudioRole) -> bool {
        let role = || self.studios.role(self.by.user, studio);
        self.by.reaches(Some(studio))
            && (self.by.role == Role::Admin || role().is_some_and(|role| role >= least))
    }
}

impl Storefront {
    /// The caller as someone who writes games. While this process does not know who is in which studio, only
    /// administrators do.
    pub(super) fn writer(&self, by: Caller) -> Result<Writer, StorefrontError> {
        match self.writer_among_known(by) {
            Err(_) if by.role == Role::Admin => Ok(Writer { by, studios: Studios::default() }),
            writer => writer,
        }
    }

    /// The caller as someone who writes games, once this process knows which studios there are.
    pub(super) fn writer_among_known(&self, by: Caller) -> Result<Writer, StorefrontError> {
        Ok(Writer { by, studios: self.shared.doorman.studios()?.clone() })
    }

    /// The studios that the caller is in, as far as their token reaches.
    pub(crate) fn studios_of(&self, by: Caller) -> Result<Vec<StudioId>, StorefrontError> {
        Ok(self.shared.doorman.studios()?.reached_by(&by))
    }

    /// The studio that a new game of this caller is of: the one that is named, or else the one that there is. `None` is the
    /// platform.
    pub(crate) async fn studio_of_new(
        &self,
        by: Caller,
        named: Option<StudioId>,
    ) -> Result<Option<StudioId>, Status> {
        let is_admin = by.role == Role::Admin;
        let only = by.grant.and_then(|grant| grant.studio);
        if let (Some(only), Some(_)) = (only, named.filter(|named| Some(*named) != only)) {
            return Err(StorefrontError::OnlyForStudio(only).into());
        }
        let Some(named) = named.or(only) else {
            return if is_admin { Ok(None) } else { self.own_studio(by).await.map(Some) };
        };
        let studios = self.shared.doorman.studios()?;
        if !knows_soon(studios, named).await {
            return Err(StorefrontError::StudioNotFound(named).into());
        }
        let role = studios.role(by.user, named);
        if is_admin || role.is_some_and(StudioRole::writes_games) {
            Ok(Some(named))
        } else {
            Err(StorefrontError::StudioRoleRequired(named).into())
        }
    }

    /// The one studio whose games the caller writes. Accounts is asked for it only when there is none.
    async fn own_studio(&self, by: Caller) -> Result<StudioId, Status> {
        let doorman = &self.shared.doorman;
        let studios = doorman.studios()?;
        let mut own = studios.of(by.user).into_iter().filter(|(_, role)| role.writes_games());
        match (own.next(), own.next()) {
            (Some((studio, _)), None) => Ok(studio),
            (Some(_), Some(_)) => {
                let which = "is required, as you write the games of several studios";
                Err(InvalidFields::one("studio_id", which).into())
            }
            (None, _) => {
                let founding = doorman.founding().ok_or(Denied::OutOfTouch)?;
                let roster = founding.first_studio(by.user).await?;
                let studio = roster.studio;
                studios.learn(roster);
                Ok(studio)
            }
        }
    }
}

/// Whether there is such a studio. One that was founded a moment ago may not have been heard of yet.
async fn knows_soon(studios: &Studios, studio: StudioId) -> bool {
    let looking = async {
        while !studios.has(studio) {
            sleep(LOOK_AGAIN).await;
        }
    };
    timeout(ON_ITS_WAY, looking).await.is_ok()
}
