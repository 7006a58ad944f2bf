//! Writes the files of the docs page in every coding.

use std::{error::Error, fs, path::Path};

use bytes::Bytes;
use futures::FutureExt;
use http::Request;
use http_body_util::{BodyExt, Empty};
use pulldown_cmark::{Options, Parser};
use sir0_coding::write_asset;
use swagger_ui_dist::{ApiDefinition, OpenApiSource, generate_routes};
use tower::ServiceExt;

#[path = "build/guide.rs"]
mod guide;

/// Files that are served as they stand.
const OWN: [&str; 11] = [
    "home/home.html",
    "home/home.css",
    "home/home.js",
    "docs/docs.css",
    "docs/start.js",
    "docs/accessible.js",
    "docs/session.js",
    "docs/token.js",
    "docs/viewer.js",
    "docs/watch.js",
    "docs/event_stream.js",
];
/// The page of the documents. The root of all is `{root}` in it.
const DOCS: &str = "docs/index.html";

fn main() -> Result<(), Box<dyn Error>> {
    let source = Path::new("src");
    for path in OWN.into_iter().chain([DOCS]) {
        println!("cargo::rerun-if-changed={}", source.join(path).display());
    }
    for path in OWN {
        let name = path.rsplit('/').next().unwrap_or(path);
        write_asset(name, &fs::read(source.join(path))?)?;
    }
    // A browser reads relative addresses from the last slash on, and `/docs/` has one more than `/docs`.
    let page = fs::read_to_string(source.join(DOCS))?;
    write_asset("docs.html", page.replace("{root}", "./").as_bytes())?;
    write_asset("below.html", page.replace("{root}", "../").as_bytes())?;
    println!("cargo::rerun-if-changed=build.rs");
    // Only the two big files come from the crate: its own page repeats the request's URI unescaped.
    let dist = generate_routes(ApiDefinition {
        uri_prefix: "/docs",
        api_definition: OpenApiSource::Uri("/openapi.json"),
        title: None,
    });
    for name in ["swagger-ui.css", "swagger-ui-bundle.js"] {
        // The crate has them as routes, and in no other way. They are in memory, so nothing is waited for.
        let request = Request::builder().uri(format!("/docs/{name}")).body(Empty::<Bytes>::new())?;
        let waits = "a file of Swagger UI is not there at once";
        let response = dist.clone().oneshot(request).now_or_never().ok_or(waits)??;
        if !response.status().is_success() {
            return Err(format!("Swagger UI has no {name}").into());
        }
        let file = response.into_body().collect().now_or_never().ok_or(waits)??;
        write_asset(name, &file.to_bytes())?;
    }
    // Parsed here, because who looks for crates that are not used reads this file alone.
    guide::write(Parser::new_ext(&guide::source()?, Options::ENABLE_TABLES))
}
