//! Pixels on their way from a decoder to an encoder: eight bits, in sRGB, turned upright, in another size.

use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};
use image::{DynamicImage, Rgb, RgbImage, RgbaImage, metadata::Orientation};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

/// What is seen through a transparent picture where transparency cannot be kept.
const BACKGROUND: Rgb<u8> = Rgb([255, 255, 255]);

/// Pixels of three colours and of how far each can be seen through, eight bits each.
pub(crate) struct Canvas {
    pixels: RgbaImage,
    is_opaque: bool,
}

impl Canvas {
    /// The pixels of any decoder. Grey becomes colour, and 16 bits become 8.
    pub(crate) fn of(pixels: DynamicImage) -> Self {
        let may_be_clear = pixels.color().has_alpha();
        let pixels = pixels.into_rgba8();
        let is_opaque = !may_be_clear || pixels.pixels().all(|pixel| pixel[3] == 255);
        Self { pixels, is_opaque }
    }

    /// The picture in this size. Each colour is weighed by its opacity: otherwise the colours of transparent pixels
    /// would shine through at the edges.
    pub(crate) fn scaled(&self, width: u32, height: u32) -> Self {
        let Self { pixels, is_opaque } = self;
        if pixels.dimensions() == (width, height) {
            return Self { pixels: pixels.clone(), is_opaque: *is_opaque };
        }
        let from = ImageRef::new(pixels.width(), pixels.height(), pixels, PixelType::U8x4)
            .expect("as many bytes as its size says");
        let mut to = Image::new(width, height, PixelType::U8x4);
        let options = ResizeOptions::new()
            .resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
            .use_alpha(!is_opaque);
        Resizer::new()
            .resize(&from, &mut to, &options)
            .expect("both have the same kind of pixels, and all of the picture is scaled");
        let pixels = RgbaImage::from_raw(width, height, to.into_vec());
        let pixels = pixels.expect("as many bytes as its size says");
        Self { pixels, is_opaque: *is_opaque }
    }

    /// Converts the colours of this ICC profile to sRGB, which is what a picture without a profile means to a browser
    /// (CSS Color 4, section 10). A profile that cannot be read, or that is of no RGB, changes nothing.
    pub(crate) fn convert_to_srgb(&mut self, profile: &[u8]) {
        let Ok(profile) = ColorProfile::new_from_slice(profile) else { return };
        if profile.color_space != DataColorSpace::Rgb {
            return;
        }
        let (srgb, options) = (ColorProfile::new_srgb(), TransformOptions::default());
        let transform = profile.create_transform_8bit(Layout::Rgba, &srgb, Layout::Rgba, options);
        let mut converted = RgbaImage::new(self.pixels.width(), self.pixels.height());
        if transform.and_then(|it| it.transform(&self.pixels, &mut converted)).is_ok() {
            self.pixels = converted;
        }
    }

    /// Turns the picture as its orientation says.
    pub(crate) fn turn(self, orientation: Orientation) -> Self {
        let mut pixels = DynamicImage::from(self.pixels);
        pixels.apply_orientation(orientation);
        Self { pixels: pixels.into_rgba8(), ..self }
    }

    /// The pixels without transparency, before the background.
    pub(crate) fn opaque(&self) -> RgbImage {
        let mut opaque = RgbImage::new(self.pixels.width(), self.pixels.height());
        for (opaque, pixel) in opaque.pixels_mut().zip(self.pixels.pixels()) {
            let [red, green, blue, alpha] = pixel.0;
            for (channel, seen) in [red, green, blue].into_iter().enumerate() {
                let behind = divided_by_255(BACKGROUND[channel], 255 - alpha);
                opaque[channel] = divided_by_255(seen, alpha).saturating_add(behind);
            }
        }
        opaque
    }

    /// The pixels, if any of them can be seen through.
    pub(crate) fn transparent(&self) -> Option<&RgbaImage> {
        (!self.is_opaque).then_some(&self.pixels)
    }
}

/// `value × part ÷ 255`, rounded.
fn divided_by_255(value: u8, part: u8) -> u8 {
    let product = u32::from(value) * u32::from(part);
    u8::try_from((product + 127) / 255).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use image::Rgba;

    use super::*;

    #[test]
    fn a_colour_that_nobody_sees_does_not_shine_through() {
        let half = RgbaImage::from_fn(64, 64, |x, _| {
            if x < 32 { Rgba([0, 0, 255, 255]) } else { Rgba([255, 0, 0, 0]) }
        });

        let small = Canvas::of(half.into()).scaled(15, 15);

        let pixels = small.transparent().expect("half of it is clear");
        assert!(pixels.pixels().all(|pixel| pixel[3] < 16 || pixel[0] < 8), "{pixels:?}");
    }

    #[test]
    fn what_is_seen_through_lies_before_white_where_it_must_be_opaque() {
        let clear = RgbaImage::from_pixel(1, 1, Rgba([9, 9, 9, 0]));
        let half = RgbaImage::from_pixel(1, 1, Rgba([0, 0, 0, 128]));

        assert_eq!(Canvas::of(clear.into()).opaque().get_pixel(0, 0), &BACKGROUND);
        assert_eq!(Canvas::of(half.into()).opaque().get_pixel(0, 0), &Rgb([127, 127, 127]));
    }

    #[test]
    fn an_alpha_channel_that_says_nothing_goes() {
        let opaque = RgbaImage::from_pixel(2, 2, Rgba([1, 2, 3, 255]));

        let canvas = Canvas::of(opaque.into());

        assert_eq!(canvas.transparent(), None);
        assert_eq!(canvas.opaque().as_raw(), &[1, 2, 3].repeat(4));
    }

    #[test]
    fn a_profile_of_a_wider_gamut_is_converted() {
        let profile = ColorProfile::new_display_p3().encode().expect("a profile");
        let pixel = RgbImage::from_pixel(4, 4, Rgb([200, 60, 60]));

        let mut canvas = Canvas::of(pixel.into());
        canvas.convert_to_srgb(&profile);

        let [red, green, _] = canvas.opaque().get_pixel(0, 0).0;
        assert!(red > 205 && green < 60, "{red} {green}");
    }
}
