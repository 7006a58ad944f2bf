//! The doorway for the other services, in the order of `trust_service.proto`.

use std::{future, pin::Pin};

use futures::{Stream, StreamExt, TryStreamExt, stream};
use sir0_contract_accounts_internal::{
    WatchEndedSessionsRequest, WatchEndedSessionsResponse, calls::trust_service as calls,
    trust_service_server::TrustService,
};
use tonic::{Request, Response, Status};

use crate::{Accounts, AccountsError, convert::trust as convert};

#[tonic::async_trait]
impl TrustService for Accounts {
    type WatchEndedSessionsStream =
        Pin<Box<dyn Stream<Item = Result<WatchEndedSessionsResponse, Status>> + Send>>;

    async fn watch_ended_sessions(
        &self,
        request: Request<WatchEndedSessionsRequest>,
    ) -> Result<Response<Self::WatchEndedSessionsStream>, Status> {
        self.shared.doorman.admit(calls::WATCH_ENDED_SESSIONS, request.metadata())?;
        let studios = request.get_ref().studios;
        let resume_after = convert::position_in(request.get_ref())?;

        let watch = self.watch(resume_after, studios).await?;

        let keys = convert::key_set(self.trust.jwks(), studios);
        let ends = watch.messages().map_err(|error| AccountsError::from(error).into());
        Ok(Response::new(Box::pin(stream::once(future::ready(Ok(keys))).chain(ends))))
    }
}
