//! What becomes of uploads, as a service sees it.

mod files;
mod hostile;

use std::time::{Duration, Instant};

use bytes::Bytes;
use files::*;
use image::{DynamicImage, ImageFormat, RgbImage, Rgba, RgbaImage};
use sir0_media::{
    Colour, Config, EncodeError, Encoder, Foreign, Format, Kind, Name, Picture, Pictures, Purpose,
    Refused,
};

fn encode(upload: &[u8], purpose: Purpose) -> Result<Pictures, Refused> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let encoder = Encoder::new(&Config::default());
    match runtime.block_on(encoder.encode(Bytes::copy_from_slice(upload), purpose)) {
        Ok(pictures) => Ok(pictures),
        Err(EncodeError::Refused(refused)) => Err(refused),
        Err(other) => panic!("{other:?}"),
    }
}

/// The pixels of an encoded picture.
fn pixels(picture: &Picture) -> DynamicImage {
    let decoded = image::load_from_memory(&picture.bytes).expect("a picture");
    assert_eq!((decoded.width(), decoded.height()), (picture.width, picture.height));
    decoded
}

/// The colour of a pixel in the widest JPEG.
fn colour_at(pictures: &Pictures, x: u32, y: u32) -> [u8; 3] {
    let jpeg = &pictures.pictures[pictures.pictures.len() - 2];
    pixels(jpeg).into_rgb8().get_pixel(x, y).0
}

fn is_near(colour: [u8; 3], other: [u8; 3]) -> bool {
    colour.iter().zip(other).all(|(one, other)| one.abs_diff(other) < 24)
}

#[test]
fn an_upload_becomes_three_widths_in_two_formats() {
    let upload = file(&red_and_blue(1000, 1500), ImageFormat::Png);

    let pictures = encode(&upload, Purpose::Cover).expect("a cover");

    let sizes: Vec<_> = pictures.pictures.iter().map(|it| (it.width, it.height)).collect();
    assert_eq!(sizes, [(300, 450), (300, 450), (600, 900), (600, 900), (900, 1350), (900, 1350)]);
    assert_eq!((pictures.width, pictures.height), (1000, 1500));
    for (picture, format) in pictures.pictures.iter().zip([Format::Jpeg, Format::WebP].repeat(3)) {
        let guessed = image::guess_format(&picture.bytes).expect("a picture");
        assert_eq!(guessed.to_mime_type(), format.media_type());
        assert_eq!(picture.name, Name::of(&picture.bytes, format));
        let left = pixels(picture).into_rgb8().get_pixel(10, 10).0;
        assert!(is_near(left, [220, 15, 20]), "{format:?}: {left:?}");
    }
    assert!(is_near(pictures.colour.0, [120, 15, 120]), "{}", pictures.colour);
    assert_eq!(Colour([1, 0xAB, 0]).to_string(), "#01ab00");
}

#[test]
fn the_same_upload_becomes_the_same_bytes() {
    let upload = file(&red_and_blue(500, 233), ImageFormat::Jpeg);

    let once = encode(&upload, Purpose::Header).expect("a header");
    let again = encode(&upload, Purpose::Header).expect("a header");

    assert_eq!(once, again);
}

#[test]
fn every_kind_of_picture_is_read() {
    let picture = red_and_blue(64, 36);

    for (format, picture) in [
        (ImageFormat::Jpeg, picture.clone()),
        (ImageFormat::Jpeg, picture.to_luma8().into()),
        (ImageFormat::WebP, picture.clone()),
        (ImageFormat::Gif, picture.to_rgba8().into()),
        (ImageFormat::Png, picture.clone()),
        (ImageFormat::Png, picture.to_rgb16().into()),
        (ImageFormat::Png, picture.to_rgba16().into()),
        (ImageFormat::Png, picture.to_luma16().into()),
        (ImageFormat::Png, picture.to_luma_alpha8().into()),
        (ImageFormat::Png, picture.to_luma8().into()),
    ] {
        let is_grey = !picture.color().has_color();

        let pictures = encode(&file(&picture, format), Purpose::Screenshot).expect("a picture");

        assert_eq!(pictures.pictures.len(), 2, "nothing is enlarged");
        let [red, _, blue] = colour_at(&pictures, 5, 5);
        assert_eq!(red.abs_diff(blue) < 10, is_grey, "{format:?} {:?}", picture.color());
    }
}

#[test]
fn four_inks_and_palettes_become_colours() {
    let inks = encode(include_bytes!("files/cmyk.jpg"), Purpose::Screenshot).expect("inks");
    let palette =
        encode(include_bytes!("files/palette.png"), Purpose::Screenshot).expect("palette");

    for pictures in [inks, palette] {
        let (left, right) = (colour_at(&pictures, 4, 8), colour_at(&pictures, 28, 8));
        assert!(is_near(left, [220, 0, 20]), "{left:?}");
        assert!(is_near(right, [20, 0, 220]), "{right:?}");
    }
}

#[test]
fn a_jpeg_has_a_background_where_a_webp_can_be_seen_through() {
    let clear = RgbaImage::from_fn(64, 64, |x, _| Rgba([0, 0, 0, if x < 32 { 0 } else { 255 }]));

    let pictures = encode(&file(&clear.into(), ImageFormat::Png), Purpose::Cover).expect("a cover");

    let [jpeg, webp] = &pictures.pictures[..] else { panic!("one width") };
    assert!(pixels(jpeg).into_rgb8().get_pixel(4, 4).0.iter().all(|colour| *colour > 250));
    assert!(pixels(jpeg).into_rgb8().get_pixel(60, 4).0.iter().all(|colour| *colour < 5));
    let webp = pixels(webp).into_rgba8();
    assert_eq!([webp.get_pixel(4, 4)[3], webp.get_pixel(60, 4)[3]], [0, 255]);
}

#[test]
fn a_picture_is_turned_as_its_exif_says() {
    let upright = red_and_blue(64, 40);
    let jpeg = file(&upright, ImageFormat::Jpeg);
    let png = file(&upright, ImageFormat::Png);
    let webp = file(&upright, ImageFormat::WebP);

    for orientation in 1..=8 {
        let exif = exif(orientation);
        let uploads = [
            jpeg_with(&jpeg, &[(0xE1, &exif_segment(orientation))]),
            png_with(&png, &[(*b"eXIf", &exif)]),
            webp_with(&webp, 64, 40, 0x08, &[(*b"EXIF", &exif)]),
        ];
        for upload in uploads {
            let pictures = encode(&upload, Purpose::Screenshot).expect("a picture");

            // Where the red half is: left, right, top or bottom.
            let (size, red) = match orientation {
                1 | 4 => ((64, 40), (4, 20)),
                2 | 3 => ((64, 40), (60, 20)),
                5 | 6 => ((40, 64), (20, 4)),
                _ => ((40, 64), (20, 60)),
            };
            assert_eq!((pictures.width, pictures.height), size, "orientation {orientation}");
            let colour = colour_at(&pictures, red.0, red.1);
            assert!(colour[0] > 180 && colour[2] < 80, "orientation {orientation}: {colour:?}");
        }
    }
}

#[test]
fn proportions_are_judged_as_the_picture_is_shown() {
    let lying = file(&red_and_blue(96, 64), ImageFormat::Jpeg);
    let turned = jpeg_with(&lying, &[(0xE1, &exif_segment(6))]);

    assert!(encode(&turned, Purpose::Cover).is_ok());
    let refused = encode(&lying, Purpose::Cover).expect_err("it lies");
    assert_eq!(refused, Refused::Proportions { width: 96, height: 64 });
}

/// The markers of the segments of a JPEG, up to its pixels.
fn segments(mut jpeg: &[u8]) -> Vec<u8> {
    let mut markers = Vec::new();
    jpeg = &jpeg[2..];
    while markers.last() != Some(&0xDA) {
        markers.push(jpeg[1]);
        jpeg = &jpeg[2 + usize::from(u16::from_be_bytes([jpeg[2], jpeg[3]]))..];
    }
    markers
}

/// The names of the chunks of a WebP.
fn chunks(webp: &[u8]) -> Vec<&[u8]> {
    let mut names = Vec::new();
    let mut rest = &webp[12..];
    while let Some((header, behind)) = rest.split_at_checked(8) {
        names.push(&header[..4]);
        let size = u32::from_le_bytes([header[4], header[5], header[6], header[7]]);
        rest =
            behind.get(usize::try_from(size.next_multiple_of(2)).expect("short")..).unwrap_or(&[]);
    }
    names
}

#[test]
fn nothing_that_an_upload_says_beside_its_pixels_is_kept() {
    let clear = RgbaImage::from_fn(60, 60, |x, y| Rgba([9, 99, 200, u8::from(x > y) * 200]));
    let secret: &[u8] = b"GPS 52.5200 N 13.4050 E";
    let xmp = [b"http://ns.adobe.com/xap/1.0/\0".as_slice(), secret].concat();
    let text = [b"Comment\0".as_slice(), secret].concat();
    let jpeg = jpeg_with(
        &file(&red_and_blue(60, 60), ImageFormat::Jpeg),
        &[(0xE1, &exif_segment(1)), (0xE1, &xmp), (0xED, secret), (0xFE, secret), (0xE2, &text)],
    );
    let png = png_with(
        &file(&clear.clone().into(), ImageFormat::Png),
        &[(*b"tEXt", &text), (*b"eXIf", &exif(1)), (*b"tIME", &[7; 7])],
    );
    let webp = webp_with(
        &file(&clear.into(), ImageFormat::WebP),
        60,
        60,
        0x3C,
        &[(*b"EXIF", &exif(1)), (*b"XMP ", secret), (*b"ICCP", secret)],
    );

    for mut upload in [jpeg, png, webp] {
        // And behind the end, as some phones append a film.
        upload.extend(if upload.starts_with(b"RIFF") { b"" } else { secret });
        assert!(upload.windows(3).any(|three| three == b"GPS"));

        let pictures = encode(&upload, Purpose::Cover).expect("a cover");

        for picture in pictures.pictures {
            assert!(!picture.bytes.windows(3).any(|three| three == b"GPS"));
            match picture.name.format() {
                Format::Jpeg => {
                    let markers = segments(&picture.bytes);
                    let is_plain = |marker: &u8| !matches!(marker, 0xE1..=0xEF | 0xFE);
                    assert!(markers.iter().all(is_plain), "{markers:x?}");
                }
                Format::WebP => {
                    let known: [&[u8]; 4] = [b"VP8 ", b"VP8L", b"VP8X", b"ALPH"];
                    let chunks = chunks(&picture.bytes);
                    assert!(chunks.iter().all(|name| known.contains(name)), "{chunks:?}");
                }
            }
        }
    }
}

#[test]
fn a_wide_gamut_becomes_srgb_before_its_profile_goes() {
    let profile = moxcms::ColorProfile::new_display_p3().encode().expect("a profile");
    let segment = [b"ICC_PROFILE\0\x01\x01".as_slice(), &profile].concat();
    let red = RgbImage::from_pixel(32, 32, image::Rgb([200, 60, 60]));
    let plain = file(&red.into(), ImageFormat::Jpeg);

    let wide = encode(&jpeg_with(&plain, &[(0xE2, &segment)]), Purpose::Cover).expect("a cover");

    let [red, green, _] = colour_at(&wide, 9, 9);
    assert!(red > 207 && green < 58, "{red} {green}");
    assert!(is_near(
        colour_at(&encode(&plain, Purpose::Cover).expect("a cover"), 9, 9),
        [200, 60, 60]
    ));
}

#[test]
fn what_is_no_picture_is_refused() {
    let refused = |upload: &[u8]| encode(upload, Purpose::Cover).expect_err("no picture");

    assert_eq!(refused(b""), Refused::Empty);
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    assert_eq!(refused(svg), Refused::Foreign(Foreign::Markup));
    assert_eq!(refused(b"BM6\0"), Refused::Foreign(Foreign::Bmp));
    assert_eq!(refused(b"\xFF\xD8\xFF<script>"), Refused::Truncated(Kind::Jpeg));
    assert_eq!(refused(b"GIF89a<script>alert()</script>"), Refused::Broken(Kind::Gif));
}

#[test]
fn a_file_that_ends_before_its_picture_is_refused() {
    let picture = red_and_blue(64, 64);

    for (format, kind) in [
        (ImageFormat::Jpeg, Kind::Jpeg),
        (ImageFormat::Png, Kind::Png),
        (ImageFormat::WebP, Kind::WebP),
        (ImageFormat::Gif, Kind::Gif),
    ] {
        let whole = match format {
            ImageFormat::Gif => file(&picture.to_rgba8().into(), format),
            _ => file(&picture, format),
        };
        assert!(encode(&whole, Purpose::Cover).is_ok(), "{kind:?}");

        for part in (16..whole.len() - 2).step_by(whole.len() / 9) {
            let refused = encode(&whole[..part], Purpose::Cover).expect_err("a part");

            assert_eq!(refused, Refused::Truncated(kind), "{part} of {}", whole.len());
        }
    }
}

#[test]
fn a_side_of_twenty_thousand_pixels_is_refused_by_the_header_alone() {
    let png = png_that_claims(20_000, 20_000, 8, 2);
    let mut jpeg = file(&red_and_blue(64, 64), ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|two| two == [0xFF, 0xC0]).expect("a frame");
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0x4E, 0x20, 0x4E, 0x20]);
    let mut gif = file(&red_and_blue(64, 64).to_rgba8().into(), ImageFormat::Gif);
    gif[6..10].copy_from_slice(&[0x20, 0x4E, 0x20, 0x4E]);
    let webp = file(&red_and_blue(64, 64), ImageFormat::WebP);
    let webp = webp_with(&webp, 20_000, 20_000, 0, &[]);

    for upload in [png, jpeg, gif, webp] {
        let start = Instant::now();

        let refused = encode(&upload, Purpose::Cover).expect_err("too large");

        assert_eq!(refused, Refused::TooLarge { width: 20_000, height: 20_000 });
        assert!(start.elapsed() < Duration::from_secs(2));
    }
}

#[test]
fn a_frame_that_is_larger_than_its_whole_is_refused() {
    let webp = file(&red_and_blue(64, 64), ImageFormat::WebP);
    let mut webp = webp_with(&webp, 64, 64, 0, &[]);
    let pixels = webp.windows(4).position(|name| name == b"VP8L").expect("pixels") + 9;
    // Sides of 16,384 each.
    webp[pixels..pixels + 4].copy_from_slice(&[0xFF, 0xFF, 0xFF, 0x0F]);
    let mut gif = file(&red_and_blue(64, 64).to_rgba8().into(), ImageFormat::Gif);
    gif = gif_of_frames(&gif, 1);
    let frame = gif.windows(9).rposition(|it| it == [0x2C, 0, 0, 0, 0, 64, 0, 64, 0]);
    let frame = frame.expect("a frame") + 5;
    gif[frame..frame + 4].fill(0xFF);

    let size = (16_384, 16_384);
    let refused = encode(&webp, Purpose::Cover);
    assert_eq!(refused, Err(Refused::TooLarge { width: size.0, height: size.1 }));
    assert_eq!(encode(&gif, Purpose::Cover), Err(Refused::TooDeep));
}

#[test]
fn a_jpeg_has_one_frame_and_at_most_a_hundred_scans() {
    let progressive = include_bytes!("files/progressive.jpg");
    let last = progressive.windows(2).rposition(|two| two == [0xFF, 0xDA]).expect("a scan");
    let (before, scan) = progressive[..progressive.len() - 2].split_at(last);
    let with_scans = |more: usize| [before, &scan.repeat(more), &[0xFF, 0xD9]].concat();
    let frame = progressive.windows(2).position(|two| two == [0xFF, 0xC2]).expect("a frame");
    let frame = &progressive[frame..frame + 19];

    let twice = jpeg_with(progressive, &[(0xC2, &frame[4..])]);

    assert_eq!(encode(&twice, Purpose::Screenshot), Err(Refused::Broken(Kind::Jpeg)));
    assert!(encode(&with_scans(1), Purpose::Screenshot).is_ok());
    assert_eq!(encode(&with_scans(100), Purpose::Screenshot), Err(Refused::Broken(Kind::Jpeg)));
}

#[test]
fn what_would_take_too_much_memory_is_refused() {
    let sides =
        |side, depth, colour| encode(&png_that_claims(side, side, depth, colour), Purpose::Cover);

    assert_eq!(sides(8193, 8, 0), Err(Refused::TooLarge { width: 8193, height: 8193 }));
    assert_eq!(
        sides(u32::MAX / 2, 1, 0).map_err(|it| matches!(it, Refused::TooLarge { .. })),
        Err(true)
    );
    assert_eq!(sides(6000, 16, 6), Err(Refused::TooDeep));
    // This one is within the bounds, and has none of the pixels it claims.
    assert_eq!(sides(5000, 8, 2), Err(Refused::Broken(Kind::Png)));
}

#[test]
fn a_gif_of_ten_thousand_frames_costs_no_more_than_its_first() {
    let one = file(&red_and_blue(64, 64).to_rgba8().into(), ImageFormat::Gif);
    let small = gif_of_frames(&one, 1);
    let many = gif_of_frames(&one, 10_000);
    assert!(many.len() < 16 << 20, "{} bytes", many.len());

    let first = encode(&small, Purpose::Cover).expect("a cover");
    let start = Instant::now();
    let all = encode(&many, Purpose::Cover).expect("a cover");

    assert_eq!(first, all);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn what_a_text_would_decompress_to_does_not_matter() {
    // A mebibyte of one letter, compressed to a thousandth.
    let bomb = include_bytes!("files/bomb.zlib");
    let text = [b"Comment\0\0".as_slice(), bomb].concat();
    let international = [b"XML:com.adobe.xmp\0\x01\0\0\0".as_slice(), bomb].concat();
    let profile = [b"icc\0\0".as_slice(), bomb].concat();
    let png = file(&red_and_blue(40, 40), ImageFormat::Png);
    let mut chunks: Vec<([u8; 4], &[u8])> = vec![(*b"iCCP", &profile)];
    for _ in 0..4000 {
        chunks.extend([(*b"zTXt", text.as_slice()), (*b"iTXt", &international)]);
    }

    let start = Instant::now();
    let bombed = encode(&png_with(&png, &chunks), Purpose::Cover).expect("a cover");

    // Eight GiB would take longer.
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(bombed, encode(&png, Purpose::Cover).expect("a cover"));
}

#[test]
fn an_animation_becomes_what_it_begins_with() {
    for animation in [
        include_bytes!("files/animation.webp").as_slice(),
        include_bytes!("files/animation.png"),
        include_bytes!("files/animation.gif"),
    ] {
        let pictures = encode(animation, Purpose::Screenshot).expect("a picture");

        let first = colour_at(&pictures, 4, 8);
        assert!(is_near(first, [220, 0, 20]), "{first:?}");
    }
}
