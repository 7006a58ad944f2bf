//! The documentation for people and programs, from the binary alone: `/openapi.json`, and Swagger UI at `/docs`.

use axum::{
    Router,
    extract::Request,
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{
    HeaderValue,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
        X_CONTENT_TYPE_OPTIONS,
    },
};
use swagger_ui_dist::{ApiDefinition, OpenApiSource, generate_routes};
use tower::ServiceExt;

const INDEX: &str = include_str!("docs/index.html");
const START: &str = include_str!("docs/start.js");

/// The page may load and call nothing but this server. Swagger UI styles its elements inline and draws from `data:`.
const POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The file changes with the binary: a browser asks each time.
const FRESH: &str = "no-cache";
/// The file changes with a release of Swagger UI, and weighs 1.5 MB.
const FOR_A_DAY: &str = "public, max-age=86400";

/// The routes `/openapi.json`, `/docs` and what the page needs.
pub(crate) fn routes(openapi: &'static str) -> Router {
    // Only the two big files come from the crate: its own page repeats the request's URI unescaped.
    let dist = generate_routes(ApiDefinition {
        uri_prefix: "/docs",
        api_definition: OpenApiSource::Uri("/openapi.json"),
        title: None,
    });
    let from_dist = get(async move |request: Request| {
        let mut response = dist.oneshot(request).await.into_response();
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(FOR_A_DAY));
        response
    });
    Router::new()
        .route("/openapi.json", get(file("application/json", openapi)))
        .route("/docs", get(file("text/html; charset=utf-8", INDEX)))
        .route("/docs/", get(file("text/html; charset=utf-8", INDEX)))
        .route("/docs/start.js", get(file("text/javascript; charset=utf-8", START)))
        .route("/docs/swagger-ui.css", from_dist.clone())
        .route("/docs/swagger-ui-bundle.js", from_dist)
        .route_layer(middleware::map_response(harden))
}

/// An answer from the binary.
fn file(kind: &'static str, body: &'static str) -> impl IntoResponse + Clone {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, FRESH)], body)
}

async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::StatusCode;
    use http_body_util::BodyExt;

    use sir0_contract::OPENAPI;

    use super::*;

    async fn fetch(path: &str) -> (http::response::Parts, String) {
        let request = Request::builder().uri(path).body(Body::empty()).expect("a good path");
        let response = routes(OPENAPI).oneshot(request).await.expect("routes never fail");
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
            ("/docs/start.js", "text/javascript"),
            ("/docs/swagger-ui.css", "text/css"),
            ("/docs/swagger-ui-bundle.js", "text/javascript"),
        ] {
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
