//! Covers that the program draws: a sky, a sun or a moon, and hills, in the colours of a genre.

use std::{collections::HashSet, f32::consts::TAU, io::Cursor};

use bytes::Bytes;
use image::{ImageFormat, Rgb, RgbImage};

const WIDTH: u32 = 240;
const HEIGHT: u32 = 360;

/// Draws the cover of a product, as PNG. The same title and genre give the same cover.
pub(in crate::host) fn cover(title: &str, genre: &str) -> anyhow::Result<Bytes> {
    let mut chance = Chance::of(title);
    let hue = f32::from(Chance::of(genre).below(360));
    let night = chance.below(2) == 0;
    let sky = if night { [0.08, 0.30] } else { [0.45, 0.85] };
    let (top, horizon) = (colour(hue, 0.55, sky[0]), colour(hue + 40.0, 0.60, sky[1]));
    let light = [chance.between(50.0, 190.0), chance.between(55.0, 150.0)];
    let (radius, shine) = (chance.between(20.0, 46.0), colour(hue + 60.0, 0.75, 0.88));
    let stars: HashSet<_> = (0..if night { 60 } else { 0 })
        .map(|_| [chance.below(240), chance.below(210)].map(u32::from))
        .collect();
    let hills: Vec<_> = (0..4).map(|row| outline(row, &mut chance)).collect();

    let cover = RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let [across, down] = [x, y].map(small);
        let row = hills.iter().rposition(|hill| down > hill[usize::try_from(x).unwrap_or(0)]);
        if let Some(row) = row {
            let near = small(u32::try_from(row).unwrap_or(0)) / 4.0;
            return colour(
                hue + 15.0 * near,
                0.45,
                (0.42 - 0.36 * near) * if night { 0.6 } else { 1.0 },
            );
        }
        let distance = (across - light[0]).hypot(down - light[1]);
        if distance < radius {
            return shine;
        }
        if stars.contains(&[x, y]) {
            return Rgb([235, 235, 245]);
        }
        let halo = (1.0 - (distance - radius) / 90.0).clamp(0.0, 1.0) * 0.35;
        mixed(mixed(top, horizon, (down / 270.0).min(1.0)), shine, halo)
    });
    let mut file = Cursor::new(Vec::new());
    cover.write_to(&mut file, ImageFormat::Png)?;
    Ok(file.into_inner().into())
}

/// How far down a row of hills begins, for each column. The last row is the nearest.
fn outline(row: u8, chance: &mut Chance) -> Vec<f32> {
    let base = 180.0 + 44.0 * f32::from(row) + chance.between(-10.0, 10.0);
    let waves = [28.0, 13.0, 6.0].map(|most| {
        (chance.between(0.2, 1.0) * most, chance.between(0.6, 6.0), chance.between(0.0, TAU))
    });
    let at = |across: f32| {
        let heights = waves.iter().map(|(height, pace, begin)| {
            height * (across / small(WIDTH) * TAU * pace + begin).sin()
        });
        base - heights.sum::<f32>()
    };
    (0..WIDTH).map(|x| at(small(x))).collect()
}

/// Numbers that look drawn at random and are the same for the same text (xorshift, seeded by FNV-1a).
struct Chance(u64);

impl Chance {
    fn of(text: &str) -> Self {
        let seed = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(seed | 1)
    }

    fn below(&mut self, end: u16) -> u16 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u16::try_from((self.0 >> 32) % u64::from(end)).unwrap_or_default()
    }

    fn between(&mut self, least: f32, most: f32) -> f32 {
        least + (most - least) * f32::from(self.below(1000)) / 1000.0
    }
}

/// A number that is far below what the type can hold.
fn small(number: u32) -> f32 {
    f32::from(u16::try_from(number).unwrap_or(u16::MAX))
}

/// A colour by its hue in degrees, and its saturation and lightness from 0 to 1.
fn colour(hue: f32, saturation: f32, lightness: f32) -> Rgb<u8> {
    let strength = saturation * lightness.min(1.0 - lightness);
    let part = |offset: f32| {
        let at = (offset + hue / 30.0).rem_euclid(12.0);
        byte(255.0 * (lightness - strength * (at - 3.0).min(9.0 - at).clamp(-1.0, 1.0)))
    };
    Rgb([part(0.0), part(8.0), part(4.0)])
}

fn mixed(one: Rgb<u8>, other: Rgb<u8>, share: f32) -> Rgb<u8> {
    let mix = |at: usize| byte(f32::from(one[at]) * (1.0 - share) + f32::from(other[at]) * share);
    Rgb([mix(0), mix(1), mix(2)])
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is cut to a byte")]
fn byte(value: f32) -> u8 {
    value.clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cover_is_a_picture_of_its_own_and_the_same_each_time() {
        let [one, again, other] = ["Saltglass", "Saltglass", "Ashfeather"]
            .map(|title| cover(title, "Adventure").expect("it can be drawn"));

        assert_eq!(one, again);
        assert_ne!(one, other);
        let decoded = image::load_from_memory(&one).expect("a PNG");
        assert_eq!((decoded.width(), decoded.height()), (WIDTH, HEIGHT));
    }
}
