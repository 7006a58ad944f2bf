//! From a door to a service: messages as bytes go in, messages as bytes come out. What stands between them for a service
//! is generated: one match over the number of the call. REST makes all calls in this way, and native gRPC makes those
//! that are one message each way.

use bytes::Bytes;
use futures::{
    StreamExt,
    future::BoxFuture,
    stream::{BoxStream, Stream},
};
use prost::Message;
use tonic::{Code, Response, Status, Streaming, metadata::MetadataMap};

use crate::{
    codec::{Malformed, Reader},
    framed::Framed,
    kept::Kept,
};

/// A service as the doors call it.
pub trait Dispatch: Send + Sync {
    /// Makes the call of this [number](crate::Call::number).
    fn call(&self, number: usize, request: tonic::Request<Payload>) -> Replying;
}

/// What a call is given.
#[derive(Debug)]
pub enum Payload {
    /// The bytes of one message.
    Message(Bytes),
    /// Messages as gRPC frames them. Each has at most so many bytes.
    Messages(tonic::body::Body, usize),
}

/// A call that is being answered.
pub type Replying = BoxFuture<'static, Result<Reply, Status>>;

/// The answer of a call.
pub enum Reply {
    /// One message.
    One(MetadataMap, Framed),
    /// One message that was encoded before.
    Kept(MetadataMap, Kept),
    /// The bytes of one message after another.
    Many(MetadataMap, BoxStream<'static, Result<Vec<u8>, Status>>),
}

/// Bytes with a content type: `google.api.HttpBody`, but for its extensions, which HTTP has no place for.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct HttpBody {
    /// The media type of the bytes.
    #[prost(string, tag = "1")]
    pub content_type: String,
    /// The bytes.
    #[prost(bytes = "bytes", tag = "2")]
    pub data: Bytes,
}

/// The message of a call that takes one.
pub fn message<M: Message + Default>(
    request: tonic::Request<Payload>,
) -> Result<tonic::Request<M>, Status> {
    let (metadata, extensions, payload) = request.into_parts();
    let Payload::Message(bytes) = payload else { return Err(wrong_shape()) };
    let message =
        M::decode(bytes).map_err(|error| Malformed::status(Code::Internal, error.to_string()))?;
    Ok(tonic::Request::from_parts(metadata, extensions, message))
}

/// The messages of a call that takes a stream.
pub fn messages<M: Message + Default + 'static>(
    request: tonic::Request<Payload>,
) -> Result<tonic::Request<Streaming<M>>, Status> {
    let (metadata, extensions, payload) = request.into_parts();
    let Payload::Messages(body, most) = payload else { return Err(wrong_shape()) };
    let messages = Streaming::new_request(Reader::default(), body, None, Some(most));
    Ok(tonic::Request::from_parts(metadata, extensions, messages))
}

/// The answer of a call that answers with one message.
pub fn one<M: Message>(answer: Result<Response<M>, Status>) -> Result<Reply, Status> {
    let (metadata, message, mut extensions) = answer?.into_parts();
    Ok(match Kept::of(&mut extensions) {
        Some(kept) => Reply::Kept(metadata, kept),
        None => Reply::One(metadata, Framed::new(&message)),
    })
}

/// The answer of a call that answers with a stream.
pub fn many<M, S>(answer: Result<Response<S>, Status>) -> Result<Reply, Status>
where
    M: Message,
    S: Stream<Item = Result<M, Status>> + Send + 'static,
{
    let (metadata, messages, _extensions) = answer?.into_parts();
    let messages = messages.map(|message| message.map(|message| message.encode_to_vec()));
    Ok(Reply::Many(metadata, messages.boxed()))
}

/// The answer to a call that the service does not have.
pub async fn unknown() -> Result<Reply, Status> {
    Err(Status::new(Code::Unimplemented, "this service has no such call"))
}

fn wrong_shape() -> Status {
    Status::new(Code::Internal, "the call takes another kind of request")
}
