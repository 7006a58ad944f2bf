//! Studios: founded, read and renamed.

use sir0_kernel::{Role, Roster, StudioId, StudioRole, Timestamp, UserId};
use sir0_rpc::{Caller, Studios, acted};
use sir0_storage::{self as storage, once::Answer};

use super::{
    Accounts,
    audit::{done_by, record},
};
use crate::{
    AccountsError,
    db::AccountsTx,
    domain::{AccountsEvent, Bound, Founders, Kind, Member, Seen, Studio, StudioName},
};

impl Accounts {
    /// Founds a studio, whose owner is the caller.
    pub(crate) async fn found<A: Answer + Send + 'static>(
        &self,
        by: Caller,
        name: StudioName,
        answer: impl Fn(&Studio) -> A + Send + Sync + 'static,
    ) -> Result<A, AccountsError> {
        self.shared.tasks.to_completion(self.clone().save_founded(by, name, answer)).await
    }

    async fn save_founded<A: Answer>(
        self,
        by: Caller,
        name: StudioName,
        answer: impl Fn(&Studio) -> A,
    ) -> Result<A, AccountsError> {
        let at = self.shared.clock.now();
        let studio = Studio { id: StudioId::fresh(at), name, created: at };
        let founding = self.db.once(
            |_| answer(&studio),
            async |tx| {
                // Held, so that two that are founded at once count each other.
                tx.user(by.user).await?.ok_or(AccountsError::UserNotFound(by.user))?;
                refuse_founding(tx, by.user, by.role, self.founders, &self.trust.studios).await?;
                let roster = founded(tx, &studio, by.user, at).await?;
                record(tx, done_by(&by, Kind::STUDIO_FOUNDED, at).with(&studio.id)).await?;
                Ok::<_, AccountsError>(roster)
            },
        );
        let (answer, roster) = founding.await?;
        let id = studio.id;
        acted!(by.role, { user.id = %by.user, studio.id = %id }, "studio {id} was founded");
        self.members_changed(roster);
        Ok(answer)
    }

    /// The studios that an account is in.
    pub(crate) async fn studios_of(&self, user: UserId) -> Result<Vec<Seen>, AccountsError> {
        let studios = self.db.studios_of(user).await?.into_iter();
        Ok(studios.map(|(studio, role)| Seen { studio, role: Some(role) }).collect())
    }

    /// Reads a studio and who is in it, for someone who may see it.
    pub(crate) async fn studio(
        &self,
        by: Caller,
        id: StudioId,
    ) -> Result<(Seen, Vec<Member>), AccountsError> {
        let studio = self.db.studio(id).await?.ok_or(AccountsError::StudioNotFound(id))?;
        let members = self.db.members(id).await?;
        let role = members.iter().find(|it| it.user == by.user).map(|it| it.role);
        must_have(by, id, role, StudioRole::Viewer)?;
        Ok((Seen { studio, role }, members))
    }

    /// Gives a studio another name.
    pub(crate) async fn rename<A: Answer + Send + 'static>(
        &self,
        by: Caller,
        id: StudioId,
        name: StudioName,
        answer: impl Fn(&Seen) -> A + Send + Sync + 'static,
    ) -> Result<A, AccountsError> {
        self.shared.tasks.to_completion(self.clone().save_name(by, id, name, answer)).await
    }

    async fn save_name<A: Answer>(
        self,
        by: Caller,
        id: StudioId,
        name: StudioName,
        answer: impl Fn(&Seen) -> A,
    ) -> Result<A, AccountsError> {
        let at = self.shared.clock.now();
        let renaming = self.db.once(answer, async |tx| {
            let (studio, roster) = held_by_owner(tx, by, id).await?;
            tx.rename_studio(id, &name).await?;
            record(tx, done_by(&by, Kind::STUDIO_RENAMED, at).with(&id)).await?;
            let role = roster.role(by.user);
            Ok::<_, AccountsError>(Seen { studio: Studio { name, ..studio }, role })
        });
        let (answer, _) = renaming.await?;
        self.feed.ring();
        acted!(by.role, { user.id = %by.user, studio.id = %id }, "studio {id} was renamed");
        Ok(answer)
    }

    /// Makes a committed change to members known: in this process at once, in others as soon as they hear of it.
    pub(super) fn members_changed(&self, roster: Roster) {
        self.trust.studios.learn(roster);
        self.feed.ring();
    }
}

/// Lets members with this role or a higher one pass, and administrators.
pub(super) fn must_have(
    by: Caller,
    studio: StudioId,
    role: Option<StudioRole>,
    least: StudioRole,
) -> Result<(), AccountsError> {
    match role {
        _ if by.role == Role::Admin => Ok(()),
        None => Err(AccountsError::NotYourStudio(studio)),
        Some(role) if role < least => Err(AccountsError::StudioRoleRequired(studio)),
        Some(_) => Ok(()),
    }
}

/// Holds a studio for a change that its owners make.
pub(super) async fn held_by_owner(
    tx: &mut AccountsTx,
    by: Caller,
    id: StudioId,
) -> Result<(Studio, Roster), AccountsError> {
    let studio = tx.hold_studio(id).await?.ok_or(AccountsError::StudioNotFound(id))?;
    let roster = tx.roster(id).await?;
    must_have(by, id, roster.role(by.user), StudioRole::Owner)?;
    Ok((studio, roster))
}

/// Refuses who may found no studio, or not another one.
pub(super) async fn refuse_founding(
    tx: &mut AccountsTx,
    founder: UserId,
    role: Role,
    founders: Founders,
    studios: &Studios,
) -> Result<(), AccountsError> {
    if !founders.may(role) {
        return Err(AccountsError::StudioFoundersOnly(founders));
    }
    if role < Role::Admin && tx.count_founded(founder).await? >= Studio::MOST_OF_A_FOUNDER {
        return Err(AccountsError::StudioLimit(Bound::Founded));
    }
    refuse_joining(tx, founder, studios).await
}

/// Refuses who is in too many studios, and everyone once the platform is full.
pub(super) async fn refuse_joining(
    tx: &mut AccountsTx,
    user: UserId,
    studios: &Studios,
) -> Result<(), AccountsError> {
    if studios.memberships() >= Studios::MOST_MEMBERSHIPS {
        return Err(AccountsError::StudioLimit(Bound::Platform));
    }
    if tx.count_joined(user).await? >= Studio::MOST_OF_A_MEMBER {
        return Err(AccountsError::StudioLimit(Bound::Memberships));
    }
    Ok(())
}

/// Writes a new studio with its owner, and announces it.
pub(super) async fn founded(
    tx: &mut AccountsTx,
    studio: &Studio,
    founder: UserId,
    at: Timestamp,
) -> storage::Result<Roster> {
    tx.found_studio(studio, founder).await?;
    tx.add_member(studio.id, founder, StudioRole::Owner, at).await?;
    announce_members(tx, studio.id, at).await
}

/// Counts a change to the members of a studio, and records the event that tells who is in it.
pub(super) async fn announce_members(
    tx: &mut AccountsTx,
    studio: StudioId,
    at: Timestamp,
) -> storage::Result<Roster> {
    let roster = tx.next_roster(studio).await?;
    tx.announce(&AccountsEvent::StudioChanged(roster.clone()).announcement(at)).await?;
    Ok(roster)
}
