//! The bytes of a file on their way from where it is kept: as many as were announced, each piece in time.

use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use sir0_host::Pieces;
use sir0_rpc::request_id;
use tokio::time::timeout;
use tonic::Status;

/// How long a piece may take, and how long a file may take until its answer begins.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// These pieces, which are so many bytes together. An error is the last item: also when they end too early or go on too
/// long, and when one takes too long. The time runs only while somebody waits for a piece.
pub(super) fn counted(
    pieces: Pieces,
    bytes: u64,
) -> impl Stream<Item = Result<Bytes, Status>> + Send + use<> {
    stream::unfold(Some((pieces, bytes)), |open| async {
        let (mut pieces, left) = open.filter(|(_, left)| *left > 0)?;
        match next(&mut pieces, left).await {
            Ok(piece) => {
                let left = left - piece.len() as u64;
                Some((Ok(piece), Some((pieces, left))))
            }
            Err(status) => Some((Err(status), None)),
        }
    })
}

/// The next piece that has a byte.
async fn next(pieces: &mut Pieces, left: u64) -> Result<Bytes, Status> {
    let mut full = pieces.filter(|piece| {
        let is_empty = piece.as_ref().is_ok_and(Bytes::is_empty);
        std::future::ready(!is_empty)
    });
    let came = timeout(PATIENCE, full.next()).await;
    match came.map_err(|_elapsed| Status::unavailable("a piece of a file did not come in time"))? {
        Some(Ok(piece)) if piece.len() as u64 > left => Err(not_as_announced()),
        Some(piece) => piece,
        None => Err(not_as_announced()),
    }
}

/// A file whose bytes are not those that were announced.
pub(super) fn not_as_announced() -> Status {
    broken("a file has another size than it says")
}

/// A file that is not as it says. Somebody has to look at where it is kept.
pub(super) fn broken(how: &'static str) -> Status {
    tracing::error!(request = %request_id::current(), "{how}");
    Status::data_loss(how)
}
