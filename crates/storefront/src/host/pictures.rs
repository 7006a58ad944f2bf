//! The files behind `/media/`: a bridge onto `ReadPicture`.

use std::ops::Range;

use futures::{StreamExt, TryStreamExt, future, stream};
use sir0_contract_storefront::{
    ReadPictureRequest, ReadPictureResponse, media_service_server::MediaService,
};
use sir0_host::{FileName, Files, OpenFile};
use sir0_media::Name;
use sir0_transcoding::Tag;
use tonic::{Request, Status};

/// The files of a service of pictures.
#[derive(Clone, Debug)]
pub struct Pictures<S>(pub S);

#[tonic::async_trait]
impl<S: MediaService> Files for Pictures<S> {
    fn below(&self) -> &'static str {
        "/media/"
    }

    fn parse(&self, name: &str) -> Option<FileName> {
        let tag = Name::parse(name)?.etag();
        Some(FileName::new(name, Tag::new(tag.trim_matches('"'))))
    }

    async fn open(&self, name: &FileName, range: Option<Range<u64>>) -> Result<OpenFile, Status> {
        let (offset, length) = range.map_or((0, 0), |range| (range.start, range.end - range.start));
        let request = ReadPictureRequest { name: name.as_str().to_owned(), offset, length };
        let mut answer = self.0.read_picture(Request::new(request)).await?.into_inner().boxed();
        let Some(first) = answer.try_next().await? else {
            return Err(Status::data_loss("a picture was answered with nothing"));
        };
        let ReadPictureResponse { size, media_type, data } = first;
        let rest = answer.map_ok(|piece| piece.data);
        let bytes = stream::once(future::ready(Ok(data))).chain(rest);
        Ok(OpenFile { size, media_type, bytes: bytes.map_ok(Into::into).boxed() })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures::stream::BoxStream;
    use sir0_contract_storefront::{
        DeletePictureRequest, DeletePictureResponse, ListMyPicturesRequest, ListMyPicturesResponse,
        ListPicturesRequest, ListPicturesResponse, UploadPictureRequest, UploadPictureResponse,
    };
    use tonic::{Response, Streaming};

    use super::*;

    const DIGITS: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    /// A service that says this of every picture.
    #[derive(Default)]
    struct Shelf {
        says: Vec<Result<ReadPictureResponse, Status>>,
        asked: Mutex<Vec<ReadPictureRequest>>,
    }

    #[tonic::async_trait]
    impl MediaService for Shelf {
        type ReadPictureStream = BoxStream<'static, Result<ReadPictureResponse, Status>>;

        async fn read_picture(
            &self,
            request: Request<ReadPictureRequest>,
        ) -> Result<Response<Self::ReadPictureStream>, Status> {
            self.asked.lock().expect("no test panics here").push(request.into_inner());
            Ok(Response::new(stream::iter(self.says.clone()).boxed()))
        }

        async fn upload_picture(
            &self,
            _: Request<Streaming<UploadPictureRequest>>,
        ) -> Result<Response<UploadPictureResponse>, Status> {
            Err(Status::unimplemented("the bridge only reads"))
        }

        async fn list_pictures(
            &self,
            _: Request<ListPicturesRequest>,
        ) -> Result<Response<ListPicturesResponse>, Status> {
            Err(Status::unimplemented("the bridge only reads"))
        }

        async fn list_my_pictures(
            &self,
            _: Request<ListMyPicturesRequest>,
        ) -> Result<Response<ListMyPicturesResponse>, Status> {
            Err(Status::unimplemented("the bridge only reads"))
        }

        async fn delete_picture(
            &self,
            _: Request<DeletePictureRequest>,
        ) -> Result<Response<DeletePictureResponse>, Status> {
            Err(Status::unimplemented("the bridge only reads"))
        }
    }

    fn piece(size: u64, media_type: &str, data: &str) -> ReadPictureResponse {
        let (media_type, data) = (media_type.to_owned(), data.as_bytes().to_vec());
        ReadPictureResponse { size, media_type, data }
    }

    #[tokio::test]
    async fn a_picture_is_read_with_its_size_and_type_from_the_first_message() {
        let told = [piece(9, "image/webp", "cov"), piece(0, "", ""), piece(0, "", "er")];
        let pictures = Pictures(Shelf { says: told.map(Ok).to_vec(), ..Shelf::default() });
        let name = pictures.parse(&format!("ba/{DIGITS}.webp")).expect("a name");

        let file = pictures.open(&name, Some(2..7)).await.expect("it is there");

        assert_eq!((file.size, file.media_type.as_str()), (9, "image/webp"));
        assert_eq!(file.bytes.try_collect::<Vec<_>>().await.expect("all").concat(), b"cover");
        let asked = pictures.0.asked.lock().expect("no test panics here").clone();
        let expected =
            ReadPictureRequest { name: format!("ba/{DIGITS}.webp"), offset: 2, length: 5 };
        assert_eq!(asked, [expected]);
    }

    #[tokio::test]
    async fn an_answer_of_nothing_is_no_picture() {
        let pictures = Pictures(Shelf::default());
        let name = pictures.parse(&format!("ba/{DIGITS}.jpg")).expect("a name");

        let refused = pictures.open(&name, None).await.err().expect("nothing came");

        assert_eq!(refused.code(), tonic::Code::DataLoss);
    }

    #[test]
    fn the_tag_is_the_hash_and_what_is_no_name_is_none() {
        let pictures = Pictures(Shelf::default());

        let name = pictures.parse(&format!("ba/{DIGITS}.webp")).expect("a name");

        assert_eq!(name.tag().as_header(), &format!("\"{DIGITS}\""));
        for none in ["", "..", "ba/..", &format!("BA/{DIGITS}.webp"), &format!("ba%2f{DIGITS}.jpg")]
        {
            assert_eq!(pictures.parse(none), None, "{none}");
        }
    }
}
