//! What an upload is, by its first bytes.

/// A kind of picture that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// JPEG, ITU-T T.81.
    Jpeg,
    /// PNG, RFC 2083 and its later editions. Of an animated one the picture that viewers without animation show.
    Png,
    /// WebP, RFC 9649. Of an animated one the first frame.
    WebP,
    /// GIF, `GIF87a` and `GIF89a`. Of an animated one the first frame.
    Gif,
}

/// Something that people upload as a picture and that is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// SVG, HTML or other markup. It may hold scripts, and it would run in the reader's browser as a page of ours.
    Markup,
    /// TIFF.
    Tiff,
    /// Windows bitmap.
    Bmp,
    /// HEIC, AVIF and films, which share a container.
    IsoMedia,
    /// JPEG XL.
    JpegXl,
    /// PDF.
    Pdf,
    /// Anything else, such as plain text.
    Unknown,
}

impl Kind {
    /// The kind of these bytes, or what they seem to be instead. It reads a few bytes, and promises nothing about the rest.
    pub fn of(bytes: &[u8]) -> Result<Self, Foreign> {
        match bytes {
            [0xFF, 0xD8, 0xFF, ..] => Ok(Self::Jpeg),
            [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Ok(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(Self::WebP),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Ok(Self::Gif),
            other => Err(Foreign::of(other)),
        }
    }
}

impl Foreign {
    /// A guess that makes the refusal clear. Nothing is decided by it.
    fn of(bytes: &[u8]) -> Self {
        match bytes {
            [b'I', b'I', 0x2A | 0x2B, 0, ..] | [b'M', b'M', 0, 0x2A | 0x2B, ..] => Self::Tiff,
            [b'B', b'M', ..] => Self::Bmp,
            [b'%', b'P', b'D', b'F', ..] => Self::Pdf,
            [0xFF, 0x0A, ..] | [0, 0, 0, 0x0C, b'J', b'X', b'L', b' ', ..] => Self::JpegXl,
            [_, _, _, _, b'f', b't', b'y', b'p', ..] => Self::IsoMedia,
            _ if is_markup(bytes) => Self::Markup,
            _ => Self::Unknown,
        }
    }

    /// Its name in a sentence.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Markup => "SVG, HTML or other markup",
            Self::Tiff => "a TIFF",
            Self::Bmp => "a bitmap of Windows",
            Self::IsoMedia => "a HEIC, an AVIF or a film",
            Self::JpegXl => "a JPEG XL",
            Self::Pdf => "a PDF",
            Self::Unknown => "no picture",
        }
    }
}

/// Whether text begins with an angle bracket, behind a byte order mark and white space. UTF-16 has zeros in between.
fn is_markup(bytes: &[u8]) -> bool {
    let skipped = |byte: &u8| {
        matches!(byte, 0 | 0xEF | 0xBB | 0xBF | 0xFE | 0xFF) || byte.is_ascii_whitespace()
    };
    bytes.iter().take(256).find(|byte| !skipped(byte)) == Some(&b'<')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_picture_of_ours_is_told_by_name() {
        let foreign: [(&[u8], Foreign); 13] = [
            (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", Foreign::Markup),
            (b"\xEF\xBB\xBF\n <?xml version='1.0'?><svg/>", Foreign::Markup),
            (b"\xFF\xFE<\0s\0v\0g\0", Foreign::Markup),
            (b"<!DOCTYPE html><script>alert(1)</script>", Foreign::Markup),
            (b"II*\0", Foreign::Tiff),
            (b"MM\0*", Foreign::Tiff),
            (b"BM\x36\0", Foreign::Bmp),
            (b"\0\0\0\x18ftypheic", Foreign::IsoMedia),
            (b"\xFF\x0A\xFA", Foreign::JpegXl),
            (b"%PDF-1.7", Foreign::Pdf),
            (b"GIF88a", Foreign::Unknown),
            (b"RIFF\0\0\0\0WAVE", Foreign::Unknown),
            (b"Dear Sir", Foreign::Unknown),
        ];

        for (bytes, foreign) in foreign {
            assert_eq!(Kind::of(bytes), Err(foreign), "{}", bytes.escape_ascii());
        }
    }
}
