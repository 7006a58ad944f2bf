//! Invitations to studios. Compiled once for each engine.

use sir0_kernel::{InvitationId, StudioId, Timestamp, UserId};
use sir0_storage as storage;

use super::{
    engine::{self, At, Database},
    studios::{role_from, studio_id},
};
use crate::{
    db::{Store, Tx},
    domain::Invitation,
};

storage::row! {
    /// An invitation that is open.
    InvitationRow of engine, invitation_columns!() {
        invitation_id: String,
        studio_id: String,
        role: String,
        invited_by: i64,
        expires_at: At,
    }
}

fn invitation_from(row: &InvitationRow) -> storage::Result<Invitation> {
    Ok(Invitation {
        id: InvitationId::parse(&row.invitation_id).map_err(storage::Error::corrupt)?,
        studio: studio_id(&row.studio_id)?,
        role: role_from(&row.role)?,
        by: UserId::from_row(row.invited_by).map_err(storage::Error::corrupt)?,
        expires: row.expires_at.0,
    })
}

pub(crate) const INVITED_TO: &str = "
    SELECT studio_id
      FROM studio_invitations
     WHERE secret_hash = $1 AND expires_at > $2";

pub(crate) const INVITATIONS: &str = concat!(
    "
    SELECT ",
    invitation_columns!(),
    "
      FROM studio_invitations
     WHERE studio_id = $1 AND expires_at > $2
  ORDER BY invitation_id"
);

pub(crate) const COUNT_INVITATIONS: &str = "
    SELECT COUNT(*)
      FROM studio_invitations
     WHERE studio_id = $1 AND expires_at > $2";

pub(crate) const ADD_INVITATION: &str = "
    INSERT INTO studio_invitations (invitation_id, studio_id, role, secret_hash, invited_by, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6)";

pub(crate) const USE_INVITATION: &str = concat!(
    "
    DELETE FROM studio_invitations
     WHERE secret_hash = $1 AND expires_at > $2
 RETURNING ",
    invitation_columns!()
);

pub(crate) const REVOKE_INVITATION: &str = "
    DELETE FROM studio_invitations
     WHERE studio_id = $1 AND invitation_id = $2";

pub(crate) const REVOKE_INVITATIONS_BY: &str = "
    DELETE FROM studio_invitations
     WHERE studio_id = $1 AND invited_by = $2";

pub(crate) const FORGET_INVITATIONS: &str = "
    DELETE FROM studio_invitations
     WHERE expires_at < $1";

impl Store<Database> {
    /// The studio that an invitation with this hash lets into, if it is good at this moment.
    pub(crate) async fn invited_to(
        &self,
        hash: &[u8],
        now: Timestamp,
    ) -> storage::Result<Option<StudioId>> {
        let query = sqlx::query_scalar(INVITED_TO).bind(hash).bind(At(now));
        let found: Option<String> = query.fetch_optional(self.database.reader()).await?;
        found.map(|id| studio_id(&id)).transpose()
    }

    /// The invitations of a studio that are open, the oldest first.
    pub(crate) async fn invitations(
        &self,
        studio: StudioId,
        now: Timestamp,
    ) -> storage::Result<Vec<Invitation>> {
        let query = sqlx::query_as(INVITATIONS).bind(studio.to_string()).bind(At(now));
        let rows: Vec<InvitationRow> = query.fetch_all(self.database.reader()).await?;
        rows.iter().map(invitation_from).collect()
    }
}

impl Tx<engine::Tx> {
    /// How many invitations of a studio are open.
    pub(crate) async fn count_invitations(
        &mut self,
        studio: StudioId,
        now: Timestamp,
    ) -> storage::Result<i64> {
        let query = sqlx::query_scalar(COUNT_INVITATIONS).bind(studio.to_string()).bind(At(now));
        Ok(query.fetch_one(&mut *self.tx).await?)
    }

    /// Writes an invitation whose secret has this hash.
    pub(crate) async fn add_invitation(
        &mut self,
        invitation: &Invitation,
        hash: &[u8],
    ) -> storage::Result<()> {
        let query = sqlx::query(ADD_INVITATION).bind(invitation.id.to_string());
        let query = query.bind(invitation.studio.to_string()).bind(invitation.role.as_str());
        let query = query.bind(hash).bind(i64::from(invitation.by)).bind(At(invitation.expires));
        query.execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Uses the invitation with this hash up. `None` when it is not good: someone used it, or it is late, or revoked.
    pub(crate) async fn use_invitation(
        &mut self,
        hash: &[u8],
        now: Timestamp,
    ) -> storage::Result<Option<Invitation>> {
        let query = sqlx::query_as(USE_INVITATION).bind(hash).bind(At(now));
        let row: Option<InvitationRow> = query.fetch_optional(&mut *self.tx).await?;
        row.as_ref().map(invitation_from).transpose()
    }

    /// Makes an invitation worthless. `false` when it was not there.
    pub(crate) async fn revoke_invitation(
        &mut self,
        studio: StudioId,
        id: InvitationId,
    ) -> storage::Result<bool> {
        let query = sqlx::query(REVOKE_INVITATION).bind(studio.to_string()).bind(id.to_string());
        Ok(query.execute(&mut *self.tx).await?.rows_affected() > 0)
    }

    /// Makes all invitations worthless that an account made to a studio.
    pub(crate) async fn revoke_invitations_by(
        &mut self,
        studio: StudioId,
        user: UserId,
    ) -> storage::Result<()> {
        let query = sqlx::query(REVOKE_INVITATIONS_BY).bind(studio.to_string());
        query.bind(i64::from(user)).execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Forgets invitations that are over.
    pub(crate) async fn forget_invitations(
        &mut self,
        expired_before: Timestamp,
    ) -> storage::Result<()> {
        sqlx::query(FORGET_INVITATIONS).bind(At(expired_before)).execute(&mut *self.tx).await?;
        Ok(())
    }
}
