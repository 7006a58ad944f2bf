//! The documentation for people and programs, from the binary alone: `/openapi.json`, and Swagger UI at `/docs`.

mod document;
mod guide;
pub(crate) mod postman;

use std::{future, sync::Arc};

use axum::{
    Router, body::Body, extract::Request, middleware, response::Response, routing::MethodRouter,
};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue,
    header::{
        ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
        REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
    },
};
use sir0_coding::{Accepted, Asset, asset};

use crate::{PublicUrl, pages::DOCUMENT};
use document::Document;

/// The page as it is read at `/docs`, and at `/docs/`. Its addresses are relative, so a proxy may serve it below a path.
const PAGE: Asset = asset!("docs.html");
const PAGE_BELOW: Asset = asset!("below.html");
/// What is ours: the way in, what Swagger UI lacks for those who cannot see it, the token, and watched lists.
const SCRIPTS: [(&str, Asset); 7] = [
    ("/docs/start.js", asset!("start.js")),
    ("/docs/accessible.js", asset!("accessible.js")),
    ("/docs/session.js", asset!("session.js")),
    ("/docs/token.js", asset!("token.js")),
    ("/docs/viewer.js", asset!("viewer.js")),
    ("/docs/watch.js", asset!("watch.js")),
    ("/docs/event_stream.js", asset!("event_stream.js")),
];
const OWN_STYLE: Asset = asset!("docs.css");
const STYLE: Asset = asset!("swagger-ui.css");
const BUNDLE: Asset = asset!("swagger-ui-bundle.js");

/// The page may load and call nothing but this server. Swagger UI styles its elements by script, and draws from `data:`.
const POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; \
     img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The file changes with the binary: a browser asks each time.
pub(crate) const FRESH: &str = "no-cache";
/// The file changes with a release of Swagger UI, and weighs 1.7 MB as it is.
const FOR_A_DAY: &str = "public, max-age=86400";

pub(crate) const HTML: &str = "text/html; charset=utf-8";
pub(crate) const SCRIPT: &str = "text/javascript; charset=utf-8";
pub(crate) const STYLES: &str = "text/css; charset=utf-8";

/// The routes `/openapi.json`, `/docs` and what the page needs.
pub(crate) fn routes(openapi: [&'static str; 2], public: Option<PublicUrl>) -> Router {
    let document = Arc::new(Document::new(openapi, public));
    let answer = async move |request: Request| document.answer(request).await;
    let page = Router::new()
        .route(DOCUMENT, axum::routing::get(answer))
        .route("/docs", get(HTML, FRESH, PAGE))
        .route("/docs/", get(HTML, FRESH, PAGE_BELOW))
        .route("/docs/docs.css", get(STYLES, FRESH, OWN_STYLE));
    let page = SCRIPTS
        .into_iter()
        .fold(page, |page, (path, script)| page.route(path, get(SCRIPT, FRESH, script)))
        .route("/docs/swagger-ui.css", get(STYLES, FOR_A_DAY, STYLE))
        .route("/docs/swagger-ui-bundle.js", get(SCRIPT, FOR_A_DAY, BUNDLE));
    confined(page, POLICY).merge(guide::routes())
}

/// A file from the binary, in the form that the caller likes best.
pub(crate) fn get(kind: &'static str, cached: &'static str, file: Asset) -> MethodRouter {
    axum::routing::get(async move |headers: HeaderMap| {
        let (bytes, coding) = file.form(Accepted::of(&headers));
        let mut response = Response::new(Body::from(Bytes::from_static(bytes)));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(cached));
        if let Some(coding) = coding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
        }
        if file.is_coded() {
            headers.insert(VARY, ACCEPT_ENCODING.into());
        }
        response
    })
}

/// These routes, which hold the browser to this policy, and keep it from guessing and from telling other pages.
pub(crate) fn confined(routes: Router, policy: &'static str) -> Router {
    let confine = move |mut response: Response| {
        let headers = response.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        future::ready(response)
    };
    routes.route_layer(middleware::map_response(confine))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use http::StatusCode;
    use http_body_util::BodyExt;
    use serde_json::Value;
    use sir0_coding::Coding;
    use sir0_contract::OPENAPI;
    use tower::ServiceExt;

    use super::*;

    async fn fetch(path: &str) -> (http::response::Parts, String) {
        let request = Request::builder().uri(path).body(Body::empty()).expect("a good path");
        let response = routes(OPENAPI, None).oneshot(request).await.expect("routes never fail");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a body from memory").to_bytes();
        (parts, String::from_utf8(body.into()).expect("every file is text"))
    }

    #[tokio::test]
    async fn every_file_names_its_kind_and_confines_the_browser() {
        for (path, kind) in [
            ("/openapi.json", "application/json"),
            ("/docs", "text/html"),
            ("/docs/", "text/html"),
            ("/docs/docs.css", "text/css"),
            ("/docs/swagger-ui.css", "text/css"),
            ("/docs/swagger-ui-bundle.js", "text/javascript"),
        ]
        .into_iter()
        .chain(SCRIPTS.map(|(path, _)| (path, "text/javascript")))
        {
            let (parts, body) = fetch(path).await;

            assert_eq!(parts.status, StatusCode::OK, "{path}");
            assert!(parts.headers[CONTENT_TYPE].to_str().unwrap().starts_with(kind), "{path}");
            assert_eq!(parts.headers[CONTENT_SECURITY_POLICY], POLICY, "{path}");
            assert_eq!(parts.headers[X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
            assert!(parts.headers.contains_key(CACHE_CONTROL), "{path}");
            assert!(!body.is_empty(), "{path}");
        }
    }

    #[tokio::test]
    async fn every_file_has_a_shorter_form_in_each_coding_unless_it_is_short() {
        for (path, is_long) in [
            ("/openapi.json", true),
            ("/docs/event_stream.js", true),
            ("/docs/viewer.js", true),
            ("/docs/docs.css", true),
            ("/docs/swagger-ui.css", true),
            ("/docs/swagger-ui-bundle.js", true),
        ] {
            let (_, plain) = fetch(path).await;
            for coding in Coding::ALL {
                let request = Request::builder().uri(path).header(ACCEPT_ENCODING, coding.name());
                let request = request.body(Body::empty()).expect("a good path");
                let response =
                    routes(OPENAPI, None).oneshot(request).await.expect("routes never fail");
                let (parts, body) = response.into_parts();
                let length = body.collect().await.expect("a body from memory").to_bytes().len();

                let named = parts.headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes);
                assert_eq!(named, is_long.then_some(coding.name().as_bytes()), "{path}");
                assert_eq!(parts.headers.contains_key(VARY), is_long, "{path}");
                assert_eq!(length < plain.len() / 2, is_long, "{path}: {coding:?} has {length}");
            }
        }
    }

    #[tokio::test]
    async fn the_document_is_openapi_3_1_and_lists_every_rest_path() {
        let (_, body) = fetch("/openapi.json").await;
        let document: serde_json::Value = serde_json::from_str(&body).unwrap();

        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        let rests = sir0_contract::calls().filter_map(|call| call.rest.as_ref());
        for binding in rests.flat_map(|rest| rest.bindings) {
            let operation = &document["paths"][binding.template][binding.verb.to_lowercase()];
            assert!(operation.is_object(), "{} {}", binding.verb, binding.template);
        }
    }

    /// What no call of the document meets: another path, another method, another protocol, a file.
    const NOT_OF_A_CALL: [&str; 5] =
        ["NOT_FOUND", "METHOD_NOT_ALLOWED", "NOT_GRPC", "HTTP_2_REQUIRED", "RANGE_NOT_SATISFIABLE"];

    #[tokio::test]
    async fn every_call_documents_what_the_doors_refuse_and_nothing_else_with_every_call() {
        let (_, body) = fetch("/openapi.json").await;
        let document: Value = serde_json::from_str(&body).unwrap();
        let operations = document["paths"].as_object().unwrap().values();
        let operations: Vec<_> =
            operations.flat_map(|it| it.as_object().unwrap().values()).collect();
        let documents = |operation: &Value, status: u16, reason: &str| {
            let responses = &operation["responses"];
            let told = responses.get(status.to_string()).unwrap_or(&responses["default"]);
            told["content"]["application/json"]["examples"][reason].is_object()
        };

        let doors = [crate::rest::refused::tests::told(), crate::refusal::tests::told()].concat();
        let mut known = BTreeSet::new();
        for (status, reason, error) in doors {
            if NOT_OF_A_CALL.contains(&&*reason) {
                continue;
            }
            for operation in &operations {
                let name = &operation["operationId"];
                assert!(documents(operation, status, &reason), "{name} {status} {reason}");
            }
            let example = &document["components"]["examples"][&reason]["value"];
            assert_eq!(example["error"], error);
            known.insert(reason);
        }

        let everywhere = document["components"]["examples"].as_object().unwrap().keys();
        let everywhere = everywhere.filter(|reason| {
            let mut statuses = 400..600;
            statuses.any(|status| operations.iter().all(|it| documents(it, status, reason)))
        });
        assert_eq!(everywhere.cloned().collect::<BTreeSet<_>>(), known);
    }

    #[tokio::test]
    async fn no_operation_holds_a_null_which_swagger_ui_cannot_execute() {
        let (_, body) = fetch("/openapi.json").await;
        let document: serde_json::Value = serde_json::from_str(&body).unwrap();

        let paths = document["paths"].as_object().unwrap();
        let operations = paths.values().flat_map(|path| path.as_object().unwrap().values());
        for operation in operations {
            let named = &operation["operationId"];
            for (key, value) in operation.as_object().unwrap() {
                assert!(!value.is_null(), "{named}: `{key}` is null");
            }
        }
    }

    #[tokio::test]
    async fn the_page_names_no_address_that_begins_at_the_root_of_the_host() {
        for (path, root) in [("/docs", "./"), ("/docs/", "../")] {
            let (_, page) = fetch(path).await;
            let named = page.split(['"', '\'']).filter(|text| text.contains('/'));
            let files: Vec<_> = named.filter(|text| !text.contains(['<', ' '])).collect();

            assert!(files.contains(&&*format!("{root}docs/start.js")), "{files:?}");
            assert!(files.iter().all(|file| file.starts_with(root)), "{path} names {files:?}");
        }
    }

    #[tokio::test]
    async fn the_page_repeats_nothing_of_the_request() {
        let (_, plain) = fetch("/docs").await;
        let (_, queried) = fetch("/docs?%3Cscript%3E=1&x='alert(1)").await;

        assert_eq!(plain, queried);
        assert!(!plain.contains("://"), "the page names another host");
    }

    #[tokio::test]
    async fn the_crates_own_pages_stay_closed() {
        for path in ["/docs/index.html", "/docs/oauth2-redirect.html", "/docs/swagger-ui.css.map"] {
            assert_eq!(fetch(path).await.0.status, StatusCode::NOT_FOUND, "{path}");
        }
    }
}
