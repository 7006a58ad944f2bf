//! The doorway, in the order of `api_tokens_service.proto`.

use sir0_contract_accounts::{
    self as pb, api_tokens_service_server::ApiTokensService, calls::api_tokens_service as calls,
};
use tonic::{Request, Response, Status};

use crate::{Accounts, convert::api_tokens as convert, domain::NewApiToken};

#[tonic::async_trait]
impl ApiTokensService for Accounts {
    async fn create_api_token(
        &self,
        request: Request<pb::CreateApiTokenRequest>,
    ) -> Result<Response<pb::CreateApiTokenResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::CREATE_API_TOKEN, request.metadata())?.caller()?;
        let new: NewApiToken = request.into_inner().try_into()?;

        self.user(new.user).await?;
        caller.must_own(new.user)?;
        let made = self.add_api_token(caller, new, convert::made).await?;

        Ok(Response::new(made))
    }

    async fn list_api_tokens(
        &self,
        request: Request<pb::ListApiTokensRequest>,
    ) -> Result<Response<pb::ListApiTokensResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::LIST_API_TOKENS, request.metadata())?.caller()?;
        let user = convert::user_id(request.get_ref().user_id)?;

        self.user(user).await?;
        caller.must_own(user)?;
        let tokens = self.api_tokens(user).await?;

        let api_tokens = tokens.iter().map(pb::ApiToken::from).collect();
        Ok(Response::new(pb::ListApiTokensResponse { api_tokens }))
    }

    async fn revoke_api_token(
        &self,
        request: Request<pb::RevokeApiTokenRequest>,
    ) -> Result<Response<pb::RevokeApiTokenResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::REVOKE_API_TOKEN, request.metadata())?.caller()?;
        let (user, id) = convert::revocation(request.get_ref())?;

        self.user(user).await?;
        caller.must_own(user)?;
        let revoked = Self::revoke_api_token(self, caller, user, id, |was_good| {
            pb::RevokeApiTokenResponse { was_good }
        });

        Ok(Response::new(revoked.await?))
    }

    async fn exchange_api_token(
        &self,
        request: Request<pb::ExchangeApiTokenRequest>,
    ) -> Result<Response<pb::ExchangeApiTokenResponse>, Status> {
        self.shared.doorman.admit(calls::EXCHANGE_API_TOKEN, request.metadata())?;
        let shown = convert::shown(request.get_ref());

        let exchanged = self.exchange(shown).await?;

        Ok(Response::new(convert::exchanged(exchanged)))
    }
}
