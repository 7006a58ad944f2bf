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

        let trust = self.trust.clone();
        let mut told = trust.jwks();
        let keys = convert::key_set(told.clone(), studios);
        let ends = watch.messages().map_err(|error| AccountsError::from(error).into());
        let messages = ends.flat_map(move |message| {
            let keys = match &message {
                Ok(message) if convert::is_heartbeat(message) => trust.jwks(),
                _ => told.clone(),
            };
            let messages = if keys == told {
                vec![message]
            } else {
                told.clone_from(&keys);
                let in_sync = message.map(convert::in_sync_instead);
                vec![Ok(convert::key_set(keys, studios)), in_sync]
            };
            stream::iter(messages)
        });
        Ok(Response::new(Box::pin(stream::once(future::ready(Ok(keys))).chain(messages))))
    }
}
