//! Pictures of games, drawn for tests.

use http::{Method, header};
use image::{ImageFormat, Rgb, RgbImage};

use crate::{Answer, Person};

/// A PNG with a gradient, another one for each tint.
#[must_use]
pub fn png(width: u32, height: u32, tint: u8) -> Vec<u8> {
    let shade = |at: u32, of: u32| u8::try_from(at * 255 / of).unwrap_or(u8::MAX);
    let pixels =
        RgbImage::from_fn(width, height, |x, y| Rgb([shade(x, width), shade(y, height), tint]));
    let mut file = std::io::Cursor::new(Vec::new());
    pixels.write_to(&mut file, ImageFormat::Png).expect("memory takes every write");
    file.into_inner()
}

impl Person {
    /// Uploads a file as a picture of a game. What it is declared as is not read.
    pub async fn uploads(&self, game: i64, purpose: &str, file: impl Into<Vec<u8>>) -> Answer {
        let path = format!("/api/games/{game}/pictures?purpose={purpose}");
        let request = self.rest().request(Method::POST, &path);
        let request = request.header(header::CONTENT_TYPE, "application/octet-stream");
        self.rest().changes(request.body(file.into())).await
    }
}
