//! What a decoder needs of a file, and no more: a walk over the parts of each container that reads lengths and
//! decompresses nothing.
//!
//! Texts and comments never reach a decoder, so what they would decompress to does not matter. A file whose picture is
//! not whole is refused here, because decoders fill what is missing with grey.

use std::borrow::Cow;

use crate::{Kind, Refused, decode::within_bounds};

/// The longest colour profile that is obeyed. Profiles of screens and cameras have one or two KiB; those of printers are
/// longer, and belong to colours that no picture here has.
pub(crate) const MOST_PROFILE_BYTES: usize = 64 * 1024;

/// The most scans of a JPEG. Each passes over all pixels and may take ten bytes of the file. Programs write ten or so.
const MOST_SCANS: usize = 100;

/// The bytes that a decoder is given.
pub(crate) fn strip(kind: Kind, bytes: &[u8]) -> Result<Cow<'_, [u8]>, Refused> {
    let stripped = match kind {
        Kind::Jpeg => jpeg(bytes).map(Cow::Owned),
        Kind::Png => png(bytes).map(Cow::Owned),
        Kind::WebP => webp(bytes).map(Cow::Borrowed),
        Kind::Gif => gif(bytes).map(Cow::Owned),
    };
    stripped.map_err(|fault| match fault {
        Fault::Ends => Refused::Truncated(kind),
        Fault::Breaks => Refused::Broken(kind),
        Fault::Refused(refused) => refused,
    })
}

enum Fault {
    /// The file ends too soon.
    Ends,
    /// The file breaks the rules of its container.
    Breaks,
    /// The file is within its rules and beyond our bounds.
    Refused(Refused),
}

/// Takes so many bytes from the front.
fn take<'b>(rest: &mut &'b [u8], bytes: usize) -> Result<&'b [u8], Fault> {
    let (taken, behind) = rest.split_at_checked(bytes).ok_or(Fault::Ends)?;
    *rest = behind;
    Ok(taken)
}

/// The length in the first four bytes.
fn length(bytes: &[u8], read: fn([u8; 4]) -> u32) -> Result<usize, Fault> {
    let four = bytes.first_chunk().ok_or(Fault::Ends)?;
    usize::try_from(read(*four)).map_err(|_too_long| Fault::Ends)
}

/// A PNG of the chunks that make its pixels (RFC 2083, chapter 4), its orientation and a short colour profile.
fn png(bytes: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut rest = bytes;
    let mut kept = Vec::with_capacity(bytes.len());
    kept.extend_from_slice(take(&mut rest, 8)?);
    loop {
        let data = length(rest, u32::from_be_bytes)?;
        // Length, type and checksum take four bytes each.
        let chunk = take(&mut rest, data.checked_add(12).ok_or(Fault::Ends)?)?;
        match &chunk[4..8] {
            b"IHDR" | b"PLTE" | b"tRNS" | b"IDAT" | b"eXIf" => kept.extend_from_slice(chunk),
            b"iCCP" if data <= MOST_PROFILE_BYTES => kept.extend_from_slice(chunk),
            b"IEND" => {
                kept.extend_from_slice(chunk);
                return Ok(kept);
            }
            // What animates, what is text, what only hints. Another critical chunk would be one of a later PNG.
            ancillary if ancillary[0].is_ascii_lowercase() => {}
            _ => return Err(Fault::Breaks),
        }
    }
}

/// A JPEG of the segments that make its pixels (ITU-T T.81, annex B), its orientation and a colour profile of one piece.
fn jpeg(bytes: &[u8]) -> Result<Vec<u8>, Fault> {
    const START_OF_SCAN: u8 = 0xDA;
    const END: u8 = 0xD9;

    let mut rest = bytes;
    let mut kept = Vec::with_capacity(bytes.len());
    kept.extend_from_slice(take(&mut rest, 2)?);
    let (mut frames, mut scans) = (0, 0);
    loop {
        // A marker may have fill bytes before it. Some programs leave other bytes there, which every decoder skips.
        let at = rest.windows(2).position(|pair| pair[0] == 0xFF && !matches!(pair[1], 0 | 0xFF));
        take(&mut rest, at.ok_or(Fault::Ends)?)?;
        let marker = rest[1];
        match marker {
            END => {
                kept.extend_from_slice(&[0xFF, END]);
                return Ok(kept);
            }
            // Restarts and a marker for private use have no length. In front of a segment they mean nothing.
            0x01 | 0xD0..=0xD8 => drop(take(&mut rest, 2)?),
            _ => {
                let size = rest.get(2..4).ok_or(Fault::Ends)?;
                let size = usize::from(u16::from_be_bytes([size[0], size[1]]));
                let segment = take(&mut rest, size + 2)?;
                let content = segment.get(4..).ok_or(Fault::Breaks)?;
                if is_needed(marker, content) {
                    kept.extend_from_slice(segment);
                }
            }
        }
        // A second frame would change the size after it was judged.
        frames +=
            usize::from(matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC));
        scans += usize::from(marker == START_OF_SCAN);
        if frames > 1 || scans > MOST_SCANS {
            return Err(Fault::Breaks);
        }
        if marker == START_OF_SCAN {
            // In the data of a scan a zero follows each byte 0xFF. Restarts stand in it too.
            let end = rest
                .windows(2)
                .position(|pair| pair[0] == 0xFF && !matches!(pair[1], 0 | 0xD0..=0xD7 | 0xFF));
            kept.extend_from_slice(take(&mut rest, end.ok_or(Fault::Ends)?)?);
        }
    }
}

/// Whether the pixels depend on this segment of a JPEG.
fn is_needed(marker: u8, content: &[u8]) -> bool {
    const COMMENT: u8 = 0xFE;

    match marker {
        0xE0 => content.starts_with(b"JFIF\0"),
        0xE1 => content.starts_with(b"Exif\0\0"),
        // The first piece of one.
        0xE2 => content.starts_with(b"ICC_PROFILE\0\x01\x01"),
        // How the colours are stored.
        0xEE => content.starts_with(b"Adobe"),
        0xE0..=0xEF | COMMENT => false,
        _ => true,
    }
}

/// A GIF of one frame, its first, with the colours and the transparency that it has (the specification of `GIF89a`). What follows it
/// is not looked at.
fn gif(bytes: &[u8]) -> Result<Vec<u8>, Fault> {
    const EXTENSION: u8 = 0x21;
    const GRAPHIC_CONTROL: u8 = 0xF9;
    const FRAME: u8 = 0x2C;
    const END: u8 = 0x3B;

    let mut rest = bytes;
    let mut kept = Vec::new();
    let screen = take(&mut rest, 13)?;
    kept.extend_from_slice(screen);
    kept.extend_from_slice(take(&mut rest, colour_table(screen[10]))?);
    loop {
        let from = rest;
        match take(&mut rest, 1)?[0] {
            EXTENSION => {
                let label = take(&mut rest, 1)?[0];
                skip_blocks(&mut rest)?;
                if label == GRAPHIC_CONTROL {
                    kept.extend_from_slice(&from[..from.len() - rest.len()]);
                }
            }
            FRAME => {
                let colours = colour_table(take(&mut rest, 9)?[8]);
                // Behind the colours is how long the first codes are.
                take(&mut rest, colours + 1)?;
                skip_blocks(&mut rest)?;
                kept.extend_from_slice(&from[..from.len() - rest.len()]);
                kept.push(END);
                return Ok(kept);
            }
            _ => return Err(Fault::Breaks),
        }
    }
}

/// How many bytes of colours these flags of a GIF announce.
const fn colour_table(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// Goes behind blocks of a GIF, the last of which is empty.
fn skip_blocks(rest: &mut &[u8]) -> Result<(), Fault> {
    while let bytes @ 1.. = take(rest, 1)?[0] {
        take(rest, usize::from(bytes))?;
    }
    Ok(())
}

/// The WebP without what follows it. Its decoder makes room for as much as a chunk says it has, and for as many pixels as
/// each frame says, whatever the size of the whole. So each chunk has to end within what it is in, and each frame is judged.
fn webp(bytes: &[u8]) -> Result<&[u8], Fault> {
    let size = length(bytes.get(4..).ok_or(Fault::Ends)?, u32::from_le_bytes)?;
    let whole = bytes.get(..size.checked_add(8).ok_or(Fault::Ends)?).ok_or(Fault::Ends)?;
    for chunk in chunks(whole.get(12..).ok_or(Fault::Ends)?)? {
        judge_frame(chunk)?;
        if let (b"ANMF", content) = chunk {
            // The place, size and time of a frame are before its chunks.
            for chunk in chunks(content.get(16..).ok_or(Fault::Breaks)?)? {
                judge_frame(chunk)?;
            }
        }
    }
    Ok(whole)
}

/// Refuses the pixels of a WebP that are more than are decoded. Each side is 14 bits (RFC 9649, sections 2.5 and 3.4).
fn judge_frame(chunk: Chunk<'_>) -> Result<(), Fault> {
    let (width, height) = match chunk {
        (b"VP8 ", [_, _, _, _, _, _, width, more_width, height, more_height, ..]) => (
            u16::from_le_bytes([*width, *more_width]) & 0x3FFF,
            u16::from_le_bytes([*height, *more_height]) & 0x3FFF,
        ),
        (b"VP8L", [_, first, second, third, fourth, ..]) => {
            let bits = u32::from_le_bytes([*first, *second, *third, *fourth]);
            let side = |bits: u32| u16::try_from(bits & 0x3FFF).map_or(u16::MAX, |side| side + 1);
            (side(bits), side(bits >> 14))
        }
        _ => return Ok(()),
    };
    within_bounds(width.into(), height.into()).map_err(Fault::Refused)
}

/// A chunk of a RIFF: its name and what it holds.
type Chunk<'b> = (&'b [u8; 4], &'b [u8]);

/// The chunks of a RIFF, or of one that holds others.
fn chunks(mut rest: &[u8]) -> Result<Vec<Chunk<'_>>, Fault> {
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        let name = take(&mut rest, 4)?.first_chunk().ok_or(Fault::Ends)?;
        let size = length(rest, u32::from_le_bytes)?;
        take(&mut rest, 4)?;
        chunks.push((name, take(&mut rest, size)?));
        // A chunk of odd length is followed by a byte that belongs to none, and that some programs forget at the end.
        let padding = (size % 2).min(rest.len());
        take(&mut rest, padding)?;
    }
    Ok(chunks)
}
