//! Members of studios: given another role, and removed.

use sir0_kernel::{StudioId, StudioRole, UserId};
use sir0_rpc::{Caller, acted};
use sir0_storage::once::Answer;

use super::{
    Accounts,
    audit::{done_by, record},
    studios::{announce_members, held_by_owner, must_have},
};
use crate::{
    AccountsError,
    domain::{Kind, Placement, Unfit, gets_role, leaves},
};

impl Accounts {
    /// Gives a member another role.
    pub(crate) async fn place<A: Answer + Send + 'static>(
        &self,
        by: Caller,
        placement: Placement,
        answer: impl Fn() -> A + Send + Sync + 'static,
    ) -> Result<A, AccountsError> {
        self.shared.tasks.to_completion(self.clone().save_role(by, placement, answer)).await
    }

    async fn save_role<A: Answer>(
        self,
        by: Caller,
        Placement { studio, user, role }: Placement,
        answer: impl Fn() -> A,
    ) -> Result<A, AccountsError> {
        let at = self.shared.clock.now();
        let placing = self.db.once(
            |_| answer(),
            async |tx| {
                let (_, roster) = held_by_owner(tx, by, studio).await?;
                if !gets_role(&roster, user, role).map_err(|unfit| refusal(unfit, studio, user))? {
                    return Ok(None);
                }
                tx.set_member_role(studio, user, role).await?;
                if role < StudioRole::Owner {
                    tx.revoke_invitations_by(studio, user).await?;
                }
                let event = done_by(&by, Kind::STUDIO_ROLE_CHANGED, at).about(user);
                let event = event.with(&format!("{studio} {role}"));
                record(tx, event).await?;
                Ok::<_, AccountsError>(Some(announce_members(tx, studio, at).await?))
            },
        );
        let (answer, changed) = placing.await?;
        if let Some(roster) = changed {
            acted!(
                by.role,
                { user.id = %by.user, studio.id = %studio, member.id = %user, role = %role },
                "user {user} is {role} of studio {studio}"
            );
            self.members_changed(roster);
        }
        Ok(answer)
    }

    /// Removes a member, or lets the caller leave.
    pub(crate) async fn dismiss<A: Answer + Send + 'static>(
        &self,
        by: Caller,
        studio: StudioId,
        user: UserId,
        answer: impl Fn() -> A + Send + Sync + 'static,
    ) -> Result<A, AccountsError> {
        self.shared.tasks.to_completion(self.clone().save_dismissal(by, studio, user, answer)).await
    }

    async fn save_dismissal<A: Answer>(
        self,
        by: Caller,
        studio: StudioId,
        user: UserId,
        answer: impl Fn() -> A,
    ) -> Result<A, AccountsError> {
        let at = self.shared.clock.now();
        let least = if by.user == user { StudioRole::Viewer } else { StudioRole::Owner };
        let dismissing = self.db.once(
            |_| answer(),
            async |tx| {
                tx.hold_studio(studio).await?.ok_or(AccountsError::StudioNotFound(studio))?;
                let roster = tx.roster(studio).await?;
                must_have(by, studio, roster.role(by.user), least)?;
                if !leaves(&roster, user).map_err(|unfit| refusal(unfit, studio, user))? {
                    return Ok(None);
                }
                tx.remove_member(studio, user).await?;
                tx.revoke_invitations_by(studio, user).await?;
                record(tx, done_by(&by, Kind::STUDIO_LEFT, at).about(user).with(&studio)).await?;
                Ok::<_, AccountsError>(Some(announce_members(tx, studio, at).await?))
            },
        );
        let (answer, changed) = dismissing.await?;
        if let Some(roster) = changed {
            acted!(
                by.role,
                { user.id = %by.user, studio.id = %studio, member.id = %user },
                "user {user} is not in studio {studio} any more"
            );
            self.members_changed(roster);
        }
        Ok(answer)
    }
}

fn refusal(unfit: Unfit, studio: StudioId, user: UserId) -> AccountsError {
    match unfit {
        Unfit::NoMember => AccountsError::MemberNotFound(user),
        Unfit::LastOwner => AccountsError::LastOwner(studio),
    }
}
