//! Documents such as `/openapi.json`: the same for everyone but for the address of the server, because who reads them has to
//! know where to call.

use std::sync::{
    Arc, Mutex, OnceLock, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use axum::{body::Body, extract::Request, response::Response};
use bytes::Bytes;
use http::{
    HeaderValue,
    header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY},
};
use serde_json::json;
use sir0_coding::{Accepted, Coding, Effort};
use tokio::task::spawn_blocking;

use super::FRESH;
use crate::public_url::{PublicUrl, Told};

/// `Cache-Control` of a document with an address that was taken from the request: a cache must not hand it to the next
/// client, whose request may name another address.
const TOLD: &str = "no-store";
/// The address where none is known: where the document came from.
const HERE: &str = "/";

/// The document of a process.
pub(crate) struct Document {
    /// The text up to the address, and behind it.
    parts: [&'static str; 2],
    /// The address where none is known.
    unknown: &'static str,
    /// How the document has the address.
    says: fn(&str) -> String,
    /// The address that the operator states.
    public: Option<PublicUrl>,
    /// The document as it was asked for last. Nearly everyone asks by the same name.
    latest: Mutex<Arc<Written>>,
    /// Whether the document is being compressed. Requests that come meanwhile get plain bytes.
    is_busy: Arc<AtomicBool>,
}

/// The document with an address.
struct Written {
    url: String,
    plain: Bytes,
    coded: [OnceLock<Bytes>; Coding::ALL.len()],
}

impl Document {
    /// The OpenAPI document, whose member `servers` has the address.
    pub(crate) fn new(parts: [&'static str; 2], public: Option<PublicUrl>) -> Self {
        Self::with(parts, HERE, |url| format!("\"servers\":{}", json!([{"url": url}])), public)
    }

    /// A document that has the address as it is said here.
    pub(super) fn with(
        parts: [&'static str; 2],
        unknown: &'static str,
        says: fn(&str) -> String,
        public: Option<PublicUrl>,
    ) -> Self {
        let latest = Mutex::new(Arc::new(Written::at(unknown, parts, says)));
        Self { parts, unknown, says, public, latest, is_busy: Arc::default() }
    }

    /// The answer to a request, in the coding that it likes best of those that can be had now.
    pub(crate) async fn answer(&self, request: Request) -> Response {
        let told = request.extensions().get::<Told>();
        let known = self.public.as_ref().or_else(|| told?.url.as_ref());
        let written = self.written(known.map_or(self.unknown, PublicUrl::as_str));
        let (bytes, coding) = self.form(&written, Accepted::of(request.headers())).await;

        let mut response = Response::new(Body::from(bytes));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(VARY, ACCEPT_ENCODING.into());
        if let Some(coding) = coding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
        }
        let is_stated = self.public.is_some();
        let cached = HeaderValue::from_static(if is_stated { FRESH } else { TOLD });
        headers.insert(CACHE_CONTROL, cached);
        for name in told.filter(|_| !is_stated).into_iter().flat_map(Told::vary) {
            headers.append(VARY, name.into());
        }
        response
    }

    fn written(&self, url: &str) -> Arc<Written> {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if latest.url != url {
            *latest = Arc::new(Written::at(url, self.parts, self.says));
        }
        Arc::clone(&latest)
    }

    async fn form(&self, written: &Arc<Written>, accepted: Accepted) -> (Bytes, Option<Coding>) {
        let plain = || (written.plain.clone(), None);
        let Some(coding) = accepted.codings().next() else { return plain() };
        if let Some(made) = written.coded(coding).get() {
            return (made.clone(), Some(coding));
        }
        let Some(turn) = Turn::taken(&self.is_busy) else { return plain() };
        let for_it = Arc::clone(written);
        // It goes on when the caller leaves: the next one finds the form.
        let making = spawn_blocking(move || {
            let _turn = turn;
            let made = || coding.encode(&for_it.plain, Effort::Quick).into();
            for_it.coded(coding).get_or_init(made).clone()
        });
        making.await.map_or_else(|_broken| plain(), |made| (made, Some(coding)))
    }
}

impl Written {
    fn at(url: &str, [before, behind]: [&'static str; 2], says: fn(&str) -> String) -> Self {
        let plain = [before, &says(url), behind].concat().into();
        Self { url: url.to_owned(), plain, coded: Default::default() }
    }

    fn coded(&self, coding: Coding) -> &OnceLock<Bytes> {
        let place = Coding::ALL.iter().position(|it| *it == coding);
        &self.coded[place.expect("one of all codings")]
    }
}

/// The turn to make a form. It ends when it is dropped.
struct Turn(Arc<AtomicBool>);

impl Turn {
    fn taken(is_busy: &Arc<AtomicBool>) -> Option<Self> {
        (!is_busy.swap(true, Ordering::AcqRel)).then(|| Self(Arc::clone(is_busy)))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
