//! The doorway, in the order of `media_service.proto`.

use futures::{TryStreamExt, stream::BoxStream};
use sir0_contract_storefront::{
    self as pb, calls::media_service as calls, media_service_server::MediaService,
};
use tonic::{Request, Response, Status, Streaming};

use crate::{
    Storefront,
    convert::{games::game_id, media as convert},
};

#[tonic::async_trait]
impl MediaService for Storefront {
    async fn upload_picture(
        &self,
        request: Request<Streaming<pb::UploadPictureRequest>>,
    ) -> Result<Response<pb::UploadPictureResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::UPLOAD_PICTURE, request.metadata())?.caller()?;
        let mut pieces = request.into_inner();
        let first =
            convert::in_time(async { Ok(pieces.message().await?.unwrap_or_default()) }).await?;
        let asked = convert::upload(&first)?;

        let place = self.begin_upload(caller, asked.game).await?;
        let pieces = pieces.map_ok(convert::piece);
        let upload = convert::in_time(convert::whole(convert::piece(first), pieces)).await?;
        let uploaded = self.upload(caller, asked, (upload, place), convert::uploaded).await?;

        Ok(Response::new(uploaded))
    }

    async fn list_pictures(
        &self,
        request: Request<pb::ListPicturesRequest>,
    ) -> Result<Response<pb::ListPicturesResponse>, Status> {
        self.shared.doorman.admit(calls::LIST_PICTURES, request.metadata())?;
        let id = game_id(request.get_ref().game_id)?;

        let pictures = self.pictures(id).await?.iter().map(Into::into).collect();

        Ok(Response::new(pb::ListPicturesResponse { pictures }))
    }

    async fn list_my_pictures(
        &self,
        request: Request<pb::ListMyPicturesRequest>,
    ) -> Result<Response<pb::ListMyPicturesResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::LIST_MY_PICTURES, request.metadata())?.caller()?;
        let id = game_id(request.get_ref().game_id)?;

        let pictures = self.own_pictures(caller, id).await?.iter().map(Into::into).collect();

        Ok(Response::new(pb::ListMyPicturesResponse { pictures }))
    }

    async fn delete_picture(
        &self,
        request: Request<pb::DeletePictureRequest>,
    ) -> Result<Response<pb::DeletePictureResponse>, Status> {
        let caller =
            self.shared.doorman.admit(calls::DELETE_PICTURE, request.metadata())?.caller()?;
        let (id, picture) = convert::delete(request.get_ref())?;

        let removed = self.remove_picture(caller, id, picture, convert::removed).await?;

        Ok(Response::new(removed))
    }

    type ReadPictureStream = BoxStream<'static, Result<pb::ReadPictureResponse, Status>>;

    async fn read_picture(
        &self,
        request: Request<pb::ReadPictureRequest>,
    ) -> Result<Response<Self::ReadPictureStream>, Status> {
        self.shared.doorman.admit(calls::READ_PICTURE, request.metadata())?;
        let (name, range) = convert::read(request.get_ref())?;

        let piece = self.file(name, range).await?;

        Ok(Response::new(convert::pieces(name, piece)))
    }
}
