//! Files as strangers send them, written by hand where no encoder writes such a thing.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

/// A picture whose left half is red and whose right half is blue, so that turning it shows.
pub(crate) fn red_and_blue(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, y| {
        let shade = u8::try_from(y % 32).expect("less than 32");
        if x < width / 2 { Rgb([220, shade, 20]) } else { Rgb([20, shade, 220]) }
    })
    .into()
}

/// The file of a picture.
pub(crate) fn file(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, format).expect("it is of that format");
    file.into_inner()
}

/// A JPEG with more segments behind its first two bytes.
pub(crate) fn jpeg_with(jpeg: &[u8], segments: &[(u8, &[u8])]) -> Vec<u8> {
    let mut file = jpeg[..2].to_vec();
    for (marker, content) in segments {
        let length = u16::try_from(content.len() + 2).expect("a segment is short");
        file.extend([0xFF, *marker]);
        file.extend(length.to_be_bytes());
        file.extend(*content);
    }
    file.extend(&jpeg[2..]);
    file
}

/// EXIF with an orientation, and a place on Earth.
pub(crate) fn exif(orientation: u8) -> Vec<u8> {
    let mut exif = b"MM\0\x2A\0\0\0\x08".to_vec();
    // Two entries: the orientation, and where the entries of the place are.
    exif.extend([0, 2]);
    exif.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    exif.extend([0x88, 0x25, 0, 4, 0, 0, 0, 1, 0, 0, 0, 38]);
    exif.extend([0; 4]);
    // One entry: which half of the Earth, and then its latitude.
    exif.extend([0, 1, 0, 1, 0, 2, 0, 0, 0, 2, b'N', 0, 0, 0, 0, 0, 0, 0]);
    exif.extend(b"GPS 52.5200 N 13.4050 E");
    exif
}

/// EXIF as a segment of a JPEG has it.
pub(crate) fn exif_segment(orientation: u8) -> Vec<u8> {
    [b"Exif\0\0".as_slice(), &exif(orientation)].concat()
}

/// A PNG with more chunks behind its header.
pub(crate) fn png_with(png: &[u8], chunks: &[([u8; 4], &[u8])]) -> Vec<u8> {
    let mut file = png[..33].to_vec();
    for (name, content) in chunks {
        file.extend(chunk(*name, content));
    }
    file.extend(&png[33..]);
    file
}

/// A chunk of a PNG.
pub(crate) fn chunk(name: [u8; 4], content: &[u8]) -> Vec<u8> {
    let checked = [name.as_slice(), content].concat();
    let length = u32::try_from(content.len()).expect("a chunk is short");
    [&length.to_be_bytes(), checked.as_slice(), &crc(&checked).to_be_bytes()].concat()
}

/// The checksum of a chunk of a PNG (RFC 2083, chapter 15).
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 }
        })
    })
}

/// A PNG that says it is so large, and has almost no pixels.
pub(crate) fn png_that_claims(width: u32, height: u32, depth: u8, colour: u8) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[depth, colour, 0, 0, 0]];
    // A stream of zlib with nothing in it.
    let pixels = [0x78, 0x9C, 0x03, 0, 0, 0, 0, 1];
    let mut file = b"\x89PNG\r\n\x1A\n".to_vec();
    file.extend(chunk(*b"IHDR", &header.concat()));
    file.extend(chunk(*b"IDAT", &pixels));
    file.extend(chunk(*b"IEND", &[]));
    file
}

/// A WebP with more chunks behind its pixels, and the flags that announce them (RFC 9649, section 2.7).
pub(crate) fn webp_with(
    webp: &[u8],
    width: u32,
    height: u32,
    flags: u8,
    chunks: &[([u8; 4], &[u8])],
) -> Vec<u8> {
    let less_one = |side: u32| (side - 1).to_le_bytes()[..3].to_vec();
    let mut content = b"WEBPVP8X\x0A\0\0\0".to_vec();
    content.extend([flags, 0, 0, 0]);
    content.extend([less_one(width), less_one(height)].concat());
    content.extend(&webp[12..]);
    for (name, chunk) in chunks {
        content.extend(name);
        content.extend(u32::try_from(chunk.len()).expect("short").to_le_bytes());
        content.extend(*chunk);
        content.extend(vec![0; chunk.len() % 2]);
    }
    let size = u32::try_from(content.len()).expect("a short file");
    [b"RIFF".as_slice(), &size.to_le_bytes(), &content].concat()
}

/// A GIF of so many frames of the same picture, after the first.
pub(crate) fn gif_of_frames(gif: &[u8], frames: usize) -> Vec<u8> {
    // Signature, screen and the table of its colours, if there is one; behind them blocks up to the last byte.
    let colours = if gif[10] & 0x80 == 0 { 0 } else { 3 << ((gif[10] & 7) + 1) };
    let blocks = &gif[13 + colours..gif.len() - 1];
    let mut file = gif[..13 + colours].to_vec();
    for _ in 0..frames {
        file.extend(blocks);
    }
    file.push(0x3B);
    file
}
