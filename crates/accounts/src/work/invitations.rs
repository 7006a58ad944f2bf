//! Invitations to studios: made, listed, used and revoked.

use sir0_contract_accounts::calls::studios_service as calls;
use sir0_kernel::{InvitationId, StudioId, StudioRole};
use sir0_rpc::{Caller, acted};
use sir0_storage::once::Answer;

use super::{
    Accounts,
    audit::{done_by, record},
    guard::At,
    studios::{announce_members, held_by_owner, must_have, refuse_joining},
};
use crate::{
    AccountsError,
    domain::{Bound, Invitation, Invite, Kind, LinkSecret, Seen, Studio},
};

impl Accounts {
    /// Makes an invitation.
    pub(crate) async fn invite<A: Answer + Send + 'static>(
        &self,
        by: Caller,
        invite: Invite,
        answer: impl Fn(&Invitation, &LinkSecret) -> A + Send + Sync + 'static,
    ) -> Result<A, AccountsError> {
        self.shared.tasks.to_completion(self.clone().save_invitation(by, invite, answer)).await
    }

    async fn save_invitation<A: Answer>(
        self,
        by: Caller,
        Invite { studio, role, life }: Invite,
        answer: impl Fn(&Invitation, &LinkSecret) -> A,
    ) -> Result<A, AccountsError> {
        let at = self.shared.clock.now();
        let (id, expires) = (InvitationId::fresh(at), at.after(life));
        let (invitation, secret) =
            (Invitation { id, studio, role, by: by.user, expires }, LinkSecret::fresh());
        let hash = secret.hash();
        let inviting = self.db.once(
            |()| answer(&invitation, &secret),
            async |tx| {
                held_by_owner(tx, by, studio).await?;
                if tx.count_invitations(studio, at).await? >= Invitation::MOST_OPEN {
                    return Err(AccountsError::StudioLimit(Bound::Invitations));
                }
                tx.add_invitation(&invitation, &hash).await?;
                Ok(record(tx, done_by(&by, Kind::INVITATION_MADE, at).with(&id)).await?)
            },
        );
        let (answer, ()) = inviting.await?;
        self.feed.ring();
        acted!(
            by.role,
            { user.id = %by.user, studio.id = %studio, invitation.id = %id, role = %role },
            "{id} invites someone to studio {studio} as {role}"
        );
        Ok(answer)
    }

    /// The open invitations of a studio, for its owners.
    pub(crate) async fn invitations(
        &self,
        by: Caller,
        studio: StudioId,
    ) -> Result<Vec<Invitation>, AccountsError> {
        let members = self.db.members(studio).await?;
        if members.is_empty() {
            return Err(AccountsError::StudioNotFound(studio));
        }
        let role = members.iter().find(|it| it.user == by.user).map(|it| it.role);
        must_have(by, studio, role, StudioRole::Owner)?;
        Ok(self.db.invitations(studio, self.shared.clock.now()).await?)
    }

    /// Lets the caller into the studio of an invitation.
    pub(crate) async fn accept<A: Answer + Send + 'static>(
        &self,
        by: Caller,
        secret: LinkSecret,
        answer: impl Fn(&Seen) -> A + Send + Sync + 'static,
    ) -> Result<A, AccountsError> {
        self.guard.pass(calls::ACCEPT_INVITATION, At::NoOne, None).await?;
        self.shared.tasks.to_completion(self.clone().save_acceptance(by, secret, answer)).await
    }

    async fn save_acceptance<A: Answer>(
        self,
        by: Caller,
        secret: LinkSecret,
        answer: impl Fn(&Seen) -> A,
    ) -> Result<A, AccountsError> {
        let at = self.shared.clock.now();
        let hash = secret.hash();
        // The studio is held before its invitation, as where it is revoked. Whether the invitation is good is answered
        // by its use.
        let studio = self.db.invited_to(&hash, at).await?;
        let accepting = self.db.once(
            |(seen, _)| answer(seen),
            async |tx| {
                let id = studio.ok_or(AccountsError::InvitationRefused)?;
                tx.user(by.user).await?.ok_or(AccountsError::UserNotFound(by.user))?;
                let studio = tx.hold_studio(id).await?.ok_or(AccountsError::InvitationRefused)?;
                let used = tx.use_invitation(&hash, at).await?;
                let invitation = used.ok_or(AccountsError::InvitationRefused)?;
                let roster = tx.roster(id).await?;
                if roster.role(by.user).is_some() {
                    return Err(AccountsError::AlreadyMember(id));
                }
                if roster.members.len() >= Studio::MOST_MEMBERS {
                    return Err(AccountsError::StudioLimit(Bound::Members));
                }
                refuse_joining(tx, by.user, &self.trust.studios).await?;
                tx.add_member(id, by.user, invitation.role, at).await?;
                record(tx, done_by(&by, Kind::STUDIO_JOINED, at).with(&id)).await?;
                let roster = announce_members(tx, id, at).await?;
                Ok((Seen { studio, role: Some(invitation.role) }, roster))
            },
        );
        let (answer, (Seen { studio, .. }, roster)) = accepting.await?;
        let id = studio.id;
        acted!(by.role, { user.id = %by.user, studio.id = %id }, "user {} joined studio {id}", by.user);
        self.members_changed(roster);
        Ok(answer)
    }

    /// Makes an invitation worthless.
    pub(crate) async fn revoke<A: Answer + Send + 'static>(
        &self,
        by: Caller,
        studio: StudioId,
        id: InvitationId,
        answer: impl Fn(bool) -> A + Send + Sync + 'static,
    ) -> Result<A, AccountsError> {
        self.shared.tasks.to_completion(self.clone().save_revocation(by, studio, id, answer)).await
    }

    async fn save_revocation<A: Answer>(
        self,
        by: Caller,
        studio: StudioId,
        id: InvitationId,
        answer: impl Fn(bool) -> A,
    ) -> Result<A, AccountsError> {
        let at = self.shared.clock.now();
        let revoking = self.db.once(
            |was_open| answer(*was_open),
            async |tx| {
                held_by_owner(tx, by, studio).await?;
                let open = tx.count_invitations(studio, at).await?;
                tx.revoke_invitation(studio, id).await?;
                // One that is over lies there still, and opens nothing.
                let was_open = tx.count_invitations(studio, at).await? < open;
                if was_open {
                    record(tx, done_by(&by, Kind::INVITATION_REVOKED, at).with(&id)).await?;
                }
                Ok::<_, AccountsError>(was_open)
            },
        );
        let (answer, was_open) = revoking.await?;
        if was_open {
            self.feed.ring();
            acted!(
                by.role,
                { user.id = %by.user, studio.id = %studio, invitation.id = %id },
                "{id} was revoked"
            );
        }
        Ok(answer)
    }
}
