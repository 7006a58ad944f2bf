//! API tokens: made, listed, exchanged for access tokens, and revoked.

use std::net::IpAddr;

use sir0_contract_accounts::calls::api_tokens_service as calls;
use sir0_kernel::{ApiTokenId, Role, UserId};
use sir0_rpc::{Caller, Client, acted, request_id};
use sir0_storage::once::Answer;

use super::{
    Accounts,
    audit::{done_by, record},
    confirmations::approved,
    failures::Why,
    guard::At,
    sessions::announce,
};
use crate::{
    AccountsError,
    domain::{Action, ApiToken, ApiTokenSecret, Exchanged, Kind, NewApiToken},
};

impl Accounts {
    /// Makes an API token. Only the owner of the account may.
    pub(crate) async fn add_api_token<A: Answer + Send + 'static>(
        &self,
        by: Caller,
        new: NewApiToken,
        answer: impl Fn(&ApiToken, &ApiTokenSecret) -> A + Send + Sync + 'static,
    ) -> Result<A, AccountsError> {
        if by.user != new.user {
            return Err(AccountsError::NotYours);
        }
        if new.confirmation.is_some() {
            self.guard.pass(calls::CREATE_API_TOKEN, At::User(by.user), None).await?;
        }
        self.shared.tasks.to_completion(self.clone().save_api_token(by, new, answer)).await
    }

    async fn save_api_token<A: Answer>(
        self,
        by: Caller,
        NewApiToken { user, name, grant, life, confirmation }: NewApiToken,
        answer: impl Fn(&ApiToken, &ApiTokenSecret) -> A,
    ) -> Result<A, AccountsError> {
        if let Some(studio) = grant.studio {
            // Studios are never removed.
            self.db.studio(studio).await?.ok_or(AccountsError::StudioNotFound(studio))?;
        }
        let at = self.shared.clock.now();
        let (id, expires) = (ApiTokenId::fresh(at), at.after(life));
        let token = ApiToken {
            id,
            user,
            name,
            grant,
            session: None,
            created: at,
            expires,
            used: None,
            address: None,
        };
        let secret = ApiTokenSecret::fresh();
        let hash = secret.hash();
        let adding = self.db.once(
            |()| answer(&token, &secret),
            async |tx| {
                // Held, so that two that are made at once count each other.
                let owner = tx.user(user).await?.ok_or(AccountsError::UserNotFound(user))?;
                let studios = tx.studios_of(user).await?;
                if !grant.scopes.are_within(owner.role, &studios, grant.studio) {
                    return Err(match grant.studio {
                        Some(studio) => AccountsError::StudioRoleRequired(studio),
                        None => AccountsError::ScopesBeyondOwner,
                    });
                }
                if tx.count_api_tokens(user, at).await? >= ApiToken::MOST {
                    return Err(AccountsError::ApiTokenLimit);
                }
                let action = Action::CreateApiToken(user);
                approved(tx, &by, confirmation.as_ref(), action, at).await?;
                record(tx, done_by(&by, Kind::API_TOKEN_MADE, at).with(&id)).await?;
                Ok(tx.add_api_token(&token, &hash).await?)
            },
        );
        let (answer, ()) = adding.await?;
        let scopes = grant.scopes;
        acted!(
            by.role,
            { user.id = %user, api_token.id = %id, scopes = %scopes },
            "user {user} made the API token {id} for {scopes}"
        );
        Ok(answer)
    }

    /// The API tokens of an account that are good.
    pub(crate) async fn api_tokens(&self, user: UserId) -> Result<Vec<ApiToken>, AccountsError> {
        Ok(self.db.api_tokens(user, self.shared.clock.now()).await?)
    }

    /// Makes an API token worthless, and the access tokens that it gave.
    pub(crate) async fn revoke_api_token<A: Answer + Send + 'static>(
        &self,
        by: Caller,
        user: UserId,
        id: ApiTokenId,
        answer: impl Fn(bool) -> A + Send + Sync + 'static,
    ) -> Result<A, AccountsError> {
        let revoking = self.clone().save_api_token_revocation(by, user, id, answer);
        self.shared.tasks.to_completion(revoking).await
    }

    async fn save_api_token_revocation<A: Answer>(
        self,
        by: Caller,
        user: UserId,
        id: ApiTokenId,
        answer: impl Fn(bool) -> A,
    ) -> Result<A, AccountsError> {
        let at = self.shared.clock.now();
        let revoking = self.db.once(
            |(was_good, _)| answer(*was_good),
            async |tx| {
                let Some(token) = tx.revoke_api_token(id, user).await? else {
                    return Ok::<_, AccountsError>((false, None));
                };
                let ended = match token.session {
                    Some(session) => tx.end_session(session, at).await?,
                    None => None,
                };
                announce(tx, ended.as_slice(), at).await?;
                record(tx, done_by(&by, Kind::API_TOKEN_REVOKED, at).about(user).with(&id)).await?;
                Ok((token.expires > at, ended))
            },
        );
        let (answer, (was_good, ended)) = revoking.await?;
        self.ended(ended.as_slice());
        if was_good {
            acted!(
                by.role,
                { user.id = %by.user, account.id = %user, api_token.id = %id },
                "the API token {id} was revoked"
            );
        }
        Ok(answer)
    }

    /// Gives an access token for an API token. `None` is a text that can be no API token.
    pub(crate) async fn exchange(
        &self,
        shown: Option<ApiTokenSecret>,
    ) -> Result<Exchanged, AccountsError> {
        let exchanged = self.try_exchange(shown).await;
        match &exchanged {
            Err(AccountsError::ApiTokenRefused) => self.count_refused(Why::ApiToken, None),
            Err(AccountsError::TooManyRequests(_)) => self.count_refused(Why::Limit, None),
            _ => {}
        }
        exchanged
    }

    async fn try_exchange(
        &self,
        shown: Option<ApiTokenSecret>,
    ) -> Result<Exchanged, AccountsError> {
        self.guard.pass(calls::EXCHANGE_API_TOKEN, At::NoOne, None).await?;
        let shown = shown.ok_or(AccountsError::ApiTokenRefused)?;
        let address = request_id::client().map(Client::address);
        self.shared.tasks.to_completion(self.clone().save_exchange(shown, address)).await
    }

    async fn save_exchange(
        self,
        shown: ApiTokenSecret,
        address: Option<IpAddr>,
    ) -> Result<Exchanged, AccountsError> {
        let now = self.shared.clock.now();
        let (hash, life) = (shown.hash(), self.lifetimes.token);
        // The account is held before its API token, as a change of the account does. Whether the API token is good is
        // answered by its use.
        let owner = self.db.owner_of_api_token(&hash, now).await?;
        let owner = owner.ok_or(AccountsError::ApiTokenRefused)?;
        let exchanging = self.db.unit(async |tx| {
            let role = tx.hold_role(owner).await?.ok_or(AccountsError::ApiTokenRefused)?;
            let used = tx.use_api_token(&hash, owner, address, now).await?;
            let token = used.ok_or(AccountsError::ApiTokenRefused)?;
            let studios = tx.studios_of(owner).await?;
            if !token.grant.scopes.are_within(role, &studios, token.grant.studio) {
                return Err(AccountsError::ApiTokenRefused);
            }
            let expires = now.after(life).min(token.expires);
            let session = tx.session_of_api_token(&token, expires, now).await?;
            Ok::<(ApiToken, Role, _, _), AccountsError>((token, role, session, expires))
        });
        let (token, role, session, expires) = exchanging.await?;
        let id = token.id.to_string();
        let access =
            self.trust.mint.mint_for_machine(&token.machine(role, session, &id), now, expires);
        acted!(
            role,
            { user.id = %owner, api_token.id = %id },
            "the API token {id} of user {owner} was exchanged"
        );
        Ok(Exchanged { token: access, grant: token.grant })
    }
}
