//! API tokens, and the sessions of their access tokens. Compiled once for each engine.

use std::net::IpAddr;

use sir0_kernel::{ApiTokenId, Grant, Role, Scopes, SessionId, Timestamp, UserId};
use sir0_storage as storage;

use super::{
    engine::{self, At, Database, for_share},
    studios::studio_id,
};
use crate::{
    db::{Store, Tx},
    domain::{ApiToken, ApiTokenName},
};

storage::row! {
    /// An API token.
    ApiTokenRow of engine, api_token_columns!() {
        token_id: String,
        user_id: i64,
        name: String,
        scopes: String,
        studio_id: Option<String>,
        session_id: Option<String>,
        created_at: At,
        expires_at: At,
        used_at: Option<At>,
        address: Option<String>,
    }
}

fn api_token_from(row: ApiTokenRow) -> storage::Result<ApiToken> {
    let session = row.session_id.as_deref().map(SessionId::parse).transpose();
    let studio = row.studio_id.as_deref().map(studio_id).transpose()?;
    Ok(ApiToken {
        id: ApiTokenId::parse(&row.token_id).map_err(storage::Error::corrupt)?,
        user: UserId::from_row(row.user_id).map_err(storage::Error::corrupt)?,
        name: ApiTokenName::from_row(row.name),
        grant: Grant { scopes: Scopes::known(&row.scopes), studio },
        session: session.map_err(storage::Error::corrupt)?,
        created: row.created_at.0,
        expires: row.expires_at.0,
        used: row.used_at.map(|At(used)| used),
        address: row.address.as_deref().and_then(|address| address.parse().ok()),
    })
}

pub(crate) const OWNER_OF_API_TOKEN: &str = "
    SELECT user_id
      FROM api_tokens
     WHERE token_hash = $1 AND expires_at > $2";

pub(crate) const API_TOKENS: &str = concat!(
    "
    SELECT ",
    api_token_columns!(),
    "
      FROM api_tokens
     WHERE user_id = $1 AND expires_at > $2
  ORDER BY token_id DESC"
);

pub(crate) const COUNT_API_TOKENS: &str = "
    SELECT COUNT(*)
      FROM api_tokens
     WHERE user_id = $1 AND expires_at > $2";

pub(crate) const ADD_API_TOKEN: &str = "
    INSERT INTO api_tokens (token_id, user_id, name, scopes, studio_id, token_hash, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

// A new role or a lock ends all sessions. None of them may begin after that with the role before, or at all.
pub(crate) const HOLD_ROLE: &str = concat!(
    "
    SELECT role
      FROM users
     WHERE user_id = $1 AND disabled_at IS NULL AND new_password_at IS NULL",
    for_share!()
);

pub(crate) const USE_API_TOKEN: &str = concat!(
    "
    UPDATE api_tokens
       SET used_at = $1, address = COALESCE($2, address)
     WHERE token_hash = $3 AND user_id = $4 AND expires_at > $1
 RETURNING ",
    api_token_columns!()
);

pub(crate) const API_SESSION_GOES_ON: &str = "
    UPDATE sessions
       SET seen_at = $1, address = COALESCE($2, address),
           expires_at = CASE WHEN expires_at > $3 THEN expires_at ELSE $3 END,
           token_expires_at = CASE WHEN token_expires_at > $3 THEN token_expires_at ELSE $3 END
     WHERE session_id = $4 AND api_token_id = $5 AND ended_at IS NULL
 RETURNING session_id";

pub(crate) const BEGIN_API_SESSION: &str = "
    INSERT INTO sessions
           (session_id, user_id, created_at, seen_at, expires_at, token_expires_at, client_id, device_name, address,
            methods, api_token_id, factors)
    VALUES ($1, $2, $3, $3, $4, $4, $5, $6, $7, '', $5, 0)";

pub(crate) const SET_API_SESSION: &str = "
    UPDATE api_tokens
       SET session_id = $1
     WHERE token_id = $2";

pub(crate) const REVOKE_API_TOKEN: &str = concat!(
    "
    DELETE FROM api_tokens
     WHERE token_id = $1 AND user_id = $2
 RETURNING ",
    api_token_columns!()
);

pub(crate) const REVOKE_API_TOKENS_OF_USER: &str = "
    DELETE FROM api_tokens
     WHERE user_id = $1";

pub(crate) const FORGET_API_TOKENS: &str = "
    DELETE FROM api_tokens
     WHERE expires_at < $1";

impl Store<Database> {
    /// Whose API token has this hash, if it is good at this moment.
    pub(crate) async fn owner_of_api_token(
        &self,
        hash: &[u8],
        now: Timestamp,
    ) -> storage::Result<Option<UserId>> {
        let query = sqlx::query_scalar(OWNER_OF_API_TOKEN).bind(hash).bind(At(now));
        let found: Option<i64> = query.fetch_optional(self.database.reader()).await?;
        found.map(|id| UserId::from_row(id).map_err(storage::Error::corrupt)).transpose()
    }

    /// The API tokens of an account that are good, the newest first.
    pub(crate) async fn api_tokens(
        &self,
        user: UserId,
        now: Timestamp,
    ) -> storage::Result<Vec<ApiToken>> {
        let query = sqlx::query_as(API_TOKENS).bind(i64::from(user)).bind(At(now));
        let rows: Vec<ApiTokenRow> = query.fetch_all(self.database.reader()).await?;
        rows.into_iter().map(api_token_from).collect()
    }
}

impl Tx<engine::Tx> {
    /// How many API tokens of an account are good.
    pub(crate) async fn count_api_tokens(
        &mut self,
        user: UserId,
        now: Timestamp,
    ) -> storage::Result<i64> {
        let query = sqlx::query_scalar(COUNT_API_TOKENS).bind(i64::from(user)).bind(At(now));
        Ok(query.fetch_one(&mut *self.tx).await?)
    }

    /// Adds an API token with this hash.
    pub(crate) async fn add_api_token(
        &mut self,
        token: &ApiToken,
        hash: &[u8],
    ) -> storage::Result<()> {
        sqlx::query(ADD_API_TOKEN)
            .bind(token.id.to_string())
            .bind(i64::from(token.user))
            .bind(token.name.as_str())
            .bind(token.grant.scopes.to_string())
            .bind(token.grant.studio.map(|studio| studio.to_string()))
            .bind(hash)
            .bind(At(token.created))
            .bind(At(token.expires))
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// The role of an account, which stays so until this work ends.
    pub(crate) async fn hold_role(&mut self, user: UserId) -> storage::Result<Option<Role>> {
        let query = sqlx::query_scalar(HOLD_ROLE).bind(i64::from(user));
        let role: Option<String> = query.fetch_optional(&mut *self.tx).await?;
        role.map(|role| role.parse().map_err(storage::Error::corrupt)).transpose()
    }

    /// Notes the use of an API token of this account, and holds it. `None` when it is not good.
    pub(crate) async fn use_api_token(
        &mut self,
        hash: &[u8],
        user: UserId,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> storage::Result<Option<ApiToken>> {
        let query = sqlx::query_as(USE_API_TOKEN).bind(At(now));
        let query = query.bind(address.map(|address| address.to_string())).bind(hash);
        let row = query.bind(i64::from(user)).fetch_optional(&mut *self.tx).await?;
        row.map(api_token_from).transpose()
    }

    /// The session of an access token that expires then: the one that the API token has, or a new one if that is
    /// over.
    pub(crate) async fn session_of_api_token(
        &mut self,
        token: &ApiToken,
        expires: Timestamp,
        now: Timestamp,
    ) -> storage::Result<SessionId> {
        let (id, address) = (token.id.to_string(), token.address.map(|it| it.to_string()));
        if let Some(session) = token.session {
            let query = sqlx::query_scalar(API_SESSION_GOES_ON).bind(At(now)).bind(&address);
            let query = query.bind(At(expires)).bind(session.to_string()).bind(&id);
            let found: Option<String> = query.fetch_optional(&mut *self.tx).await?;
            if found.is_some() {
                return Ok(session);
            }
        }
        let session = SessionId::fresh(now);
        sqlx::query(BEGIN_API_SESSION)
            .bind(session.to_string())
            .bind(i64::from(token.user))
            .bind(At(now))
            .bind(At(expires))
            .bind(&id)
            .bind(token.name.as_str())
            .bind(&address)
            .execute(&mut *self.tx)
            .await?;
        let query = sqlx::query(SET_API_SESSION).bind(session.to_string()).bind(&id);
        query.execute(&mut *self.tx).await?;
        Ok(session)
    }

    /// Makes an API token of this account worthless. `None` when there is none. Its session is for the caller to end.
    pub(crate) async fn revoke_api_token(
        &mut self,
        id: ApiTokenId,
        user: UserId,
    ) -> storage::Result<Option<ApiToken>> {
        let query = sqlx::query_as(REVOKE_API_TOKEN).bind(id.to_string()).bind(i64::from(user));
        let row = query.fetch_optional(&mut *self.tx).await?;
        row.map(api_token_from).transpose()
    }

    /// Makes all API tokens of an account worthless. Their access tokens end with the sessions of the account.
    pub(crate) async fn revoke_api_tokens_of(&mut self, user: UserId) -> storage::Result<()> {
        let query = sqlx::query(REVOKE_API_TOKENS_OF_USER).bind(i64::from(user));
        query.execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Forgets API tokens that are over.
    pub(crate) async fn forget_api_tokens(
        &mut self,
        expired_before: Timestamp,
    ) -> storage::Result<()> {
        sqlx::query(FORGET_API_TOKENS).bind(At(expired_before)).execute(&mut *self.tx).await?;
        Ok(())
    }
}
