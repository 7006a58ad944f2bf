//! Pictures, on the wire and as the rules know them.

use std::{ops::Range, time::Duration};

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, TryStreamExt, stream, stream::BoxStream};
use sir0_contract_storefront as pb;
use sir0_kernel::{GameId, PictureId};
use sir0_media::{MOST_BYTES_OF_AN_UPLOAD, Name, Piece, Refused};
use sir0_rpc::{FieldReader, InvalidFields};
use tokio::time::timeout;
use tonic::Status;

use crate::{
    StorefrontError,
    domain::{Picture, PictureFile, UploadPicture},
    error::NoPicture,
};

/// Where the files of pictures are on the platform.
const FILES: &str = "/media/";
/// How long an upload may take to begin, and to arrive: 16 MiB at 1.1 Mbit/s.
const PATIENCE: Duration = Duration::from_mins(2);

impl From<&Picture> for pb::Picture {
    fn from(picture: &Picture) -> Self {
        let pixels = |side: u32| i32::try_from(side).unwrap_or(i32::MAX);
        let file = |file: &PictureFile| pb::PictureFile {
            path: format!("{FILES}{}", file.name),
            width: pixels(file.width),
            height: pixels(file.height),
            media_type: file.name.format().media_type().to_owned(),
        };
        Self {
            picture_id: picture.id.to_string(),
            purpose: picture.purpose.to_string(),
            width: pixels(picture.width),
            height: pixels(picture.height),
            colour: picture.colour.to_string(),
            files: picture.files.iter().map(file).collect(),
        }
    }
}

/// Reads what is uploaded, and for which game.
pub(crate) fn upload(first: &pb::UploadPictureRequest) -> Result<UploadPicture, InvalidFields> {
    let mut fields = FieldReader::default();
    let game = fields.read("game_id", GameId::parse(first.game_id));
    let purpose = fields.read("purpose", first.purpose.parse());
    let (Some(game), Some(purpose)) = (game, purpose) else { return Err(fields.into_faults()) };
    Ok(UploadPicture { game, purpose })
}

/// The bytes of a piece of an upload.
pub(crate) fn piece(request: pb::UploadPictureRequest) -> Bytes {
    request.picture.map(|body| body.data).unwrap_or_default()
}

/// Says that a picture was added, and which revision the game has.
pub(crate) fn uploaded(picture: &Picture, revision: i32) -> pb::UploadPictureResponse {
    let message = "Picture added successfully".to_owned();
    pb::UploadPictureResponse { message, picture: Some(picture.into()), revision }
}

/// Reads which picture of which game is to be taken away.
pub(crate) fn delete(
    request: &pb::DeletePictureRequest,
) -> Result<(GameId, PictureId), InvalidFields> {
    let mut fields = FieldReader::default();
    let id = fields.read("game_id", GameId::parse(request.game_id));
    let picture = fields.read("picture_id", PictureId::parse(&request.picture_id));
    let (Some(id), Some(picture)) = (id, picture) else { return Err(fields.into_faults()) };
    Ok((id, picture))
}

/// Says that a picture was taken away, and which revision the game has.
pub(crate) fn removed(revision: i32) -> pb::DeletePictureResponse {
    pb::DeletePictureResponse { message: "Picture taken away successfully".to_owned(), revision }
}

/// Reads which bytes of which file are asked for. `None` is all of them.
pub(crate) fn read(
    request: &pb::ReadPictureRequest,
) -> Result<(Name, Option<Range<u64>>), InvalidFields> {
    let mut fields = FieldReader::default();
    let name = Name::parse(&request.name).ok_or("is no name of a file");
    let Some(name) = fields.read("name", name) else { return Err(fields.into_faults()) };
    let (begin, length) = (request.offset, request.length);
    let end = if length == 0 { u64::MAX } else { begin.saturating_add(length) };
    Ok((name, (begin > 0 || length > 0).then_some(begin..end)))
}

/// A file on its way. Its first message says how large it is, and what.
pub(crate) fn pieces(
    name: Name,
    Piece { size, bytes, .. }: Piece,
) -> BoxStream<'static, Result<pb::ReadPictureResponse, Status>> {
    let media_type = name.format().media_type().to_owned();
    let first = pb::ReadPictureResponse { size, media_type, data: Bytes::new().into() };
    let rest = bytes.map_err(|fault| StorefrontError::from(fault).into());
    let rest = rest.map_ok(|data| pb::ReadPictureResponse {
        data: data.into(),
        ..pb::ReadPictureResponse::default()
    });
    stream::iter([Ok(first)]).chain(rest).boxed()
}

/// Reads an upload to its end, or to the byte that is too many.
pub(crate) async fn whole(
    first: Bytes,
    mut pieces: impl Stream<Item = Result<Bytes, Status>> + Unpin,
) -> Result<Bytes, Status> {
    let mut upload = BytesMut::from(&*first);
    loop {
        if upload.len() > MOST_BYTES_OF_AN_UPLOAD {
            let refused = NoPicture::Refused(Refused::TooManyBytes { bytes: upload.len() });
            return Err(StorefrontError::PictureRefused(refused).into());
        }
        match pieces.try_next().await? {
            Some(piece) => upload.extend_from_slice(&piece),
            None => return Ok(upload.freeze()),
        }
    }
}

/// Reads what a client sends, unless it takes too long.
pub(crate) async fn in_time<T>(
    reading: impl Future<Output = Result<T, Status>>,
) -> Result<T, Status> {
    let read = timeout(PATIENCE, reading).await;
    read.unwrap_or_else(|_elapsed| Err(StorefrontError::PictureRefused(NoPicture::TooSlow).into()))
}
