//! How h2 is made to say goodbye. Only h2 can write to a connection between two of its frames, and it has no call for
//! ending one. But there is input that makes it answer `GOAWAY` with `ENHANCE_YOUR_CALM`.

use std::io;

use tokio::io::ReadBuf;

/// Opens headers that never end, on the last stream there can be.
const HEADERS: [u8; 9] = [0, 0, 0, 1, 0, 0x7f, 0xff, 0xff, 0xff];
/// Continues the headers and brings nothing. h2 accepts some of these; the larger headers may be, the more it accepts.
const CONTINUATION: [u8; 9] = [0, 0, 0, 9, 0, 0x7f, 0xff, 0xff, 0xff];
/// h2 has given up long before this many bytes.
const MOST: usize = 64 * 1024;

/// The bytes that h2 reads in place of a flood.
#[derive(Default)]
pub(super) struct Farewell {
    read: usize,
}

impl Farewell {
    pub(super) fn read(&mut self, into: &mut ReadBuf<'_>) -> io::Result<()> {
        if self.read > MOST {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        while into.remaining() > 0 && self.read <= MOST {
            let frame = if self.read < HEADERS.len() { HEADERS } else { CONTINUATION };
            let rest = &frame[self.read % frame.len()..];
            let rest = &rest[..rest.len().min(into.remaining())];
            into.put_slice(rest);
            self.read += rest.len();
        }
        Ok(())
    }
}
