//! The first studio of an account, which is made because a game needs one.

use futures::{FutureExt, future::BoxFuture};
use sir0_kernel::{Roster, StudioId, UserId};
use sir0_rpc::{Founding, Status, acted};

use super::{
    Accounts,
    audit::{happened, record},
    studios::{founded, refuse_founding},
};
use crate::{
    AccountsError,
    domain::{Kind, SecurityEvent, Studio, StudioName},
};

impl Accounts {
    /// The studio in which an account may write games: the oldest that it is in, or one that is founded now.
    pub(crate) async fn first_studio_of(&self, user: UserId) -> Result<Roster, AccountsError> {
        self.shared.tasks.to_completion(self.clone().save_first(user)).await
    }

    async fn save_first(self, id: UserId) -> Result<Roster, AccountsError> {
        let at = self.shared.clock.now();
        let founding = self.db.unit(async |tx| {
            // Held, so that of many who ask at once the first founds one and the others find it.
            let user = tx.user(id).await?.ok_or(AccountsError::UserNotFound(id))?;
            let studios = tx.studios_of(id).await?;
            if let Some((studio, _)) = studios.into_iter().find(|(_, role)| role.writes_games()) {
                return Ok((user, tx.roster(studio).await?, false));
            }
            refuse_founding(tx, id, user.role, self.founders, &self.trust.studios).await?;
            let name = StudioName::after(&user.username);
            let studio = Studio { id: StudioId::fresh(at), name, created: at };
            let roster = founded(tx, &studio, id, at).await?;
            let event = happened(Kind::STUDIO_FOUNDED, at).about(id).with(&studio.id);
            record(tx, SecurityEvent { actor: Some(id), ..event }).await?;
            Ok::<_, AccountsError>((user, roster, true))
        });
        let (user, roster, is_new) = founding.await?;
        if is_new {
            let studio = roster.studio;
            acted!(user.role, { user.id = %id, studio.id = %studio }, "studio {studio} was founded");
        }
        self.members_changed(roster.clone());
        Ok(roster)
    }
}

impl Founding for Accounts {
    fn first_studio(&self, user: UserId) -> BoxFuture<'_, Result<Roster, Status>> {
        async move { Ok(self.first_studio_of(user).await?) }.boxed()
    }
}
