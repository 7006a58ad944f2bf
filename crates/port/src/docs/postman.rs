//! `/postman.json` and `/postman-environment.json`: a Postman collection of every call, and the environment that it needs,
//! with the address of the server in them. Postman imports both by their addresses.

use std::sync::Arc;

use axum::{Router, extract::Request, routing::get};
use serde_json::json;

use super::{POLICY, confined, document::Document};
use crate::{
    PublicUrl,
    pages::{COLLECTION, ENVIRONMENT},
};

/// A collection and its environment.
#[derive(Clone, Copy, Debug)]
pub struct Postman {
    /// The collection: what stands before the address of the server, and behind it.
    pub collection: [&'static str; 2],
    /// The environment, likewise.
    pub environment: [&'static str; 2],
    /// The address where none is known.
    pub unknown: &'static str,
}

/// The routes of both.
pub(crate) fn routes(postman: Postman, public: Option<&PublicUrl>) -> Router {
    let Postman { collection, environment, unknown } = postman;
    let page = |parts| {
        let document =
            Document::with(parts, unknown, |url| json!(url).to_string(), public.cloned());
        let document = Arc::new(document);
        get(async move |request: Request| document.answer(request).await)
    };
    let pages =
        Router::new().route(COLLECTION, page(collection)).route(ENVIRONMENT, page(environment));
    confined(pages, POLICY)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http_body_util::BodyExt;
    use serde_json::Value;
    use sir0_contract::{POSTMAN, POSTMAN_ADDRESS, POSTMAN_ENVIRONMENT};
    use tower::ServiceExt;

    use super::*;

    const BOTH: Postman =
        Postman { collection: POSTMAN, environment: POSTMAN_ENVIRONMENT, unknown: POSTMAN_ADDRESS };

    async fn fetched(path: &str, public: Option<&PublicUrl>) -> Value {
        let request = Request::builder().uri(path).body(Body::empty()).expect("a good path");
        let response = routes(BOTH, public).oneshot(request).await.expect("routes never fail");
        let body = response.into_body().collect().await.expect("a body from memory");
        serde_json::from_slice(&body.to_bytes()).expect("JSON")
    }

    #[tokio::test]
    async fn both_ask_where_the_operator_says_or_else_where_a_server_listens_by_default() {
        let public = PublicUrl::parse("https://games.example/sir0").expect("an address");

        for (public, expected) in
            [(Some(&public), "https://games.example/sir0"), (None, POSTMAN_ADDRESS)]
        {
            let collection = fetched(COLLECTION, public).await;
            let environment = fetched(ENVIRONMENT, public).await;

            assert_eq!(
                collection["variable"][0],
                json!({"key": "baseUrl", "type": "string", "value": expected})
            );
            let base = &environment["values"][0];
            assert_eq!((&base["key"], &base["value"]), (&json!("baseUrl"), &json!(expected)));
        }
    }
}
