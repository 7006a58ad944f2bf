//! What REST answers when a call succeeds: JSON, or the bytes of a file, whole or as a stream.

use bytes::Bytes;
use futures::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream, Stream},
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body::Frame;
use http_body_util::StreamBody;
use sir0_rpc::{HTTP_STATUS, request_id};
use sir0_transcoding::{
    Binding, Call, Conditions, HttpBody, Kept, Reply, Tag, Unreadable, http_body_of, write_part,
};
use tonic::{Code, Status, metadata::MetadataMap};

use super::{
    format::{Format, Frames},
    refused::Refused,
};
use crate::body::{Body, roomy};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const NO_SNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// Messages of an answer, as bytes.
pub(super) type Messages = BoxStream<'static, Result<Vec<u8>, Status>>;

/// How a call was made.
#[derive(Clone, Copy)]
pub(super) struct Made {
    pub(super) call: &'static Call,
    pub(super) binding: &'static Binding,
    /// How a stream is to be written.
    pub(super) format: Format,
}

impl Made {
    /// Writes the answer. An answer that may be tagged is judged by what the request says of tags.
    pub(super) async fn answered(
        self,
        reply: Reply,
        conditions: Option<Conditions>,
    ) -> Result<Response<Body>, Refused> {
        let is_file = self.binding.response.is_http_body(self.call.response);
        match (reply, is_file) {
            (Reply::One(metadata, message), false) => self.json(metadata, message.message()),
            (Reply::One(metadata, message), true) => self.file(metadata, message.message()),
            (Reply::Kept(metadata, kept), false) => self.kept(metadata, &kept, conditions),
            (Reply::Kept(metadata, kept), true) => self.file(metadata, kept.framed().message()),
            (Reply::Many(metadata, messages), false) => self.events(metadata, messages),
            (Reply::Many(metadata, messages), true) => self.chunks(metadata, messages).await,
        }
    }

    /// An answer that was written before, unless this binding sends something else of it.
    fn kept(
        self,
        metadata: MetadataMap,
        kept: &Kept,
        conditions: Option<Conditions>,
    ) -> Result<Response<Body>, Refused> {
        match (kept.json(self.binding), conditions) {
            (Some((json, Some(tag))), Some(conditions)) => {
                if !conditions.holds_match(tag) {
                    return Err(Refused::NOT_AS_NAMED);
                }
                if !conditions.holds_none_match(tag) {
                    return Ok(not_modified(tag));
                }
                let mut response = self.whole(metadata, json.clone(), JSON)?;
                tagged(response.headers_mut(), tag);
                Ok(response)
            }
            (Some((json, _)), _) => self.whole(metadata, json.clone(), JSON),
            (None, _) => self.json(metadata, kept.framed().message()),
        }
    }

    fn json(self, metadata: MetadataMap, message: &[u8]) -> Result<Response<Body>, Refused> {
        let Self { call, binding, .. } = self;
        let mut json = Vec::with_capacity(2 * message.len() + 64);
        write_part(binding.response, call.response, message, &mut json).map_err(fault)?;
        self.whole(metadata, json.into(), JSON)
    }

    fn file(self, metadata: MetadataMap, message: &[u8]) -> Result<Response<Body>, Refused> {
        let HttpBody { content_type, data } = self.http_body(message).map_err(fault)?;
        self.whole(metadata, data, media_type(&content_type))
    }

    /// An answer that is sent at once. Its bytes are held while they wait for the client.
    fn whole(
        self,
        metadata: MetadataMap,
        bytes: Bytes,
        media_type: HeaderValue,
    ) -> Result<Response<Body>, Refused> {
        let body = Body::full(bytes).held_against(request_id::share().as_ref());
        let mut response = Response::new(body.map_err(|_refused| Refused::over_budget())?);
        let mut headers = metadata.into_headers();
        // Most calls add no headers.
        let asked = if headers.is_empty() { None } else { headers.remove(HTTP_STATUS) };
        let asked = asked.and_then(|status| status.to_str().ok()?.parse().ok());
        let success = self.call.rest.as_ref().map_or(200, |rest| rest.success);
        *response.status_mut() = StatusCode::from_u16(asked.unwrap_or(success))
            .map_err(|_not_a_status| Refused::fault())?;
        *response.headers_mut() = roomy(headers);
        Ok(with_headers(response, media_type))
    }

    /// A stream of messages as JSON.
    fn events(self, metadata: MetadataMap, messages: Messages) -> Result<Response<Body>, Refused> {
        let frames = Frames::new(messages, self.format, self.binding.response, self.call.response);
        let media_type = HeaderValue::from_static(self.format.media_type());
        Self::flowing(metadata, frames, media_type)
    }

    /// A stream of the parts of one file. Its first message says what it is.
    async fn chunks(
        self,
        metadata: MetadataMap,
        mut messages: Messages,
    ) -> Result<Response<Body>, Refused> {
        let first = match messages.next().await {
            None => HttpBody::default(),
            Some(Err(status)) => return Err(Refused::from_status(&status, self.call.request)),
            Some(Ok(message)) => self.http_body(&message).map_err(fault)?,
        };
        let media_type = media_type(&first.content_type);
        let rest = messages
            .map(move |message| self.http_body(&message?).map(|body| body.data).map_err(broken));
        let chunks = stream::iter([Ok(first.data)]).chain(rest);
        let chunks = chunks.try_filter(|chunk| std::future::ready(!chunk.is_empty()));
        Self::flowing(metadata, chunks, media_type)
    }

    fn flowing(
        metadata: MetadataMap,
        frames: impl Stream<Item = Result<Bytes, Status>> + Send + 'static,
        media_type: HeaderValue,
    ) -> Result<Response<Body>, Refused> {
        let frames = frames.map_ok(Frame::data).map_err(axum::Error::new);
        let frames = axum::body::Body::new(StreamBody::new(frames));
        let body = Body::stream(frames, request_id::share());
        let mut response = Response::new(body.map_err(|_refused| Refused::over_budget())?);
        *response.headers_mut() = metadata.into_headers();
        // nginx and its like would otherwise hold events back.
        let unbuffered = HeaderName::from_static("x-accel-buffering");
        response.headers_mut().insert(unbuffered, HeaderValue::from_static("no"));
        Ok(with_headers(response, media_type))
    }

    fn http_body(self, message: &[u8]) -> Result<HttpBody, Unreadable> {
        http_body_of(self.binding.response, message)
    }
}

/// Adds what every answer of this door carries.
pub(super) fn with_headers(
    mut response: Response<Body>,
    media_type: HeaderValue,
) -> Response<Body> {
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, media_type);
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NO_SNIFF);
    response
}

/// Tells a client that the answer it has is still right.
fn not_modified(tag: &Tag) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    tagged(response.headers_mut(), tag);
    response
}

/// Lets anyone keep the answer, and ask each time whether it is still right, so a publisher reads its own change.
fn tagged(headers: &mut HeaderMap, tag: &Tag) {
    headers.insert(header::ETAG, tag.as_header().clone());
    headers.insert(header::CACHE_CONTROL, NO_CACHE);
}

/// The media type of a file. A service that names none sends bytes.
fn media_type(named: &str) -> HeaderValue {
    let named = HeaderValue::from_str(named).ok().filter(|named| !named.is_empty());
    named.unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

/// The bytes of a message come from the service itself: a fault of ours.
fn fault(unreadable: Unreadable) -> Refused {
    tracing::error!("an answer cannot be written over REST: {unreadable}");
    Refused::fault()
}

/// The same within a stream.
pub(super) fn broken(unreadable: Unreadable) -> Status {
    tracing::error!("a message of a stream cannot be written over REST: {unreadable}");
    Status::new(Code::Internal, "a message cannot be written over REST")
}
