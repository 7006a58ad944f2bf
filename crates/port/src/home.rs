//! The page at `/`: what this is, signing in, and the first administrator. It works from the binary alone.

use axum::Router;
use sir0_coding::{Asset, asset};

use crate::docs::{FRESH, HTML, SCRIPT, STYLES, confined, get};

/// The page and what it needs.
pub(crate) const PATHS: [&str; 3] = ["/", "/home.js", "/home.css"];

const PAGE: Asset = asset!("home.html");
const START: Asset = asset!("home.js");
const STYLE: Asset = asset!("home.css");

/// The page may load and call nothing but this server, and nothing of it stands in the page itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src data:; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The routes of the page.
pub(crate) fn routes() -> Router {
    let [page, start, style] = PATHS;
    let page = Router::new()
        .route(page, get(HTML, FRESH, PAGE))
        .route(start, get(SCRIPT, FRESH, START))
        .route(style, get(STYLES, FRESH, STYLE));
    confined(page, POLICY)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::{
        Request,
        header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_SECURITY_POLICY},
    };
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn the_page_confines_the_browser_to_this_server_and_is_sent_compressed() {
        for path in PATHS {
            let request = Request::builder().uri(path).header(ACCEPT_ENCODING, "br");
            let request = request.body(Body::empty()).expect("a good path");

            let response = routes().oneshot(request).await.expect("routes never fail");

            assert_eq!(response.headers()[CONTENT_SECURITY_POLICY], POLICY, "{path}");
            assert_eq!(response.headers()[CONTENT_ENCODING], "br", "{path}");
        }
    }

    #[tokio::test]
    async fn the_page_names_no_other_host_and_runs_no_script_of_its_own_text() {
        let request = Request::builder().uri("/").body(Body::empty()).expect("a good path");
        let response = routes().oneshot(request).await.expect("routes never fail");
        let body = response.into_body().collect().await.expect("a body from memory").to_bytes();
        let page = String::from_utf8(body.into()).expect("the page is text");

        assert!(!page.contains("://") && !page.contains("<script>") && !page.contains("<style"));
    }
}
