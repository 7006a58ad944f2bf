//! The doorway, in the order of `history_service.proto`.

use sir0_contract_storefront::{
    self as pb, calls::history_service as calls, history_service_server::HistoryService,
};
use tonic::{Request, Response, Status};

use crate::{Storefront, convert::history as convert};

#[tonic::async_trait]
impl HistoryService for Storefront {
    async fn list_game_changes(
        &self,
        request: Request<pb::ListGameChangesRequest>,
    ) -> Result<Response<pb::ListGameChangesResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::LIST_GAME_CHANGES, request.metadata())?.caller()?;
        let asked = convert::changes(request.get_ref(), &self.seal)?;

        let changes = self.changes(caller, asked.id, asked.before, asked.page_size + 1).await?;

        Ok(Response::new(convert::page(changes, &asked, self.currency, &self.seal)))
    }

    async fn undo_game_change(
        &self,
        request: Request<pb::UndoGameChangeRequest>,
    ) -> Result<Response<pb::UndoGameChangeResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::UNDO_GAME_CHANGE, request.metadata())?.caller()?;
        let (id, change) = convert::undo(request.get_ref())?;

        let undone = self.undo(caller, id, change, convert::undone).await?;

        Ok(Response::new(undone))
    }
}
