//! Bytes become pixels, within bounds that are known before the first pixel is decoded.

use std::{
    borrow::Cow,
    error::Error,
    io::{self, Cursor},
};

use image::{
    DynamicImage, ImageDecoder, ImageError, Limits,
    codecs::{gif::GifDecoder, jpeg::JpegDecoder, png::PngDecoder, webp::WebPDecoder},
    metadata::Orientation,
};

use crate::{
    Kind, Purpose, Refused,
    scale::Canvas,
    strip::{MOST_PROFILE_BYTES, strip},
};

/// The longest side that is decoded, in pixels.
pub const MOST_SIDE: u32 = 8192;
/// The most pixels that are decoded: a screen of 8K has 33 million.
pub const MOST_PIXELS: u64 = 40_000_000;

/// The most bytes that the decoded pixels may take, as they are stored in the file: `MOST_PIXELS` in three colours of 16
/// bits take 240 MB.
const MOST_DECODED_BYTES: u64 = 256 * 1024 * 1024;
/// What the chunks of a PNG before its pixels, and two of its rows, may take when decompressed.
const MOST_PNG_BYTES: u64 = 8 * 1024 * 1024;

/// An upload that was judged by its header, and of which no pixel was decoded yet.
pub(crate) struct Judged<'u> {
    kind: Kind,
    decoder: Box<dyn ImageDecoder + 'u>,
    orientation: Orientation,
    profile: Option<Vec<u8>>,
    size: (u32, u32),
}

/// What a decoder is to be given of an upload, or why it is no picture.
pub(crate) fn essentials(upload: &[u8]) -> Result<(Kind, Cow<'_, [u8]>), Refused> {
    if upload.is_empty() {
        return Err(Refused::Empty);
    }
    let kind = Kind::of(upload).map_err(Refused::Foreign)?;
    Ok((kind, strip(kind, upload)?))
}

/// Reads the header, and refuses what is not for this purpose or beyond the bounds.
pub(crate) fn judge(kind: Kind, bytes: &[u8], purpose: Purpose) -> Result<Judged<'_>, Refused> {
    let mut decoder = open(kind, bytes)?;

    let (width, height) = decoder.dimensions();
    within_bounds(width, height)?;
    if decoder.total_bytes() > MOST_DECODED_BYTES {
        return Err(Refused::TooDeep);
    }
    decoder.set_limits(limits(MOST_DECODED_BYTES)).map_err(|fault| refused(kind, &fault))?;

    // A picture whose metadata cannot be read is shown as it is stored.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let profile = decoder.icc_profile().ok().flatten();
    let judged = Judged {
        kind,
        decoder,
        orientation,
        profile: profile.filter(|profile| profile.len() <= MOST_PROFILE_BYTES),
        size: (width, height),
    };
    let (width, height) = judged.shown();
    if !purpose.admits(width, height) {
        return Err(Refused::Proportions { width, height });
    }
    Ok(judged)
}

impl Judged<'_> {
    /// Width and height of the picture as it is shown.
    pub(crate) fn shown(&self) -> (u32, u32) {
        self.turned(self.size)
    }

    /// The pixels as they are shown, in sRGB and in this size.
    pub(crate) fn decode(self, size: (u32, u32)) -> Result<Canvas, Refused> {
        let (width, height) = self.turned(size);
        let pixels =
            DynamicImage::from_decoder(self.decoder).map_err(|fault| refused(self.kind, &fault))?;
        // Scaled first: everything behind it has fewer pixels to pass.
        let mut canvas = Canvas::of(pixels).scaled(width, height);
        if let Some(profile) = self.profile {
            canvas.convert_to_srgb(&profile);
        }
        Ok(canvas.turn(self.orientation))
    }

    /// A size as it is once turned, or as it was before.
    fn turned(&self, (width, height): (u32, u32)) -> (u32, u32) {
        match self.orientation {
            Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH => (height, width),
            _ => (width, height),
        }
    }
}

fn open(kind: Kind, bytes: &[u8]) -> Result<Box<dyn ImageDecoder + '_>, Refused> {
    if kind == Kind::Png {
        // Its decoder makes room for a row when it is opened.
        let (width, height) = png_size(bytes).ok_or(Refused::Broken(kind))?;
        within_bounds(width, height)?;
    }
    // `image` has its decoders compiled for this type. For another one they would be compiled again, here.
    let bytes: Cursor<&[u8]> = Cursor::new(bytes);
    let opened: Result<Box<dyn ImageDecoder + '_>, ImageError> = match kind {
        Kind::Jpeg => JpegDecoder::new(bytes).map(|decoder| Box::new(decoder) as _),
        Kind::Png => PngDecoder::with_limits(bytes, limits(MOST_PNG_BYTES))
            .map(|decoder| Box::new(decoder) as _),
        Kind::WebP => WebPDecoder::new(bytes).map(|decoder| Box::new(decoder) as _),
        Kind::Gif => GifDecoder::new(bytes).map(|decoder| Box::new(decoder) as _),
    };
    opened.map_err(|fault| refused(kind, &fault))
}

/// Width and height in the header of a PNG, which comes first.
fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let header = bytes.get(12..24)?.strip_prefix(b"IHDR")?;
    let side = |at: usize| header.get(at..)?.first_chunk().copied().map(u32::from_be_bytes);
    Some((side(0)?, side(4)?))
}

/// Refuses more pixels than are decoded.
pub(crate) fn within_bounds(width: u32, height: u32) -> Result<(), Refused> {
    let pixels = u64::from(width) * u64::from(height);
    if width > MOST_SIDE || height > MOST_SIDE || pixels > MOST_PIXELS {
        return Err(Refused::TooLarge { width, height });
    }
    Ok(())
}

fn limits(bytes: u64) -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(MOST_SIDE);
    limits.max_image_height = Some(MOST_SIDE);
    limits.max_alloc = Some(bytes);
    limits
}

/// What an error of a decoder means for who sent the picture.
fn refused(kind: Kind, fault: &ImageError) -> Refused {
    if matches!(fault, ImageError::Limits(_)) {
        return Refused::TooDeep;
    }
    let mut cause: Option<&(dyn Error + 'static)> = Some(fault);
    while let Some(error) = cause {
        let io = error.downcast_ref::<io::Error>();
        if io.is_some_and(|io| io.kind() == io::ErrorKind::UnexpectedEof) {
            return Refused::Truncated(kind);
        }
        cause = error.source();
    }
    Refused::Broken(kind)
}
