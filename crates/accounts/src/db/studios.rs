//! Studios and who is in them. Compiled once for each engine.
//!
//! A change to the members of a studio holds the row of the studio first, and the row of an account before that. So changes of one
//! studio come one after the other, and each is judged by what the one before it left.

use sir0_kernel::{Roster, StudioId, StudioRole, Timestamp, UserId};
use sir0_storage as storage;

use super::engine::{self, At, Database, for_update};
use crate::{
    db::{Store, Tx},
    domain::{Member, Studio, StudioName, Username},
};

storage::row! {
    /// A studio as it lies in the table.
    StudioRow of engine, studio_columns!() { studio_id: String, name: String, created_at: At }
}

pub(super) fn studio_id(text: &str) -> storage::Result<StudioId> {
    StudioId::parse(text).map_err(storage::Error::corrupt)
}

pub(super) fn role_from(text: &str) -> storage::Result<StudioRole> {
    text.parse().map_err(storage::Error::corrupt)
}

fn studio_from(row: StudioRow) -> storage::Result<Studio> {
    let name = StudioName::from_row(row.name);
    Ok(Studio { id: studio_id(&row.studio_id)?, name, created: row.created_at.0 })
}

fn member_from(user: i64, role: &str) -> storage::Result<(UserId, StudioRole)> {
    let user = UserId::from_row(user).map_err(storage::Error::corrupt)?;
    Ok((user, role_from(role)?))
}

macro_rules! studio {
    ($($lock:expr)?) => {
        concat!("SELECT ", studio_columns!(), " FROM studios WHERE studio_id = $1", $($lock)?)
    };
}

pub(crate) const STUDIO: &str = studio!();
pub(crate) const HOLD_STUDIO: &str = studio!(for_update!());

pub(crate) const STUDIOS_OF: &str = "
    SELECT studio_id, name, created_at, role
      FROM studio_members JOIN studios USING (studio_id)
     WHERE user_id = $1
  ORDER BY studio_id";

pub(crate) const MEMBERS: &str = "
    SELECT user_id, username, studio_members.role, joined_at
      FROM studio_members JOIN users USING (user_id)
     WHERE studio_id = $1
  ORDER BY user_id";

/// The rosters of the next studios: whole ones, as they were at one moment.
pub(crate) const ROSTERS: &str = "
    SELECT studio_id, revision, user_id, role
      FROM studios JOIN studio_members USING (studio_id)
     WHERE studio_id IN (SELECT studio_id FROM studios WHERE studio_id > $1 ORDER BY studio_id LIMIT $2)
  ORDER BY studio_id, user_id";

pub(crate) const ROSTER: &str = "
    SELECT user_id, role
      FROM studio_members
     WHERE studio_id = $1
  ORDER BY user_id";

pub(crate) const REVISION: &str = "SELECT revision FROM studios WHERE studio_id = $1";

pub(crate) const NEXT_REVISION: &str = "
    UPDATE studios
       SET revision = revision + 1
     WHERE studio_id = $1
 RETURNING revision";

pub(crate) const COUNT_FOUNDED: &str = "SELECT COUNT(*) FROM studios WHERE founded_by = $1";

pub(crate) const COUNT_JOINED: &str = "SELECT COUNT(*) FROM studio_members WHERE user_id = $1";

pub(crate) const FOUND_STUDIO: &str = "
    INSERT INTO studios (studio_id, name, founded_by, revision, created_at)
    VALUES ($1, $2, $3, 0, $4)";

pub(crate) const RENAME_STUDIO: &str = "
    UPDATE studios
       SET name = $1
     WHERE studio_id = $2";

pub(crate) const ADD_MEMBER: &str = "
    INSERT INTO studio_members (studio_id, user_id, role, joined_at)
    VALUES ($1, $2, $3, $4)";

pub(crate) const SET_MEMBER_ROLE: &str = "
    UPDATE studio_members
       SET role = $1
     WHERE studio_id = $2 AND user_id = $3";

pub(crate) const REMOVE_MEMBER: &str = "
    DELETE FROM studio_members
     WHERE studio_id = $1 AND user_id = $2";

impl Store<Database> {
    /// Reads a studio.
    pub(crate) async fn studio(&self, id: StudioId) -> storage::Result<Option<Studio>> {
        let query = sqlx::query_as(STUDIO).bind(id.to_string());
        let row: Option<StudioRow> = query.fetch_optional(self.database.reader()).await?;
        row.map(studio_from).transpose()
    }

    /// The studios that an account is in, the oldest first.
    pub(crate) async fn studios_of(
        &self,
        user: UserId,
    ) -> storage::Result<Vec<(Studio, StudioRole)>> {
        let query = sqlx::query_as(STUDIOS_OF).bind(i64::from(user));
        let rows: Vec<(String, String, At, String)> =
            query.fetch_all(self.database.reader()).await?;
        let studios = rows.into_iter().map(|(studio_id, name, created_at, role)| {
            Ok((studio_from(StudioRow { studio_id, name, created_at })?, role_from(&role)?))
        });
        studios.collect()
    }

    /// Who is in a studio, by the age of the account.
    pub(crate) async fn members(&self, id: StudioId) -> storage::Result<Vec<Member>> {
        let query = sqlx::query_as(MEMBERS).bind(id.to_string());
        let rows: Vec<(i64, String, String, At)> = query.fetch_all(self.database.reader()).await?;
        let members = rows.into_iter().map(|(user, username, role, At(joined))| {
            let user = UserId::from_row(user).map_err(storage::Error::corrupt)?;
            let username = Username::from_row(username);
            Ok(Member { user, username, role: role_from(&role)?, joined })
        });
        members.collect()
    }

    /// Who is in the next studios, by id.
    pub(crate) async fn rosters(
        &self,
        after: Option<StudioId>,
        most: i64,
    ) -> storage::Result<Vec<Roster>> {
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let query = sqlx::query_as(ROSTERS).bind(after).bind(most);
        let rows: Vec<(String, i64, i64, String)> = query.fetch_all(self.database.reader()).await?;
        let mut rosters: Vec<Roster> = Vec::new();
        for (studio, revision, user, role) in rows {
            let studio = studio_id(&studio)?;
            let member = member_from(user, &role)?;
            match rosters.last_mut().filter(|last| last.studio == studio) {
                Some(last) => last.members.push(member),
                None => rosters.push(Roster { studio, revision, members: vec![member] }),
            }
        }
        Ok(rosters)
    }
}

impl Tx<engine::Tx> {
    /// Reads a studio, and holds it: no other work changes its members until this work ends.
    pub(crate) async fn hold_studio(&mut self, id: StudioId) -> storage::Result<Option<Studio>> {
        let query = sqlx::query_as(HOLD_STUDIO).bind(id.to_string());
        let row: Option<StudioRow> = query.fetch_optional(&mut *self.tx).await?;
        row.map(studio_from).transpose()
    }

    /// Who is in a studio that this work holds.
    pub(crate) async fn roster(&mut self, studio: StudioId) -> storage::Result<Roster> {
        let revision: i64 =
            sqlx::query_scalar(REVISION).bind(studio.to_string()).fetch_one(&mut *self.tx).await?;
        let query = sqlx::query_as(ROSTER).bind(studio.to_string());
        let rows: Vec<(i64, String)> = query.fetch_all(&mut *self.tx).await?;
        let members = rows.iter().map(|(user, role)| member_from(*user, role));
        let members = members.collect::<storage::Result<_>>()?;
        Ok(Roster { studio, revision, members })
    }

    /// Counts a change to the members of a studio, and reads who is in it after it.
    pub(crate) async fn next_roster(&mut self, studio: StudioId) -> storage::Result<Roster> {
        sqlx::query(NEXT_REVISION).bind(studio.to_string()).execute(&mut *self.tx).await?;
        self.roster(studio).await
    }

    /// The studios that an account is in, read for a change.
    pub(crate) async fn studios_of(
        &mut self,
        user: UserId,
    ) -> storage::Result<Vec<(StudioId, StudioRole)>> {
        let query = sqlx::query_as(STUDIOS_OF).bind(i64::from(user));
        let rows: Vec<(String, String, At, String)> = query.fetch_all(&mut *self.tx).await?;
        rows.into_iter().map(|(id, .., role)| Ok((studio_id(&id)?, role_from(&role)?))).collect()
    }

    /// How many studios an account founded.
    pub(crate) async fn count_founded(&mut self, user: UserId) -> storage::Result<i64> {
        let query = sqlx::query_scalar(COUNT_FOUNDED).bind(i64::from(user));
        Ok(query.fetch_one(&mut *self.tx).await?)
    }

    /// How many studios an account is in.
    pub(crate) async fn count_joined(&mut self, user: UserId) -> storage::Result<i64> {
        let query = sqlx::query_scalar(COUNT_JOINED).bind(i64::from(user));
        Ok(query.fetch_one(&mut *self.tx).await?)
    }

    /// Writes a new studio, which has no member yet.
    pub(crate) async fn found_studio(
        &mut self,
        studio: &Studio,
        founder: UserId,
    ) -> storage::Result<()> {
        let query = sqlx::query(FOUND_STUDIO).bind(studio.id.to_string());
        let query = query.bind(studio.name.as_str().to_owned());
        let query = query.bind(i64::from(founder)).bind(At(studio.created));
        query.execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Gives a studio another name.
    pub(crate) async fn rename_studio(
        &mut self,
        id: StudioId,
        name: &StudioName,
    ) -> storage::Result<()> {
        let query = sqlx::query(RENAME_STUDIO).bind(name.as_str()).bind(id.to_string());
        query.execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Lets an account in.
    pub(crate) async fn add_member(
        &mut self,
        studio: StudioId,
        user: UserId,
        role: StudioRole,
        at: Timestamp,
    ) -> storage::Result<()> {
        let query = sqlx::query(ADD_MEMBER).bind(studio.to_string()).bind(i64::from(user));
        query.bind(role.as_str()).bind(At(at)).execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Gives a member another role.
    pub(crate) async fn set_member_role(
        &mut self,
        studio: StudioId,
        user: UserId,
        role: StudioRole,
    ) -> storage::Result<()> {
        let query = sqlx::query(SET_MEMBER_ROLE).bind(role.as_str()).bind(studio.to_string());
        query.bind(i64::from(user)).execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Removes a member.
    pub(crate) async fn remove_member(
        &mut self,
        studio: StudioId,
        user: UserId,
    ) -> storage::Result<()> {
        let query = sqlx::query(REMOVE_MEMBER).bind(studio.to_string()).bind(i64::from(user));
        query.execute(&mut *self.tx).await?;
        Ok(())
    }
}
