//! Uploads made to do harm. None makes the encoder panic, and no picture goes beyond its bounds.

use std::sync::LazyLock;

use bytes::Bytes;
use image::ImageFormat;
use proptest::prelude::*;
use sir0_media::{Config, EncodeError, Encoder, Kind, Purpose};
use tokio::runtime::{Builder, Runtime};

use crate::files::*;

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().build().expect("a runtime"));

/// One small file of each kind and form.
static FILES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let picture = red_and_blue(40, 30);
    let jpeg = file(&picture, ImageFormat::Jpeg);
    let png = file(&picture, ImageFormat::Png);
    let webp = file(&picture, ImageFormat::WebP);
    let profile = moxcms::ColorProfile::new_display_p3().encode().expect("a profile");
    let profile = [b"ICC_PROFILE\0\x01\x01".as_slice(), &profile].concat();
    vec![
        jpeg_with(&jpeg, &[(0xE2, &profile)]),
        jpeg_with(&jpeg, &[(0xE1, &exif_segment(6))]),
        png_with(&png, &[(*b"eXIf", &exif(6))]),
        file(&picture.to_rgba16().into(), ImageFormat::Png),
        webp_with(&webp, 40, 30, 0x08, &[(*b"EXIF", &exif(6))]),
        webp,
        file(&picture.to_rgba8().into(), ImageFormat::Gif),
        include_bytes!("files/cmyk.jpg").to_vec(),
        include_bytes!("files/progressive.jpg").to_vec(),
        include_bytes!("files/lossy.webp").to_vec(),
        include_bytes!("files/palette.png").to_vec(),
        include_bytes!("files/animation.webp").to_vec(),
        include_bytes!("files/animation.png").to_vec(),
        include_bytes!("files/animation.gif").to_vec(),
    ]
});

/// Fails if the upload makes a decoder panic, or becomes what it may not.
fn is_harmless(upload: Vec<u8>) -> Result<(), TestCaseError> {
    let encoder = Encoder::new(&Config::default());
    let purpose = Purpose::Screenshot;
    match RUNTIME.block_on(encoder.encode(Bytes::from(upload), purpose)) {
        Ok(pictures) => {
            prop_assert!(purpose.admits(pictures.width, pictures.height));
            prop_assert!((2..=6).contains(&pictures.pictures.len()));
            for picture in pictures.pictures {
                prop_assert!(picture.width <= purpose.widths()[2]);
                prop_assert!(Kind::of(&picture.bytes).is_ok());
            }
        }
        Err(EncodeError::Refused(_)) => {}
        Err(other) => return Err(TestCaseError::fail(format!("{other:?}"))),
    }
    Ok(())
}

/// What is done to a file: bytes changed, a part taken out, or a part twice.
fn damage(
    mut file: Vec<u8>,
    changes: &[(prop::sample::Index, u8)],
    cut: (usize, usize, u8),
) -> Vec<u8> {
    for (at, byte) in changes {
        let at = at.index(file.len());
        file[at] = *byte;
    }
    let (from, length, how) = cut;
    let from = from % file.len();
    let to = (from + length).min(file.len());
    match how {
        0 => drop(file.drain(from..to)),
        1 => {
            let part = file[from..to].to_vec();
            file.splice(to..to, part);
        }
        _ => {}
    }
    file
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_damaged_file_is_refused_or_read_and_never_a_panic(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in (any::<usize>(), 1_usize..64, 0_u8..6),
    ) {
        is_harmless(damage(which.get(&FILES).clone(), &changes, cut))?;
    }

    #[test]
    fn a_damaged_header_is_refused_or_read_and_never_a_panic(
        which in any::<prop::sample::Index>(),
        at in 0_usize..64,
        bytes in prop::collection::vec(any::<u8>(), 1..4),
    ) {
        let mut file = which.get(&FILES).clone();
        for (place, byte) in file.iter_mut().skip(at).zip(bytes) {
            *place = byte;
        }
        is_harmless(file)?;
    }

    #[test]
    fn noise_that_begins_like_a_picture_is_refused(
        start in prop::sample::select(vec![
            b"\xFF\xD8\xFF\xC0\0\x11\x08".as_slice(),
            b"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR",
            b"RIFF\x40\0\0\0WEBPVP8L",
            b"RIFF\x40\0\0\0WEBPVP8 ",
            b"RIFF\x40\0\0\0WEBPVP8X\x0A\0\0\0",
            b"GIF89a",
            b"",
        ]),
        noise in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        is_harmless([start, &noise].concat())?;
    }
}
