//! Writes the files of the docs page in every coding.

use std::{error::Error, fs};

use bytes::Bytes;
use futures::FutureExt;
use http::Request;
use http_body_util::{BodyExt, Empty};
use sir0_coding::write_asset;
use swagger_ui_dist::{ApiDefinition, OpenApiSource, generate_routes};
use tower::ServiceExt;

fn main() -> Result<(), Box<dyn Error>> {
    let files =
        ["docs/index.html", "docs/start.js", "home/home.html", "home/home.js", "home/home.css"];
    for file in files {
        let path = format!("src/{file}");
        let name = file.rsplit('/').next().unwrap_or(file);
        println!("cargo::rerun-if-changed={path}");
        write_asset(name, &fs::read(path)?)?;
    }
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
    Ok(())
}
