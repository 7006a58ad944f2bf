//! What REST answers when a call succeeds: JSON, or the bytes of a file, whole or as a stream.

use bytes::Bytes;
use futures::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream, Stream},
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body::Frame;
use http_body_util::StreamBody;
use sir0_coding::{Accepted, Coding};
use sir0_rpc::{HTTP_STATUS, request_id};
use sir0_transcoding::{
    Binding, Call, Conditions, HttpBody, Kept, Reply, Unreadable, http_body_of, write_part,
};
use tonic::{Code, Status, metadata::MetadataMap};

use super::{
    format::{Format, Frames},
    refused::Refused,
    request::is_noise,
    wait::Wait,
};
use crate::body::{Body, roomy};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const BY_CODING: HeaderValue = HeaderValue::from_static("accept-encoding");
/// Lets anyone keep the answer, and ask each time whether it is still right, so a publisher reads its own change.
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
pub(super) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
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
    /// When a stream ends, if not by itself before.
    pub(super) wait: Option<Wait>,
}

/// What a request says of the form of an answer that may be tagged.
pub(super) struct Wanted {
    conditions: Conditions,
    accepted: Accepted,
}

impl Wanted {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        Self { conditions: Conditions::of(headers), accepted: Accepted::of(headers) }
    }
}

impl Made {
    /// Writes the answer. An answer that may be tagged has the form that is wanted.
    pub(super) async fn answered(
        self,
        reply: Reply,
        wanted: Option<Wanted>,
    ) -> Result<Response<Body>, Refused> {
        let is_file = self.binding.response.is_http_body(self.call.response);
        match (reply, is_file) {
            (Reply::One(metadata, message), false) => self.json(metadata, message.message()),
            (Reply::One(metadata, message), true) => self.file(metadata, message.message()),
            (Reply::Kept(metadata, kept), false) => self.kept(metadata, &kept, wanted).await,
            (Reply::Kept(metadata, kept), true) => self.file(metadata, kept.framed().message()),
            (Reply::Many(metadata, messages), false) => self.events(metadata, messages),
            (Reply::Many(metadata, messages), true) => self.chunks(metadata, messages).await,
        }
    }

    /// An answer that was written before, unless this binding sends something else of it.
    async fn kept(
        self,
        metadata: MetadataMap,
        kept: &Kept,
        wanted: Option<Wanted>,
    ) -> Result<Response<Body>, Refused> {
        let (json, tag, Wanted { conditions, accepted }) = match (kept.json(self.binding), wanted) {
            (Some((json, Some(tag))), Some(wanted)) => (json, tag, wanted),
            (Some((json, _)), _) => return self.whole(metadata, json.clone(), JSON, NO_STORE),
            (None, _) => return self.json(metadata, kept.framed().message()),
        };
        if !conditions.holds_match(tag) {
            return Err(Refused::NOT_AS_NAMED);
        }
        let has_codings = kept.has_codings();
        let accepted = if has_codings { accepted } else { Accepted::default() };
        let forms = accepted.codings().map(Some).chain([None]);
        if let Some(form) = conditions.known_form(tag, forms) {
            return Ok(not_modified(tag.of_form(form), has_codings));
        }
        let (bytes, coding) = match coded(kept, accepted).await {
            Some((bytes, coding)) => (bytes, Some(coding)),
            None => (json.clone(), None),
        };
        let mut response = self.whole(metadata, bytes, JSON, NO_CACHE)?;
        let headers = response.headers_mut();
        if let Some(coding) = coding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
        }
        tagged(headers, tag.of_form(coding), has_codings);
        Ok(response)
    }

    fn json(self, metadata: MetadataMap, message: &[u8]) -> Result<Response<Body>, Refused> {
        let Self { call, binding, .. } = self;
        let mut json = Vec::with_capacity(2 * message.len() + 64);
        write_part(binding.response, call.response, message, &mut json).map_err(fault)?;
        self.whole(metadata, json.into(), JSON, NO_STORE)
    }

    fn file(self, metadata: MetadataMap, message: &[u8]) -> Result<Response<Body>, Refused> {
        let HttpBody { content_type, data } = self.http_body(message).map_err(fault)?;
        self.whole(metadata, data, media_type(&content_type), NO_STORE)
    }

    /// An answer that is sent at once. Its bytes are held while they wait for the client.
    fn whole(
        self,
        metadata: MetadataMap,
        bytes: Bytes,
        media_type: HeaderValue,
        cache_control: HeaderValue,
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
        Ok(with_headers(response, media_type, cache_control))
    }

    /// A stream of messages as JSON. It ends between two messages.
    fn events(self, metadata: MetadataMap, messages: Messages) -> Result<Response<Body>, Refused> {
        let messages = match self.wait {
            Some(wait) => messages.take_until(tokio::time::sleep(wait.duration())).boxed(),
            None => messages,
        };
        let frames = Frames::new(messages, self.format, self.binding.response, self.call.response);
        let media_type = HeaderValue::from_static(self.format.media_type());
        let mut response = Self::flowing(metadata, frames, media_type)?;
        if let Some(wait) = self.wait {
            wait.tell(response.headers_mut());
        }
        Ok(response)
    }

    /// A stream of the parts of one file. Its first message says what it is. It ends with the file, however long that takes:
    /// half of a file would look like all of it.
    async fn chunks(
        self,
        metadata: MetadataMap,
        messages: Messages,
    ) -> Result<Response<Body>, Refused> {
        // A file without a byte may have no message, and a stream that ended is not to be asked again.
        let mut messages = messages.fuse();
        let first = match messages.next().await {
            None => HttpBody::default(),
            Some(Err(status)) => return Err(Refused::from_status(&status, self.call)),
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
        Ok(with_headers(response, media_type, NO_STORE))
    }

    fn http_body(self, message: &[u8]) -> Result<HttpBody, Unreadable> {
        http_body_of(self.binding.response, message)
    }
}

/// The way to the next page, if the answer is a page and another one follows. A 304 has it too: a caller may have kept
/// the answer without it.
pub(super) fn next_page(call: &Call, reply: &Reply, query: Option<&str>) -> Option<HeaderValue> {
    let paging = call.rest.as_ref()?.paging.as_ref()?;
    match reply {
        Reply::Kept(_, kept) => kept.link(paging, query, is_noise),
        Reply::One(_, message) => {
            paging.link(query, &message.message()[paging.next_in(message.message())?], is_noise)
        }
        Reply::Many(..) => None,
    }
}

/// Adds what every answer of this door carries.
pub(super) fn with_headers(
    mut response: Response<Body>,
    media_type: HeaderValue,
    cache_control: HeaderValue,
) -> Response<Body> {
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, media_type);
    headers.insert(header::CACHE_CONTROL, cache_control);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NO_SNIFF);
    response
}

/// The JSON in the coding that is liked best of those that are there or can be made now.
async fn coded(kept: &Kept, accepted: Accepted) -> Option<(Bytes, Coding)> {
    for coding in accepted.codings() {
        if let Some(bytes) = kept.json_in(coding).await {
            return Some((bytes, coding));
        }
    }
    None
}

/// Tells a client that the answer it has is still right.
fn not_modified(tag: HeaderValue, has_codings: bool) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    response.headers_mut().insert(header::CACHE_CONTROL, NO_CACHE);
    tagged(response.headers_mut(), tag, has_codings);
    response
}

/// Names the answer. One that has codings is kept for those who accept the same ones.
fn tagged(headers: &mut HeaderMap, tag: HeaderValue, has_codings: bool) {
    headers.insert(header::ETAG, tag);
    if has_codings {
        headers.insert(header::VARY, BY_CODING);
    }
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
