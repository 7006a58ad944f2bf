//! From an HTTP request to what a call is given.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use futures::{StreamExt, TryStreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts};
use http_body::Frame;
use http_body_util::{BodyDataStream, BodyExt, LengthLimitError, Limited, StreamBody};
use hyper::body::{Body as _, Incoming};
use sir0_coding::Coding;
use sir0_kernel::OverBudget;
use sir0_rpc::request_id;
use sir0_transcoding::{HttpBody, Other, Part, Payload, Request, http_body};
use tonic::{Code, Status, metadata::MetadataMap};

use super::{RestDoor, Route, refused::Refused};
use crate::{
    arriving::{Arrived, Arriving, BoxError},
    body::SLICE,
    decoded::{Undecoded, decoded},
    limits::Limits,
};

/// Longer than any call of ours takes. A stream is no call of this kind.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// What a part of a body takes besides its bytes, framed as a message.
const ROOM: usize = 64;
/// The header in which a reconnecting browser says how far it came.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The request of a call, with the headers as metadata.
pub(super) fn with_headers(headers: HeaderMap, payload: Payload) -> tonic::Request<Payload> {
    let metadata = MetadataMap::from_headers(headers);
    tonic::Request::from_parts(metadata, tonic::Extensions::default(), payload)
}

impl RestDoor {
    /// Reads what the call is to be given. How far a client came in a stream, which its query may say, is added to the
    /// headers.
    pub(super) async fn payload(
        &self,
        parts: &Parts,
        headers: &mut HeaderMap,
        body: Incoming,
        route: &Route<'_>,
    ) -> Result<(Payload, Arrived), Refused> {
        let Route { call, binding, found, .. } = route;
        let (body, flowing, arrived) = match binding.body {
            Part::Nothing => (Bytes::new(), None, Arrived::default()),
            _ if call.takes_stream => {
                // It is handed on as it comes, and what it would become has no bound.
                if coding(headers)?.is_some() {
                    let details = "send this body without a content encoding";
                    return Err(Refused::encoded("identity", details));
                }
                (Bytes::new(), Some(body), Arrived::default())
            }
            _ => {
                let (body, arrived) = self.read(headers, body).await?;
                (body, None, arrived)
            }
        };
        let depth = self.limits.json_depth;
        let query = parts.uri.query();
        let request = Request { call, binding, found, query, body: &body, depth };
        let mut message = request.read(|name, value| {
            if !call.streaming || !matches!(name, "lastEventId" | "last_event_id") {
                return if is_noise(name) { Other::Known } else { Other::Unknown };
            }
            match value.map(HeaderValue::from_str) {
                Some(Ok(id)) if id.is_empty() => Other::Known,
                Some(Ok(id)) => {
                    headers.append(LAST_EVENT_ID, id);
                    Other::Known
                }
                Some(Err(_)) | None => Other::Wrong("is not a token we gave"),
            }
        })?;
        if !binding.body.is_http_body(call.request) {
            return Ok((Payload::Message(message.into()), arrived));
        }
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
        let content_type = content_type.unwrap_or_default().to_owned();
        if let Some(flowing) = flowing {
            let first = First { message, content_type };
            return Ok((self.messages(flowing, binding.body, first), arrived));
        }
        http_body(binding.body, &HttpBody { content_type, data: body }, &mut message);
        Ok((Payload::Message(message.into()), arrived))
    }

    /// Reads a body of bounded size in bounded time.
    async fn read(&self, headers: &HeaderMap, body: Incoming) -> Result<(Bytes, Arrived), Refused> {
        let coding = coding(headers)?;
        let Limits { body_bytes, body_timeout, .. } = self.limits;
        if body.size_hint().lower() > body_bytes as u64 {
            return Err(Refused::TOO_LARGE);
        }
        let body = Arriving::whole(body, body_timeout, request_id::share(), headers);
        let arrived = body.arrived();
        let body = match Limited::new(body, body_bytes).collect().await {
            Ok(collected) => collected.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => return Err(Refused::TOO_LARGE),
            Err(error) if error.is::<OverBudget>() => return Err(Refused::over_budget()),
            Err(error) if error.is::<Status>() => return Err(Refused::BODY_TOO_SLOW),
            Err(_broken_off) => return Err(Refused::BROKEN_OFF),
        };
        let Some(coding) = coding else { return Ok((body, arrived)) };
        let share = request_id::share();
        let decoding = Box::pin(decoded(coding, &body, body_bytes, 0, &arrived, share.as_ref()));
        match decoding.await {
            Ok(decoded) => Ok((decoded.into(), arrived)),
            Err(Undecoded::Broken) => Err(Refused::NOT_GZIP),
            Err(Undecoded::TooLong) => Err(Refused::TOO_LARGE),
            Err(Undecoded::OverBudget) => Err(Refused::over_budget()),
        }
    }

    /// A body as a stream of messages, one for each part that arrives. A part is read when the one before was taken, has
    /// a limit of time, and is held against the client: a file of any size takes the memory of one part.
    fn messages(&self, body: Incoming, part: Part, first: First) -> Payload {
        let limit = self.limits.body_timeout;
        let body = Arriving::each(body, limit, request_id::share(), SLICE);
        let First { message, content_type } = first;
        let first = framed(message, part, &HttpBody { content_type, data: Bytes::new() });
        let most = first.len() + SLICE + ROOM;
        let parts = BodyDataStream::new(body).map_ok(move |data| {
            let slices = (0..data.len()).step_by(SLICE);
            let slices = slices.map(move |from| data.slice(from..data.len().min(from + SLICE)));
            stream::iter(slices).map(move |data| {
                let content_type = String::new();
                Ok(framed(Vec::new(), part, &HttpBody { content_type, data }))
            })
        });
        let parts = parts.map_err(not_arrived).try_flatten();
        let frames = stream::iter([Ok::<_, Status>(first)]).chain(parts).map_ok(Frame::data);
        Payload::Messages(tonic::body::Body::new(StreamBody::new(frames)), most)
    }
}

/// The coding of a body. All but gzip are refused, and so are several in a row.
fn coding(headers: &HeaderMap) -> Result<Option<Coding>, Refused> {
    let mut lines = headers.get_all(header::CONTENT_ENCODING).iter();
    let Some(first) = lines.next() else { return Ok(None) };
    let named = first.to_str().unwrap_or("?").trim();
    match Coding::named(named) {
        _ if lines.next().is_some() => {}
        Some(Coding::Gzip) => return Ok(Some(Coding::Gzip)),
        None if named.is_empty() || named.eq_ignore_ascii_case("identity") => return Ok(None),
        _ => {}
    }
    Err(Refused::encoded("gzip", "send the body as it is, or in gzip"))
}

/// What the first message of a stream says besides the bytes.
struct First {
    message: Vec<u8>,
    content_type: String,
}

/// A message as gRPC frames it, with a part of the body behind what it says already.
fn framed(mut message: Vec<u8>, part: Part, body: &HttpBody) -> Bytes {
    http_body(part, body, &mut message);
    let mut frame = BytesMut::with_capacity(message.len() + 5);
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).expect("a part that HTTP reads at once is small"));
    frame.put_slice(&message);
    frame.freeze()
}

/// What a call that reads a stream hears of a body that does not come.
fn not_arrived(error: BoxError) -> Status {
    if error.is::<OverBudget>() {
        return Status::new(Code::ResourceExhausted, OverBudget.to_string());
    }
    match error.downcast::<Status>() {
        Ok(too_slow) => *too_slow,
        Err(_broken_off) => Status::new(Code::Cancelled, "the body ended before it was complete"),
    }
}

/// Parameters that programs add: jQuery's way past caches, and what sites add to the links they show.
pub(super) fn is_noise(name: &str) -> bool {
    matches!(name, "_" | "fbclid" | "gclid" | "msclkid") || name.starts_with("utm_")
}
