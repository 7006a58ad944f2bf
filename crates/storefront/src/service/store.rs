//! The doorway, in the order of `store_service.proto`.

use sir0_contract_storefront::{
    self as pb, calls::store_service as calls, store_service_server::StoreService,
};
use tonic::{Request, Response, Status};

use crate::{Storefront, convert::store as convert};

#[tonic::async_trait]
impl StoreService for Storefront {
    async fn get_store(
        &self,
        request: Request<pb::GetStoreRequest>,
    ) -> Result<Response<pb::GetStoreResponse>, Status> {
        self.shared.doorman.admit(calls::GET_STORE, request.metadata())?;

        Ok(Response::new(convert::store(self.currency)))
    }

    async fn get_front_page(
        &self,
        request: Request<pb::GetFrontPageRequest>,
    ) -> Result<Response<pb::GetFrontPageResponse>, Status> {
        self.shared.doorman.admit(calls::GET_FRONT_PAGE, request.metadata())?;

        let front = self.front_page(|front| convert::front_page(front, self.currency)).await?;

        Ok(front.into_response())
    }

    async fn get_picks(
        &self,
        request: Request<pb::GetPicksRequest>,
    ) -> Result<Response<pb::GetPicksResponse>, Status> {
        self.shared.doorman.admit(calls::GET_PICKS, request.metadata())?;

        let picks = self.picks().await?;

        Ok(Response::new(convert::picks(&picks)))
    }

    async fn update_picks(
        &self,
        request: Request<pb::UpdatePicksRequest>,
    ) -> Result<Response<pb::UpdatePicksResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::UPDATE_PICKS, request.metadata())?.caller()?;
        let update = request.get_ref().try_into()?;

        let updated = self.update_picks(caller, update, convert::picked).await?;

        Ok(Response::new(updated))
    }
}
