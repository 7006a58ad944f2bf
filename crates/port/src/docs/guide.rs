//! The guide for people who build against the platform, at `/docs/guide`. The build makes it of `docs/api.md`.

use axum::Router;
use sir0_coding::{Asset, asset};

use super::{FRESH, HTML, STYLES, confined, get};

const PAGE: Asset = asset!("guide.html");
const STYLE: Asset = asset!("guide.css");

/// The page runs nothing, and loads nothing but its style.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'";

/// The guide and its style.
pub(super) fn routes() -> Router {
    let page = Router::new()
        .route("/docs/guide", get(HTML, FRESH, PAGE))
        .route("/docs/guide.css", get(STYLES, FRESH, STYLE));
    confined(page, POLICY)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use axum::{body::Body, extract::Request};
    use http::{
        StatusCode,
        header::{
            ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY,
            CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
        },
    };
    use sir0_contract::OPENAPI;
    use tower::ServiceExt;

    use super::*;

    fn page() -> &'static str {
        str::from_utf8(PAGE.plain).expect("UTF-8")
    }

    /// The values of this attribute, in order.
    fn values(attribute: &str) -> Vec<&'static str> {
        let begin = format!(" {attribute}=\"");
        let found = page().split(begin.as_str()).skip(1);
        found.map(|rest| rest.split('"').next().expect("an end")).collect()
    }

    #[tokio::test]
    async fn the_guide_and_its_style_confine_the_browser_and_are_coded() {
        for (path, kind) in [("/docs/guide", "text/html"), ("/docs/guide.css", "text/css")] {
            let request = Request::builder().uri(path).header(ACCEPT_ENCODING, "br");
            let request = request.body(Body::empty()).expect("a good path");
            let response =
                super::super::routes(OPENAPI, None).oneshot(request).await.expect("it never fails");

            assert_eq!(response.status(), StatusCode::OK, "{path}");
            let headers = response.headers();
            assert!(headers[CONTENT_TYPE].to_str().unwrap().starts_with(kind), "{path}");
            assert_eq!(headers[CONTENT_SECURITY_POLICY], POLICY, "{path}");
            assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
            assert_eq!(headers[CACHE_CONTROL], FRESH, "{path}");
            assert_eq!(headers[CONTENT_ENCODING], "br", "{path}");
        }
    }

    #[test]
    fn every_link_of_the_guide_leads_somewhere() {
        let ids = values("id");
        let each: BTreeSet<_> = ids.iter().copied().collect();
        assert_eq!(each.len(), ids.len(), "a name is there twice");

        let links = values("href");
        assert!(links.iter().filter(|link| link.starts_with('#')).count() > 30, "{links:?}");
        for link in links {
            let pages = ["..", "../docs", "../openapi.json", "../postman.json"];
            let known = pages.contains(&link) || ["guide.css", "data:,"].contains(&link);
            let is_name = link.strip_prefix('#').is_some_and(|name| each.contains(name));
            assert!(known || is_name || link.starts_with("https://"), "{link} leads nowhere");
        }
    }

    #[test]
    fn a_reason_is_found_under_its_name_in_either_case() {
        let ids = values("id");

        for name in ["GAME_NOT_FOUND", "game_not_found", "HTTP_2_REQUIRED", "start_over", "pages"] {
            assert!(ids.contains(&name), "{name}");
        }
    }

    #[test]
    fn the_guide_is_one_page_in_english_without_script_or_style_in_it() {
        assert!(page().starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
        for (element, count) in
            [("<h1", 1), ("<main", 1), ("<nav", 1), ("<title>", 1), ("<script", 0), ("<style", 0)]
        {
            assert_eq!(page().matches(element).count(), count, "{element}");
        }
        assert!(!page().contains(" style=\"") && !page().contains(" onclick"));
        let wide = page().matches("<div class=\"wide\" tabindex=\"0\">").count();
        assert_eq!(page().matches("<table>").count(), wide, "a table scrolls in itself");
        assert_eq!(page().matches("<pre").count(), page().matches("<pre tabindex=\"0\">").count());
    }
}
