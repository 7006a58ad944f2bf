//! The doorway, in the order of `pages_service.proto`.

use sir0_contract_storefront::{
    self as pb, calls::pages_service as calls, pages_service_server::PagesService,
};
use tonic::{Request, Response, Status};

use crate::{
    Storefront,
    convert::{games::game_id, pages as convert},
};

#[tonic::async_trait]
impl PagesService for Storefront {
    async fn get_game_page(
        &self,
        request: Request<pb::GetGamePageRequest>,
    ) -> Result<Response<pb::GetGamePageResponse>, Status> {
        self.shared.doorman.admit(calls::GET_GAME_PAGE, request.metadata())?;
        let id = game_id(request.get_ref().game_id)?;

        let (revision, page) = self.game_page(id).await?;

        let page = Some((&page).into());
        Ok(Response::new(pb::GetGamePageResponse { page, revision }))
    }

    async fn get_my_game_page(
        &self,
        request: Request<pb::GetMyGamePageRequest>,
    ) -> Result<Response<pb::GetMyGamePageResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::GET_MY_GAME_PAGE, request.metadata())?.caller()?;
        let id = game_id(request.get_ref().game_id)?;

        let (revision, page) = self.own_game_page(caller, id).await?;

        let page = Some((&page).into());
        Ok(Response::new(pb::GetMyGamePageResponse { page, revision }))
    }

    async fn update_game_page(
        &self,
        request: Request<pb::UpdateGamePageRequest>,
    ) -> Result<Response<pb::UpdateGamePageResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::UPDATE_GAME_PAGE, request.metadata())?.caller()?;
        let update = request.into_inner().try_into()?;

        let updated = self.update_page(caller, update, convert::updated).await?;

        Ok(Response::new(updated))
    }
}
