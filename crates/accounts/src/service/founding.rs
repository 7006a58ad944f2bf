//! The doorway for the other services, in the order of `founding_service.proto`.

use sir0_contract_accounts_internal::{
    FirstStudioRequest, FirstStudioResponse, calls::founding_service as calls,
    founding_service_server::FoundingService,
};
use tonic::{Request, Response, Status};

use crate::{
    Accounts,
    convert::{accounts::user_id, trust::told},
};

#[tonic::async_trait]
impl FoundingService for Accounts {
    async fn first_studio(
        &self,
        request: Request<FirstStudioRequest>,
    ) -> Result<Response<FirstStudioResponse>, Status> {
        self.shared.doorman.admit(calls::FIRST_STUDIO, request.metadata())?;
        let user = user_id(request.get_ref().user_id)?;

        let roster = self.first_studio_of(user).await?;

        Ok(Response::new(FirstStudioResponse { roster: Some(told(&roster)) }))
    }
}
