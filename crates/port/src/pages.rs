//! The pages of the port: everything that is not a call of the contract.

use axum::{Router, http::Uri, routing::get};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use sir0_host::Page;
use sir0_telemetry::metrics::Metrics;

use crate::{PublicUrl, docs, docs::postman::Postman, home, rest};

/// The page that only the operator reads.
pub(crate) const METRICS: &str = "/metrics";
/// The OpenAPI document, which names the address of the server.
pub(crate) const DOCUMENT: &str = "/openapi.json";
/// The Postman collection of the calls, and its environment, which name the address too.
pub(crate) const COLLECTION: &str = "/postman.json";
pub(crate) const ENVIRONMENT: &str = "/postman-environment.json";
/// The WebSocket, which a service with topics has.
pub const SOCKET: &str = "/ws";
/// The pages that [`Pages::with_docs`] adds. A star stands for the rest of a path.
pub const DOCS: &[&str] = {
    let [page, script, style] = home::PATHS;
    &[page, script, style, DOCUMENT, "/docs", "/docs/*"]
};
/// The pages that [`Pages::with_postman`] adds.
pub const POSTMAN: &[&str] = &[COLLECTION, ENVIRONMENT];

const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Whether the page names the address of the server, and so is written for the request.
pub(crate) fn has_address(path: &str) -> bool {
    [DOCUMENT, COLLECTION, ENVIRONMENT].contains(&path)
}

/// The pages of a process.
#[derive(Clone)]
pub struct Pages {
    router: Router,
    /// The pages of the whole platform, in this process or in another one.
    known: Vec<&'static str>,
    /// Those of another process.
    elsewhere: Vec<&'static str>,
}

impl Pages {
    /// The page of the metrics. `known` are the other pages of the platform, in this process or in another one.
    #[must_use]
    pub fn new(metrics: Metrics, known: impl IntoIterator<Item = &'static str>) -> Self {
        let prometheus =
            get(async move || ([(CONTENT_TYPE, PROMETHEUS)], metrics.read().to_string()));
        let known: Vec<_> = known.into_iter().collect();
        let elsewhere = known.clone();
        Self { router: Router::new().route(METRICS, prometheus), known, elsewhere }
    }

    /// The same with this page.
    #[must_use]
    pub fn with(self, page: Page) -> Self {
        let Page { path, content_type, cache_control, text } = page;
        let headers = [(CONTENT_TYPE, content_type), (CACHE_CONTROL, cache_control)];
        let page = get(async move || (headers, text()));
        self.here(&[path], |router| router.route(path, page))
    }

    /// The same with an OpenAPI document, the page that shows it, and the page that greets at `/`. The document is given as what
    /// stands before its servers, and behind them. Without `public` each caller is told the address that it used.
    #[must_use]
    pub fn with_docs(self, openapi: [&'static str; 2], public: Option<PublicUrl>) -> Self {
        self.here(DOCS, |router| router.merge(home::routes()).merge(docs::routes(openapi, public)))
    }

    /// The same with a Postman collection of the calls. Without `public` each caller is told the address that it used.
    #[must_use]
    pub fn with_postman(self, postman: Postman, public: Option<&PublicUrl>) -> Self {
        self.here(POSTMAN, |router| router.merge(docs::postman::routes(postman, public)))
    }

    /// The same with the WebSocket.
    pub(crate) fn with_socket(self, routes: Router) -> Self {
        self.here(&[SOCKET], |router| router.merge(routes))
    }

    fn here(mut self, pages: &[&str], add: impl FnOnce(Router) -> Router) -> Self {
        self.elsewhere.retain(|page| !pages.contains(page));
        Self { router: add(self.router), ..self }
    }

    /// Whether the path is that of a page.
    pub(crate) fn know(&self, path: &str) -> bool {
        path == METRICS || is_one_of(&self.known, path)
    }

    /// The pages as routes. A page that another process has is asked for again.
    pub(crate) fn routes(&self) -> Router {
        let elsewhere = self.elsewhere.clone();
        self.router
            .clone()
            .fallback(async move |uri: Uri| {
                let is_elsewhere = is_one_of(&elsewhere, uri.path());
                let refused = if is_elsewhere { rest::elsewhere() } else { rest::no_such_path() };
                refused.map(axum::body::Body::new)
            })
            .method_not_allowed_fallback(async || {
                rest::wrong_page_method().map(axum::body::Body::new)
            })
    }
}

fn is_one_of(known: &[&'static str], path: &str) -> bool {
    known.iter().any(|page| match page.strip_suffix('*') {
        Some(begin) => path.starts_with(begin),
        None => path == *page,
    })
}
