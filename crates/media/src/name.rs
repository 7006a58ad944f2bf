//! The name of a picture: the hash of its bytes.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};

/// What a kept picture is encoded as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// JPEG, for clients that read nothing newer. It has no transparency.
    Jpeg,
    /// WebP with loss. Transparency stays.
    WebP,
}

impl Format {
    /// The end of the name.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::WebP => "webp",
        }
    }

    /// The media type to serve it with.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::WebP => "image/webp",
        }
    }
}

/// The name of a kept picture: the SHA-256 of its bytes and its format, such as `ab/abcdef….webp`.
///
/// The same bytes have the same name, so a name may be cached for ever. The first two digits are a folder, so that no
/// folder grows long.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name {
    hash: [u8; 32],
    format: Format,
}

impl Name {
    /// The name of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8], format: Format) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
        Self { hash, format }
    }

    /// Reads a name, for instance out of a URL. A name has one spelling; anything else is `None`, such as upper case, `..`
    /// or the folder of another hash. So a name that was read reaches no other file.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (folder, file) = text.split_once('/')?;
        let (digits, extension) = file.split_once('.')?;
        let format = match extension {
            "jpg" => Format::Jpeg,
            "webp" => Format::WebP,
            _ => return None,
        };
        let digits = digits.as_bytes();
        if digits.len() != 64 || folder.as_bytes() != &digits[..2] {
            return None;
        }
        let mut hash = [0; 32];
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Self { hash, format })
    }

    /// What the picture is encoded as.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// The strong entity tag to serve it with, in its quotation marks (RFC 9110, section 8.8.3).
    #[must_use]
    pub fn etag(&self) -> String {
        format!("\"{}\"", self.digits())
    }

    /// Whether these are its bytes, as far as the hash tells.
    pub(crate) fn has_hash(&self, hash: &[u8]) -> bool {
        self.hash == hash
    }

    fn digits(&self) -> String {
        use fmt::Write;

        self.hash.iter().fold(String::with_capacity(64), |mut digits, byte| {
            write!(digits, "{byte:02x}").expect("a string takes every write");
            digits
        })
    }
}

/// The value of a lower case hexadecimal digit.
const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.digits();
        write!(f, "{}/{digits}.{}", &digits[..2], self.format.extension())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DIGITS: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn the_same_bytes_have_the_same_name() {
        let name = Name::of(b"abc", Format::WebP);

        assert_eq!(name.to_string(), format!("ba/{DIGITS}.webp"));
        assert_eq!(name.etag(), format!("\"{DIGITS}\""));
        assert_eq!(Name::parse(&name.to_string()), Some(name));
    }

    #[test]
    fn a_name_has_one_spelling() {
        let others = [
            String::new(),
            format!("{DIGITS}.webp"),
            format!("/ba/{DIGITS}.webp"),
            format!("ba//{DIGITS}.webp"),
            format!("ba/../ba/{DIGITS}.webp"),
            format!("bb/{DIGITS}.webp"),
            format!("BA/{}.webp", DIGITS.to_uppercase()),
            format!("ba/{}.webp", DIGITS.to_uppercase()),
            format!("ba/{DIGITS}.WEBP"),
            format!("ba/{DIGITS}.jpeg"),
            format!("ba/{DIGITS}.webp.jpg"),
            format!("ba/{DIGITS}.webp "),
            format!("ba/{DIGITS}.webp\0"),
            format!("ba/{DIGITS}0.webp"),
            format!("ba/{}.webp", &DIGITS[..62]),
            format!("ba\\{DIGITS}.webp"),
            format!("ba%2F{DIGITS}.webp"),
            "../../etc/passwd".to_owned(),
        ];

        for other in others {
            assert_eq!(Name::parse(&other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_as_it_was(text in "[0-9a-fA-F./]{0,4}[0-9a-fé]{60,66}[.a-z]{0,6}") {
            if let Some(name) = Name::parse(&text) {
                prop_assert_eq!(name.to_string(), text);
            }
        }
    }
}
