//! The entity tag of an answer that has no revision.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sir0_transcoding::Tag;

/// 128 bits: no two answers have the same by chance.
const LENGTH: usize = 16;

/// Names these bytes: the same on every instance, on every day, and for no other bytes.
#[must_use]
pub fn content_tag(bytes: &[u8]) -> Tag {
    let hash = digest(&SHA256, bytes);
    Tag::new(&BASE64_URL_SAFE_NO_PAD.encode(&hash.as_ref()[..LENGTH]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_the_same_wherever_it_is_made() {
        let tag = content_tag(b"{\"games\":[]}");

        assert_eq!(tag.as_header(), "\"JFVDqzgKjcavH5lfhP7QSQ\"");
        assert_ne!(tag, content_tag(b"{\"games\":[1]}"));
    }
}
