//! The doorway, in the order of `bulk_service.proto`.

use futures::{StreamExt, TryStreamExt, stream};
use sir0_contract_storefront::{
    self as pb, bulk_service_server::BulkService, calls::bulk_service as calls,
};
use sir0_rpc::Attended;
use tonic::{Request, Response, Status, Streaming};

use crate::{
    Storefront,
    convert::bulk as convert,
    domain::{ExportGames, ImportGames},
};

#[tonic::async_trait]
impl BulkService for Storefront {
    type ExportGamesStream = Attended<pb::ExportGamesResponse>;

    async fn export_games(
        &self,
        request: Request<pb::ExportGamesRequest>,
    ) -> Result<Response<Self::ExportGamesStream>, Status> {
        let caller =
            self.shared.doorman.admit(calls::EXPORT_GAMES, request.metadata())?.caller()?;
        let export: ExportGames = request.get_ref().try_into()?;

        let file = self.export(caller, export)?;

        let parts = file.map_ok(move |data| convert::exported(export.format, data));
        let parts = parts.map_err(Status::from);
        Ok(Response::new(self.shared.doorman.attend(request.metadata(), parts)))
    }

    type ImportGamesStream = Attended<pb::ImportGamesResponse>;

    async fn import_games(
        &self,
        request: Request<Streaming<pb::ImportGamesRequest>>,
    ) -> Result<Response<Self::ImportGamesStream>, Status> {
        let caller =
            self.shared.doorman.admit(calls::IMPORT_GAMES, request.metadata())?.caller()?;
        let (metadata, _, mut messages) = request.into_parts();
        let first = messages.message().await?.unwrap_or_default();
        let import: ImportGames = (&first).try_into()?;

        let pieces = stream::iter([Ok(first)]).chain(messages);
        let pieces = pieces.map_ok(|message| message.file.unwrap_or_default().data);
        let told = self.import(caller, import, pieces).await?;

        let told = told.map_ok(convert::told);
        Ok(Response::new(self.shared.doorman.attend(&metadata, told)))
    }
}
