//! The doorway, in the order of `sessions_service.proto`.

use sir0_contract_accounts::{
    self as pb, calls::sessions_service as calls, sessions_service_server::SessionsService,
};
use tonic::{Request, Response, Status};

use crate::{Accounts, convert::sessions as convert, domain::EndSessions};

#[tonic::async_trait]
impl SessionsService for Accounts {
    async fn refresh_session(
        &self,
        request: Request<pb::RefreshSessionRequest>,
    ) -> Result<Response<pb::RefreshSessionResponse>, Status> {
        self.shared.doorman.admit(calls::REFRESH_SESSION, request.metadata())?;
        let (token, client) = convert::refresh(request.get_ref())?;

        let refreshed = self.refresh(token, client).await?;

        Ok(Response::new(convert::refreshed(refreshed)))
    }

    async fn list_sessions(
        &self,
        request: Request<pb::ListSessionsRequest>,
    ) -> Result<Response<pb::ListSessionsResponse>, Status> {
        let admitted = self.shared.doorman.admit(calls::LIST_SESSIONS, request.metadata())?;
        let caller = admitted.caller()?;
        let convert::Listing { user, most, behind } =
            convert::listing(request.get_ref(), &self.seal)?;

        self.user(user).await?;
        caller.must_own(user)?;
        let page = self.sessions_of(user, behind, most.into()).await?;

        Ok(Response::new(convert::page(page, user, caller, &self.seal)))
    }

    async fn end_sessions(
        &self,
        request: Request<pb::EndSessionsRequest>,
    ) -> Result<Response<pb::EndSessionsResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::END_SESSIONS, request.metadata())?.caller()?;
        let end: EndSessions = request.into_inner().try_into()?;

        self.user(end.user).await?;
        caller.must_own(end.user)?;
        let ended = self.end_sessions(caller, end, convert::ended).await?;

        Ok(Response::new(ended))
    }

    async fn confirm_action(
        &self,
        request: Request<pb::ConfirmActionRequest>,
    ) -> Result<Response<pb::ConfirmActionResponse>, Status> {
        let admitted = self.shared.doorman.admit(calls::CONFIRM_ACTION, request.metadata())?;
        let caller = admitted.caller()?;
        let (action, password) = convert::confirm(request.get_ref())?;

        let confirmed = self.confirm(caller, action, password, convert::confirmed).await?;

        Ok(Response::new(confirmed))
    }
}
