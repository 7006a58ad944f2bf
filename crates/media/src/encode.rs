//! One upload becomes pictures: judged, decoded, scaled and encoded.

use std::fmt;

use bytes::Bytes;
use image::{ExtendedColorType, RgbImage, codecs::jpeg::JpegEncoder};

use crate::{
    Format, Name, Purpose, Refused,
    decode::{essentials, judge},
    scale::Canvas,
};

/// Of 100. Its encoder keeps all of the colours (4:4:4), so text on a picture stays sharp.
const JPEG_QUALITY: u8 = 82;
/// Of 100.
const WEBP_QUALITY: f32 = 80.0;

/// What an upload became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pictures {
    /// The width of the upload as it is shown.
    pub width: u32,
    /// The height of the upload as it is shown.
    pub height: u32,
    /// What to show until a picture is there.
    pub colour: Colour,
    /// One to three widths, the narrowest first, each as JPEG and then as WebP.
    pub pictures: Vec<Picture>,
}

/// One encoded picture, without metadata of the upload: no place, no camera, no comment, no profile.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// The name that its bytes have.
    pub name: Name,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// The file.
    pub bytes: Bytes,
}

/// A colour in sRGB. It is written as CSS writes it, such as `#1b2838`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour(pub [u8; 3]);

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Picture")
            .field("name", &self.name)
            .field("width", &self.width)
            .field("height", &self.height)
            .field("bytes", &self.bytes.len())
            .finish()
    }
}

/// Judges and encodes. The same upload becomes the same bytes in this version of the program; another version of an
/// encoder may write others.
pub(crate) fn encode(upload: &[u8], purpose: Purpose) -> Result<Pictures, Refused> {
    let (kind, essentials) = essentials(upload)?;
    let judged = judge(kind, &essentials, purpose)?;
    let (width, height) = judged.shown();
    let sizes = purpose.sizes(width, height);
    let widest = *sizes.last().expect("there is at least one size");

    let canvas = judged.decode(widest)?;
    let mut pictures = Vec::with_capacity(2 * sizes.len());
    let mut colour = None;
    for (width, height) in sizes {
        let scaled = canvas.scaled(width, height);
        let opaque = scaled.opaque();
        colour.get_or_insert_with(|| average(&opaque));
        for (format, bytes) in
            [(Format::Jpeg, jpeg(&opaque)), (Format::WebP, webp(&scaled, &opaque))]
        {
            pictures.push(Picture { name: Name::of(&bytes, format), width, height, bytes });
        }
    }
    Ok(Pictures { width, height, colour: colour.expect("there is at least one size"), pictures })
}

fn jpeg(pixels: &RgbImage) -> Bytes {
    let mut file = Vec::new();
    JpegEncoder::new_with_quality(&mut file, JPEG_QUALITY)
        .encode(pixels, pixels.width(), pixels.height(), ExtendedColorType::Rgb8)
        .expect("memory takes every write, and a JPEG sides of up to 65,535");
    file.into()
}

fn webp(canvas: &Canvas, opaque: &RgbImage) -> Bytes {
    let (width, height) = opaque.dimensions();
    let encoder = match canvas.transparent() {
        Some(pixels) => webp::Encoder::from_rgba(pixels, width, height),
        None => webp::Encoder::from_rgb(opaque, width, height),
    };
    let file = encoder
        .encode_simple(false, WEBP_QUALITY)
        .expect("a WebP takes sides of 1 to 16,383, which are more than are decoded");
    Bytes::copy_from_slice(&file)
}

/// The colour of all pixels together.
fn average(pixels: &RgbImage) -> Colour {
    let count = u64::from(pixels.width()) * u64::from(pixels.height());
    let mut sums = [0; 3];
    for pixel in pixels.pixels() {
        for (sum, channel) in sums.iter_mut().zip(pixel.0) {
            *sum += u64::from(channel);
        }
    }
    Colour(sums.map(|sum| u8::try_from(sum / count.max(1)).unwrap_or(u8::MAX)))
}
