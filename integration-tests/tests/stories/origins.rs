//! Pages of other origins: they may read what everyone may, and nothing that is for the operator.

use http::Method;
use sir0_testkit::{Answer, platform};

const ALLOWED: &str = "access-control-allow-origin";

#[tokio::test]
async fn an_answer_is_the_same_whoever_asks_so_that_a_cache_may_keep_it() {
    let platform = platform().await;
    let rest = platform.visitor().rest();

    for path in ["/api/games", "/api/games/404", "/openapi.json", "/.well-known/jwks.json", "/docs"]
    {
        let plain = rest.get(path).await;
        let crossing =
            Answer::to(rest.request(Method::GET, path).header("origin", "https://store.example"))
                .await;

        for name in [ALLOWED, "access-control-expose-headers", "vary"] {
            assert_eq!(plain.header(name), crossing.header(name), "{path}: {name}");
        }
        assert_eq!(plain.header(ALLOWED), Some("*"), "{path}");
    }
}

#[tokio::test]
async fn what_is_for_the_operator_is_kept_from_pages_of_other_origins() {
    let platform = platform().await;
    let rest = platform.visitor().rest();
    let ask = |method: Method| {
        rest.request(method, "/metrics")
            .header("origin", "https://store.example")
            .header("access-control-request-method", "GET")
    };

    for method in [Method::GET, Method::OPTIONS] {
        let answer = Answer::to(ask(method)).await;

        assert!(!answer.headers.keys().any(|name| name.as_str().starts_with("access-control")));
    }
}

#[tokio::test]
async fn a_page_is_granted_every_method_of_the_contract_and_the_headers_it_asks_for() {
    let platform = platform().await;
    let rest = platform.visitor().rest();

    for path in ["/api/games/1", "/sir0.storefront.v1.GamesService/GetGame"] {
        let question = rest
            .request(Method::OPTIONS, path)
            .header("origin", "https://store.example")
            .header("access-control-request-method", "PUT")
            .header("access-control-request-headers", "authorization,content-type");
        let granted = Answer::to(question).await;

        assert_eq!(granted.status, 204, "{path}");
        assert_eq!(granted.header(ALLOWED), Some("*"), "{path}");
        let methods = granted.header("access-control-allow-methods").unwrap_or_default();
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE"] {
            assert!(methods.split(", ").any(|it| it == method), "{path}: {methods}");
        }
        let headers = granted.header("access-control-allow-headers");
        assert_eq!(headers, Some("authorization,content-type"), "{path}");
        assert_eq!(granted.header("vary"), Some("access-control-request-headers"), "{path}");
    }
}
