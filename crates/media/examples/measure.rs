//! How long an upload takes, and how much memory. Without arguments it makes a photograph of 4000 × 3000 (JPEG) and a
//! screen of 1920 × 1080 (PNG); with the paths of pictures it takes those, as screenshots.
//!
//! ```sh
//! cargo run --profile dist -p sir0-media --example measure
//! ```

use std::{env, fs, io::Cursor, time::Instant};

use bytes::Bytes;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use sir0_media::{Config, Encoder, Purpose};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut uploads: Vec<(String, Vec<u8>)> = env::args()
        .skip(1)
        .map(|path| (path.clone(), fs::read(path).expect("a path of a picture")))
        .collect();
    if uploads.is_empty() {
        // The smaller one first, because the most memory so far is told.
        let screen = file(&scene(1920, 1080, 3), ImageFormat::Png);
        uploads.push(("PNG of 1920 × 1080".to_owned(), screen));
        let photograph = file(&scene(4000, 3000, 24), ImageFormat::Jpeg);
        uploads.push(("JPEG of 4000 × 3000".to_owned(), photograph));
    }

    let encoder = Encoder::new(&Config::default());
    for (name, upload) in uploads {
        let size = upload.len();
        let upload = Bytes::from(upload);
        let start = Instant::now();
        let pictures = encoder.encode(upload, Purpose::Screenshot).await;
        let took = start.elapsed();
        let peak = most_kilobytes() / 1024;
        println!("{name} ({} KiB): {took:.0?}; the process took {peak} MiB so far", size / 1024);
        match pictures {
            Ok(pictures) => {
                for picture in pictures.pictures {
                    let (width, height, bytes) =
                        (picture.width, picture.height, picture.bytes.len() / 1024);
                    let format = picture.name.format().extension();
                    println!("  {width} × {height} {format}: {bytes} KiB");
                }
            }
            Err(fault) => println!("  {fault}"),
        }
    }
}

/// Soft shapes with grain, as pictures are: neither flat nor noise.
fn scene(width: u32, height: u32, grain: u32) -> DynamicImage {
    let mut noise = 1_u32;
    RgbImage::from_fn(width, height, |x, y| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let shape = |step: u32| {
            let at = (x * step + y * (7 - step)) / 3 % 400;
            at.min(400 - at) + (noise >> 24) % grain
        };
        Rgb([shape(2), shape(3), shape(5)].map(|value| u8::try_from(value).unwrap_or(u8::MAX)))
    })
    .into()
}

fn file(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, format).expect("it is of that format");
    file.into_inner()
}

/// The most memory of this process so far, as Linux says.
fn most_kilobytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}
