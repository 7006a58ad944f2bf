//! Calls of one message each way.
//!
//! A native call goes to the service without tonic's server, which would read and write the one message as a stream. The
//! answer is whole before it is sent either way, and is held while it waits for the client.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, header};
use http_body_util::BodyExt;
use sir0_coding::grpc;
use sir0_host::Served;
use sir0_kernel::{OverBudget, Share};
use sir0_rpc::request_id;
use sir0_transcoding::{Call, Payload, Reply};
use tonic::{Code, Extensions, Status, metadata::MetadataMap};

use super::{head, message};
use crate::body::{Body, roomy};

/// Makes a native call that is one message each way.
pub(super) async fn made(
    call: &Call,
    served: &Served,
    headers: HeaderMap,
    message: Bytes,
    share: Option<&Share>,
) -> Result<Response<Body>, Status> {
    let payload = Payload::Message(message.slice(message::HEADER..));
    // The headers are the service's from here on. Only what is the same to everyone is sent in a coding.
    let is_public = call.rest.as_ref().is_some_and(|rest| rest.is_tagged);
    let accepted = if is_public { grpc::accepted(&headers) } else { None };
    let metadata = MetadataMap::from_headers(headers);
    let request = tonic::Request::from_parts(metadata, Extensions::default(), payload);
    let (metadata, frame, coding) = match served.dispatch.call(call.number, request).await? {
        Reply::One(metadata, message) => (metadata, message.frame().clone(), None),
        Reply::Kept(metadata, kept) => {
            let (frame, coding) = kept.frame_for(accepted).await;
            (metadata, frame, coding)
        }
        Reply::Many(..) => {
            return Err(Status::new(Code::Internal, "a stream answers a call of one message"));
        }
    };
    let mut answer =
        whole(metadata, frame, share).map_err(|OverBudget| super::too_much_waiting())?;
    if let Some(coding) = coding {
        let coding = HeaderValue::from_static(coding.name());
        answer.headers_mut().insert(grpc::ENCODING, coding);
    }
    Ok(answer)
}

/// The answer of one message, held while it waits for the client.
fn whole(
    metadata: MetadataMap,
    frame: Bytes,
    share: Option<&Share>,
) -> Result<Response<Body>, OverBudget> {
    let body = Body::full(frame).of_success();
    let mut response = Response::new(body.held_against(share)?);
    *response.headers_mut() = roomy(metadata.into_headers());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(head::NATIVE));
    Ok(response)
}

/// Takes a unary answer of tonic's server whole, and holds it while it waits for the client. tonic would encode the
/// answer only when the client takes its first byte, and keep the message until then.
pub(super) async fn held(
    response: Response<axum::body::Body>,
    share: Option<&Share>,
) -> Result<Response<Body>, OverBudget> {
    let (parts, mut body) = response.into_parts();
    let (mut message, mut trailers) = (Bytes::new(), None);
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Ok(super::fault(request_id::current().as_str())) };
        match frame.into_data() {
            // The first frame is the whole message. Only gRPC-Web sends one more, with its trailers.
            Ok(data) if message.is_empty() => message = data,
            Ok(data) => message = [message, data].concat().into(),
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    let body = Body::full(message).with_trailers(trailers).held_against(share)?;
    Ok(Response::from_parts(parts, body))
}
