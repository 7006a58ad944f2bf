//! The doorway, in the order of `audit_service.proto`.

use futures::TryStreamExt;
use sir0_contract_accounts::{
    self as pb, audit_service_server::AuditService, calls::audit_service as calls,
};
use sir0_rpc::Attended;
use tonic::{Request, Response, Status};

use crate::{Accounts, AccountsError, convert::audit as convert};

#[tonic::async_trait]
impl AuditService for Accounts {
    async fn list_activity(
        &self,
        request: Request<pb::ListActivityRequest>,
    ) -> Result<Response<pb::ListActivityResponse>, Status> {
        let admitted = self.shared.doorman.admit(calls::LIST_ACTIVITY, request.metadata())?;
        let caller = admitted.caller()?;
        let convert::Activity { user, most, behind } =
            convert::activity(request.get_ref(), &self.seal)?;

        self.user(user).await?;
        caller.must_own(user)?;
        let page = self.activity(user, behind, most.into()).await?;

        Ok(Response::new(convert::activity_page(page, user, &self.seal)))
    }

    async fn list_security_events(
        &self,
        request: Request<pb::ListSecurityEventsRequest>,
    ) -> Result<Response<pb::ListSecurityEventsResponse>, Status> {
        self.shared.doorman.admit(calls::LIST_SECURITY_EVENTS, request.metadata())?;
        let listing = convert::listing(request.get_ref(), &self.seal)?;

        let page =
            self.security_events(&listing.filter, listing.behind, listing.most.into()).await?;

        Ok(Response::new(convert::page(page, &listing, &self.seal)))
    }

    type WatchSecurityEventsStream = Attended<pb::WatchSecurityEventsResponse>;

    async fn watch_security_events(
        &self,
        request: Request<pb::WatchSecurityEventsRequest>,
    ) -> Result<Response<Self::WatchSecurityEventsStream>, Status> {
        self.shared.doorman.admit(calls::WATCH_SECURITY_EVENTS, request.metadata())?;
        let resume = convert::resume(request.get_ref(), request.metadata(), &self.seal)?;

        let watch = self.watch_events(resume).await?;

        let messages = watch.messages().map_err(|error| AccountsError::from(error).into());
        Ok(Response::new(self.shared.doorman.attend(request.metadata(), messages)))
    }
}
