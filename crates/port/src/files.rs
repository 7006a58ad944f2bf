//! The files of the services, such as `/media/…`, over HTTP: whole or in ranges, with leave to keep them for ever.
//!
//! 1. `memory`: the files that were read last. Most answers come from there.
//! 2. `asked`: what the request wants of the file: all of it, a part, or to hear that it has not changed.
//! 3. `pieces`: the bytes of what is not in memory, on their way.
//!
//! A client that reads nothing holds its share of memory and no more: bytes from memory are held against its share until
//! they are sent. What finds no room there is read from where it is kept, a piece at a time, as the client takes it.

mod asked;
mod memory;
mod pieces;
#[cfg(test)]
mod tests;

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode,
    header::{
        ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
        CONTENT_TYPE, ETAG, X_CONTENT_TYPE_OPTIONS,
    },
};
use sir0_host::{FileName, Files};
use sir0_kernel::Share;
use tokio::time::timeout;
use tonic::{Code, Status};

use self::{
    asked::Asked,
    memory::{Known, Memory},
    pieces::PATIENCE,
};
use crate::{
    body::{Body, roomy},
    rest,
};

/// What lies under a name never changes (RFC 8246).
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// A file that is opened by itself may do nothing, whatever a browser takes it for.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");
const NO_SNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const IN_BYTES: HeaderValue = HeaderValue::from_static("bytes");

/// The door to files.
pub(crate) struct FilesDoor {
    served: Vec<Arc<dyn Files>>,
    memory: Memory,
}

/// A request for a file: which files, the whole path, and the name behind its beginning.
#[derive(Clone, Copy)]
pub(crate) struct Path<'r> {
    of: &'r dyn Files,
    whole: &'r str,
    name: &'r str,
}

impl FilesDoor {
    /// A door to these files. Nothing of them is in memory yet.
    pub(crate) fn new(served: Vec<Arc<dyn Files>>) -> Self {
        Self { served, memory: Memory::new() }
    }

    /// The files that lie behind this path, if it is the path of any.
    pub(crate) fn find<'r>(&'r self, whole: &'r str) -> Option<Path<'r>> {
        let name = |of: &'r Arc<dyn Files>| {
            let name = whole.strip_prefix(of.below())?;
            Some(Path { of: &**of, whole, name })
        };
        self.served.iter().find_map(name)
    }

    /// Answers one request. What waits for the client is held against the share.
    pub(crate) async fn answer<B>(
        &self,
        path: Path<'_>,
        request: &Request<B>,
        share: Option<Share>,
    ) -> Response<Body> {
        let (method, headers) = (request.method(), request.headers());
        if method == Method::OPTIONS {
            return rest::page_options();
        }
        if method != Method::GET && method != Method::HEAD {
            return rest::wrong_page_method();
        }
        let known = match self.memory.get(path.whole) {
            Some(known) => known,
            // Boxed, because most files are in memory.
            None => match Box::pin(self.fetch(path)).await {
                Ok(known) => known,
                Err(status) => return refused(&status),
            },
        };
        let size = known.size;
        let (status, range) = match Asked::of(method, headers, &known.tag, size) {
            Asked::Other => return rest::not_as_named(),
            Asked::Beyond => return rest::no_such_range(size),
            Asked::Known => return not_modified(&known),
            Asked::Whole => (StatusCode::OK, 0..size),
            Asked::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        };
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        *response.headers_mut() = head(&known, &range);
        if status == StatusCode::PARTIAL_CONTENT {
            let said = format!("bytes {}-{}/{size}", range.start, range.end - 1);
            let said = said.try_into().expect("numbers are a header");
            response.headers_mut().insert(CONTENT_RANGE, said);
        }
        if method == Method::HEAD {
            return response;
        }
        let body = match in_memory(&known, &range, share.as_ref()) {
            Some(body) => body,
            None => match Box::pin(read(path, size, range, share)).await {
                Ok(body) => body,
                Err(refused) => return *refused,
            },
        };
        response.map(|_empty| body)
    }

    async fn fetch(&self, path: Path<'_>) -> Result<Arc<Known>, Status> {
        let name = path.name()?;
        self.memory.fetch(path.whole, path.of, &name).await
    }
}

impl Path<'_> {
    fn name(self) -> Result<FileName, Status> {
        self.of.parse(self.name).ok_or_else(|| Status::not_found("no file has such a name"))
    }
}

/// The headers of an answer with these bytes of a file.
fn head(known: &Known, range: &Range<u64>) -> HeaderMap {
    let mut headers = roomy(HeaderMap::new());
    headers.insert(CONTENT_TYPE, known.media_type.clone());
    headers.insert(CONTENT_LENGTH, (range.end - range.start).into());
    headers.insert(ACCEPT_RANGES, IN_BYTES);
    headers.insert(X_CONTENT_TYPE_OPTIONS, NO_SNIFF);
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    keepable(&mut headers, known);
    headers
}

fn keepable(headers: &mut HeaderMap, known: &Known) {
    headers.insert(ETAG, known.tag.as_header().clone());
    headers.insert(CACHE_CONTROL, FOR_EVER);
}

fn not_modified(known: &Known) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    keepable(response.headers_mut(), known);
    response
}

/// These bytes of a file that is in memory, if there is room for them in the share.
fn in_memory(known: &Known, range: &Range<u64>, share: Option<&Share>) -> Option<Body> {
    let bytes = known.bytes.as_ref()?;
    let at = |byte: u64| usize::try_from(byte).expect("the file is in memory");
    let part: Bytes = bytes.slice(at(range.start)..at(range.end));
    Body::full(part).held_against(share).ok()
}

/// These bytes of a file, as the client takes them. Refused if the client has no room for one more unread answer.
async fn read(
    path: Path<'_>,
    size: u64,
    range: Range<u64>,
    share: Option<Share>,
) -> Result<Body, Box<Response<Body>>> {
    let bytes = range.end - range.start;
    let opened = async {
        let name = path.name()?;
        let asked = (bytes < size).then_some(range);
        let opening = timeout(PATIENCE, path.of.open(&name, asked)).await;
        let late = |_elapsed| Status::unavailable("a file did not come in time");
        let file = opening.map_err(late)??;
        if file.size == size { Ok(file) } else { Err(pieces::not_as_announced()) }
    };
    let file = opened.await.map_err(|status| Box::new(refused(&status)))?;
    let content = axum::body::Body::from_stream(pieces::counted(file.bytes, bytes));
    Body::stream(content, share).map_err(|_over_budget| Box::new(rest::over_budget()))
}

/// The refusal of a file that cannot be read. A name that no file can have is refused like one that no file has.
fn refused(status: &Status) -> Response<Body> {
    match status.code() {
        Code::NotFound | Code::InvalidArgument => rest::no_such_path(),
        Code::Unavailable
        | Code::DeadlineExceeded
        | Code::ResourceExhausted
        | Code::Aborted
        | Code::Cancelled => rest::unavailable(),
        _ => rest::fault(),
    }
}
