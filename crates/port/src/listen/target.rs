//! Whether the first line of a request ended. A target too long to be read is 414 (RFC 9112, 3), and not 431 as hyper
//! says.

/// The first line of an HTTP/1 head, as it arrives.
#[derive(Default)]
pub(super) struct Target {
    /// How many heads were complete when this one began.
    of: usize,
    has_ended: bool,
    has_begun: bool,
}

impl Target {
    /// Looks at what was read, after so many heads.
    pub(super) fn read(&mut self, bytes: &[u8], heads: usize) {
        if self.of != heads {
            *self = Self { of: heads, ..Self::default() };
        }
        // Empty lines may stand before a request.
        let line = if self.has_begun { bytes } else { bytes.trim_ascii_start() };
        self.has_begun |= !line.is_empty();
        self.has_ended |= !self.has_ended && line.contains(&b'\n');
    }

    /// Whether a line began and did not end.
    pub(super) const fn is_endless(&self) -> bool {
        self.has_begun && !self.has_ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_endless_until_it_ends_and_each_head_has_its_own() {
        let mut target = Target::default();

        target.read(b"\r\n", 0);
        assert!(!target.is_endless());
        target.read(b"GET /a", 0);
        assert!(target.is_endless());
        target.read(b"b HTTP/1.1\r\nHost: ", 0);
        target.read(b"sir0", 0);
        assert!(!target.is_endless());
        target.read(b"GET /c", 1);
        assert!(target.is_endless());
    }
}
